"""The way to a libvirt that a URI names, and how it is gone without a question that nobody sees."""

from __future__ import annotations

import os
import shlex
import signal
import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import parse_qs, quote, urlsplit

_SSH: Final = Path(__file__).with_name("ssh.sh")


@dataclass(frozen=True)
class Way:
    """``transport``: what the URI says after a +, or what libvirt takes in its place; ``host``: "" is here."""

    transport: str
    host: str
    user: str | None
    port: int | None
    options: dict[str, str]

    @property
    def target(self) -> str:
        """What ssh takes for the host."""
        return f"{self.user}@{self.host}" if self.user else self.host

    @property
    def words(self) -> list[str]:
        """The ssh command that goes the same way, but that it may ask."""
        port = ["-p", str(self.port)] if self.port else []
        key = ["-i", self.options["keyfile"]] if "keyfile" in self.options else []
        return ["ssh", *port, *key, self.target]

    @property
    def try_it(self) -> str:
        """The line to type that logs in and does nothing."""
        return shlex.join([*self.words, "true"])


def of(uri: str) -> Way:
    parts = urlsplit(uri)
    host = parts.hostname or ""
    _, _, transport = parts.scheme.partition("+")
    try:
        port = parts.port
    except ValueError:  # libvirt says so itself
        port = None
    options = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    return Way(transport or ("tls" if host else "unix"), host, parts.username, port, options)


def unasked(uri: str) -> str:
    """The URI to open: over ssh nobody is asked for anything, whatever it says itself. Another's `command` stays."""
    way = of(uri)
    if way.transport != "ssh":
        return uri
    options = ["no_tty=1"]
    # Not where nothing may be run from the clone.
    if "command" not in way.options and os.access(_SSH, os.X_OK):
        options.append(f"command={quote(str(_SSH))}")
    return f"{uri}{'&' if urlsplit(uri).query else '?'}{'&'.join(options)}"


def end_children(thread: threading.Thread) -> None:
    """End what the thread has started and still waits for: an ssh, and whatever that has started for itself."""
    listed = Path(f"/proc/self/task/{thread.native_id}/children")
    with suppress(OSError):  # no such file but on Linux; there ssh's own limit ends it
        for pid in map(int, listed.read_text(encoding="ascii").split()):
            with suppress(ProcessLookupError):
                os.killpg(pid, signal.SIGKILL) if os.getpgid(pid) == pid else os.kill(pid, signal.SIGKILL)

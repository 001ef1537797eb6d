"""Why no connection could be had, in plain words, and what to do: read from what libvirt, ssh and TLS say of it."""

from __future__ import annotations

import os
import pwd
import re
import shlex
import subprocess
from base64 import b64decode
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

from provider.connection import way
from provider.connection.way import Way

# A sentence with words of `_words` and of the sign's groups in it, or what makes one.
Say = str | Callable[[Way], str]


def why(uri: str, said: str) -> str:
    """The reason and the way out; what libvirt said where it is none of those that are known."""
    gone = way.of(uri)
    for sign, say in _REASONS:
        if found := re.search(sign, said):
            return say.format(**_words(gone), **found.groupdict()) if isinstance(say, str) else say(gone)
    return said


def _words(gone: Way) -> dict[str, str]:
    return {
        "host": gone.host,
        "quoted": shlex.quote(gone.host),
        "there": _there(gone),
        "try_it": gone.try_it,
        "daemon": {"ssh": "sshd", "tls": "libvirtd (libvirtd-tls.socket)"}.get(gone.transport, "libvirtd"),
        "folder": gone.options.get("pkipath", "~/.pki/libvirt or /etc/pki/libvirt"),
    }


def _there(gone: Way) -> str:
    return f"on {gone.host}" if gone.host else "on this machine"


def silent(uri: str, seconds: float) -> str:
    gone = way.of(uri)
    line = f"no answer within {seconds:g} s"
    return f"{line}; see where it waits with: {gone.try_it}" if gone.transport == "ssh" else line


def _changed_key(gone: Way) -> str:
    known = gone.host if gone.port is None else f"[{gone.host}]:{gone.port}"
    return (
        f"{gone.host} shows another host key than it had: it was installed anew, or somebody stands in between; if you "
        f"know that it was: {shlex.join(['ssh-keygen', '-R', known])}, then {gone.try_it}"
    )


def _refused_key(gone: Way) -> str:
    settings = _ssh_settings(gone)
    keys = [Path(name).expanduser() for name in settings.get("identityfile", ())]
    locked = [str(key) for key in keys if _has_passphrase(key)]
    line = f"{gone.host} accepts no key that ssh could use here for user {_user(gone, settings)}"
    if locked:
        return (
            f"{line}: {', '.join(locked)} has a passphrase, for which nobody is asked; "
            f"load it into an agent with: {shlex.join(['ssh-add', *locked])}"
        )
    return f"{line}: put it there with: {shlex.join(['ssh-copy-id', *gone.words[1:]])}"


def _not_in_group(gone: Way) -> str:
    user = _user(gone, _ssh_settings(gone) if gone.transport == "ssh" else {})
    mend = f"as root there: usermod -aG libvirt {user}, then log in anew"
    return f"user {user} may not use libvirt {_there(gone)}: {mend}"


_NOBODY_LISTENS: Final = (
    "{host} refuses calls at port {port}: start {daemon} there, or mend the port in libvirt:uri"
)
_TOO_FAR: Final = "{host} cannot be reached at port {port} ({reason}): is it off, or behind a firewall?"
_NO_SOCKET: Final = (
    "libvirtd does not listen {there} at {socket}: start it there with: systemctl start libvirtd (or virtqemud), or "
    "mend socket= in libvirt:uri"
)
# The first that is found counts; how each was seen stands in the test.
_REASONS: Final[tuple[tuple[str, Say], ...]] = (
    ("HOST IDENTIFICATION HAS CHANGED", _changed_key),
    (
        "Host key verification failed",
        "the host key of {host} is not known here: compare it and accept it once with: {try_it}",
    ),
    (r"Permission denied \([a-z,-]+\)", _refused_key),
    (
        "Could not resolve hostname|Name or service not known",
        "nothing here knows the name {host}: see getent hosts {quoted}, and libvirt:uri",
    ),
    (r"connect to host \S+ port (?P<port>\d+): Connection refused", _NOBODY_LISTENS),
    (r"connect to host \S+ port (?P<port>\d+): (?P<reason>[^:]+)", _TOO_FAR),
    (
        r"during banner exchange|Connection to \S+ port \d+ timed out|kex_exchange_identification",
        "{host} takes the call and says nothing that ssh knows: see what it does with: {try_it}",
    ),
    (r"unable to connect to server at '\S+:(?P<port>\d+)': Connection refused", _NOBODY_LISTENS),
    (r"unable to connect to server at '\S+:(?P<port>\d+)': (?P<reason>.+)", _TOO_FAR),
    (r"Failed to connect socket to '\S+': Permission denied|nc: .*Permission denied", _not_in_group),
    ("no polkit agent available|access denied by policy", _not_in_group),
    (r"Failed to connect socket to '(?P<socket>\S+)': (No such file|Connection refused)", _NO_SOCKET),
    (r"nc: (?P<socket>unix connect failed|/\S+): (No such file|Connection refused)", _NO_SOCKET),
    (
        r"(nc|virt-ssh-helper): (command )?not found",
        "{host} has nothing that leads ssh to libvirt's socket: install libvirt-clients (virt-ssh-helper) there, or "
        "netcat-openbsd where libvirt:uri says socket= or proxy=netcat",
    ),
    (
        "there is no ssh on this machine|Cannot find 'ssh' in path",
        "there is no ssh on this machine: install openssh-client",
    ),
    (
        r"Cannot read CA certificate '(?P<file>[^']+)': No such file",
        "there is no CA certificate {file} here: put it there, or name its folder: ?pkipath=FOLDER",
    ),
    (
        "Failed to verify peer's certificate",
        "the certificate of {host} is not of this machine's CA, has run out, or is for another name: "
        "LIBVIRT_DEBUG=warn before the same command shows which",
    ),
    (
        "Unable to read TLS confirmation",
        "{host} does not accept this machine's certificate, or has been shown none: clientcert.pem and clientkey.pem, "
        "of its CA, belong into {folder}",
    ),
)


def _ssh_settings(gone: Way) -> dict[str, list[str]]:
    """What ssh would go by, each value under its name in small letters; it asks nobody and connects nowhere."""
    found: dict[str, list[str]] = {}
    with suppress(OSError, subprocess.TimeoutExpired):
        done = subprocess.run(
            [*gone.words[:-1], "-G", "--", gone.target],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=5,
        )
        for line in done.stdout.splitlines():
            name, _, value = line.partition(" ")
            found.setdefault(name, []).append(value)
    return found


def _user(gone: Way, settings: dict[str, list[str]]) -> str:
    with suppress(KeyError):
        return gone.user or next(iter(settings.get("user", ())), "") or pwd.getpwuid(os.geteuid()).pw_name
    return "NAME"


def _has_passphrase(key: Path) -> bool:
    """Whether the private key in this file, if there is one, is encrypted: in OpenSSH's own format, or in PEM."""
    try:
        text = key.read_text(encoding="ascii", errors="replace")
    except OSError:
        return False
    if "BEGIN OPENSSH PRIVATE KEY" in text:
        body = "".join(line for line in text.splitlines() if not line.startswith("-----"))
        with suppress(ValueError):
            return b"\x04none" not in b64decode(body)[:32]
    return "ENCRYPTED" in text

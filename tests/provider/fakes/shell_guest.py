"""Guests in which this machine's own shell runs what the agent is asked to run; a folder stands for each one's files.

Scripts name files of the guest by absolute paths, so a test uses paths below its own folder.
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
from dataclasses import dataclass, field
from typing import Any

from tests.provider.fakes.basics import error


@dataclass
class ShellGuests:
    """``silent``: names of guests whose agent does not answer.  ``sent``: every command, as it went to libvirt.

    ``last``: after so many commands nothing is heard of any guest.
    """

    silent: set[str] = field(default_factory=set)
    last: int = 1_000_000
    environment: dict[str, str] = field(default_factory=dict)
    sent: list[str] = field(default_factory=list)
    argv: list[str] = field(default_factory=list)
    running: dict[int, subprocess.Popen[bytes]] = field(default_factory=dict)

    def send(self, domain: Any, text: str, seconds: int) -> str:
        gone = len(self.sent) >= self.last
        if gone or domain.name() in self.silent or domain.live is None:
            raise error(86, "Guest agent is not responding: QEMU guest agent is not connected")
        self.sent.append(text)
        asked = json.loads(text)
        arguments = asked.get("arguments", {})
        match asked["execute"]:
            case "guest-exec":
                return json.dumps({"return": {"pid": self._start(arguments)}})
            case "guest-exec-status":
                return json.dumps({"return": self._status(arguments["pid"])})
        return '{"return": {}}'

    def _start(self, arguments: Any) -> int:
        words = [arguments["path"], *arguments["arg"]]
        self.argv += words
        process = subprocess.Popen(
            words,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={"PATH": os.environ["PATH"], **self.environment},
        )
        assert process.stdin is not None
        process.stdin.write(base64.b64decode(arguments.get("input-data", "")))
        process.stdin.close()
        process.stdin = None
        self.running[process.pid] = process
        return process.pid

    def _status(self, pid: int) -> Any:
        process = self.running[pid]
        if "sleep" in " ".join(map(str, process.args)) and process.poll() is None:
            return {"exited": False}
        out, err = process.communicate()
        coded = {"out-data": out, "err-data": err}
        return {
            "exited": True,
            "exitcode": process.returncode,
            **{key: base64.b64encode(value).decode() for key, value in coded.items()},
        }

"""Talking to the QEMU guest agent of a running domain; every command and every wait has an end.

Nothing is taken for done because it was sent: a command's exit code, or what the guest says of its NICs afterwards,
decides.
"""

from __future__ import annotations

import base64
import contextlib
import importlib
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final

from provider.connection import api, errors
from provider.errors import OperatorError
from provider.guest import allowed
from provider.guest.allowed import EXEC, INTERFACES, AgentError, Blocked, Frozen
from provider.host.clock import Clock, until
from provider.host.macs import same_mac

# (domain, JSON text, seconds) -> JSON text, as libvirt_qemu.qemuAgentCommand.
Command = Callable[[Any, str, int], str]

RUNNING: Final = 1
PING_SECONDS: Final = 2
COMMAND_SECONDS: Final = 5
EXEC_SECONDS: Final = 20.0
_POLL: Final = 0.02
_SLOW_POLL: Final = 0.3
_SLOWER: Final = 1.2
_PATH: Final = "PATH=/usr/sbin:/usr/bin:/sbin:/bin; export PATH\n"
_DEVICES: Final = """
for name in "$@"; do [ -e /sys/class/net/"$name"/device ] && echo "$name"; done
exit 0
"""
# A process and all that it has started.
_END: Final = """
end() {
    for child in $(cat /proc/"$1"/task/"$1"/children); do end "$child"; done
    kill "$1"
}
"""


@dataclass(frozen=True)
class GuestNic:
    """A network interface of the guest: its name there, and its addresses with their prefix."""

    name: str
    addresses: tuple[str, ...]


@dataclass(frozen=True)
class Done:
    """How a command ended: its exit code, and what it printed."""

    code: int
    out: str
    err: str

    @property
    def said(self) -> str:
        """What it says of itself, in one line: its errors, or else its output."""
        return " ".join((self.err or self.out).split())


def command(domain: Any, text: str, seconds: int) -> str:
    """libvirt's own; imported at first need, so that a libvirt-python without it does for all else."""
    return str(importlib.import_module("libvirt_qemu").qemuAgentCommand(domain, text, seconds, 0))


class Agent:
    def __init__(self, domain: api.Domain, clock: Clock, send: Command = command) -> None:
        self._domain = domain
        self.clock = clock
        self._send = send
        self._asked = False
        self._enabled: frozenset[str] | None = None

    @property
    def guest(self) -> str:
        return self._domain.name()

    def answers(self, seconds: float = 0.0) -> bool:
        """Whether it answers within so many seconds; a paused guest is not asked, since it can't."""
        return until(self._answers, self.clock, seconds, _SLOW_POLL)

    def _answers(self) -> bool:
        try:
            return self.can_answer() and self._ask("guest-ping", PING_SECONDS) is not None
        except Blocked:
            return True  # that it won't is an answer
        except AgentError:
            return False

    def can_answer(self) -> bool:
        """Whether the guest runs, and is not paused."""
        return bool(self._domain.isActive()) and self._domain.state()[0] == RUNNING

    def tries(self, work: Callable[[], object]) -> bool:
        """Whether this was done in the guest; where its agent does not answer at once it is not tried."""
        with contextlib.suppress(OperatorError, errors.VirtError):
            if self.answers():
                work()
                return True
        return False

    def require(self, commands: Iterable[str] = EXEC) -> None:
        """`Blocked` names those of them that it does not do; `Frozen` where that will pass by itself."""
        missing = allowed.lacking(self._known(), commands)
        if missing:
            raise self._refusal(missing)

    def does(self, commands: Iterable[str] = EXEC) -> bool:
        """Whether it does all of them, as far as it tells."""
        return not allowed.lacking(self._known(), commands)

    def _known(self) -> frozenset[str] | None:
        """What it does, asked once; None where it does not say, and is to be tried."""
        if not self._asked:
            with contextlib.suppress(Blocked):
                self._enabled = allowed.enabled(self._ask("guest-info", COMMAND_SECONDS))
            self._asked = True
        return self._enabled

    def _refusal(self, missing: Iterable[str]) -> AgentError:
        """A frozen guest is asked again the next time: it does more once it is thawed."""
        with contextlib.suppress(AgentError):
            if self._ask("guest-fsfreeze-status", COMMAND_SECONDS) == "frozen":
                self._asked = False
                return Frozen(self.guest)
        return Blocked(self.guest, missing)

    def nic(self, mac: str) -> GuestNic | None:
        """The NIC with this MAC; None while the guest has it not.

        A VLAN, a bridge, a bond or a macvlan on it has its MAC as well: the NIC is the one with a device of its own.
        `AgentError` where that is not one.  A guest that may not be asked for devices has it where one alone has its
        MAC.
        """
        found = [nic for each, nic in self.interfaces() if each == same_mac(mac)]
        if len(found) == 1 and not self.does(EXEC):
            return found[0]
        own = self.with_device(nic.name for nic in found)
        if len(own) > 1:
            raise AgentError(
                f"guest {self.guest}: MAC {same_mac(mac)} is that of {' and '.join(own)}, each with a device of its "
                "own, and which of them is the NIC can't be told"
            )
        return next((nic for nic in found if nic.name in own), None)

    def with_device(self, names: Iterable[str]) -> list[str]:
        """Those of the guest's interfaces that stand for a device, and not for something made of others."""
        asked = list(names)
        return self.run(_DEVICES, *asked).split() if asked else []

    def interfaces(self) -> list[tuple[str, GuestNic]]:
        """Each interface of the guest with its MAC, which several may have."""
        found = []
        for entry in self._ask(*INTERFACES, COMMAND_SECONDS):
            if "hardware-address" in entry:
                addresses = tuple(f"{a['ip-address']}/{a['prefix']}" for a in entry.get("ip-addresses", ()))
                found.append((same_mac(entry["hardware-address"]), GuestNic(entry["name"], addresses)))
        return found

    def run(self, script: str, *args: str, stdin: str = "", seconds: float = EXEC_SECONDS) -> str:
        """Run a shell script in the guest; its output.  `AgentError` when it fails, or has not ended in time."""
        done = self.execute(script, *args, stdin=stdin, seconds=seconds)
        if done.code:
            raise AgentError(f"guest {self.guest}: {done.said or f'exit code {done.code}'}")
        return done.out

    def execute(self, script: str, *args: str, stdin: str = "", seconds: float = EXEC_SECONDS) -> Done:
        """Run a shell script in the guest; one that has not ended in time is ended, and is an `AgentError`."""
        asked = {
            "path": "/bin/sh",
            "arg": ["-c", _PATH + script, "sh", *args],
            "capture-output": True,
            "input-data": base64.b64encode(stdin.encode()).decode(),
        }
        pid = self._ask("guest-exec", COMMAND_SECONDS, asked)["pid"]
        began, poll = self.clock.monotonic(), _POLL
        while True:
            status = self._ask("guest-exec-status", COMMAND_SECONDS, {"pid": pid})
            if status["exited"]:
                break
            if self.clock.monotonic() >= began + seconds:
                self._end(pid)
                raise AgentError(
                    f"guest {self.guest}: a command of its agent did not end within {seconds:g} s"
                )
            self.clock.sleep(poll)
            poll = min(poll * _SLOWER, _SLOW_POLL)
        printed = (base64.b64decode(status.get(key, "")) for key in ("out-data", "err-data"))
        said = (text.decode(errors="replace").strip() for text in printed)
        return Done(status.get("exitcode", 1), *said)

    def _end(self, pid: int) -> None:
        """So that the next one does not meet it; that it is gone already is fine."""
        asked = {"path": "/bin/sh", "arg": ["-c", f"{_PATH}{_END}end {pid}"]}
        with contextlib.suppress(AgentError):
            self._ask("guest-exec", COMMAND_SECONDS, asked)

    def _ask(self, name: str, seconds: int, arguments: dict[str, Any] | None = None) -> Any:
        if name not in allowed.FREE:
            self.require(allowed.needed(name))
        text = json.dumps({"execute": name, **({"arguments": arguments} if arguments else {})})
        try:
            return json.loads(self._send(self._domain, text, seconds))["return"]
        except errors.VirtError as error:
            if allowed.not_done(name, errors.said(error)):
                raise (
                    Blocked(self.guest, [name]) if name in allowed.FREE else self._refusal([name])
                ) from error
            raise AgentError(f"agent of guest {self.guest}: {errors.said(error)}") from error
        except ImportError as error:
            raise AgentError(
                "this libvirt-python has no libvirt_qemu, by which agents are reached"
            ) from error

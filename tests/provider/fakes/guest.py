"""Guests with an agent, in memory: what they see of their NICs follows the fake domain's XML."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from provider.guest import agent, gateway_probe
from provider.guest import setup as guest_setup
from tests.provider.fakes.basics import error


@dataclass
class Guests:
    """``facts`` is what a look into a guest finds; ``files`` and ``addresses`` are by domain name.

    ``silent``: names of guests whose agent does not answer; ``blind``: of those that see no new NIC;
    ``quiet``: of those of which each NIC answers for its own addresses alone.
    ``beside``: names of further interfaces with the MAC of a NIC, by domain name and MAC; ``devices``: of those that
    have a device of their own.
    """

    facts: str = "network-scripts"
    silent: set[str] = field(default_factory=set)
    blind: set[str] = field(default_factory=set)
    failing: dict[str, str] = field(default_factory=dict)  # name of a script -> what it says
    files: dict[str, dict[str, str]] = field(default_factory=dict)
    addresses: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    scripts: list[tuple[str, str]] = field(default_factory=list)
    quiet: set[str] = field(default_factory=set)
    beside: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    devices: set[str] = field(default_factory=set)
    blocked: dict[str, set[str]] = field(default_factory=dict)  # commands, by domain name
    frozen: set[str] = field(default_factory=set)  # names of guests whose file systems are
    vague: set[str] = field(default_factory=set)  # names of guests that do not say what they do
    gateway: str = "answers"  # what a guest finds when it asks for its gateway
    _ended: dict[int, tuple[int, str]] = field(default_factory=dict)  # exit code and output by pid
    _pids: Iterator[int] = field(default_factory=lambda: count(7))

    def send(self, domain: Any, text: str, seconds: int) -> str:
        assert 0 < seconds <= 5
        asked = json.loads(text)
        if domain.name() in self.silent or domain.live is None:
            raise error(86, "Guest agent is not responding: QEMU guest agent is not connected")
        if asked["execute"] in self._not_done(domain.name()):
            # As qemu-ga 10 says it of both; libvirt puts its own words before it.
            raise error(
                86,
                f"internal error: unable to execute QEMU agent command '{asked['execute']}': Command "
                f"{asked['execute']} has been disabled: the command is not allowed",
            )
        answer = getattr(self, "_" + asked["execute"].replace("-", "_"))(domain, asked.get("arguments", {}))
        return json.dumps({"return": answer})

    def _guest_ping(self, domain: Any, arguments: Any) -> Any:
        return {}

    def _not_done(self, name: str) -> set[str]:
        frozen = {c for c in COMMANDS if c not in THAWED} if name in self.frozen else set()
        return self.blocked.get(name, set()) | frozen | ({"guest-info"} if name in self.vague else set())

    def _guest_info(self, domain: Any, arguments: Any) -> Any:
        off = self._not_done(domain.name())
        known = [{"name": name, "enabled": name not in off, "success-response": True} for name in COMMANDS]
        return {"version": "10.0.13", "supported_commands": known}

    def _guest_fsfreeze_status(self, domain: Any, arguments: Any) -> Any:
        return "frozen" if domain.name() in self.frozen else "thawed"

    def _guest_network_get_interfaces(self, domain: Any, arguments: Any) -> Any:
        macs = [] if domain.name() in self.blind else domain.plugged()
        found: list[dict[str, Any]] = [{"name": "lo"}]
        for number, mac in enumerate(macs, 3):
            addresses = [
                {"ip-address": a.split("/")[0], "prefix": int(a.split("/")[1])}
                for a in self.addresses.get((domain.name(), mac), ())
            ]
            found.append({"name": f"ens{number}", "hardware-address": mac, "ip-addresses": addresses})
            found += [{"name": n, "hardware-address": mac} for n in self.beside.get((domain.name(), mac), ())]
        return found

    def _guest_exec(self, domain: Any, arguments: Any) -> Any:
        script, *args = (word for word in arguments["arg"] if word not in ("-c", "sh"))
        name = next(name for name, body in SCRIPTS.items() if body in script)
        if name != "devices":
            self.scripts.append((domain.name(), name))
        pid, stdin = next(self._pids), base64.b64decode(arguments["input-data"]).decode()
        if name in self.failing:
            self._ended[pid] = 1, self.failing[name]
        else:
            self._ended[pid] = 0, getattr(self, "_do_" + name)(domain, args, stdin) or ""
        return {"pid": pid}

    def _guest_exec_status(self, domain: Any, arguments: Any) -> Any:
        code, said = self._ended[arguments["pid"]]
        return {"exited": True, "exitcode": code, "out-data": base64.b64encode(said.encode()).decode()}

    def _do_devices(self, domain: Any, args: list[str], stdin: str) -> str:
        own = {f"ens{number}" for number, _ in enumerate(domain.plugged(), 3)} | self.devices
        return "\n".join(name for name in args if name in own)

    def _do_look(self, domain: Any, args: list[str], stdin: str) -> str:
        return self.facts

    def _do_quiet(self, domain: Any, args: list[str], stdin: str) -> None:
        self.quiet.add(domain.name())

    def _do_write(self, domain: Any, args: list[str], stdin: str) -> None:
        self.files.setdefault(domain.name(), {})[args[0]] = stdin

    def _do_settle(self, domain: Any, args: list[str], stdin: str) -> None:
        pass

    def _do_apply(self, domain: Any, args: list[str], stdin: str) -> None:
        number = int(args[0].removeprefix("ens")) - 3
        self.addresses[domain.name(), domain.plugged()[number]] = args[4:]

    def _do_announce(self, domain: Any, args: list[str], stdin: str) -> None:
        pass

    def _do_gateway(self, domain: Any, args: list[str], stdin: str) -> str:
        return self.gateway

    def _do_has(self, domain: Any, args: list[str], stdin: str) -> str:
        there = self.files.get(domain.name(), {})
        return "yes" if any(path in there for path in args) else "no"

    def _do_remove(self, domain: Any, args: list[str], stdin: str) -> None:
        for path in args:
            self.files.get(domain.name(), {}).pop(path, None)


THAWED = ("guest-ping", "guest-info", "guest-fsfreeze-status")  # what a frozen guest does
COMMANDS = (*THAWED, "guest-network-get-interfaces", "guest-exec", "guest-exec-status")
SCRIPTS = {
    "devices": agent._DEVICES,
    "look": guest_setup.LOOK,
    "quiet": guest_setup.QUIET,
    "write": guest_setup.WRITE,
    "settle": guest_setup._SETTLE,
    "apply": guest_setup.APPLY,
    "announce": guest_setup.ANNOUNCE,
    "gateway": gateway_probe._ASK,
    "has": guest_setup._HAS,
    "remove": guest_setup._REMOVE,
}

"""Docker hosts that are real: Debian guests of a lab, the page's services declared, and stand-ins for its images."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

import yaml

from cli import ROOT
from lab import container_image, debian
from tests.lab.stage import Stage
from tests.services import page, stand_ins

BACK, FRONT, THIRD = "Eterathiel", "Acilamwen", "Ulov"
FLOAT1 = "129.215.175.100"
T = TypeVar("T")


def proxy() -> dict[str, Any]:
    return {"wait": page.WAIT, "after": [BACK], "containers": {"apache": page.PROXY}}


def machine(services: dict[str, Any] | None = None) -> dict[str, Any]:
    """A VM as the fleet has them, but for its services."""
    return {} if services is None else {"services": services}


@dataclass
class Hosts(Stage):
    """trop02 with Debian guests, its own copy of the fleet's facts, and the stand-ins on the base image's disk."""

    facts: dict[str, Any] = field(default_factory=dict)

    def prepare(self) -> None:
        """The lab with its base image; nothing of the stack yet."""
        self.facts = yaml.safe_load((ROOT / "config/fleet.yaml").read_text(encoding="utf-8"))
        self.facts["virtualMachines"]["recipe"]["family"] = "debian"
        self.settings["fleet"] = str(self.folder / "fleet.yaml")
        self.hold(FRONT)
        self.up()
        images = container_image.archive(stand_ins.every(self.lab.cache))
        debian.give_images(self.lab.base, images)

    def hold(self, holder: str) -> None:
        """float1's holder, from the next run of the program on."""
        self.facts["floats"]["members"]["float1"]["holder"] = holder
        (self.folder / "fleet.yaml").write_text(yaml.safe_dump(self.facts), encoding="utf-8")

    def secret(self, name: str, value: str) -> None:
        """Set as an operator would who keeps it out of his history: by standard input."""
        words = ["config", self.stack, "set", "--lab", "--secret", "--path", f"trop:secrets.{name}"]
        done = self.trop(*words, "--engine", self.engine, said=value)
        assert done.code == 0, done.text
        self.settings["secrets"] = {**self.settings.get("secrets", {}), name: True}

    def inside(self, vm: str, script: str, said: str = "") -> str:
        """What the shell prints in the guest, on its standard error too; said is its standard input."""
        asked = {
            "path": "/bin/sh",
            "arg": ["-c", f"exec 2>&1; HOME=/root; export HOME\n{script}"],
            "input-data": base64.b64encode(said.encode()).decode(),
            "capture-output": True,
        }
        status = {"pid": self._ask(vm, "guest-exec", asked)["pid"]}
        done = wait_for(
            lambda: answer if (answer := self._ask(vm, "guest-exec-status", status))["exited"] else None
        )
        return base64.b64decode(done.get("out-data", "")).decode(errors="replace").strip()

    def _ask(self, vm: str, command: str, arguments: dict[str, Any]) -> Any:
        question = json.dumps({"execute": command, "arguments": arguments})
        return json.loads(self.virsh("qemu-agent-command", "--timeout", "50", vm, question))["return"]

    def page(self) -> str:
        """What is answered at the float's address to somebody on the campus; nothing if nothing is."""
        ask = f"exec 3<> /dev/tcp/{FLOAT1}/80; printf 'GET / HTTP/1.0\\r\\n\\r\\n' >&3; cat <&3"
        done = self.lab.campus(["timeout", "30", "bash", "-c", ask], capture_output=True)
        return str(done.stdout)


def wait_for(look: Callable[[], T | None]) -> T:
    """What look returns once it returns something."""
    end = time.monotonic() + page.WAIT
    while not (found := look()):
        assert time.monotonic() < end, f"not so after {page.WAIT} s"
        time.sleep(1)
    return found

"""A lab with a stack of small things on it, reached through a proxy, and the means to break what is around it."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import libvirt
import yaml

from tests.crash.operations import CATNET, SCRATCH, one
from tests.done import Done
from tests.faults.proxy import Proxy
from tests.lab.catalogue_stage import STACK, Declared, Scene, wait_until
from tests.lab.stage import Stage, short_folder

MAC = "52:54:00:77:00:06"
BARE = {
    "name": "bare", "type": "qemu", "memory": 64, "vcpu": 1, "running": True, 
    "disks": [{"volumeId": "${bare-disk.id}"}],
    "networkInterfaces": [{"networkName": "catnet", "mac": "52:54:00:77:00:05"}],
}  # fmt: skip
NIC = {"domain": "${bare.id}", "network": "catnet", "mac": MAC, "model": "virtio", "link": "up"}
NET: dict[str, Any] = {
    "name": "othernet", "mode": "none", "bridge": "virbr9", "mac": "52:54:00:77:00:03", "autostart": True,
    "stp": False, "delay": 0, "ipv6": False, "addresses": ["10.78.0.0/24"],
}  # fmt: skip


def start() -> Declared:
    """trop02's networks and pool; beside them a network, a volume that nobody uses, and a guest without a system."""
    declared = one()
    declared.stack["vms"] = {}
    declared.hold("float1", None)
    disk = {"name": "bare.qcow2", "pool": "live", "format": "qcow2", "size": 1 << 20}
    declared.extra |= {
        "catnet": ("Network", {**CATNET, "dhcpHosts": []}), "scratch": ("Volume", dict(SCRATCH)),
        "bare-disk": ("Volume", disk), "bare": ("Domain", dict(BARE)),
    }  # fmt: skip
    return declared


@dataclass
class Broken(Scene):
    """The scene; the stack's URI is the proxy's, so that every connection of a run goes through it."""

    proxy: Proxy | None = None

    def write(self) -> None:
        super().write()
        assert self.proxy is not None
        file = self.folder / f"Pulumi.{STACK}.yaml"
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
        content["config"]["libvirt:uri"] = f"qemu+unix:///system?socket={self.proxy.path}"
        file.write_text(yaml.safe_dump(content), encoding="utf-8")

    def apply(self, *words: str, allow: str = "") -> Done:
        return self.engine("up", "--yes", "--skip-preview", "--stack", STACK, *words, allow=allow)

    def pid(self, file: str) -> int:
        return int(self.stage.lab.run(["cat", file], capture_output=True, check=True).stdout)

    def kill(self, file: str) -> None:
        """SIGKILL to the process of the lab that has this pid file, within the lab's own processes."""
        self.stage.lab.run(["kill", "-9", str(self.pid(file))], check=True)

    def runs(self, file: str) -> bool:
        """Whether the process of a pid file is there."""
        return (
            self.stage.lab.run(["kill", "-0", str(self.pid(file))], stderr=subprocess.DEVNULL).returncode == 0
        )

    def kill_libvirtd(self) -> None:
        self.kill("/run/libvirtd.pid")

    def libvirtd_is_back(self) -> None:
        """The lab's first process starts it again, as systemd would."""
        wait_until(self._answers, "libvirtd", 20)

    def _answers(self) -> bool:
        try:
            conn = libvirt.open(self.stage.lab.uri)
        except libvirt.libvirtError:
            return False
        conn.close()
        return True

    def converges(self, allow: str = "") -> None:
        """The next `up` ends well, and nothing is left to do after it."""
        done = self.apply(allow=allow)
        assert done.code == 0, done.text
        again = self.preview("--expect-no-changes", "--diff")
        assert again.code == 0, again.text

    def fails_in_a_line(self, run: Callable[[], Done], seconds: float) -> str:
        """The run ends in time, with exit code 1, errors of one line each and no traceback; what it said."""
        began = time.monotonic()
        done = run()
        took = time.monotonic() - began
        assert done.code == 1, done.text
        assert took < seconds, f"{took:.1f} s"
        assert "Traceback" not in done.text, done.text
        assert "a fault of" not in done.text, done.text
        assert "error: " in done.text, done.text
        return done.text


@contextmanager
def broken() -> Iterator[Broken]:
    with short_folder() as folder:
        made = Broken(Stage(folder, STACK, "embedded"), start())
        try:
            made.stage.up()
            made.proxy = Proxy(folder / "proxy", made.stage.lab.socket)
            made.begin()
            made.converges()
            yield made
        finally:
            if made.proxy is not None:
                made.proxy.close()
            made.stage.lab.down(purge=True)


@contextmanager
def at(
    kind: str, name: str, *, before: Any = None, after: Any = None, number: int = 0
) -> Iterator[list[str]]:
    """Something happens at one call of this name (``virConnect``, ``defineXML``); what was called, in a list."""
    owner = getattr(libvirt, kind)
    real, happened = getattr(owner, name), []

    def call(*args: Any, **kwargs: Any) -> Any:
        first = len(happened) == number
        happened.append(name)
        if first and before is not None:
            before()
        try:
            return real(*args, **kwargs)
        finally:
            if first and after is not None:
                after()

    setattr(owner, name, call)
    try:
        yield happened
    finally:
        setattr(owner, name, real)

"""This machine as a hypervisor that somebody else has installed: Debian's libvirtd at its own socket, Debian's own
network `default` with a guest of theirs in it, a bridge br0, no KVM, and nothing of what a stack stands on but the
base image's file.
"""

from __future__ import annotations

import base64
import json
import re
import shutil
import subprocess
import time
import urllib.request
import uuid
from collections.abc import Callable
from difflib import unified_diff
from pathlib import Path
from typing import Any, Final

from lab import image

FOREIGN: Final = "printer"
BASE: Final = Path("/var/lib/libvirt/images/base/fedora-28-32G-docker-base-20181016.qcow")
PACKAGES: Final = ("libvirt-daemon-config-network", "tcpdump")
FLOAT: Final = "129.215.175.100"
# br0 with the host's address, and a router that has the gateway's beyond its port.
_WIRES: Final = (
    "netns add campus",
    "link add eth0 type veth peer name eth0-far netns campus",
    "link add br0 type bridge",
    "link set eth0 master br0 up",
    "addr add 129.215.175.97/24 dev br0",
    "link set br0 up",
    "-n campus addr add 129.215.175.126/24 dev eth0-far",
    "-n campus link set eth0-far up",
)
_DEBIANS: Final = Path("/usr/share/libvirt/networks/default.xml")
_SOCKET: Final = Path("/run/libvirt/libvirt-sock")
_DISK: Final = Path("/var/lib/libvirt/images/printer.qcow2")
_MAC: Final = "52:54:00:8a:7f:e6"
_BY_ITSELF: Final = re.compile(r"<(capacity|allocation|available)|org\.qemu\.guest_agent|<currentMemory")
_DOMAIN: Final = f"""
<domain type='qemu'><name>{FOREIGN}</name><memory unit='MiB'>96</memory><vcpu>1</vcpu>
  <os><type arch='x86_64'>hvm</type></os><features><acpi/></features>
  <devices>
    <disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='{_DISK}'/>
      <target dev='vda' bus='virtio'/></disk>
    <interface type='network'><mac address='{_MAC}'/><source network='default'/><model type='virtio'/></interface>
    <channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>
  </devices>
</domain>
"""


class Host:
    """What is done on it without this program: by its administrator, by others, by accidents."""

    def make(self, cache: Path) -> None:
        assert not _SOCKET.exists(), "a libvirtd runs here already"
        self.another_identity()
        self._debians_network()
        for words in _WIRES:
            run("ip", *words.split())
        BASE.parent.mkdir(parents=True)
        shutil.copyfile(image.build(cache), BASE)
        run("virtlogd", "-d")
        self.start()
        self.virsh("net-start", "default")
        self.virsh("net-autostart", "default")
        run("qemu-img", "create", "-q", "-f", "qcow2", "-b", str(BASE), "-F", "qcow2", str(_DISK))
        run("virsh", "-q", "-c", "qemu:///system", "define", "/dev/stdin", said=_DOMAIN)
        self.virsh("start", FOREIGN)

    def end(self) -> None:
        for name in self.running():
            self.virsh("destroy", name)
        for name in self.virsh("net-list", "--name").split():
            self.virsh("net-destroy", name)
        self.stop()
        _kill(Path("/run/virtlogd.pid"))
        run("ip", "link", "delete", "br0")
        run("ip", "link", "delete", "eth0")
        run("ip", "netns", "delete", "campus")

    def start(self) -> None:
        """As its unit does, but that it stays: there is no systemd here to start it again when it is asked for."""
        run("libvirtd", "-d")
        wait(lambda: _quietly("virsh", "-q", "-c", "qemu:///system", "list"), "libvirtd")

    def stop(self) -> None:
        _kill(Path("/run/libvirtd.pid"))

    def reinstalled(self) -> None:
        """Nothing is left of it but the files in its storage."""
        for name in self.running():
            self.virsh("destroy", name)
        for name in self.virsh("net-list", "--name").split():
            self.virsh("net-destroy", name)
        self.stop()
        for folder in (
            "/etc/libvirt/qemu",
            "/etc/libvirt/storage",
            "/run/libvirt/network",
            "/run/libvirt/storage",
        ):
            shutil.rmtree(folder)
        for left in Path("/var/lib/libvirt/dnsmasq").iterdir():
            left.unlink()
        self.another_identity()
        self._debians_network()
        self.start()

    def configure(self, line: str) -> None:
        """Beside what Debian has in it.  Without a board to have a UUID of, libvirtd makes one up at each start."""
        file = Path("/etc/libvirt/libvirtd.conf")
        file.write_text(f"{file.read_text(encoding='utf-8')}\n{line}\n", encoding="utf-8")

    def another_identity(self) -> None:
        Path("/etc/machine-id").write_text(f"{uuid.uuid4().hex}\n")

    def _debians_network(self) -> None:
        folder = Path("/etc/libvirt/qemu/networks")
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(_DEBIANS, folder / "default.xml")

    def virsh(self, *words: str) -> str:
        return run("virsh", "-q", "-c", "qemu:///system", *words)

    def running(self) -> dict[str, str]:
        """The domains that run, each with the number that libvirt gave this run of it."""
        rows = (line.split() for line in self.virsh("list").splitlines())
        return {row[1]: row[0] for row in rows}

    def boot(self, name: str) -> str:
        """The guest's own word for its boot: another one after each."""
        wait(lambda: _agent(name, "guest-ping") is not None, f"the agent of {name}")
        opened = _agent(name, "guest-file-open", path="/proc/sys/kernel/random/boot_id")
        read = _agent(name, "guest-file-read", handle=opened)
        return base64.b64decode(read["buf-b64"]).decode().strip()

    def addresses(self, name: str) -> list[str]:
        """As its agent has them."""
        nics = _agent(name, "guest-network-get-interfaces") or []
        return [each["ip-address"] for nic in nics for each in nic.get("ip-addresses", ())]

    def boots(self, *names: str) -> dict[str, str]:
        return {name: self.boot(name) for name in names}

    def deafen(self, name: str) -> None:
        """The guest reacts to no request to shut down any more, by ACPI or by its agent."""
        self.boot(name)
        deaf = {"path": "/bin/sh", "arg": ["-c", "killall acpid; (sleep 1; killall -STOP qemu-ga) &"]}
        assert _agent(name, "guest-exec", **deaf) is not None
        wait(lambda: _agent(name, "guest-ping") is None, f"the end of the agent of {name}")

    def foreign(self) -> tuple[str, str, str]:
        """All by which it would show that the guest of others was touched."""
        return self.virsh("dumpxml", "--inactive", FOREIGN), self.running()[FOREIGN], self.boot(FOREIGN)

    def picture(self) -> list[str]:
        """All that is defined on the host, and how it runs, in lines; but for what changes by itself."""
        nets, pools = (self.virsh(f"{kind}-list", "--all", "--name").split() for kind in ("net", "pool"))
        domains = self.virsh("list", "--all", "--name").split()
        texts = [
            *(self.virsh(f"{kind}-list", "--all") for kind in ("net", "pool")),
            *(self.virsh("net-dumpxml", name) for name in nets),
            *(self.virsh("pool-dumpxml", name) for name in pools),
            *(self.virsh("dumpxml", *way, name) for name in domains for way in ((), ("--inactive",))),
        ]
        lines = "\n".join(texts).splitlines()
        return [line for line in lines if not _BY_ITSELF.search(line)]

    def changed(self, before: list[str]) -> list[str]:
        """What is another since that picture."""
        return [line for line in unified_diff(before, self.picture(), n=0) if line[0] in "+-"]


def run(*command: str, said: str = "") -> str:
    """Its output; it must work."""
    done = subprocess.run(command, input=said, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, f"{' '.join(command)}: {done.stdout}{done.stderr}"
    return done.stdout.strip()


def page(address: str) -> str:
    """The first line of what a guest serves."""
    with urllib.request.urlopen(f"http://{address}/", timeout=20) as answer:
        return str(answer.read().decode()).splitlines()[0]


def wait(until: Callable[[], bool], what: str, seconds: float = 180) -> None:
    end = time.monotonic() + seconds
    while not until():
        assert time.monotonic() < end, f"{what}: nothing came within {seconds:g} s"
        time.sleep(0.3)


def _quietly(*command: str) -> bool:
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def _agent(name: str, command: str, **arguments: Any) -> Any:
    """Its answer; None where none came."""
    question = json.dumps({"execute": command, **({"arguments": arguments} if arguments else {})})
    line = ("virsh", "-c", "qemu:///system", "qemu-agent-command", name, question)
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    return json.loads(done.stdout)["return"] if done.returncode == 0 else None


def _kill(file: Path) -> None:
    pid = int(file.read_text())
    run("kill", str(pid))
    wait(lambda: not Path("/proc", str(pid)).exists(), f"the end of {file.stem}")

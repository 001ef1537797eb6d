"""A guest on the stand-in image, made by hand: for tests of the lab itself, that need nothing of ours above it."""

import base64
import io
import json
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import pycdlib

from lab.hypervisor import Lab

AGENT = "org.qemu.guest_agent.0"
PATIENCE = 120  # seconds, for guests that are emulated on busy cores
T = TypeVar("T")


@dataclass(frozen=True)
class Guest:
    """A running domain of the lab."""

    lab: Lab
    name: str

    def virsh(self, *words: str) -> str:
        return virsh(self.lab, *words)

    def agent(self, program: str, *args: str, patience: float = PATIENCE) -> str:
        """What the program prints in the guest."""
        ask = {"execute": "guest-exec", "arguments": {"path": program, "arg": args, "capture-output": True}}
        pid = self._ask(ask)["pid"]
        status = {"execute": "guest-exec-status", "arguments": {"pid": pid}}
        done = wait_for(lambda: answer if (answer := self._ask(status))["exited"] else None, patience)
        return base64.b64decode(done.get("out-data", "")).decode()

    def answers(self) -> bool:
        """Whether its agent does, at once."""
        try:
            self._ask({"execute": "guest-ping"})
        except AssertionError:
            return False
        return True

    def _ask(self, question: dict[str, Any]) -> Any:
        return json.loads(self.virsh("qemu-agent-command", self.name, json.dumps(question)))["return"]


def virsh(lab: Lab, *words: str) -> str:
    done = subprocess.run(
        ["virsh", "-q", "-c", lab.uri, *words], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, f"virsh {' '.join(words)}: {done.stderr}"
    return done.stdout.strip()


def wait_for(look: Callable[[], T | None], patience: float = PATIENCE) -> T:
    """What look returns once it returns something."""
    end = time.monotonic() + patience
    while not (found := look()):
        assert time.monotonic() < end, f"not so after {patience} s"
        time.sleep(0.3)
    return found


def page(lab: Lab, address: str, *, campus: bool) -> list[str]:
    """The lines of the page at the address, as seen from the campus or from the hypervisor; none if none comes."""
    ask = f"exec 3<> /dev/tcp/{address}/80; printf 'GET / HTTP/1.0\\r\\n\\r\\n' >&3; cat <&3"
    done = (lab.campus if campus else lab.run)(["timeout", "5", "bash", "-c", ask], capture_output=True)
    return str(done.stdout).partition("\n\n")[2].splitlines()


def seed(**files: str) -> bytes:
    """A NoCloud CD; `meta_data` becomes the file meta-data."""
    disc = pycdlib.PyCdlib()
    disc.new(interchange_level=3, joliet=3, rock_ridge="1.09", vol_ident="cidata")
    for number, (key, text) in enumerate(files.items()):
        name, content = key.replace("_", "-"), text.encode()
        disc.add_fp(io.BytesIO(content), len(content), f"/F{number}.;1", rr_name=name, joliet_path=f"/{name}")
    written = io.BytesIO()
    disc.write_fp(written)
    return written.getvalue()


@contextmanager
def guest(
    lab: Lab, name: str, nics: str, disc: bytes | None = None, memory: int = 96, port: str = AGENT
) -> Iterator[Guest]:
    """A domain with an overlay of its own and these `<interface>`s; gone afterwards, with its files."""
    facts = lab.facts
    base, overlay = f"{facts.base_folder}/{facts.base_image}", f"{facts.live_folder}/{name}.qcow"
    lab.run(["qemu-img", "create", "-q", "-f", "qcow2", "-F", "qcow2", "-b", base, overlay], check=True)
    cd = ""
    if disc is not None:
        (lab.state / "live" / f"{name}.iso").write_bytes(disc)
        cd = (
            f"<disk type='file' device='cdrom'><source file='{facts.live_folder}/{name}.iso'/>"
            "<target dev='hda' bus='ide'/></disk>"
        )
    (lab.state / "domain.xml").write_text(
        f"<domain type='qemu'><name>{name}</name><memory unit='MiB'>{memory}</memory>"
        "<os><type arch='x86_64' machine='pc'>hvm</type></os><features><acpi/></features><devices>"
        f"<disk type='file'><driver name='qemu' type='qcow2'/><source file='{overlay}'/>"
        f"<target dev='vda' bus='virtio'/></disk>{cd}{nics}<serial type='pty'/>"
        f"{channel(port)}</devices></domain>"
    )
    virsh(lab, "define", str(lab.state / "domain.xml"))
    try:
        virsh(lab, "start", name)
        yield Guest(lab, name)
    finally:
        if name in virsh(lab, "list", "--name").split():
            virsh(lab, "destroy", name)
        virsh(lab, "undefine", name)
        for left in (lab.state / "live").glob(f"{name}.*"):
            left.unlink()


def channel(port: str) -> str:
    return f"<channel type='unix'><target type='virtio' name='{port}'/></channel>"


def nic(mac: str, source: str, kind: str = "network") -> str:
    return (
        f"<interface type='{kind}'><mac address='{mac}'/><source {kind}='{source}'/>"
        "<model type='virtio'/></interface>"
    )

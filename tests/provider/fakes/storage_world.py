"""A host in memory with a base image, and the handlers at work on it as the plugin would call them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from provider.host.host import Host
from provider.host.kernel import Kernel
from provider.network.resource import Network
from provider.resource.base import Call, Props, Resource
from provider.storage.cloud_init_disk import CloudInitDisk
from provider.storage.pool import Pool
from provider.storage.volume import Volume
from tests.provider.fakes.basics import written
from tests.provider.fakes.libvirt import Connection

SAMPLES = Path(__file__).parents[1] / "samples"
BASE_FOLDER = "/var/lib/libvirt/images/base"
BASE = f"{BASE_FOLDER}/fedora-28-32G-docker-base-20181016.qcow"
LIVE = "/libvirt/storage/live"

# What the kernel of the host in memory has of networks; a test puts another one at the end.
KERNELS: list[Kernel | None] = [Kernel()]
HANDLERS: dict[str, Resource] = {
    "Network": Network(look=lambda _uri: KERNELS[-1]),
    "Pool": Pool(),
    "Volume": Volume(),
    "CloudInitDisk": CloudInitDisk(),
}

MACS = [f"52:54:00:02:02:0{digit}" for digit in "89ABCDEF"]
NAMES = ["Araybwyn", "Lothigometh", "Ulov", "Dwiema", "Ibalehar", "Eterathiel", "Siamond", "Acilamwen"]
DEFAULT: Props = {
    "name": "default",
    "mode": "nat",
    "bridge": "virbr0",
    "autostart": True,
    "ipv6": True,
    "addresses": ["192.168.202.0/24"],
    "natPorts": {"start": 1024, "end": 65535},
    "stp": False,
    "delay": 0,
    "mac": "52:54:00:02:02:01",
    "dhcpRanges": [{"start": "192.168.202.8", "end": "192.168.202.15"}],
    "dhcpHosts": [
        {"mac": mac, "ip": f"192.168.202.{8 + index}", "name": name}
        for index, (mac, name) in enumerate(zip(MACS, NAMES, strict=True))
    ],
}
BRIDGED: Props = {"name": "bridged", "mode": "bridge", "bridge": "br0", "autostart": True, "ipv6": True}


def sample(name: str) -> str:
    return (SAMPLES / name).read_text()


class World:
    def __init__(self) -> None:
        self.conn = Connection()
        self.host = Host("qemu:///system", opener=lambda _: self.conn)

    def call(self, kind: str, name: str) -> Call:
        return Call(self.host, f"urn:pulumi:trop02::trop::trop:index:X${HANDLERS[kind].token}::{name}")

    def checked(self, kind: str, name: str, inputs: Props) -> Props:
        checked = HANDLERS[kind].check(self.call(kind, name), {}, inputs)
        assert checked.failures == []
        return checked.inputs

    def create(self, kind: str, name: str, inputs: Props, preview: bool = False) -> tuple[str, Props]:
        return HANDLERS[kind].create(self.call(kind, name), self.checked(kind, name, inputs), preview)

    def read(self, kind: str, id: str, inputs: Props, outputs: Props | None = None) -> Any:
        return HANDLERS[kind].read(self.call(kind, "x"), id, inputs, inputs if outputs is None else outputs)

    def update(self, kind: str, id: str, old: Props, new: Props, preview: bool = False) -> Props:
        return HANDLERS[kind].update(self.call(kind, "x"), id, old, old, new, preview)

    def delete(self, kind: str, id: str, outputs: Props) -> None:
        HANDLERS[kind].delete(self.call(kind, "x"), id, outputs)

    def drift(self, kind: str, id: str, inputs: Props) -> dict[str, str]:
        """What a refresh and the preview after it would show."""
        found = self.read(kind, id, inputs)
        diff = HANDLERS[kind].diff(self.call(kind, "x"), id, found.outputs, found.inputs, inputs)
        return dict(diff.changes)

    def everything(self) -> list[str]:
        """All that libvirt has, to see that nothing was changed."""
        return [
            *(f"{written(n.config)} {n.XMLDesc()} {n.autostart()}" for n in self.conn.networks),
            *(f"{p.XMLDesc()} {p.isActive()} {p.autostart()} {sorted(p.volumes)}" for p in self.conn.pools),
            *(f"{v.path()} {v.data!r}" for p in self.conn.pools for v in p.volumes.values()),
        ]

    def with_base(self) -> World:
        """A pool over the base images' folder, as a hypervisor has it before any stack; and the pool `live`."""
        pool = self.conn.storagePoolDefineXML(
            f"<pool type='dir'><name>base</name><uuid>b</uuid><target><path>{BASE_FOLDER}</path></target></pool>"
        )
        pool.build()
        pool.create()
        pool.createXML(
            f"<volume><name>{BASE.rsplit('/', 1)[1]}</name><capacity>34359738368</capacity>"
            "<target><format type='qcow2'/></target></volume>"
        )
        self.create("Pool", "live", {"name": "live", "type": "dir", "path": LIVE})
        return self

"""A hypervisor in memory with what the tests of domains and NICs need, and the handlers that work on it."""

from __future__ import annotations

from typing import Any

from provider.domain.resource import Domain
from provider.host.host import Host
from provider.host.macs import same_mac
from provider.nic.resource import Interface
from provider.resource.base import Call, Diff, Found, Props, Resource
from tests.provider.fakes.domain import Domain as FakeDomain
from tests.provider.fakes.domain_connection import Connection

POOL = "/libvirt/storage/live"
RESERVED = "52:54:00:02:02:0F"
FLOAT1 = "52:54:00:00:01:00"
FLOAT2 = "52:54:00:00:02:00"
DEFAULT_UUID = "aaaaaaaa-0000-4000-8000-000000000001"


class World:
    def __init__(self) -> None:
        self.conn = Connection()
        self.host = Host("test:///fake", opener=lambda _uri: self.conn)
        self.host.clock = self.conn.clock
        self.domains = Domain(self.conn.clock)
        self.interfaces = Interface(self.conn.clock)
        for name in ("Acilamwen", "Siamond"):
            self.conn.add_volume(f"{POOL}/{name}.qcow")
            self.conn.add_volume(f"{POOL}/{name}-seed.iso", "raw")

    def call(self, handler: Resource, name: str, timeout: float = 0.0) -> Call:
        return Call(self.host, f"urn:pulumi:trop02::trop::{handler.token}::{name}", timeout)

    def made(self, name: str = "Acilamwen", **inputs: Any) -> Vm:
        vm = Vm(self, name, declared(name) | inputs)
        vm.id, vm.outputs = self.domains.create(vm.call, vm.inputs, False)
        self.conn.calls.clear()
        return vm

    def plugged(self, vm: Vm, **inputs: Any) -> Plug:
        plug = Plug(self, {"domain": vm.id, "network": "bridged", "mac": FLOAT1} | inputs)
        plug.id, plug.outputs = self.interfaces.create(plug.call, plug.inputs, False)
        self.conn.calls.clear()
        return plug


def declared(name: str = "Acilamwen") -> Props:
    return {
        "name": name,
        "type": "qemu",
        "memory": 96,
        "vcpu": 1,
        "autostart": True,
        "running": True,
        "disks": [{"volumeId": f"{POOL}/{name}.qcow"}],
        "cloudinit": f"{POOL}/{name}-seed.iso",
        "networkInterfaces": [
            {"networkId": DEFAULT_UUID, "mac": RESERVED if name == "Acilamwen" else "52:54:00:02:02:0E"}
        ],
    }


class _Made:
    """What an engine would hold of a resource between its calls."""

    handler: Resource

    def __init__(self, call: Call, inputs: Props) -> None:
        self.call = call
        self.inputs = inputs
        self.id = ""
        self.outputs: Props = {}

    def refresh(self) -> Found | None:
        """Read, and keep what was read, as an engine does before a plain preview."""
        found = self.handler.read(self.call, self.id, self.inputs, self.outputs)
        if found is not None:
            self.read_inputs, self.outputs = found.inputs, found.outputs
        return found

    def drift(self) -> Diff:
        assert self.refresh() is not None
        return self.handler.diff(self.call, self.id, self.outputs, self.read_inputs, self.inputs)

    def up(self, preview: bool = False, **inputs: Any) -> None:
        """Change to these inputs; without any, mend what has drifted."""
        self.refresh()
        news = self.inputs | inputs
        outputs = self.handler.update(self.call, self.id, self.outputs, self.read_inputs, news, preview)
        if not preview:
            self.inputs, self.outputs = news, outputs

    def delete(self) -> None:
        self.handler.delete(self.call, self.id, self.outputs)


class Vm(_Made):
    def __init__(self, world: World, name: str, inputs: Props) -> None:
        self.handler = world.domains
        super().__init__(world.call(world.domains, name), inputs)
        self.world = world

    @property
    def fake(self) -> FakeDomain:
        return self.world.conn.domains[self.id]

    def attach_by_hand(self, mac: str, flags: int = 3, network: str = "bridged") -> None:
        """As ``virsh attach-interface`` does: without an alias of ours."""
        self.fake.attachDeviceFlags(
            f"<interface type='network'><mac address='{mac}'/><source network='{network}'/>"
            "<model type='virtio'/></interface>",
            flags,
        )
        self.world.conn.calls.clear()

    def macs(self) -> tuple[list[str], list[str]]:
        """In the running guest, and in the persistent definition."""
        live = [] if self.fake.live is None else self.fake.plugged()
        return [same_mac(m) for m in live], [same_mac(m) for m in self.fake.plugged(live=False)]


class Plug(_Made):
    def __init__(self, world: World, inputs: Props) -> None:
        self.handler = world.interfaces
        super().__init__(world.call(world.interfaces, "float1"), inputs)

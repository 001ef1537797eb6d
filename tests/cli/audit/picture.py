"""A hypervisor on which all is as declared, as an audit sees it; tests spoil one thing of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import config
from cli import rack
from cli.audit.world import Asked, Gateway, Links, World
from cli.rack import Rack
from provider.connection.states import UNLOOKED, State
from provider.domain.seen import see
from provider.errors import OperatorError
from provider.guest.addresses import Address, Inside
from provider.guest.files import Setting
from provider.survey.survey import DomainSeen, HostSeen, Lease, NetworkSeen, PoolSeen, Unread, VolumeSeen
from tests.config import fleets

NOW = 1_700_000_000.0
STACK = "trop02"
BASE_WRITTEN, OVERLAY_WRITTEN = NOW - 5000.0, NOW - 1000.0
RACK = rack.load(fleets.ROOT)
PLAN = RACK.plans[STACK]
FLOAT1 = PLAN.floats[0]
FLOAT2_MAC = "52:54:00:00:01:01"


def nic(mac: str, network: str = "default", *, bridge: str = "", link: str = "", alias: str = "") -> str:
    """As a definition has it; ``bridge``: straight into that one."""
    kind, source = ("bridge", bridge) if bridge else ("network", network)
    return (
        f"<interface type='{kind}'><mac address='{mac}'/><source {kind}='{source}'/><model type='virtio'/>"
        + (f"<link state='{link}'/>" if link else "")
        + (f"<alias name='{alias}'/>" if alias else "")
        + "</interface>"
    )


@dataclass
class Vm:
    """A domain; ``nics`` of its definition, ``live`` of the running guest, as XML.  ``memory`` in MiB."""

    name: str
    nics: list[str]
    live: list[str] | None = None
    state: str = "running"
    autostart: bool = True
    disk: str = ""
    memory: int = 96
    most: int = 128
    live_memory: int = 96
    balloon: str = "virtio"
    saved: list[str] | None = None  # the NICs of its managed save image
    at: State = UNLOOKED
    features: str = "<features><acpi/></features>"
    above: tuple[str, ...] = ()  # snapshots on its disk, from the top down
    recorded: int = 9  # how much of what its disk stands on its definition says
    more: str = ""  # of the disk's element
    others: tuple[str, ...] = ()  # its other disks

    def seen(self) -> DomainSeen:
        running = self.state not in ("shut off", "crashed", "saved")
        live = self._xml(self.nics if self.live is None else self.live, self.live_memory) if running else None
        defined = self._xml(self.nics, self.memory, self.recorded)
        return DomainSeen(
            name=self.name,
            uuid=f"uuid-{self.name}",
            state=self.state,
            autostart=self.autostart,
            live=see(live) if live else None,
            config=see(defined),
            live_xml=live,
            config_xml=defined,
            saved=None if self.saved is None else see(self._xml(self.saved, self.live_memory)),
            at=self.at,
        )

    def _chain(self, most: int) -> str:
        top, *below = (*self.above, self.disk)[: most + 1]
        ends = "".join("</backingStore>" for _ in below)
        return (
            f"<source file='{top}'/>" + "".join(f"<backingStore><source file='{b}'/>" for b in below) + ends
        )

    def _others(self) -> str:
        disks = zip(("vdb", "vdc", "vdd"), self.others, strict=False)
        return "".join(
            f"<disk type='file' device='disk'><source file='{file}'/><target dev='{dev}'/></disk>"
            for dev, file in disks
        )

    def _xml(self, nics: list[str], memory: int, recorded: int = 9) -> str:
        return (
            f"<domain type='qemu'><name>{self.name}</name><uuid>uuid-{self.name}</uuid>"
            f"<memory unit='MiB'>{self.most}</memory><currentMemory unit='MiB'>{memory}</currentMemory><vcpu>1</vcpu>"
            f"<os><type arch='x86_64' machine='pc-i440fx-7.2'>hvm</type></os>{self.features}<devices>"
            f"<disk type='file' device='disk'>{self._chain(recorded)}<target dev='vda'/>{self.more}</disk>"
            f"{self._others()}"
            f"{''.join(nics)}<memballoon model='{self.balloon}'/></devices></domain>"
        )


def network(name: str, xml: str, live: str | None = "") -> NetworkSeen:
    """``live`` None: it does not run; empty: it runs as defined."""
    effective = xml if live == "" else live
    mode = "bridge" if "mode='bridge'" in xml else "nat"
    mac = PLAN.networks.default.mac if f"mac address='{PLAN.networks.default.mac}'" in xml else None
    bridge = xml.partition("bridge name='")[2].partition("'")[0]
    return NetworkSeen(name, f"uuid-{name}", live is not None, True, True, mode, bridge, mac, effective, xml)


def reservation(mac: str, address: str, name: str) -> str:
    return f"<host mac='{mac}' ip='{address}' name='{name}'/>"


def default_xml(plan: config.Plan = PLAN, reservations: list[str] | None = None, stp: str = "off") -> str:
    nat = plan.networks.default
    hosts = [reservation(s.mac, s.address, s.name) for s in nat.reservations]
    return (
        f"<network ipv6='yes'><name>default</name><forward mode='nat'/><bridge name='virbr0' stp='{stp}' delay='0'/>"
        f"<mac address='{nat.mac}'/><ip address='{nat.gateway}' netmask='255.255.255.0'><dhcp>"
        f"<range start='{nat.dhcp_range[0]}' end='{nat.dhcp_range[1]}'/>"
        f"{''.join(hosts if reservations is None else reservations)}</dhcp></ip></network>"
    )


BRIDGED_XML = "<network><name>bridged</name><forward mode='bridge'/><bridge name='br0'/></network>"


@dataclass
class Picture:
    """What is on one hypervisor, free to be changed; `host` makes what a survey gives."""

    plan: config.Plan
    uuid: str = ""
    vms: dict[str, Vm] = field(default_factory=dict)
    networks: dict[str, NetworkSeen] = field(default_factory=dict)
    leases: list[Lease] = field(default_factory=list)
    pools: dict[str, PoolSeen] = field(default_factory=dict)
    volumes: dict[str, VolumeSeen] = field(default_factory=dict)
    gone: tuple[str, ...] = ()
    inside: dict[str, Inside] = field(default_factory=dict)
    unread: tuple[Unread, ...] = ()
    gateways: list[Gateway] = field(default_factory=list)
    links: dict[str, Links] = field(default_factory=dict)
    strangers: set[str] = field(default_factory=set)  # UUIDs of what the stack does not have in its state
    without: set[str] = field(default_factory=set)  # MACs of floats that it has not, though it declares them

    def uuids(self) -> set[str]:
        host = self.host()
        return {each.uuid for each in (*host.domains, *host.networks, *host.pools)}

    @property
    def floats(self) -> set[str]:
        """The IDs under which the state has the NICs of floats."""
        return {f"some-domain/{f.mac}" for f in self.plan.floats if f.mac not in self.without}

    def host(self) -> HostSeen:
        return HostSeen(
            uri=f"qemu+ssh://{self.plan.stack}/system",
            uuid=self.uuid or f"uuid-{self.plan.stack}",
            domains=tuple(vm.seen() for vm in self.vms.values()),
            networks=tuple(self.networks.values()),
            leases=tuple(self.leases),
            pools=tuple(self.pools.values()),
            volumes=tuple(self.volumes.values()),
            gone=self.gone,
            unread=self.unread,
        )

    def give(self, vm: str, *pairs: tuple[str, str], files: tuple[Setting, ...] = ()) -> None:
        """What the VM's agent says: (MAC, address) of its NICs."""
        self.inside[vm] = Inside(
            agent=True, files=True, addresses=tuple(Address(*pair) for pair in pairs), settings=files
        )

    def volume(self, path: str, **changes: object) -> None:
        self.volumes[path] = replace(self.volumes[path], **changes)  # type: ignore[arg-type]


def overlay_of(plan: config.Plan, vm: str) -> str:
    return f"{plan.storage.path}/{vm}.qcow"


def clean(plan: config.Plan = PLAN) -> Picture:
    """All as declared: the VMs run, each NIC is where it belongs, the agents say the planned addresses."""
    made = Picture(plan)
    for vm in plan.vms:
        floats = plan.floats_of(vm.name)
        nics = [nic(vm.mac), *(nic(f.mac, "bridged") for f in floats)]
        path = overlay_of(plan, vm.name)
        made.vms[vm.name] = Vm(vm.domain, nics, disk=path)
        made.give(vm.domain, (vm.mac, vm.address), *((f.mac, f.address) for f in floats))
        made.leases.append(Lease("default", vm.mac, vm.address, vm.name.lower(), int(NOW) + 3600))
        made.volumes[path] = VolumeSeen(
            pool="live",
            name=f"{vm.name}.qcow",
            path=path,
            format="qcow2",
            capacity=1,
            base=vm.base_image,
            modified=OVERLAY_WRITTEN,
            born=None,
            base_modified=BASE_WRITTEN,
        )
    made.networks = {
        "default": network("default", default_xml(plan)),
        "bridged": network("bridged", BRIDGED_XML),
    }
    made.pools = {"live": PoolSeen("live", "uuid-live", "dir", True, True, plan.storage.path)}
    return made


def world(*pictures: Picture, rack: Rack = RACK, failed: Mapping[str, OperatorError] | None = None) -> World:
    hosts: dict[str, HostSeen | OperatorError] = {p.plan.stack: p.host() for p in pictures}
    held = {p.plan.stack: (p.uuids() - p.strangers) | p.floats for p in pictures}
    asked = {p.plan.stack: Asked(p.host(), p.inside, gateways=p.gateways, links=p.links) for p in pictures}
    return World(rack, {**hosts, **(failed or {})}, asked, now=NOW, held=held)

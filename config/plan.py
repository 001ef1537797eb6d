"""The plan of one stack: every MAC and address derived from the fleet's facts and the stack's settings.

MACs are in libvirt's form (lower case), addresses in dotted decimals.  A `Plan` exists only
if nothing is wrong with it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, TypeVar

from config import checks, read, vm_files
from config.addresses import mac_text
from config.base import Planned
from config.errors import ConfigError, Problem
from config.fleet import CpuMode, Fleet, GuestWay
from config.plan_disks import PlannedDisk, disks_of
from config.plan_host import Host, host_of
from config.plan_services import PlannedRecipe, PlannedServices, in_order, recipe_of, services_of
from config.settings import DEFAULT_FLEET, Settings, VmSettings

M = TypeVar("M")

FLOAT_METRIC: Final = 50  # a DHCP client gives its route 100 and more: answers leave by the float
FLOAT_METRICS: Final = 50


class Reservation(Planned):
    name: str
    slot: int
    mac: str
    address: str


class Bridged(Planned):
    """``gateway`` is the campus gateway, where the bridge's facts are known."""

    name: str
    bridge: str
    ipv6: bool
    gateway: str | None


class Nat(Planned):
    """``network`` as ``192.168.202.0/24``; ``delay`` in seconds; the ranges are inclusive (first, last)."""

    name: str
    bridge: str
    ipv6: bool
    stp: bool
    delay: int
    mac: str
    network: str
    gateway: str
    dhcp_range: tuple[str, str]
    nat_ports: tuple[int, int]
    reservations: tuple[Reservation, ...]


class PlannedNetworks(Planned):
    bridged: Bridged
    default: Nat


class Pool(Planned):
    name: str
    path: str


class Float(Planned):
    """A float that a VM of this stack holds; ``forbidden_macs`` are those of the floats that this VM does not hold.

    ``guest``: who sets it up inside its holder.  ``metric``: of the route by its gateway; no two floats have the same,
    so that one VM can hold both.
    """

    label: str
    mac: str
    address: str
    prefix: int
    gateway: str | None
    holder: str
    guest: GuestWay
    metric: int
    forbidden_macs: tuple[str, ...]


class VirtualMachine(Planned):
    """``memory`` in MiB; ``domain_type`` None leaves the choice to the provider.

    ``domain`` is what libvirt calls it; ``disks`` are those beside its overlay.  ``memory``, ``vcpu`` and ``cpu`` None,
    and each False from ``overlay`` on, are not declared (`config.settings.VmSettings`).
    """

    name: str
    slot: int
    mac: str
    address: str
    memory: int | None
    vcpu: int | None
    cpu: CpuMode | None
    base_image: str
    description: str | None
    domain_type: str | None
    protect: bool
    guest: GuestWay
    domain: str
    overlay: bool
    seed_disk: bool
    nic: bool
    autostart: bool
    running: bool
    recipe: PlannedRecipe
    disks: tuple[PlannedDisk, ...] = ()
    services: PlannedServices | None = None

    @property
    def overlay_file(self) -> str:
        """The overlay's name in the pool."""
        return vm_files.overlay_file(self.name)

    @property
    def seed_file(self) -> str:
        """The cloud-init disk's name in the pool."""
        return vm_files.seed_file(self.name)


class Plan(Planned):
    stack: str
    hypervisor: Host
    networks: PlannedNetworks
    storage: Pool
    vms: tuple[VirtualMachine, ...]
    floats: tuple[Float, ...]
    others: Mapping[str, str] = {}  # by the MAC of its network `default`, each other hypervisor

    def floats_of(self, vm: str) -> tuple[Float, ...]:
        return tuple(f for f in self.floats if f.holder == vm)

    def serving(self) -> list[tuple[VirtualMachine, PlannedServices]]:
        """The VMs with services, each behind those that it waits for."""
        found = {vm.name: (vm, vm.services) for vm in self.vms if vm.services is not None}
        return [found[name] for name in in_order({name: each[1].after for name, each in found.items()})]


def load(stack: str, settings: Mapping[str, Any], root: Path, source: str) -> Plan:
    """The plan of a stack, from its ``trop:`` values without the namespace; ``source``: its file's name in messages.

    ``root`` is the project's folder.  Raises `ConfigError` with everything that is wrong.
    """
    problems: list[Problem] = []
    own = _or_problems(lambda: read.stack_settings(settings, source), problems)
    file = own.fleet if own else str(settings.get("fleet", DEFAULT_FLEET))
    fleet = _or_problems(lambda: read.fleet_file(root, file), problems)
    if fleet:
        problems += checks.of_fleet(fleet, file)
    if own and fleet:
        problems += checks.of_stack(fleet, file, own, stack, source)
    if problems or own is None or fleet is None:
        raise ConfigError(problems)
    return derive(stack, fleet, own)


def _or_problems(make: Callable[[], M], problems: list[Problem]) -> M | None:
    """What ``make`` gives, or None with its problems added to the list."""
    try:
        return make()
    except ConfigError as fault:
        problems += fault.problems
        return None


def derive(stack: str, fleet: Fleet, settings: Settings) -> Plan:
    """The plan of declarations that passed every check."""
    return Plan(
        stack=stack,
        hypervisor=host_of(stack, fleet),
        networks=PlannedNetworks(bridged=_bridged(stack, fleet), default=_nat(stack, fleet)),
        storage=Pool(name=fleet.storage.pool, path=fleet.storage.path),
        vms=tuple(_vm(stack, fleet, settings, name, own) for name, own in settings.vms.items()),
        floats=_floats(stack, fleet, settings),
        others={_mac_of_default(name, fleet): name for name in fleet.hypervisors if name != stack},
    )


def _mac_of_default(stack: str, fleet: Fleet) -> str:
    rule = fleet.networks.default
    return mac_text(rule.macs.mac(fleet.hypervisors[stack].number, rule.gateway))


def _bridged(stack: str, fleet: Fleet) -> Bridged:
    rule = fleet.networks.bridged
    beneath = fleet.hypervisors[stack].bridges.get(rule.bridge)
    gateway = fleet.vlans[beneath.vlan].gateway if beneath else None
    return Bridged(name="bridged", bridge=rule.bridge, ipv6=rule.ipv6, gateway=_text(gateway))


def _nat(stack: str, fleet: Fleet) -> Nat:
    rule, facts = fleet.networks.default, fleet.hypervisors[stack]
    network = rule.addresses.network(facts.number)
    by_slot = sorted(facts.slots.items(), key=lambda item: item[1])
    return Nat(
        name="default",
        bridge=rule.bridge,
        ipv6=rule.ipv6,
        stp=rule.stp,
        delay=rule.delay,
        mac=_mac_of_default(stack, fleet),
        network=str(network),
        gateway=str(network[rule.gateway]),
        dhcp_range=(str(network[rule.dhcp.first]), str(network[rule.dhcp.last])),
        nat_ports=(rule.nat_ports.start, rule.nat_ports.end),
        reservations=tuple(_reservation(stack, fleet, name, slot) for name, slot in by_slot),
    )


def _reservation(stack: str, fleet: Fleet, name: str, slot: int) -> Reservation:
    rule, number = fleet.networks.default, fleet.hypervisors[stack].number
    mac, address = rule.macs.mac(number, slot), rule.addresses.address(number, slot)
    return Reservation(name=name, slot=slot, mac=mac_text(mac), address=str(address))


def _vm(stack: str, fleet: Fleet, settings: Settings, name: str, own: VmSettings) -> VirtualMachine:
    reserved = _reservation(stack, fleet, name, fleet.hypervisors[stack].slots[name])
    usual, emulated = fleet.virtual_machines, settings.emulation
    return VirtualMachine(
        **reserved.model_dump(),
        memory=own.memory or emulated.memory or usual.memory if own.size else None,
        vcpu=own.vcpu or usual.vcpu if own.size else None,
        cpu=_cpu(usual.cpu if own.cpu is None else own.cpu or None, emulated.domain_type),
        base_image=own.base_image or usual.base_image,
        description=own.description,
        domain_type=emulated.domain_type,
        protect=own.protect,
        guest=own.guest or usual.guest,
        domain=own.domain or name,
        overlay=own.overlay,
        seed_disk=own.seed_disk,
        nic=own.nic,
        autostart=own.autostart,
        running=own.running,
        recipe=recipe_of(fleet, settings, own),
        disks=disks_of(name, own, fleet.storage.pool),
        services=services_of(settings, own, reserved.address),
    )


def _cpu(mode: CpuMode | None, domain_type: str | None) -> CpuMode | None:
    """What is emulated can't pass the host's own CPU through: then it is all that can be had."""
    return "maximum" if mode == "host-passthrough" and domain_type == "qemu" else mode


def _floats(stack: str, fleet: Fleet, settings: Settings) -> tuple[Float, ...]:
    rule, vlan = fleet.floats, fleet.vlans[fleet.floats.vlan]
    macs = {label: mac_text(rule.macs.mac(0, m.index)) for label, m in rule.members.items()}
    return tuple(
        Float(
            label=label,
            mac=macs[label],
            address=str(member.address),
            prefix=vlan.network.prefixlen,
            gateway=_text(vlan.gateway),
            holder=member.holder,
            metric=FLOAT_METRIC + index % FLOAT_METRICS,
            guest=settings.vms[member.holder].guest or fleet.virtual_machines.guest,
            forbidden_macs=tuple(macs[o] for o, m in rule.members.items() if m.holder != member.holder),
        )
        for index, (label, member) in enumerate(rule.members.items())
        if member.holder is not None and fleet.home_of(member.holder) == stack
    )


def _text(value: object) -> str | None:
    return None if value is None else str(value)

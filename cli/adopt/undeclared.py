"""What a host has beyond what is declared: left alone, and listed once, a line a kind.  Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Final

from lxml import etree

from cli.adopt import declared
from cli.adopt.match import Matches
from config.plan import Plan, VirtualMachine
from provider.host.macs import same_mac
from provider.survey.survey import HostSeen, Kind, NetworkSeen

MOST: Final = 12  # names in one line; of more, the number

# Parts of a network that no property of ours speaks of.
_PARTS: Final = {
    "dns/host": "DNS names",
    "dns/forwarder": "DNS forwarders",
    "dns/txt": "DNS texts",
    "dns/srv": "DNS services",
    "domain": "a DNS domain",
    "portgroup": "port groups",
    "route": "routes",
    "bandwidth": "a bandwidth",
    "vlan": "VLAN tags",
    "virtualport": "a virtual port",
    "metadata": "metadata",
    "mtu": "an MTU",
}


def lines(plan: Plan, found: Matches, seen: HostSeen) -> Iterator[str]:
    ours = {domain.uuid for domain in found.domains.values()}
    vms = {vm.domain for vm in plan.vms}
    networks = {plan.networks.bridged.name, plan.networks.default.name}
    kinds = {
        "domains": [d.name for d in seen.domains if d.uuid not in ours] + _unread(seen, "domain", vms),
        "networks": [n.name for n in seen.networks if n.name not in networks]
        + _unread(seen, "network", networks),
        "pools": [p.name for p in seen.pools if p.name != plan.storage.name]
        + _unread(seen, "pool", {plan.storage.name}),
        f"files in pool {plan.storage.name}": _files(plan, found, seen),
    }
    for kind, names in kinds.items():
        if names:
            yield f"{kind}: {_some(names)}"
    for network in seen.networks:
        if network.name in networks:
            yield from _network(network)
    for vm in plan.vms:
        if vm.name in found.domains:
            yield from _vm(plan, vm, found)


def _unread(seen: HostSeen, kind: Kind, ours: Collection[str]) -> list[str]:
    return [each.name for each in seen.unread_of(kind) if each.name is not None and each.name not in ours]


def _files(plan: Plan, found: Matches, seen: HostSeen) -> list[str]:
    """But for the overlays and seed disks that are declared, and the base images that they stand on."""
    known = {id for (token, _), id in found.ids.items() if token in (declared.VOLUME, declared.SEED)}
    known |= {vm.base_image for vm in plan.vms}
    return sorted(v.name for v in seen.volumes if v.pool == plan.storage.name and v.path not in known)


def _network(network: NetworkSeen) -> Iterator[str]:
    root = etree.fromstring((network.config_xml or network.live_xml or "").encode())
    parts = [words for path, words in _PARTS.items() if root.find(path) is not None]
    if parts:
        yield f"of network {network.name}: {', '.join(parts)}"


def _vm(plan: Plan, vm: VirtualMachine, found: Matches) -> Iterator[str]:
    domain = found.domains[vm.name]
    spoken_of = {vm.mac} if vm.nic else set()
    for held in plan.floats_of(vm.name):
        spoken_of |= {held.mac, *map(same_mac, held.forbidden_macs)}
    beyond = [f"NIC {n.mac} on {n.place}" for n in domain.nics if n.mac not in spoken_of]
    ours = {declared.overlay_path(plan, vm)} if vm.overlay else set()
    ours |= {declared.seed_path(plan, vm)} if vm.seed_disk else set()
    ours |= {found.ids[key] for d in vm.disks for key in [declared.disk_key(vm, d)] if key in found.ids}
    files = dict.fromkeys(path for _, path in domain.seen.slots if path) | dict.fromkeys(domain.seen.cdroms)
    beyond += [f"disk {path}" for path in files if path not in ours]
    if beyond:
        yield f"of VM {vm.name}: {_some(beyond)}"


def _some(names: Iterable[str]) -> str:
    """A name that a comma or a line break would tear apart is quoted."""
    said = [name if name.isprintable() and "," not in name else repr(name) for name in names]
    more = f" and {len(said) - MOST} more" if len(said) > MOST else ""
    return ", ".join(said[:MOST]) + more

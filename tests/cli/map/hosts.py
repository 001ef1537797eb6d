"""Hypervisors as a survey would find them, made up: a fleet's own, then with faults."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from xml.sax.saxutils import escape

import config
from provider.domain.seen import see
from provider.survey.survey import DomainSeen, HostSeen, NetworkSeen

Place = tuple[str, str]  # ("network", "default"), ("bridge", "br1"), ("user", "")


def nic(mac: str, place: Place = ("network", "default"), link: str = "up") -> str:
    kind, name = place
    source = f"<source {kind}='{name}'/>" if name else ""
    return f"<interface type='{kind}'><mac address='{mac}'/>{source}<link state='{link}'/></interface>"


def domain(name: str, nics: Iterable[str], state: str = "running") -> DomainSeen:
    xml = (
        f"<domain type='qemu'><name>{escape(name)}</name><uuid/><memory>1</memory>"
        f"<devices>{''.join(nics)}</devices></domain>"
    )
    seen = see(xml)
    runs = state not in ("shut off", "crashed")
    return DomainSeen(name, "", state, True, seen if runs else None, seen, xml if runs else None, xml)


def network(
    name: str, bridge: str | None, mac: str | None = None, mode: str = "nat", active: bool = True
) -> NetworkSeen:
    return NetworkSeen(name, "", active, True, True, mode, bridge, mac, None, None)


def host(domains: Iterable[DomainSeen], networks: Iterable[NetworkSeen]) -> HostSeen:
    return HostSeen("qemu:///system", "", tuple(domains), tuple(networks), (), (), ())


def as_declared(plan: config.Plan) -> HostSeen:
    """All that a plan says, and nothing else."""
    nat, bridged = plan.networks.default, plan.networks.bridged
    domains = [
        domain(
            vm.name, [nic(vm.mac), *(nic(f.mac, ("network", bridged.name)) for f in plan.floats_of(vm.name))]
        )
        for vm in plan.vms
    ]
    return host(
        domains,
        [network(bridged.name, bridged.bridge, mode="bridge"), network(nat.name, nat.bridge, nat.mac)],
    )


def changed(
    seen: HostSeen,
    *domains: DomainSeen,
    gone: Iterable[str] = (),
    networks: Iterable[NetworkSeen] = (),
    gone_networks: Iterable[str] = (),
) -> HostSeen:
    """With these domains and networks in the place of those of the same name, and without the ones that are gone."""
    kept = [d for d in seen.domains if d.name not in {*gone, *(n.name for n in domains)}]
    nets = list(networks)
    left = [n for n in seen.networks if n.name not in {*gone_networks, *(n.name for n in nets)}]
    return replace(seen, domains=(*kept, *domains), networks=(*left, *nets))

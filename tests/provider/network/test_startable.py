"""What would keep a network from starting is looked for before it is started, or stopped to be started again."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from ipaddress import IPv4Network
from typing import Any

import pytest

from provider.errors import OperatorError, Refused
from provider.host.kernel import Kernel, Route, Taken, neighbours, own_addresses, routes
from provider.network.startable import Start, doubts, hindrances
from provider.network.xml import render, skeleton
from provider.resource.base import Props
from tests.provider.fakes.storage_world import DEFAULT, HANDLERS, World

Made = tuple[World, str, Any]
Set = Callable[[Kernel | None], None]
SUBNET = IPv4Network("192.168.202.0/24")
CLASH = Kernel(routes=(Route(SUBNET, "clash"),), devices=frozenset({"lo", "clash"}))
IN_USE = "192.168.202.0/24 is in use on the host by interface clash: ip -4 addr flush dev clash to 192.168.202.0/24"
RESTARTED = {**DEFAULT, "natPorts": {"start": 2000, "end": 65535}}
BRIDGE = Kernel(devices=frozenset({"virbr0"}))
IN_IT = replace(BRIDGE, ports=lambda bridge: ["vnet7"] if bridge == "virbr0" else [])
WAYS: list[tuple[Kernel, str]] = [
    (CLASH, IN_USE),
    (
        Kernel(routes=(Route(SUBNET, "eth0", direct=False),)),
        "192.168.202.0/24 is in use on the host by interface eth0: ip route del 192.168.202.0/24 dev eth0",
    ),
    (
        Kernel(routes=(Route(SUBNET, "*", direct=False),)),
        "by a route that leads nowhere: ip route del 192.168.202.0/24",
    ),
    (
        Kernel(taken=(Taken("DNS", "TCP port 53"),)),
        "another DNS server of the host has TCP port 53 on all addresses",
    ),
    (
        Kernel(taken=(Taken("DHCP", "UDP port 67"),)),
        "another DHCP server of the host has UDP port 67 on all addresses",
    ),
    (
        Kernel(firewall=lambda programs: f"{', '.join(programs)}: no such table"),
        "the host's firewall can't be read, to which libvirt adds rules (iptables: no such table): see to that first",
    ),
]


def told(world: World, id: str, new: Props = DEFAULT, preview: bool = True) -> list[str]:
    call = world.call("Network", "x")
    HANDLERS["Network"].update(call, id, DEFAULT, DEFAULT, new, preview)
    return [str(note) for note in call.notes]


@pytest.mark.reports("H6")
@pytest.mark.parametrize(
    ("seen", "said"),
    [*WAYS, (BRIDGE, "device virbr0 already"), (IN_IT, "has vnet7 in it, which lose their network")],
)
@pytest.mark.parametrize("preview", [True, False])
def test_a_network_that_could_not_start_is_not_started_and_the_line_says_what_has_its_place(
    made: Made, kernel: Set, seen: Kernel, said: str, preview: bool
) -> None:
    world, id, network = made
    network.destroy()
    kernel(seen)
    before = world.everything()
    with pytest.raises(Refused, match=r"^network default can't be started: ") as refused:
        told(world, id, {**DEFAULT, "stp": True}, preview)
    assert said in str(refused.value)
    assert world.everything() == before


@pytest.mark.reports("H6")
@pytest.mark.parametrize("preview", [True, False])
def test_a_new_network_is_refused_alike_and_nothing_is_defined(
    world: World, kernel: Set, preview: bool
) -> None:
    kernel(CLASH)
    with pytest.raises(
        Refused, match=r"network default can't be started: 192.168.202.0/24 is in use on the host"
    ):
        world.create("Network", "default", DEFAULT, preview)
    assert world.conn.networks == []


@pytest.mark.reports("H6")
def test_once_the_interface_is_gone_the_network_is_started(made: Made, kernel: Set) -> None:
    world, id, network = made
    network.destroy()
    kernel(CLASH)
    kernel(Kernel())
    assert told(world, id) == ["impact live: active: network default is started"]
    told(world, id, preview=False)
    assert network.isActive()


@pytest.mark.reports("H7")
@pytest.mark.parametrize(("seen", "said"), WAYS)
@pytest.mark.parametrize("preview", [True, False])
def test_a_restart_that_could_not_start_again_is_refused_before_the_network_is_stopped(
    made: Made, kernel: Set, monkeypatch: pytest.MonkeyPatch, seen: Kernel, said: str, preview: bool
) -> None:
    world, id, _ = made
    monkeypatch.setenv("LIBVIRT_ALLOW", "default=network outage")
    kernel(seen)
    before = world.everything()
    with pytest.raises(Refused, match="is not restarted, for it could not start again: ") as refused:
        told(world, id, RESTARTED, preview)
    assert said in str(refused.value)
    assert world.everything() == before


@pytest.mark.reports("H6", "H7")
def test_what_the_network_itself_has_while_it_runs_is_in_nobodys_way(
    made: Made, kernel: Set, monkeypatch: pytest.MonkeyPatch
) -> None:
    world, id, _ = made
    monkeypatch.setenv("LIBVIRT_ALLOW", "default=network outage")
    kernel(Kernel(routes=(Route(SUBNET, "virbr0"),), devices=frozenset({"virbr0"})))
    assert any("the network is restarted" in line for line in told(world, id, RESTARTED))
    kernel(Kernel(devices=frozenset({"virbr0", "virbr7"})))
    with pytest.raises(Refused, match="the host has a device virbr7 already"):
        told(world, id, {**DEFAULT, "bridge": "virbr7"})


@pytest.mark.reports("H6")
def test_nothing_is_looked_for_where_nothing_is_started(made: Made, kernel: Set) -> None:
    world, id, _ = made
    kernel(CLASH)
    assert told(world, id, RESTARTED)[0].startswith("impact next boot")


@pytest.mark.reports("H6")
def test_from_elsewhere_preview_says_that_it_can_not_tell(made: Made, kernel: Set) -> None:
    world, id, network = made
    network.destroy()
    kernel(None)
    assert told(world, id)[0] == (
        "network default: whether 192.168.202.0/24 is free on the host can't be told from here; where an interface or "
        "a route of the host has it, libvirt does not start the network"
    )
    told(world, id, preview=False)
    assert network.isActive()


@pytest.mark.reports("H6")
def test_from_elsewhere_libvirt_is_asked_where_it_tells_addresses_and_devices(
    made: Made, kernel: Set
) -> None:
    world, id, network = made
    network.destroy()
    kernel(None)
    world.conn.bridges = ("br0", "clash")
    world.conn.host_addresses["clash"] = "192.168.202.77/24"
    with pytest.raises(Refused, match=r"192\.168.202.0/24 is in use on the host by interface clash"):
        told(world, id)
    world.conn.host_addresses.clear()
    world.conn.bridges = ("br0", "virbr0")
    with pytest.raises(OperatorError, match="the host has a device virbr0 already"):
        told(world, id)


def start(**more: Any) -> Start:
    return Start.of(render({**DEFAULT, **more}, skeleton("u")))


@pytest.mark.reports("H6")
@pytest.mark.parametrize("wide", ["192.168.202.0/25", "192.168.0.0/16", "0.0.0.0/0", "192.168.203.0/24"])
def test_only_the_very_subnet_is_refused_as_libvirt_does(world: World, wide: str) -> None:
    there = Kernel(routes=(Route(IPv4Network(wide), "clash"),))
    assert hindrances(world.host, there, start(), pytest.fail) == []


@pytest.mark.reports("H6")
def test_a_part_of_it_that_goes_elsewhere_is_told(world: World) -> None:
    there = Kernel(routes=(Route(IPv4Network("192.168.202.128/25"), "tun0"),))
    assert list(doubts(there, start())) == [
        "the host reaches 192.168.202.128/25 by tun0, so guests with such addresses hear nothing of it"
    ]


def test_an_open_network_needs_no_firewall_and_a_late_libvirt_may_have_another_program(world: World) -> None:
    asked: list[Collection[str]] = []
    there = Kernel(firewall=lambda programs: asked.append(programs) or "")  # type: ignore[func-returns-value]
    assert hindrances(world.host, there, start(mode="open"), pytest.fail) == []
    assert asked == []
    world.conn.getLibVersion = lambda: 11_003_000  # type: ignore[method-assign]
    assert hindrances(world.host, there, start(), pytest.fail) == []
    assert asked == [("iptables", "nft")]


@pytest.mark.reports("H6")
def test_a_network_that_serves_nothing_needs_no_port(world: World) -> None:
    there = Kernel(taken=(Taken("DNS", "UDP port 53"), Taken("DHCP", "UDP port 67")))
    silent = start(dns={"enabled": False}, dhcp={"enabled": False}, dhcpHosts=[], dhcpRanges=[])
    assert hindrances(world.host, there, silent, pytest.fail) == []
    assert len(hindrances(world.host, there, start(), pytest.fail)) == 2


ROUTE = """Iface	Destination	Gateway 	Flags	RefCnt	Use	Metric	Mask		MTU	Window	IRTT
br0	00000000	7EAFD781	0003	0	0	0	00000000	0	0	0
clash	00CAA8C0	00000000	0001	0	0	0	00FFFFFF	0	0	0
clash	00CBA8C0	0200630A	0003	0	0	0	00FFFFFF	0	0	0
*	00CCA8C0	00000000	0001	0	0	0	00FFFFFF	0	0	0
odd	00CAA8C0	00000000	0001	0	0	0	00FF00FF	0	0	0
"""
TRIE = """Main:
  +-- 0.0.0.0/0 3 0 5
     |-- 192.168.202.0
        /24 link UNICAST
     |-- 192.168.202.77
        /32 host LOCAL
     |-- 192.168.202.255
        /32 link BROADCAST
"""
ARP = """IP address       HW type     Flags       HW address            Mask     Device
192.168.202.9    0x1         0x2         52:54:00:02:02:09     *        virbr0
192.168.202.10   0x1         0x0         00:00:00:00:00:00     *        virbr0
"""


def test_the_kernels_tables_are_read_as_it_writes_them() -> None:
    assert list(routes(ROUTE, own_addresses(TRIE))) == [
        Route(IPv4Network("0.0.0.0/0"), "br0", direct=False),
        Route(IPv4Network("192.168.202.0/24"), "clash"),
        Route(IPv4Network("192.168.203.0/24"), "clash", direct=False),
        Route(IPv4Network("192.168.204.0/24"), "*", direct=False),
    ]
    (_, clash, *_) = routes(ROUTE, ())  # as a VPN's, which no address has made
    assert not clash.direct
    assert dict(neighbours(ARP)) == {"192.168.202.9": "52:54:00:02:02:09"}

"""The plan of a network's change alone: XML in, calls out."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from provider.network.change import Sides, plan, waiting
from provider.network.seen import rest, view
from provider.network.xml import render, skeleton
from provider.resource.base import Props
from tests.provider.fakes.basics import written
from tests.provider.fakes.libvirt import Connection
from tests.provider.fakes.network import Network
from tests.provider.fakes.storage_world import BRIDGED, DEFAULT, sample

LIVE, INACTIVE = sample("network-default-live.xml"), sample("network-default-inactive.xml")


def test_what_only_a_running_network_says_waits_for_nothing() -> None:
    assert waiting(LIVE, INACTIVE) == ()
    assert rest(LIVE) == rest(INACTIVE)


def test_reservations_that_change_with_the_subnet_wait_with_it() -> None:
    host = {"mac": "52:54:00:02:02:08", "ip": "10.9.0.8"}
    change = plan({"addresses": ["10.9.0.0/24"], "dhcpHosts": [host]}, Sides(LIVE, INACTIVE))
    assert change.updates == ()
    assert view(change.define or "")["dhcpHosts"] == [host]
    assert change.waits == ("addresses", "dhcpHosts", "dhcpRanges")


def test_a_staged_change_leaves_reservations_to_the_call_that_both_definitions_share() -> None:
    change = plan({"stp": True, "dhcpHosts": DEFAULT["dhcpHosts"][1:]}, Sides(LIVE, INACTIVE))
    assert view(change.define or "")["dhcpHosts"] == view(INACTIVE)["dhcpHosts"]
    assert [(update.verb, update.flags) for update in change.updates] == [("delete", 3)]
    assert (change.holes, change.waits) == (1, ("stp",))


def test_dhcp_is_ended_and_begun_live() -> None:
    off = plan({"dhcp": {"enabled": False}}, Sides(LIVE, INACTIVE))
    assert {update.verb for update in off.updates} == {"delete"}
    assert (off.define, off.waits, len(off.updates)) == (None, (), 9)
    none = render({"dhcp": {"enabled": False}}, INACTIVE)
    on = plan({"dhcp": {"enabled": True}}, Sides(none, none))
    assert [update.xml for update in on.updates] == ['<range start="192.168.202.2" end="192.168.202.254"/>']


def test_a_network_that_is_declared_as_it_is_needs_nothing() -> None:
    change = plan(DEFAULT, Sides(LIVE, INACTIVE))
    assert (change.define, change.updates, change.waits) == (None, (), ())


@pytest.mark.parametrize("mode", ["nat", "route", "open", "none", "bridge"])
@pytest.mark.parametrize("before", [DEFAULT, BRIDGED, {**DEFAULT, "mode": "none"}])
def test_a_mode_brings_nothing_that_libvirt_refuses_beside_it(mode: str, before: Props) -> None:
    old = {key: value for key, value in before.items() if key != "natPorts" or before["mode"] == "nat"}
    wanted: Props = {"mode": mode} | ({"bridge": "br0"} if mode == "bridge" else {})
    made = etree.fromstring(render(wanted, render(old, skeleton("u"))))
    assert view(written(made))["mode"] == mode
    if mode != "nat":
        assert made.find("forward/nat") is None
    if mode == "bridge":
        assert {child.tag for child in made} == {"name", "uuid", "forward", "bridge"}
    elif before is BRIDGED:
        assert made.find("bridge") is None


def _networks() -> st.SearchStrategy[Props]:
    """Two subnets, few values: that sides agree in some properties and differ in others is the rule."""
    numbers = st.lists(st.integers(2, 5), unique=True, max_size=3)

    def made(subnet: str, stp: bool, delay: int, macs: Any, hosts: list[int], ends: list[int]) -> Props:
        return {
            "addresses": [f"{subnet}.0/24"],
            "stp": stp,
            "delay": delay,
            "dhcpHosts": [
                {
                    "mac": f"52:54:00:00:00:0{mac}",
                    "ip": f"{subnet}.{host}",
                    "name": f"n{host % 3}{mac % 2}{host}",
                }
                for mac, host in zip(macs, hosts, strict=False)
            ],
            "dhcpRanges": [{"start": f"{subnet}.1{end}", "end": f"{subnet}.2{end}"} for end in ends],
        }

    subnets = st.sampled_from(["10.5.0", "10.5.0", "10.6.0"])
    return st.builds(
        made, subnets, st.booleans(), st.integers(0, 1), st.permutations(range(4)), numbers, numbers
    )


@settings(max_examples=100, deadline=None)
@given(wanted=_networks(), live=st.none() | _networks(), persistent=_networks())
def test_the_calls_lead_to_what_is_declared_and_the_running_network_goes_on(
    wanted: Props, live: Props | None, persistent: Props
) -> None:
    base = render({"name": "n", "mode": "nat", "bridge": "b", "mac": "52:54:00:00:00:ff"}, skeleton("u"))
    network = Network(Connection(), render(persistent, base))
    network.live = None if live is None else etree.fromstring(render(live, base))
    change = plan(wanted, _sides(network))
    if change.define is not None:
        network.config = etree.fromstring(change.define)
    for update in change.updates:
        network.update(update.command, update.section, -1, update.xml, update.flags)
    after = _sides(network)
    again = plan(wanted, after)
    assert (again.define, again.updates) == (None, ())
    assert again.waits == change.waits
    assert _plain(view(after.base)) == _plain({**view(after.base), **wanted})
    if live is not None:
        serves = live["addresses"] == wanted["addresses"]
        kept = {**live, **({key: wanted[key] for key in ("dhcpHosts", "dhcpRanges")} if serves else {})}
        assert _plain(view(after.live or "")) == _plain({**view(after.live or ""), **kept})
        assert change.holes <= _entries(live) + _entries(wanted)


def _entries(props: Props) -> int:
    return len(props["dhcpHosts"]) + len(props["dhcpRanges"])


def _sides(network: Network) -> Sides:
    return Sides(None if network.live is None else written(network.live), written(network.config))


def _plain(seen: Props) -> Props:
    ordered = {
        key: sorted(value, key=repr) if isinstance(value, list) else value for key, value in seen.items()
    }
    return {key: value for key, value in ordered.items() if key != "dhcp"}

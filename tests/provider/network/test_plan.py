"""The calls that bring reservations to what is declared: as few as can be, and right on a libvirt as it is."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from provider.network.seen import view
from provider.network.update_calls import CONFIG, LIVE, dns_calls, range_calls, reservation_calls
from provider.network.xml import render, skeleton
from tests.provider.fakes.basics import written
from tests.provider.fakes.libvirt import Connection
from tests.provider.fakes.network import Network
from tests.provider.fakes.storage_world import DEFAULT, sample

BOTH = LIVE | CONFIG
HOSTS: list[dict[str, str]] = DEFAULT["dhcpHosts"]
HAVE = sample("network-default-live.xml")


def with_hosts(hosts: list[dict[str, str]]) -> str:
    return render({"dhcpHosts": hosts}, HAVE)


def calls(wanted: list[dict[str, str]], live: str | None = HAVE, persistent: str | None = HAVE) -> list[Any]:
    return [
        (c.verb, etree.fromstring(c.xml).get("mac"), c.flags)
        for c in reservation_calls(wanted, live, persistent)
    ]


def test_reservations_that_are_there_cost_no_call() -> None:
    assert calls(HOSTS) == []
    assert calls([{**host, "mac": host["mac"].lower()} for host in HOSTS]) == []


def test_the_order_of_reservations_is_no_difference() -> None:
    assert calls(HOSTS[::-1]) == []


def test_one_more_reservation_is_one_call_for_both_definitions() -> None:
    new = {"mac": "52:54:00:02:02:10", "ip": "192.168.202.16", "name": "New"}
    assert calls([*HOSTS, new]) == [("add", "52:54:00:02:02:10", BOTH)]


def test_a_changed_reservation_is_modified_by_its_mac() -> None:
    changed = [{**HOSTS[0], "ip": "192.168.202.99"}, *HOSTS[1:]]
    assert calls(changed) == [("modify", HOSTS[0]["mac"], BOTH)]


def test_a_removed_reservation_is_deleted() -> None:
    assert calls(HOSTS[1:]) == [("delete", HOSTS[0]["mac"], BOTH)]


def test_a_network_that_does_not_run_is_changed_in_its_definition_only() -> None:
    assert calls(HOSTS[1:], live=None) == [("delete", HOSTS[0]["mac"], CONFIG)]


def test_a_network_that_is_not_defined_is_changed_live_only() -> None:
    assert calls(HOSTS[1:], persistent=None) == [("delete", HOSTS[0]["mac"], LIVE)]


def test_each_definition_gets_only_the_calls_that_it_needs() -> None:
    assert calls(HOSTS, live=with_hosts(HOSTS[1:])) == [("add", HOSTS[0]["mac"], LIVE)]
    assert calls(HOSTS, live=with_hosts(HOSTS[1:]), persistent=with_hosts(HOSTS[:-1])) == [
        ("add", HOSTS[0]["mac"], LIVE),
        ("add", HOSTS[-1]["mac"], CONFIG),
    ]


def test_two_reservations_that_swap_addresses_are_two_changes() -> None:
    one, two = HOSTS[:2]
    swapped = [{**one, "ip": two["ip"]}, {**two, "ip": one["ip"]}, *HOSTS[2:]]
    assert [verb for verb, _, _ in calls(swapped)] == ["modify", "modify"]


def test_an_entry_that_stands_twice_and_has_no_mac_gets_the_wanted_one_once() -> None:
    one = {key: HOSTS[0][key] for key in ("ip", "name")}
    twice = etree.fromstring(with_hosts(HOSTS[1:]))
    for _ in range(2):
        etree.SubElement(twice.find("ip/dhcp"), "host", one)
    made = calls(HOSTS, live=None, persistent=etree.tostring(twice, encoding="unicode"))
    assert made == [("delete", None, CONFIG), ("modify", HOSTS[0]["mac"], CONFIG)]


def test_two_reservations_that_swap_names_are_two_changes() -> None:
    one, two = HOSTS[:2]
    swapped = [{**one, "name": two["name"]}, {**two, "name": one["name"]}, *HOSTS[2:]]
    assert [verb for verb, _, _ in calls(swapped)] == ["modify", "modify"]


def test_an_address_passed_on_is_freed_first() -> None:
    one, two = HOSTS[:2]
    passed = [{**one, "ip": two["ip"]}, {**two, "ip": "192.168.202.99"}, *HOSTS[2:]]
    assert calls(passed) == [("modify", two["mac"], BOTH), ("modify", one["mac"], BOTH)]


def test_a_machine_with_another_mac_is_one_change() -> None:
    changed = [{**HOSTS[0], "mac": "52:54:00:02:02:99"}, *HOSTS[1:]]
    assert calls(changed) == [("modify", "52:54:00:02:02:99", BOTH)]


def test_a_range_is_added_before_the_old_one_is_deleted() -> None:
    made = range_calls([{"start": "192.168.202.8", "end": "192.168.202.20"}], HAVE, HAVE)
    assert [(c.verb, c.section, c.flags) for c in made] == [("add", 5, BOTH), ("delete", 5, BOTH)]
    assert range_calls(DEFAULT["dhcpRanges"], HAVE, HAVE) == []


def test_only_what_the_running_network_gets_of_dhcp_makes_a_hole() -> None:
    new = {"mac": "52:54:00:02:02:10", "ip": "192.168.202.16"}
    assert [c.makes_hole for c in reservation_calls([*HOSTS, new], HAVE, HAVE)] == [True]
    assert [c.makes_hole for c in reservation_calls([*HOSTS, new], None, HAVE)] == [False]
    assert [c.makes_hole for c in dns_calls([{"hostname": "a", "ip": "192.168.202.8"}], HAVE, HAVE)] == [
        False
    ]


def test_a_changed_name_replaces_the_addresss_dns_entry() -> None:
    old = render({"dns": {"hosts": [{"hostname": "a", "ip": "192.168.202.8"}]}}, HAVE)
    made = dns_calls([{"hostname": "b", "ip": "192.168.202.8"}], old, old)
    assert [(c.verb, c.section, c.flags) for c in made] == [("delete", 10, BOTH), ("add", 10, BOTH)]
    assert dns_calls([{"hostname": "a", "ip": "192.168.202.8"}], old, old) == []


def _reservations() -> st.SearchStrategy[list[dict[str, str]]]:
    """From three MACs, addresses and names, each of them used once: swaps and chains are the rule."""
    few = st.permutations(range(3))
    return st.builds(
        lambda macs, ips, names, named, count: [
            {"mac": f"52:54:00:00:00:0{mac}", "ip": f"192.168.202.{10 + ip}"}
            | ({"name": f"n{name}"} if named else {})
            for mac, ip, name in list(zip(macs, ips, names, strict=True))[:count]
        ],
        few,
        few,
        few,
        st.booleans(),
        st.integers(2, 3),
    )


@settings(max_examples=200, deadline=None)
@given(wanted=_reservations(), live=_reservations(), persistent=_reservations())
def test_the_calls_lead_from_anything_to_what_is_declared(
    wanted: list[dict[str, str]], live: list[dict[str, str]], persistent: list[dict[str, str]]
) -> None:
    base = render({k: v for k, v in DEFAULT.items() if k != "dhcpHosts"}, skeleton("u"))
    network = Network(Connection(), render({"dhcpHosts": persistent}, base))
    network.live = etree.fromstring(render({"dhcpHosts": live}, base))
    for call in reservation_calls(wanted, written(network.live), written(copy.deepcopy(network.config))):
        network.update(call.command, call.section, -1, call.xml, call.flags)
    for side in (network.live, network.config):
        assert sorted(view(written(side))["dhcpHosts"], key=repr) == sorted(wanted, key=repr)

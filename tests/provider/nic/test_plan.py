"""The plan of NIC calls, on XML as libvirt writes it and on whatever a domain may have been brought into."""

from __future__ import annotations

from pathlib import Path

from hypothesis import example, given, settings
from hypothesis import strategies as st
from lxml import etree

from provider.host.definitions import both_xmls
from provider.host.macs import alias_for, same_mac
from provider.nic import apply as nic_apply
from provider.nic import nic
from provider.nic import plan as nic_plan
from provider.nic.nic import Wanted
from tests.provider.fakes.domain import Domain as FakeDomain
from tests.provider.fakes.domain_connection import Connection
from tests.provider.fakes.domain_world import FLOAT1, FLOAT2, RESERVED

SAMPLES = Path(__file__).parents[1] / "samples"


def sample(name: str) -> str:
    return (SAMPLES / f"domain-{name}.xml").read_text()


def both(name: str) -> tuple[str, str]:
    return sample(f"{name}-live"), sample(f"{name}-persistent")


def done(steps: list[nic_plan.Step]) -> list[tuple[str, int, str]]:
    return [(s.action, s.flags, s.mac) for s in steps]


def test_a_nic_on_a_bridged_network_is_known_by_its_network_though_it_shows_live_as_a_bridge() -> None:
    live = {n.mac: n for n in nic.nics(sample("Acilamwen-live"))}
    assert "type='bridge'" in sample("Acilamwen-live")
    assert live[FLOAT2].network == "bridged"
    assert live[FLOAT2].is_on(Wanted(FLOAT2, network="bridged"))
    assert 'type="network"' in live[FLOAT2].xml
    assert "portid" not in live[FLOAT2].xml


def test_a_nic_on_a_plain_bridge_is_not_taken_for_one_on_a_network_over_that_bridge() -> None:
    plain = {n.mac: n for n in nic.nics(sample("Acilamwen-live"))}["52:54:00:00:03:00"]
    assert plain.is_on(Wanted(plain.mac, bridge="br0"))
    assert not plain.is_on(Wanted(plain.mac, network="bridged"))


def test_nics_that_are_as_wanted_need_no_call() -> None:
    for name in ("Acilamwen", "Siamond"):
        wanted = [Wanted(RESERVED, network="default"), Wanted(FLOAT2, network="bridged", link="up")]
        assert nic_plan.plan(wanted, [FLOAT1], *both(name)) == []


def test_a_new_nic_is_plugged_into_guest_and_definition_by_one_call_that_does_both_or_nothing() -> None:
    steps = nic_plan.plan([Wanted(FLOAT1, network="bridged")], [], *both("Acilamwen"))
    assert done(steps) == [("plug", 3, FLOAT1)]
    assert 'name="ua-525400000100"' in steps[0].xml


def test_a_nic_that_only_the_definition_has_is_plugged_in_live_under_the_same_alias() -> None:
    live, config = both("Acilamwen")
    config = config.replace("ua-525400000200", "ua-float2")
    live = live.replace("52:54:00:00:02:00", "52:54:00:00:0b:00")
    steps = nic_plan.plan([Wanted(FLOAT2, network="bridged")], [], live, config)
    assert done(steps) == [("plug", 1, FLOAT2)]
    assert 'name="ua-float2"' in steps[0].xml


def test_of_two_copies_the_one_with_our_alias_stays_and_the_other_is_fenced_until_the_guest_lets_go() -> None:
    steps = nic_plan.plan([Wanted(FLOAT1, network="bridged")], [], *both("Acilamwen-copies"))
    assert done(steps) == [("fence", 1, FLOAT1), ("unplug", 2, FLOAT1), ("unplug", 1, FLOAT1)]
    assert all(s.nic is not None and s.nic.user_alias is None for s in steps)


def test_the_copy_on_the_right_network_stays_whatever_its_alias() -> None:
    live, config = (elsewhere(xml, "ua-525400000100") for xml in both("Acilamwen-copies"))
    steps = nic_plan.plan([Wanted(FLOAT1, network="bridged")], [], live, config)
    assert done(steps) == [("fence", 1, FLOAT1), ("unplug", 2, FLOAT1), ("unplug", 1, FLOAT1)]
    assert {s.nic.alias for s in steps if s.nic is not None} == {"ua-525400000100"}


def elsewhere(xml: str, alias: str) -> str:
    """The XML with the NIC of this alias on another network."""
    root = etree.fromstring(xml)
    for element in root.iterfind(f"devices/interface/alias[@name='{alias}']"):
        element.getparent().find("source").set("network", "other")
    return str(etree.tostring(root, encoding="unicode"))


def test_a_banned_nic_is_unplugged_by_what_each_side_has() -> None:
    live, config = both("Acilamwen")
    only_live = config.replace("52:54:00:00:02:00", "52:54:00:00:0b:00")
    assert done(nic_plan.plan([], [FLOAT2], live, only_live)) == [("fence", 1, FLOAT2), ("unplug", 1, FLOAT2)]
    assert done(nic_plan.plan([], [FLOAT2], None, config)) == [("unplug", 2, FLOAT2)]


def test_a_link_that_differs_is_switched_with_the_whole_element_carried_forward() -> None:
    steps = nic_plan.plan([Wanted(FLOAT2, network="bridged", link="down")], [], None, both("Siamond")[1])
    assert done(steps) == [("link", 2, FLOAT2)]
    assert 'state="down"' in steps[0].xml
    assert "ua-525400000200" in steps[0].xml
    assert "<address" in steps[0].xml


def test_a_nic_on_another_network_is_moved_in_guest_and_definition_with_all_else_carried_forward() -> None:
    live, config = both("Acilamwen")
    steps = nic_plan.plan([Wanted(FLOAT2, network="default")], [], live, config)
    assert done(steps) == [("move", 2, FLOAT2), ("move", 1, FLOAT2)]
    for step in steps:
        assert '<source network="default"/>' in step.xml
        assert 'type="network"' in step.xml
        assert "ua-525400000200" in step.xml
        assert "<address" in step.xml
    assert nic_plan.drift([Wanted(FLOAT2, network="default")], [], live, config) == [
        f"{FLOAT2} is on network bridged in the persistent definition",
        f"{FLOAT2} is on network bridged in the running guest",
    ]


def test_a_link_goes_down_before_a_move_and_comes_up_after_it() -> None:
    live, _ = both("Acilamwen")
    down = nic_plan.plan([Wanted(FLOAT2, network="default", link="down")], [], live, None)
    assert done(down) == [("link", 1, FLOAT2), ("move", 1, FLOAT2)]
    assert 'state="down"' in down[1].xml
    dark = live.replace('<model type="virtio"/>', '<link state="down"/><model type="virtio"/>')
    dark = dark.replace("<model type='virtio'/>", "<link state='down'/><model type='virtio'/>")
    up = nic_plan.plan([Wanted(FLOAT2, network="default", link="up")], [], dark, None)
    assert done(up) == [("move", 1, FLOAT2), ("link", 1, FLOAT2)]
    assert 'state="down"' in up[0].xml
    assert 'network="default"' in up[1].xml


def test_a_mac_that_is_wanted_is_never_banned() -> None:
    assert nic_plan.plan([Wanted(FLOAT2, network="bridged")], [FLOAT2], *both("Acilamwen")) == []


MACS = [FLOAT1, FLOAT2, "52:54:00:00:03:00", RESERVED.lower()]
PLUGS = st.lists(
    st.tuples(st.sampled_from(MACS), st.sampled_from([1, 2, 3]), st.booleans(), st.booleans()), max_size=7
)
WANTED = st.lists(
    st.builds(
        Wanted,
        mac=st.sampled_from([FLOAT1, FLOAT2, RESERVED]),
        network=st.sampled_from(["bridged", "default"]),
        link=st.sampled_from([None, "up", "down"]),
    ),
    unique_by=lambda w: w.mac,
    max_size=3,
)


@settings(max_examples=150, deadline=None)
@given(PLUGS, WANTED, st.sets(st.sampled_from(MACS)), st.booleans(), st.integers(1, 3))
@example([(FLOAT1, 1, False, False)] * 6, [], {FLOAT1}, True, 3)  # six copies, held for 15 s each
def test_once_a_plan_is_done_everything_is_as_wanted_and_another_plan_is_empty(
    plugs: list[tuple[str, int, bool, bool]],
    wanted: list[Wanted],
    banned: set[str],
    running: bool,
    lets_go: int,
) -> None:
    domain = a_domain(plugs, running)
    domain.lets_go = lets_go
    others_before = others(domain, wanted, banned)

    steps = nic_plan.plan(wanted, banned, *both_xmls(domain))
    nic_apply.perform(domain, steps, domain.conn.clock)

    live, config = both_xmls(domain)
    assert nic_plan.plan(wanted, banned, live, config) == []
    assert nic_plan.drift(wanted, banned, live, config) == []
    mine = {same_mac(w.mac) for w in wanted}
    for side in [xml for xml in (live, config) if xml is not None]:
        plugged = nic.macs(side)
        assert all(plugged.count(mac) == 1 for mac in mine)
        there = {n.mac: n for n in nic.nics(side)}
        assert all(there[same_mac(w.mac)].is_on(w) for w in wanted)
        assert not (set(plugged) & (banned - mine))
    assert others(domain, wanted, banned) == others_before


@settings(max_examples=60, deadline=None)
@given(PLUGS, WANTED, st.sets(st.sampled_from(MACS)), st.integers(0, 12))
def test_a_plan_that_was_cut_off_anywhere_is_finished_by_the_next_one(
    plugs: list[tuple[str, int, bool, bool]], wanted: list[Wanted], banned: set[str], after: int
) -> None:
    domain = a_domain(plugs, running=True)
    steps = nic_plan.plan(wanted, banned, *both_xmls(domain))
    nic_apply.perform(domain, steps[:after], domain.conn.clock)

    rest = nic_plan.plan(wanted, banned, *both_xmls(domain))
    nic_apply.perform(domain, rest, domain.conn.clock)

    assert nic_plan.plan(wanted, banned, *both_xmls(domain)) == []


def a_domain(plugs: list[tuple[str, int, bool, bool]], running: bool) -> FakeDomain:
    """With NICs of (MAC, LIVE and/or CONFIG, link down, under an alias of ours where that is free)."""
    conn = Connection()
    domain = conn.defineXML(
        "<domain type='qemu'><name>x</name><uuid>cccccccc-0000-4000-8000-000000000001</uuid><memory>1</memory>"
        "<os><type>hvm</type></os><features><acpi/></features><devices/></domain>"
    )
    if running:
        domain.create()
    for mac, flags, down, ours in plugs:
        wanted = Wanted(mac, network="bridged", link="down" if down else None)
        xml = nic.to_plug(wanted)
        there = [n.alias for side in both_xmls(domain) for n in nic.nics(side)]
        if not ours or alias_for(mac) in there:
            xml = xml.replace(f'<alias name="{alias_for(mac)}"/>', "")
        domain.attachDeviceFlags(xml, flags if running else 2)
    return domain


def others(domain: FakeDomain, wanted: list[Wanted], banned: set[str]) -> list[str]:
    """Elements of the NICs that are nobody's business, live and persistent."""
    ours = {same_mac(w.mac) for w in wanted} | banned
    return [n.xml for side in both_xmls(domain) for n in nic.nics(side) if n.mac not in ours]

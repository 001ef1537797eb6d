"""Who a host is, by UUID and name together, and whose hypervisor it is: one rule for all that look."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from cli import rack
from cli.map.compare import picture as map_picture
from cli.whois.seen import gather
from cli.words.command_line import UsageError
from provider.survey.survey import HostSeen
from tests.cli.audit.picture import PLAN, RACK, Picture, clean, world
from tests.cli.audit.spoil import faults_of
from tests.cli.fleet.world import World
from tests.cli.map import hosts as map_hosts

TROP01 = RACK.plans["trop01"]
UUID = "12345678-0000-4000-8000-000000000000"


def two(first: str | None, second: str | None) -> dict[str, HostSeen]:
    """trop01, which has no VMs, and trop02: two hosts of one batch, by these names."""
    hosts = {"trop01": clean(TROP01).host(), "trop02": clean().host()}
    names = {"trop01": first, "trop02": second}
    return {stack: replace(host, uuid=UUID, name=names[stack]) for stack, host in hosts.items()}


@pytest.mark.reports("H3")
def test_two_hosts_of_one_uuid_and_two_names_are_both_judged_and_one_line_says_what_to_set() -> None:
    hosts = two("trop01.example.org", "trop02.example.org")
    hosts["trop01"] = replace(hosts["trop01"], networks=hosts["trop01"].networks[:1])
    seen = replace(world(Picture(PLAN)), hosts=hosts, asked={}, held={})
    found = faults_of(seen)
    assert [(f.kind, f.stack) for f in found if f.kind in ("same-host", "same-uuid")] == [
        ("same-uuid", "trop02")
    ]
    (twins,) = [f for f in found if f.kind == "same-uuid"]
    assert "trop01.example.org (trop01) and trop02.example.org (trop02), give one UUID" in twins.what
    assert 'host_uuid_source = "machine-id", or host_uuid = ' in twins.mend
    assert [(f.kind, f.stack) for f in found if f.kind == "network-down"] == [("network-down", "trop01")]
    assert {stack for stack, _, _ in seen.vms()} == {"trop02"}
    hosts["trop02"] = replace(hosts["trop02"], uuid=UUID.replace("1", "9"))  # as that line gives it one
    assert not [f for f in faults_of(replace(seen, hosts=hosts)) if f.kind == "same-uuid"]


@pytest.mark.reports("H3")
def test_whois_and_a_map_show_both_and_say_so() -> None:
    hosts = two("trop01", "trop02")
    seen = gather(hosts, {}, RACK.plans)
    assert seen.asked == {"trop01", "trop02"}
    assert seen.silent == {}
    (line,) = seen.twins
    assert "give one UUID" in line
    shown = map_picture(RACK.fleet, RACK.plans, hosts)
    assert [card.reason for card in shown.cards if card.name in hosts] == ["", ""]


@pytest.mark.reports("H3", "W3")
@pytest.mark.parametrize(
    ("first", "second", "sure"),
    [("trop02", "TROP02.example.org", True), (None, None, False), ("localhost", "localhost", False)],
)
def test_one_host_behind_two_uris_is_said_and_where_no_name_tells_that_is_said_too(
    first: str | None, second: str | None, sure: bool
) -> None:
    hosts = two(first, second)
    hosts["trop01"] = replace(hosts["trop02"], name=first)
    found = faults_of(replace(world(Picture(PLAN)), hosts=hosts, asked={}, held={"trop02": clean().uuids()}))
    assert [(f.kind, f.stack) for f in found] == [("same-host", "trop01")]
    assert ("by their UUID alone" in found[0].what) is not sure


@pytest.mark.reports("W3")
def test_a_host_to_which_every_stack_leads_is_that_of_the_macs_on_its_networks_for_all_that_look() -> None:
    host = replace(clean().host(), domains=())  # no VM tells whose it is
    hosts = dict.fromkeys(("trop01", "trop02", "trop03", "trop04"), host)
    assert set(rack.owners(RACK.plans, hosts).values()) == {"trop02"}
    seen = gather(hosts, {}, RACK.plans)
    assert seen.asked == {"trop02"}
    assert set(seen.silent) == {"trop01", "trop03", "trop04"}
    assert {s.hypervisor for s in seen.sightings} == {"trop02"}
    judged = replace(world(Picture(PLAN)), hosts=hosts, asked={}, held={})
    assert list(judged.seen) == ["trop02"]
    shown = map_picture(RACK.fleet, RACK.plans, hosts)
    assert {card.name: card.reason for card in shown.cards} == {
        "trop01": "its libvirt:uri leads to the host of trop02",
        "trop02": "",
        "trop03": "its libvirt:uri leads to the host of trop02",
        "trop04": "its libvirt:uri leads to the host of trop02",
    }


@pytest.mark.reports("H3", "W3")
def test_up_of_all_stacks_is_refused_where_two_spellings_of_a_uri_lead_to_one_host(tmp_path: Path) -> None:
    fleet = World(tmp_path, {"float1": "trop02"}, {})
    host = map_hosts.host([], [])
    sight = {stack: replace(host, uuid=UUID, name="trop02") for stack in fleet.plans}
    fleet.look = lambda _fleet: sight  # type: ignore[method-assign]
    with pytest.raises(
        UsageError, match=r"leads to the host of trop02, and each is a hypervisor of its own"
    ) as told:
        fleet.run("up", "--all", "--yes")
    assert str(told.value).endswith("./trop config trop03 set libvirt:uri qemu+ssh://root@trop03/system")
    assert fleet.batches == []
    sight.update({stack: replace(seen, name=stack) for stack, seen in sight.items()})
    code, text = fleet.run("up", "--all", "--yes")
    assert code == 0
    assert "give one UUID" in text

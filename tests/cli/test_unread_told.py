"""What could not be read: an audit, whois, a map and a run of all stacks tell of it, and conclude nothing from it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from cli.fleet.plugged import Sight
from cli.map.compare import picture as map_picture
from cli.map.model import Mark
from cli.whois.command import Directory
from cli.whois.seen import gather
from provider.survey.survey import HostSeen, Lease, Unread
from tests.cli.audit.picture import NOW, PLAN, RACK, Picture, clean
from tests.cli.audit.spoil import STRAY, faults, notes
from tests.cli.fleet.world import MAC, World
from tests.cli.map import hosts as map_hosts

SAID = "the leases of network default could not be looked at: internal error: "
FILE = "/var/lib/libvirt/dnsmasq/virbr0.status"


@pytest.mark.reports("H1")
@pytest.mark.parametrize(
    "said",
    [f"invalid json in file: {FILE}", "Malformed lease_entries array", "found lease without mac-address"],
)
def test_a_damaged_file_of_leases_is_one_finding_that_says_how_to_take_it_away(said: str) -> None:
    picture = clean()
    picture.leases.clear()
    picture.unread = (Unread("leases", "default", SAID + said),)
    (found,) = faults(picture)
    assert (found.kind, found.where, found.what) == ("unread", "network default", SAID + said)
    assert found.mend == f"on the hypervisor: mv {FILE} {FILE}.damaged"


@pytest.mark.reports("H9")
def test_leases_that_a_driver_does_not_know_are_a_note_and_no_fault() -> None:
    picture = clean()
    picture.leases.clear()
    line = "the leases of network default could not be looked at: this function is not supported"
    picture.unread = (Unread("leases", "default", line, unsupported=True),)
    assert faults(picture) == []
    assert [n.what for n in notes(picture) if n.kind == "untold"] == [line]


def without(picture: Picture, kind: str, name: str | None) -> None:
    """As a survey has it where these could not be read."""
    for where in {"domain": (picture.vms,), "network": (picture.networks,), "pool": (picture.pools,)}.get(
        kind, ()
    ):
        for each in [name] if name is not None else list(where):
            where.pop(each, None)
    if kind in ("volumes", "pool"):
        picture.volumes.clear()
    if kind == "network":
        picture.leases.clear()
    picture.unread = (Unread(kind, name, "line"),)  # type: ignore[arg-type]


THINGS = [
    *(("domain", vm.domain) for vm in PLAN.vms),
    *(("network", name) for name in ("default", "bridged")),
    ("pool", "live"),
    ("volumes", "live"),
    *((kind, None) for kind in ("domain", "network", "pool")),
]


@pytest.mark.reports("H1", "H2")
@pytest.mark.parametrize(("kind", "name"), THINGS)
def test_of_one_thing_that_could_not_be_read_an_audit_tells_that_alone(kind: str, name: str | None) -> None:
    picture = clean()
    without(picture, kind, name)
    assert [(f.kind, f.what.partition(";")[0]) for f in faults(picture)] == (
        [("unread", "line")] if kind != "volumes" else []
    )
    assert [n.kind for n in notes(picture) if n.what == "line"] == (["untold"] if kind == "volumes" else [])


@pytest.mark.reports("H1")
@pytest.mark.parametrize(("kind", "name"), THINGS)
def test_and_all_else_is_judged(kind: str, name: str | None) -> None:
    """Two faults, of which at least one has nothing to do with it."""
    picture = clean()
    picture.vms["Ulov"].autostart = False
    picture.networks["bridged"] = replace(picture.networks["bridged"], autostart=False)
    without(picture, kind, name)
    wanted = {"Ulov", "network bridged"} - ({name} if kind == "domain" else {f"network {name}"})
    wanted -= {"Ulov"} if (kind, name) == ("domain", None) else set()
    wanted -= {"network bridged"} if (kind, name) == ("network", None) else set()
    assert {f.where for f in faults(picture) if f.kind == "autostart-off"} == wanted


@pytest.mark.reports("H1")
def test_a_mac_that_an_unread_domain_may_have_is_not_said_to_be_nobodys() -> None:
    picture = clean()
    picture.leases.append(Lease("default", STRAY, "192.168.202.99", None, int(NOW) + 60))
    assert [f.kind for f in faults(picture)] == ["lease"]
    picture.unread = (Unread("domain", "theirs", "line"),)
    assert [(f.kind, f.what) for f in faults(picture)] == [
        ("unread", "line; which MACs it has is not known"),
    ]


def asked(*unread: Unread) -> Directory:
    seen = clean().host()
    seen = replace(seen, domains=tuple(d for d in seen.domains if d.name != "Acilamwen"), unread=unread)
    return Directory(RACK, gather({"trop02": replace(seen, networks=())}, {}))


@pytest.mark.reports("H1")
def test_whois_does_not_say_of_what_may_be_in_an_unread_object_that_it_is_not_there() -> None:
    known = asked(Unread("domain", "Acilamwen", "line"), Unread("network", "default", "line"))
    for word in ("float1", "192.168.202.15", "52:54:00:02:02:0f"):
        assert known.answer(word).verdicts[0] == "declared, not seen; Acilamwen on trop02 could not be read"
    assert "declared, not seen; default on trop02 could not be read" in known.answer("virbr0").verdicts
    assert asked().answer("float1").verdicts == ("declared, not seen",)


@pytest.mark.reports("H1")
def test_a_map_draws_what_could_not_be_read_as_not_known() -> None:
    sight: dict[str, HostSeen] = {stack: map_hosts.as_declared(plan) for stack, plan in RACK.plans.items()}
    whole = map_picture(RACK.fleet, RACK.plans, sight)
    sight["trop02"] = replace(
        map_hosts.changed(sight["trop02"], gone=["Acilamwen"], gone_networks=["default"]),
        unread=(
            Unread("domain", "Acilamwen", "line"),
            Unread("network", "default", "line"),
            Unread("leases", "bridged", "leases"),
            Unread("domain", "theirs", "line"),
        ),
    )
    shown = map_picture(RACK.fleet, RACK.plans, sight)
    card = next(card for card in shown.cards if card.name == "trop02")
    assert card.unread == ("line", "line", "leases", "line")
    assert card.differences == next(c for c in whole.cards if c.name == "trop02").differences == 0
    assert {box.name for box in card.boxes if box.mark is Mark.UNKNOWN} == {"Acilamwen", "theirs"}
    assert [bar.name for bar in card.bars if bar.mark is Mark.UNKNOWN] == ["default"]
    (float1,) = [held for held in shown.floats if held.fact.label == "float1"]
    assert float1.mark is Mark.UNKNOWN
    assert "Acilamwen on trop02 not read" in float1.seen


class Hiding(World):
    """Something on trop04 could not be read."""

    unread: tuple[Unread, ...] = ()

    def look(self, fleet: object) -> Sight:
        seen = dict(super().look(fleet))  # type: ignore[arg-type]
        found = seen["trop04"]
        assert isinstance(found, HostSeen)
        return {**seen, "trop04": replace(found, unread=self.unread)}


@pytest.mark.reports("H1")
@pytest.mark.parametrize(
    "unread",
    [
        Unread("leases", "default", "line"),
        Unread("network", "default", "line"),
        Unread("volume", "x", "line", pool="iso"),
        Unread("domain", "theirs", "line", runs=False),
    ],
    ids=lambda unread: unread.kind,
)
def test_a_float_moves_though_something_could_not_be_read_that_can_not_answer_with_its_mac(
    tmp_path: Path, unread: Unread
) -> None:
    world = Hiding(tmp_path, {"float1": "trop03"}, {"trop02": [MAC["float1"]]})
    world.unread = (unread,)
    code, text = world.run("up", "--all", "--yes", "--skip-preview")
    assert code == 0, text
    assert world.at["trop03"] == [MAC["float1"]]
    assert world.twice() == []


@pytest.mark.reports("H1")
@pytest.mark.parametrize("name", ["theirs", None])
def test_a_float_that_an_unread_guest_elsewhere_may_have_waits_and_the_line_says_for_what(
    tmp_path: Path, name: str | None
) -> None:
    world = Hiding(tmp_path, {"float1": "trop03"}, {"trop02": [MAC["float1"]]})
    world.unread = (Unread("domain", name, "domain theirs could not be looked at: no"),)
    code, text = world.run("up", "--all", "--yes", "--skip-preview")
    assert code == 1
    assert (
        f"float1 is not plugged in on trop03 (Wanderer): whether {name or 'a domain'} on trop04 has {MAC['float1']} is "
        "not known: domain theirs could not be looked at: no; when you know that it has not: ./trop up trop03"
        in text
    )
    assert world.at["trop03"] == []
    assert "while" in world.run("preview", "--all")[1]

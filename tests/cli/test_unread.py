"""What libvirt does not tell of a host keeps nobody from looking at the rest, is said, and is taken for nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import libvirt
import pytest

from cli import live
from cli.adopt.match import matches
from cli.whois.seen import gather
from provider.errors import OperatorError
from provider.guest import addresses as guest_addresses
from provider.host.host import Host
from provider.survey import survey
from provider.survey.survey import HostSeen, Unread
from tests.cli.adopt.beside import all_there, plan_of
from tests.cli.audit.picture import clean
from tests.cli.audit.spoil import faults, image, notes
from tests.provider.fakes.basics import error
from tests.provider.fakes.storage_world import DEFAULT, World
from tests.provider.host.test_optional_looks import REFUSALS

LOST = error(1, "internal error: client socket is closed", libvirt.VIR_FROM_RPC)


class Guest:
    def __init__(self, raised: Exception) -> None:
        self.raised = raised

    def interfaceAddresses(self, source: int) -> Any:
        raise self.raised


def world() -> World:
    made = World().with_base()
    made.create("Network", "trop02-default", dict(DEFAULT))
    return made


def fail(monkeypatch: pytest.MonkeyPatch, made: World, call: str, raised: Exception) -> None:
    owners = {
        "DHCPLeases": made.conn.networks[0],
        "listAllVolumes": made.conn.pools[0],
        "XMLDesc": next(iter(made.conn.pools[0].volumes.values())),
        "getCapabilities": made.conn,
    }

    def fails(*_: Any) -> Any:
        raise raised

    monkeypatch.setattr(owners[call], call, fails)


WHAT = {
    "DHCPLeases": Unread("the leases of network default could not be looked at: "),
    "listAllVolumes": Unread("the volumes of storage pool base could not be looked at: ", "base"),
    "XMLDesc": Unread(
        "volume fedora-28-32G-docker-base-20181016.qcow of storage pool base could not be looked at: ",
        "base",
        "fedora-28-32G-docker-base-20181016.qcow",
    ),
    "getCapabilities": Unread("the UUID of qemu:///system could not be looked at: "),
}


@pytest.mark.parametrize("refusal", REFUSALS)
@pytest.mark.parametrize("call", WHAT)
def test_what_is_not_told_is_said_and_the_rest_is_seen(
    call: str, refusal: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    code, said, domain = REFUSALS[refusal]
    made = world()
    whole = survey.survey(made.host)
    made.host._uuid = None
    fail(monkeypatch, made, call, error(code, said, domain))
    seen = survey.survey(made.host)
    assert seen.unread == (replace(WHAT[call], line=WHAT[call].line + said),)
    lacking = {"listAllVolumes": "volumes", "XMLDesc": "volumes", "getCapabilities": "uuid"}.get(
        call, "leases"
    )
    assert replace(seen, unread=(), **{lacking: getattr(whole, lacking)}) == whole


@pytest.mark.parametrize("call", WHAT)
def test_a_connection_that_is_lost_ends_the_look_at_the_host(
    call: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = world()
    fail(monkeypatch, made, call, LOST)
    monkeypatch.setattr(survey, "read_only", lambda _uri: made.host)
    found = live.look({"trop02": "qemu:///system"})["trop02"]
    assert isinstance(found, OperatorError)
    assert "libvirt at qemu:///system stopped answering: internal error: client socket is closed" in str(
        found
    )


def test_a_host_that_does_not_list_its_networks_has_not_stopped_answering(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = world()
    monkeypatch.setattr(made.conn, "listAllNetworks", lambda: _raise(error(5, "no connection driver")))
    monkeypatch.setattr(survey, "read_only", lambda _uri: Host("qemu:///system", lambda _: made.conn))
    found = live.look({"trop02": "qemu:///system"})["trop02"]
    assert str(found) == "libvirt at qemu:///system could not be looked at: no connection driver"


def _raise(raised: Exception) -> Any:
    raise raised


@pytest.mark.parametrize("refusal", REFUSALS)
def test_neighbours_that_are_not_told_are_said_beside_a_silent_agent(refusal: str) -> None:
    code, said, domain = REFUSALS[refusal]
    inside = guest_addresses.look(Guest(error(code, said, domain)), None)
    assert inside.neighbours == ()
    assert inside.silence == f"what the host has heard of it could not be looked at: {said}"


def test_an_audit_tells_it_as_a_note_and_takes_no_base_for_unused() -> None:
    picture = clean()
    image("old.qcow")(picture)
    assert [f.kind for f in faults(picture)] == ["base-unused"]
    picture.unread = (Unread("volume x of storage pool live could not be looked at: no", "live", "x"),)
    assert faults(picture) == []
    (told,) = [n for n in notes(picture) if n.kind == "unread"]
    assert (told.where, told.what) == (
        "pool live",
        "volume x of storage pool live could not be looked at: no",
    )


@pytest.mark.parametrize(
    ("unread", "kept"),
    [
        (Unread("the volumes of storage pool live …", "live"), True),
        (Unread("volume Acilamwen.qcow …", "live", "Acilamwen.qcow"), True),
        (Unread("volume junk …", "live", "junk"), False),
        (Unread("the volumes of storage pool theirs …", "theirs"), False),
        (Unread("the leases of network default …"), False),
    ],
)
def test_adopt_takes_nothing_over_while_its_own_disks_can_not_be_seen(unread: Unread, kept: bool) -> None:
    plan = plan_of()
    assert matches(plan, all_there(plan)).why == ()
    assert matches(plan, all_there(plan, unread=(unread,))).why == ((unread.line,) if kept else ())


def test_whois_says_which_leases_it_has_not_seen() -> None:
    seen: HostSeen = all_there(plan_of(), unread=(Unread("leases …"), Unread("volumes …", "live")))
    assert gather({"trop02": seen}, {}).unread == ("trop02: leases …",)

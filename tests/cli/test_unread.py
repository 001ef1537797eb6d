"""What libvirt does not tell of a host keeps nobody from looking at the rest, is said, and is taken for nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import libvirt
import pytest

from cli import live
from cli.adopt import complete, state, table
from cli.adopt.compare import compare
from cli.adopt.match import matches
from cli.whois.seen import gather
from config.settings import Settings
from provider.errors import OperatorError
from provider.guest import addresses as guest_addresses
from provider.host.host import Host
from provider.survey import sweep
from provider.survey.survey import HostSeen, Unread
from tests.cli.adopt.beside import all_there, plan_of
from tests.cli.audit.picture import clean
from tests.cli.audit.spoil import faults, image, notes
from tests.cli.hosts import UUIDS
from tests.provider.fakes.basics import error
from tests.provider.fakes.libvirt import Domain
from tests.provider.fakes.storage_world import BASE, DEFAULT, World
from tests.provider.host.test_optional_looks import REFUSALS

LOST = error(1, "internal error: client socket is closed", libvirt.VIR_FROM_RPC)


class Guest:
    def __init__(self, raised: Exception) -> None:
        self.raised = raised

    def interfaceAddresses(self, source: int) -> Any:
        raise self.raised


BASE_NAME = BASE.rpartition("/")[2]
OTHER = "<domain type='qemu'><name>other</name><uuid>u-other</uuid><memory>1</memory><devices/></domain>"


def world() -> World:
    made = World().with_base()
    made.create("Network", "trop02-default", dict(DEFAULT))
    made.conn.domains.append(Domain(OTHER, OTHER))
    return made


def fail(monkeypatch: pytest.MonkeyPatch, made: World, call: str, raised: Exception) -> None:
    conn = made.conn
    owners = {
        "leases": (conn.networks[0], "DHCPLeases"),
        "network": (conn.networks[0], "XMLDesc"),
        "domain": (conn.domains[0], "XMLDesc"),
        "pool": (conn.pools[0], "XMLDesc"),
        "files": (conn.pools[0], "listAllVolumes"),
        "volume": (next(iter(conn.pools[0].volumes.values())), "XMLDesc"),
        "UUID": (conn, "getCapabilities"),
        "networks": (conn, "listAllNetworks"),
        "domains": (conn, "listAllDomains"),
        "pools": (conn, "listAllStoragePools"),
    }

    def fails(*_: Any) -> Any:
        raise raised

    monkeypatch.setattr(*owners[call], fails)


HERE = "of qemu:///system could not be looked at: "
WHAT = {
    "leases": Unread("leases", "default", "the leases of network default could not be looked at: "),
    "network": Unread("network", "default", "network default could not be looked at: "),
    "domain": Unread("domain", "other", "domain other could not be looked at: ", uuid="u-other"),
    "pool": Unread("pool", "base", "storage pool base could not be looked at: ", uuid="b"),
    "files": Unread("volumes", "base", "the volumes of storage pool base could not be looked at: "),
    "volume": Unread(
        "volume", BASE_NAME, f"volume {BASE_NAME} of storage pool base could not be looked at: ", pool="base"
    ),
    "UUID": Unread("host", "UUID", f"the UUID {HERE}"),
    "networks": Unread("network", None, f"the networks {HERE}"),
    "domains": Unread("domain", None, f"the domains {HERE}"),
    "pools": Unread("pool", None, f"the storage pools {HERE}"),
}
# What of the whole is not had for want of it, and how many are left.
LACKS: dict[str, dict[str, int]] = {
    "leases": {}, "network": {"networks": 0}, "domain": {"domains": 0}, "pool": {"pools": 1}, "files": {"volumes": 0},
    "volume": {"volumes": 0}, "UUID": {}, "networks": {"networks": 0, "leases": 0}, "domains": {"domains": 0},
    "pools": {"pools": 0, "volumes": 0},
}  # fmt: skip


@pytest.mark.reports("H1", "H2", "H9")
@pytest.mark.parametrize("refusal", REFUSALS)
@pytest.mark.parametrize("call", WHAT)
def test_what_is_not_told_is_said_and_the_rest_is_seen(
    call: str, refusal: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    code, said, domain = REFUSALS[refusal]
    made = world()
    whole = sweep.survey(made.host)
    made.host._uuid = None
    fail(monkeypatch, made, call, error(code, said, domain))
    seen = sweep.survey(made.host)
    (unread,) = seen.unread
    wanted = replace(WHAT[call], line=WHAT[call].line + said, unsupported=code in (3, 84))
    assert replace(unread, uuid=wanted.uuid) == wanted
    assert {name: len(getattr(seen, name)) for name in LACKS[call]} == LACKS[call]
    left = dict.fromkeys(LACKS[call], ())
    uuid = {"uuid": whole.uuid} if call == "UUID" else {}
    assert replace(seen, unread=(), **left, **uuid) == replace(whole, **left)


@pytest.mark.reports("H1")
@pytest.mark.parametrize("kind", ["network", "domain", "pool", "volume", "UUID"])
@pytest.mark.parametrize("xml", ["", "<", "<other/>", "<domain><memory>lots</memory></domain>", "\x00"])
def test_xml_that_is_not_understood_is_unread_and_the_rest_is_seen(
    kind: str, xml: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = world()
    owners = {
        "network": made.conn.networks[0],
        "domain": made.conn.domains[0],
        "pool": made.conn.pools[0],
        "volume": next(iter(made.conn.pools[0].volumes.values())),
        "UUID": made.conn,
    }
    name = "getCapabilities" if kind == "UUID" else "XMLDesc"
    # The names and UUIDs of handles cost no call, and are no XML.
    for key in ("name", "UUIDString") if kind != "UUID" else ():
        if hasattr(owners[kind], key):
            value = getattr(owners[kind], key)()
            monkeypatch.setattr(owners[kind], key, lambda value=value: value)
    monkeypatch.setattr(owners[kind], name, lambda _flags=0: xml)
    seen = sweep.survey(made.host)
    assert all(u.kind == kind or u.name == kind for u in seen.unread)
    if xml in ("", "<", "\x00"):
        (unread,) = seen.unread
        assert "is not understood" in unread.line
    assert len(seen.domains) + len(seen.unread_of("domain")) == 1
    assert len(seen.networks) + len(seen.unread_of("network")) == 1
    assert len(seen.pools) + len(seen.unread_of("pool")) == 2


@pytest.mark.parametrize("call", WHAT)
def test_a_connection_that_is_lost_ends_the_look_at_the_host(
    call: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = world()
    fail(monkeypatch, made, call, LOST)
    monkeypatch.setattr(sweep, "read_only", lambda _uri: made.host)
    found = live.look({"trop02": "qemu:///system"})["trop02"]
    assert isinstance(found, OperatorError)
    assert "libvirt at qemu:///system stopped answering: internal error: client socket is closed" in str(
        found
    )


@pytest.mark.reports("H9")
def test_a_host_that_does_not_list_its_networks_has_not_stopped_answering(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = world()
    monkeypatch.setattr(made.conn, "listAllNetworks", lambda: _raise(error(5, "no connection driver")))
    monkeypatch.setattr(sweep, "read_only", lambda _uri: Host("qemu:///system", lambda _: made.conn))
    found = live.look({"trop02": "qemu:///system"})["trop02"]
    assert isinstance(found, HostSeen)
    assert found.unread_of("network", "default") == (
        Unread(
            "network", None, "the networks of qemu:///system could not be looked at: no connection driver"
        ),
    )
    assert [domain.name for domain in found.domains] == ["other"]


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
    line = "volume x of storage pool live could not be looked at: no"
    picture.unread = (Unread("volume", "x", line, pool="live"),)
    assert faults(picture) == []
    (told,) = [n for n in notes(picture) if n.kind == "untold"]
    assert (told.where, told.what) == (
        "pool live",
        "volume x of storage pool live could not be looked at: no",
    )


OWN = Settings.model_validate({"vms": {"Acilamwen": {"seedDisk": False}}})
LEFT_OUT = {
    "domain": (Unread("domain", "Acilamwen", "line"), {"VM Acilamwen", "float1 of Acilamwen"}),
    "domains": (Unread("domain", None, "line"), {"VM Acilamwen", "float1 of Acilamwen"}),
    "network": (Unread("network", "default", "line", uuid=UUIDS["default"]), {"network default"}),
    "pool": (Unread("pool", "live", "line"), {"pool live", "overlay Acilamwen.qcow"}),
    "files": (Unread("volumes", "live", "line"), {"overlay Acilamwen.qcow"}),
    "file": (Unread("volume", "Acilamwen.qcow", "line", pool="live"), {"overlay Acilamwen.qcow"}),
    "other domain": (Unread("domain", "theirs", "line"), set[str]()),
    "other network": (Unread("network", "theirs", "line"), set[str]()),
    "other file": (Unread("volume", "junk", "line", pool="live"), set[str]()),
    "file elsewhere": (Unread("volume", "Acilamwen.qcow", "line", pool="theirs"), set[str]()),
    "files elsewhere": (Unread("volumes", "theirs", "line"), set[str]()),
    "leases": (Unread("leases", "default", "line"), set[str]()),
}


def lacking(unread: Unread) -> HostSeen:
    """All that is declared, but for what could not be read."""
    whole = all_there(plan_of(), unread=(unread,))
    names = {unread.name} if unread.name is not None else {"Acilamwen", "default", "bridged", "live"}
    kept = {
        "domains": tuple(d for d in whole.domains if unread.kind != "domain" or d.name not in names),
        "networks": tuple(n for n in whole.networks if unread.kind != "network" or n.name not in names),
        "pools": tuple(p for p in whole.pools if unread.kind != "pool" or p.name not in names),
        "volumes": tuple(
            v
            for v in whole.volumes
            if not (unread.kind == "pool" or (unread.kind, unread.name) == ("volumes", v.pool))
            and (unread.kind, unread.pool, unread.name) != ("volume", v.pool, v.name)
        ),
    }
    return replace(whole, **kept)


@pytest.mark.reports("H1", "H2")
@pytest.mark.parametrize("what", LEFT_OUT)
def test_adopt_leaves_out_what_it_could_not_read_and_takes_over_all_else(what: str) -> None:
    unread, left_out = LEFT_OUT[what]
    plan = plan_of()
    whole = compare(plan, all_there(plan))
    found = compare(plan, lacking(unread))
    taken = set(state.to_import(plan, found.matches, state.known({})).taken)
    assert {text for text, _ in found.unread} == left_out
    assert taken == {*whole.agrees, *(d.object for d in whole.differs)} - left_out
    assert (found.missing, found.why, found.matches.why) == ((), (), ())
    assert [d for d in found.differs if d not in whole.differs] == []
    shown = table.text("trop02", "x", found)
    assert "line" in shown
    assert complete.additions(plan, OWN, lacking(unread)) == complete.additions(plan, OWN, all_there(plan))


@pytest.mark.reports("H1")
def test_a_vm_that_may_be_an_unread_domain_is_not_taken_for_another_with_its_mac() -> None:
    plan = plan_of()
    whole = all_there(plan)
    clone = replace(whole.domains[0], name="clone", uuid="u-clone")
    seen = replace(whole, domains=(clone,), unread=(Unread("domain", "Acilamwen", "line"),))
    found = matches(plan, seen)
    assert "Acilamwen" not in found.domains
    assert set(found.unread.values()) == {"line"}


@pytest.mark.reports("H1")
def test_whois_says_which_leases_it_has_not_seen() -> None:
    seen: HostSeen = all_there(
        plan_of(), unread=(Unread("leases", "default", "leases …"), Unread("volumes", "live", "volumes …"))
    )
    assert gather({"trop02": seen}, {}).unread == ("trop02: leases …",)

"""What an audit finds where more than one thing has to be weighed, and where it has to be silent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from cli.adopt import declared
from cli.audit import owned
from cli.audit.world import Gateway
from cli.rack import Rack
from config.read import fleet_file
from provider.errors import OperatorError
from provider.resource.mark import uuid_of
from provider.survey.survey import Lease, PoolSeen
from tests.cli.audit.picture import (
    BRIDGED_XML,
    FLOAT1,
    NOW,
    OVERLAY_WRITTEN,
    PLAN,
    RACK,
    Picture,
    clean,
    network,
    nic,
    reservation,
)
from tests.cli.audit.spoil import (
    BASE,
    OWN,
    RESERVED,
    ROUTER,
    STRAY,
    attribute,
    base,
    both,
    faults,
    heard,
    image,
    leased,
    notes,
    plug,
    renamed,
    reserved,
    tenant,
)
from tests.config import fleets


def test_what_is_as_declared_has_no_fault_and_empty_slots_are_a_note() -> None:
    assert faults(clean()) == []
    assert [(n.kind, n.what) for n in notes(clean())] == [
        ("slot-unused", "3 slots are reserved and have no VM: Araybwyn, Dwiema, Siamond")
    ]


def test_a_hypervisor_that_does_not_answer_is_a_finding_and_the_others_are_audited() -> None:
    picture = clean()
    picture.vms["Ulov"].autostart = False
    said = OperatorError("cannot reach libvirt at qemu:///x: no answer within 10 s")

    found = faults(picture, failed={"trop03": said})

    assert [(f.kind, f.stack) for f in found] == [("autostart-off", "trop02"), ("unreachable", "trop03")]
    assert "no answer within 10 s" in found[1].what


def test_what_the_stack_has_made_is_known_by_its_uuid_and_what_it_has_adopted_by_its_state() -> None:
    picture = clean()
    picture.strangers |= picture.uuids()
    told = [n.what for n in notes(picture) if n.kind == "not-adopted"]
    assert [line.count("VM ") for line in told] == [5]
    assert told[0].endswith("to take over what is there: ./trop adopt trop02 --write --yes")

    host = picture.host()
    made = {what: uuid for what, _, uuid in owned.objects(PLAN, host)}
    rack = {d.what: (d.parent, d.key) for d in declared.resources(PLAN, {})}
    for what, uuid in made.items():
        (component, _), key = rack[what]
        assert uuid == uuid_of(f"urn:pulumi:trop02::trop::{component}${key[0]}::{key[1]}")
    seen = replace(
        host,
        domains=tuple(replace(d, uuid=made[f"VM {d.name}"]) for d in host.domains),
        networks=tuple(replace(n, uuid=made[f"network {n.name}"]) for n in host.networks),
    )
    assert list(owned.foreign(PLAN, seen, ()).values()) == ["pool live"]
    assert owned.foreign(PLAN, seen, {"uuid-live"}) == {}


def test_of_a_pool_that_can_not_be_seen_no_disk_is_told() -> None:
    for pools in ({}, {"live": replace(clean().pools["live"], active=False)}):
        picture = clean()
        picture.gone, picture.volumes, picture.pools = tuple(picture.volumes), {}, pools
        assert [f.kind for f in faults(picture)] == ["pool-down"]


@pytest.mark.reports("D5")
def test_a_base_that_was_given_another_name_is_missing_and_under_that_name_nobody_is_told_to_delete_it() -> (
    None
):
    picture = clean()
    renamed(picture)
    assert faults(picture) == []
    picture.gone = (BASE,)  # as libvirt has found it by another look at the pool's files
    assert {f.kind for f in faults(picture)} == {"base-missing"}


def test_a_pool_without_files_and_without_disks_of_vms_is_no_fault() -> None:
    picture = clean()
    picture.volumes.clear()
    for vm in picture.vms.values():
        vm.disk = "/elsewhere/disk"
    assert faults(picture) == []


def test_a_gateway_of_which_nothing_is_known_is_no_fault() -> None:
    picture = clean()
    heard(Gateway(ROUTER, "Acilamwen", "its agent", None), Gateway(ROUTER, "bridge br0", "x", True))(picture)
    assert faults(picture) == []


def test_two_stacks_that_lead_to_one_host_are_told_and_its_vms_are_not_doubled() -> None:
    other = clean(RACK.plans["trop01"])
    other.uuid, other.vms, other.networks = "uuid-trop02", clean().vms, clean().networks

    found = faults(other, clean())

    assert [(f.kind, f.stack) for f in found] == [("same-host", "trop01")]
    assert "audited as trop02" in found[0].what


@pytest.mark.parametrize(
    "harmless",
    [
        tenant(nic(STRAY)),
        both(tenant(nic(STRAY)), leased(STRAY, "192.168.202.99")),
        lambda p: p.networks.update(other=network("other", BRIDGED_XML)),
        both(tenant(nic(STRAY)), reserved(*RESERVED, reservation(STRAY, "192.168.202.99", "tenant"))),
        plug("Acilamwen", OWN, nic(FLOAT1.mac, bridge="br0")),
        lambda p: p.leases.append(Lease("default", STRAY, "192.168.202.99", None, int(NOW) - 1)),
    ],
    ids=["domain", "its lease", "network", "its reservation", "float on the bridge itself", "expired lease"],
)
def test_what_takes_nothing_that_is_planned_is_no_fault(harmless: Callable[[Picture], object]) -> None:
    picture = clean()
    harmless(picture)

    assert faults(picture) == []


@pytest.mark.parametrize(
    "unknown",
    [
        base(modified=None, base_modified=OVERLAY_WRITTEN + 1),
        base(base_modified=None),
        image("notes.txt", "raw"),
        both(
            image("old.qcow"), lambda p: p.pools.update(off=PoolSeen("off", "u", "dir", False, True, "/off"))
        ),
        both(image("old.qcow"), tenant(nic(STRAY)), attribute("tenant", disk="/data/tenant.qcow2")),
    ],
    ids=["overlay's time", "base's time", "raw file", "stopped pool", "disk in no pool"],
)
def test_of_files_nothing_is_said_where_nothing_is_known(unknown: Callable[[Picture], object]) -> None:
    picture = clean()
    unknown(picture)

    assert faults(picture) == []


def test_memory_that_a_guest_without_a_balloon_never_gives_back_waits_for_nothing() -> None:
    picture = clean()
    attribute("Ulov", memory=64, balloon="none")(picture)

    assert faults(picture) == []


def test_a_base_that_a_pool_has_found_to_be_gone_is_missing() -> None:
    picture = clean()
    picture.gone = (BASE,)

    assert {(f.kind, f.where) for f in faults(picture)} == {("base-missing", vm.name) for vm in PLAN.vms}


def test_a_fleet_of_forty_vms_that_is_as_declared_has_no_fault(tmp_path: Path) -> None:
    facts = fleets.sized(4, 10)
    plans = {
        name: fleets.load(tmp_path, facts, name, {"vms": {vm: {} for vm in host["slots"]}})
        for name, host in facts["hypervisors"].items()
    }
    rack = Rack(fleet_file(tmp_path, "fleet.yaml"), plans)
    pictures = [clean(plan) for plan in plans.values()]
    assert faults(*pictures, rack=rack) == []

    pictures[3].vms["vm04-009"].nics.append(nic(plans["host01"].vms[0].mac))
    found = faults(*pictures, rack=rack)

    assert ("mac-shared", "host04", "vm04-009") in [(f.kind, f.stack, f.where) for f in found]

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
from provider.guest.addresses import Address, Inside
from provider.resource.mark import uuid_of
from provider.survey.survey import Lease, PoolSeen
from tests.cli.audit.picture import (
    BRIDGED_XML,
    FLOAT1,
    FLOAT2_MAC,
    NOW,
    OVERLAY_WRITTEN,
    PLAN,
    RACK,
    Picture,
    Vm,
    clean,
    network,
    nic,
    reservation,
)
from tests.cli.audit.spoil import (
    ACILAMWEN,
    BASE,
    FLOAT1_NIC,
    FLOAT2_NIC,
    IFCFG,
    OWN,
    RESERVED,
    ROUTER,
    SAMPLES,
    STRAY,
    ULOV,
    UP,
    attribute,
    base,
    both,
    faults,
    file,
    heard,
    image,
    inside,
    leased,
    notes,
    plug,
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


def test_one_mac_on_two_hypervisors_is_found_where_it_does_not_belong() -> None:
    other = clean(RACK.plans["trop01"])
    other.vms["copy"] = Vm("copy", [FLOAT1_NIC])

    found = faults(other, clean())

    assert [(f.kind, f.stack, f.where) for f in found] == [("mac-shared", "trop01", "copy")]
    assert "copy on trop01 (running), Acilamwen on trop02 (running)" in found[0].what
    assert "qemu+ssh://trop01/system detach-interface copy" in found[0].mend


def test_a_float_that_has_gone_to_another_vm_is_told_there_alone() -> None:
    picture = clean()
    plug("Acilamwen", OWN)(picture)
    plug("Ulov", nic(ULOV.mac), FLOAT1_NIC)(picture)
    inside()(picture)

    found = faults(picture)

    assert [(f.kind, f.where) for f in found] == [("float-mac", "Ulov")]
    assert "float1's MAC 52:54:00:00:01:00, but Acilamwen on trop02 holds it" in found[0].what


def test_acilamwen_of_2023_has_the_two_faults_that_the_page_reports() -> None:
    picture = clean()
    page = (SAMPLES / "interfaces-2023.xml").read_text(encoding="utf-8")
    plug("Acilamwen", OWN, page)(picture)
    inside(
        (FLOAT2_MAC, FLOAT1.address),
        (FLOAT2_MAC, "fe80::9d1f:d724:decf:eb76"),
        files=file((SAMPLES / "ifcfg-ens5-2023").read_text(encoding="utf-8")),
    )(picture)

    found = faults(picture)

    assert [(f.kind, f.where, f.what) for f in found] == [
        (
            "mac-repeated",
            "Acilamwen",
            "the same NIC 52:54:00:00:01:01 (float2's) is plugged in 4 times in the running guest and 4 times in its "
            "definition",
        ),
        (
            "float-address",
            "Acilamwen",
            "float2's MAC 52:54:00:00:01:01 has float1's address 129.215.175.100, whose MAC is 52:54:00:00:01:00 "
            f"(asked: its agent and its file {IFCFG})",
        ),
    ]
    assert {f.mend for f in found} == {UP}


@pytest.mark.parametrize("address", [(), ((FLOAT1.mac, FLOAT1.address),)], ids=["unset", "set by hand"])
def test_the_instructions_of_2021_have_the_fault_that_the_page_does_not_report(
    address: tuple[tuple[str, str], ...],
) -> None:
    picture = clean()
    text = (SAMPLES / "ifcfg-ens5-2021").read_text(encoding="utf-8")
    inside(*address, files=file(text))(picture)

    found = faults(picture)

    assert [(f.kind, f.where) for f in found] == [("guest-file", "Acilamwen")]
    assert found[0].what == (
        f"its file {IFCFG} is for a NIC 52:54:00:00:00:01, which it does not have, and gives it float1's address "
        "129.215.175.100, whose MAC is 52:54:00:00:01:00 (asked: its agent)"
    )
    assert found[0].mend == f"in Acilamwen, {IFCFG}: 52:54:00:00:00:01 is to be 52:54:00:00:01:00"


def test_acilamwen_of_2023_with_the_file_of_2021_has_all_three() -> None:
    picture = clean()
    plug("Acilamwen", OWN, *[FLOAT2_NIC] * 4)(picture)
    text = (SAMPLES / "ifcfg-ens5-2021").read_text(encoding="utf-8")
    inside((FLOAT2_MAC, FLOAT1.address), files=file(text))(picture)

    assert [f.kind for f in faults(picture)] == ["mac-repeated", "float-address", "guest-file"]


def test_an_address_on_the_wrong_one_of_two_floats_is_told_once() -> None:
    picture = clean()
    plug("Acilamwen", OWN, FLOAT1_NIC, FLOAT2_NIC)(picture)
    inside((FLOAT2_MAC, FLOAT1.address))(picture)

    assert [f.kind for f in faults(picture)] == ["float-address"]


def test_a_file_that_nothing_depends_on_any_more_is_a_note() -> None:
    picture = clean()
    ours = file(f"HWADDR={FLOAT1.mac}\nIPADDR={FLOAT1.address}", IFCFG + "-ours")
    left = file((SAMPLES / "ifcfg-ens5-2023").read_text(encoding="utf-8"))
    inside((FLOAT1.mac, FLOAT1.address), files=(*ours, *left))(picture)

    assert faults(picture) == []
    told = [n for n in notes(picture) if n.kind == "guest-file-left"]
    assert [(n.where, n.mend) for n in told] == [("Acilamwen", f"in Acilamwen: rm {IFCFG}")]


def test_a_file_for_a_nic_that_the_guest_has_is_asked_for_its_address_too() -> None:
    picture = clean()
    text = f"HWADDR={FLOAT1.mac}\nIPADDR=129.215.175.101"
    inside((FLOAT1.mac, FLOAT1.address), files=file(text))(picture)

    found = faults(picture)

    assert [f.kind for f in found] == ["float-address"]
    assert (
        f"has float2's address 129.215.175.101, whose MAC is {FLOAT2_MAC} (asked: its file {IFCFG})"
        in found[0].what
    )


def test_where_the_agent_is_silent_leases_are_asked_and_then_the_neighbours_and_it_says_so() -> None:
    picture = clean()
    heard = (Address(FLOAT1.mac, "129.215.175.101"),)
    picture.inside["Acilamwen"] = Inside(neighbours=heard, silence="its agent does not answer")
    picture.leases = [Lease("default", ACILAMWEN.mac, ACILAMWEN.address, None, int(NOW) + 60)]
    by_neighbours = faults(picture)
    picture.leases.append(Lease("campus", FLOAT1.mac, "129.215.175.101", None, int(NOW) + 60))
    by_lease = faults(picture)

    assert [f.kind for f in by_neighbours] == [f.kind for f in by_lease] == ["float-address"]
    assert "(asked: the host's neighbour table)" in by_neighbours[0].what
    assert "(asked: its lease)" in by_lease[0].what
    told = [n for n in notes(picture) if n.kind == "guest-unasked"]
    assert [(n.where, n.what) for n in told] == [
        ("Acilamwen", "it was not asked what it has inside: its agent does not answer")
    ]


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

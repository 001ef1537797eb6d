"""Floats in an audit: the seeds' cases, files in guests, and who is asked for an address."""

from __future__ import annotations

import pytest

from provider.guest.addresses import Address, Inside
from provider.guest.allowed import EXEC, HOW
from provider.survey.survey import Lease
from tests.cli.audit.picture import FLOAT1, FLOAT2_MAC, NOW, RACK, Vm, clean, nic
from tests.cli.audit.spoil import (
    ACILAMWEN,
    FLOAT1_NIC,
    FLOAT2_NIC,
    IFCFG,
    OWN,
    SAMPLES,
    ULOV,
    UP,
    faults,
    file,
    inside,
    notes,
    plug,
)


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
    assert [n.mend for n in told] == ["in Acilamwen: install and start qemu-guest-agent"]


def test_what_is_to_be_done_about_a_guest_that_was_not_asked_is_by_its_cause() -> None:
    picture = clean()
    picture.inside["Acilamwen"] = Inside(silence="it has some blocked", blocked=EXEC)
    picture.inside["Ulov"] = Inside(silence="it is frozen", frozen=True)
    assert [n.mend for n in notes(picture) if n.kind == "guest-unasked"] == [
        f"in Acilamwen: allow guest-exec and guest-exec-status: {HOW}",
        "audit it again once Ulov is thawed",
    ]

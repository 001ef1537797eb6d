"""A float stays where it works until its declared holder has it: what mends then has it moved, and never unplugs it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from cli.audit import owned, unplug
from cli.audit.finding import Finding
from config.plan import Float
from tests.cli.audit.picture import FLOAT1, PLAN, RACK, Picture, Vm, clean, nic
from tests.cli.audit.spoil import (
    ACILAMWEN,
    FLOAT1_NIC,
    OWN,
    ULOV,
    UP,
    attribute,
    both,
    faults,
    inside,
    plug,
    tenant,
)

pytestmark = pytest.mark.reports("N4", "H11")

DOWN = nic(FLOAT1.mac, "bridged", link="down")
ULOV_NIC = nic(ULOV.mac)
VIRSH = "virsh -c qemu+ssh://trop02/system"
LIVE_OUT = f"{VIRSH} detach-interface Ulov bridge --mac {FLOAT1.mac} --live"
OUT = f"{LIVE_OUT} && {VIRSH} detach-interface Ulov network --mac {FLOAT1.mac} --config"
UP_AGAIN = " && ".join(f"{VIRSH} domif-setlink Acilamwen {FLOAT1.mac} up{flag}" for flag in ("", " --config"))


def found(*pictures: Picture) -> Finding:
    """The one finding that is about the float's MAC."""
    told = [f for f in faults(*pictures) if f.kind in ("float-mac", "mac-shared")]
    assert len({f.mend for f in told}) == 1, told
    return told[0]


def spoilt(*spoils: Callable[[Picture], object]) -> Picture:
    """Acilamwen is declared to hold float1."""
    picture = clean()
    both(inside(), *spoils)(picture)
    return picture


def not_in_the_state(picture: Picture) -> None:
    picture.without.add(FLOAT1.mac)


ELSEWHERE = both(plug("Acilamwen", OWN), plug("Ulov", ULOV_NIC, FLOAT1_NIC))


@pytest.mark.parametrize(
    ("spoil", "mend"),
    [
        (ELSEWHERE, UP),
        (both(ELSEWHERE, attribute("Acilamwen", state="shut off")), UP),
        (both(plug("Acilamwen", OWN), attribute("Ulov", nics=[ULOV_NIC], live=[ULOV_NIC, FLOAT1_NIC])), UP),
        (both(plug("Acilamwen", OWN), tenant(FLOAT1_NIC)), UP),
        (both(plug("Acilamwen", OWN), tenant(FLOAT1_NIC, state="shut off")), UP),
    ],
    ids=["another VM", "the holder is off", "live alone", "a stranger", "a stranger that is off"],
)  # fmt: skip
def test_where_the_holder_does_not_have_it_an_up_moves_it_there(
    spoil: Callable[[Picture], object], mend: str
) -> None:
    assert found(spoilt(spoil)).mend == mend


def test_that_it_works_there_alone_is_said_and_of_one_that_is_off_it_is_not() -> None:
    assert found(spoilt(ELSEWHERE)).what.endswith("; it works here, and not where it belongs")
    off = found(spoilt(plug("Acilamwen", OWN), tenant(FLOAT1_NIC, state="shut off")))
    assert off.what.endswith("Acilamwen on trop02 holds it")


def test_where_the_holder_has_it_with_its_link_up_it_is_unplugged_elsewhere() -> None:
    both_up = found(spoilt(plug("Ulov", ULOV_NIC, FLOAT1_NIC)))
    assert both_up.kind == "mac-shared"
    assert both_up.mend == OUT.replace(" && ", "; ")


@pytest.mark.parametrize(
    ("holder", "then"),
    [
        (plug("Acilamwen", OWN, DOWN), f"{UP_AGAIN} && {UP}"),
        (attribute("Acilamwen", live=[OWN]), UP),
        (attribute("Acilamwen", nics=[OWN], live=[OWN, FLOAT1_NIC], state="shut off"), UP),
        (attribute("Acilamwen", state="shut off"), UP),
    ],
    ids=["its link is down", "in its definition alone", "off, and without it", "off"],
)  # fmt: skip
def test_what_the_holder_has_without_its_link_up_comes_up_once_the_other_is_out(
    holder: Callable[[Picture], object], then: str
) -> None:
    told = found(spoilt(plug("Ulov", ULOV_NIC, FLOAT1_NIC), holder))
    expected = UP if told.kind == "float-mac" else f"{OUT} && {then}"
    assert told.mend == expected


def test_an_up_that_would_be_refused_for_it_comes_after_the_unplug() -> None:
    """The stack declares the float, and has never had it: it takes no MAC that another domain has."""
    assert found(spoilt(ELSEWHERE, not_in_the_state)).mend == f"{OUT} && {UP}"


def test_of_two_that_have_it_the_one_that_works_keeps_it_until_the_up() -> None:
    told = found(spoilt(ELSEWHERE, tenant(FLOAT1_NIC, state="shut off")))
    assert told.kind == "mac-shared"
    assert told.mend == f"{VIRSH} detach-interface tenant network --mac {FLOAT1.mac} --config && {UP}"


@pytest.mark.reports("N3")
def test_of_a_holder_that_has_no_place_for_it_no_up_is_promised(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unplug.ports, "why_not", lambda xml: "no slot is free" if xml else "")
    monkeypatch.setattr(unplug.refusals, "place_made", lambda *_: "")

    elsewhere = found(spoilt(ELSEWHERE))
    nowhere = [f for f in faults(spoilt(plug("Acilamwen", OWN))) if f.kind == "float-unplugged"]
    off = found(spoilt(ELSEWHERE, attribute("Acilamwen", state="shut off")))

    assert elsewhere.what.endswith("; it works here, and not where it belongs")
    assert elsewhere.mend == (
        f"{VIRSH} shutdown Acilamwen, and {UP} once it is off (until then the float stays where it is: of Acilamwen, "
        "no slot is free)"
    )
    assert [f.mend for f in nowhere] == [
        f"{UP}, which leaves it to the next start (no slot is free), and {VIRSH} shutdown Acilamwen, and {UP} once it "
        "is off"
    ]
    assert off.mend == UP


def test_a_float_that_nobody_holds_is_unplugged() -> None:
    picture = spoilt(plug("Ulov", ULOV_NIC, nic("52:54:00:00:01:01", "bridged")))
    told = found(picture)
    assert "detach-interface Ulov" in told.mend
    assert "./trop" not in told.mend


def test_for_a_holder_that_is_not_to_run_nothing_is_unplugged() -> None:
    vms = tuple(vm.model_copy(update={"running": vm.name != "Acilamwen"}) for vm in PLAN.vms)
    rack = replace(RACK, plans={**RACK.plans, "trop02": PLAN.model_copy(update={"vms": vms})})
    picture = spoilt(ELSEWHERE, attribute("Acilamwen", state="shut off"))
    told = [f for f in faults(picture, rack=rack) if f.kind == "float-mac"]
    assert [f.mend for f in told] == [
        "trop:vms.Acilamwen.running: true in Pulumi.trop02.yaml, or Ulov as its holder in config/fleet.yaml"
    ]


def elsewhere(*floats: Float) -> Picture:
    """Another hypervisor, on which somebody has float1; its stack has these floats in its state."""
    other = clean(RACK.plans["trop01"])
    other.vms["copy"] = Vm("copy", [FLOAT1_NIC])
    other.plan = other.plan.model_copy(update={"floats": floats})
    return other


def test_a_float_that_goes_to_another_hypervisor_is_moved_by_the_up_of_all() -> None:
    assert found(elsewhere(FLOAT1), spoilt(plug("Acilamwen", OWN))).mend == "./trop up --all"


def test_what_no_stack_has_there_is_unplugged_there_before_the_up_here() -> None:
    told = found(elsewhere(), spoilt(plug("Acilamwen", OWN)))
    line = "virsh -c qemu+ssh://trop01/system detach-interface copy"
    live, config = (f"{line} {kind} --mac {FLOAT1.mac}" for kind in ("bridge", "network"))
    assert told.mend == f"{live} --live && {config} --config && {UP}"


def test_of_a_holder_whose_hypervisor_was_not_looked_at_the_up_of_all_asks() -> None:
    assert found(elsewhere()).mend == "./trop up --all"


def test_what_is_gone_from_the_host_leaves_the_state_before_another_is_taken_over() -> None:
    host = clean().host()
    known = "6f0f1c0e-0000-4000-8000-0000000000de"
    assert not owned.gone(host, {"uuid-default", f"{known}/{FLOAT1.mac}", "/libvirt/storage/live/Ulov.qcow"})
    assert owned.gone(host, {known})
    assert list(owned._of_libvirt({"pulumi:providers:libvirt::default": known, "a$b::c": "x"})) == ["x"]
    there = replace(host.networks[0], uuid=known)
    assert not owned.gone(replace(host, networks=(there,)), {known.upper()})


def test_the_state_is_asked_for_a_float_in_the_wrong_vm_and_only_then() -> None:
    plans = {"trop02": PLAN}
    assert list(owned._astray(plans, {"trop02": clean().host()})) == []
    assert set(owned._astray(plans, {"trop02": spoilt(ELSEWHERE).host()})) == {"trop02"}
    assert owned.plugs({"some-uuid", f"some-uuid/{FLOAT1.mac}"}, FLOAT1.mac)
    assert not owned.plugs({f"some-uuid/{ACILAMWEN.mac}"}, FLOAT1.mac)

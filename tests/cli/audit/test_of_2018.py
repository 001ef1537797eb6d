"""VMs that were made by other means, of which a stack says in what they differ: that is no fault of them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from cli.rack import Rack
from tests.cli.audit.picture import FLOAT1, FLOAT2_MAC, PLAN, RACK, Picture, clean, nic, overlay_of
from tests.cli.audit.spoil import FLOAT1_NIC, FLOAT2_NIC, OWN, STRAY, UP, attribute, faults, plug


def of_2018(**said: object) -> tuple[Picture, Rack]:
    """The clean picture of a stack that says of Acilamwen in what it differs from a VM that is made here."""
    vms = tuple(vm.model_copy(update=said) if vm.name == "Acilamwen" else vm for vm in PLAN.vms)
    plan = PLAN.model_copy(update={"vms": vms})
    return clean(plan), Rack(RACK.fleet, {**RACK.plans, "trop02": plan})


def test_a_vm_that_libvirt_calls_otherwise_is_the_holder_of_its_float_all_the_same() -> None:
    picture, rack = of_2018(domain="acilamwen.old")
    assert faults(picture, rack=rack) == []

    plug("Acilamwen", OWN, FLOAT2_NIC, FLOAT2_NIC)(picture)
    picture.give("acilamwen.old", (FLOAT2_MAC, FLOAT1.address))
    found = faults(picture, rack=rack)

    assert [(f.kind, f.where, f.mend) for f in found] == [
        ("mac-repeated", "acilamwen.old", UP),
        ("float-address", "acilamwen.old", UP),
    ]


@pytest.mark.parametrize(
    ("said", "spoil"),
    [
        ({"running": False}, attribute("Acilamwen", state="shut off")),
        ({"autostart": False}, attribute("Acilamwen", autostart=False)),
        ({"nic": False}, plug("Acilamwen", FLOAT1_NIC, nic(STRAY))),
        ({"overlay": False}, lambda p: p.volume(overlay_of(PLAN, "Acilamwen"), base="/images/of-2018.qcow")),
    ],
    ids=lambda value: str(value)[:24],
)
def test_what_a_stack_does_not_declare_of_a_vm_is_no_fault_of_it(
    said: dict[str, object], spoil: Callable[[Picture], object]
) -> None:
    picture, rack = of_2018(**said)
    spoil(picture)
    assert faults(picture, rack=rack) == []

    declared = clean()
    spoil(declared)
    assert faults(declared) != []

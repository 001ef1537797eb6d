"""VMs that do not run: libvirt's reason for it, what has them go on, and what comes back with a saved one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from cli.audit.rules import audit
from cli.audit.world import Asked, World
from provider.connection.states import NO_SPACE, State
from provider.survey.survey import PoolSeen
from tests.cli.audit.picture import FLOAT1, PLAN, RACK, Picture, clean, nic, overlay_of, world
from tests.cli.audit.spoil import FLOAT1_NIC, ULOV, UP, attribute, both, faults
from tests.config import fleets

VIRSH = "virsh -c qemu+ssh://trop02/system"
VMS: dict[str, dict[str, bool]] = {vm.name: {} for vm in PLAN.vms}
FULL = State("paused", "I/O error", (("vda", NO_SPACE),))


def with_room(picture: Picture, room: dict[str, int]) -> World:
    made = world(picture)
    host = picture.host()
    return replace(made, asked={"trop02": Asked(host, picture.inside, room=room)})


@pytest.mark.reports("D6")
@pytest.mark.parametrize(
    ("spoil", "says", "mend"),
    [
        (
            attribute("Ulov", state="paused", at=FULL),
            "is paused (I/O error, vda: no space)",
            f"{VIRSH} resume Ulov",
        ),
        (
            attribute("Ulov", state="paused", at=State("paused", "by an operator")),
            "is paused (by an operator)",
            f"{VIRSH} resume Ulov",
        ),
        (
            attribute("Ulov", state="paused", at=State("paused", "by its watchdog")),
            "(by its watchdog)",
            "resume Ulov",
        ),
        (
            attribute("Ulov", state="paused", at=State("paused", "for a snapshot")),
            "(for a snapshot)",
            "resume Ulov",
        ),
        (
            attribute("Ulov", state="shut off", at=State("shut off", "it failed to start")),
            "is shut off (it failed to start)",
            UP,
        ),
        (
            attribute("Ulov", state="crashed", at=State("crashed", "its system panicked")),
            "its system panicked",
            UP,
        ),
        (
            attribute("Ulov", state="pmsuspended", at=State("pmsuspended")),
            "is pmsuspended",
            "wake it up",
        ),
        (attribute("Ulov", state="saved", saved=[nic(ULOV.mac)]), "and is saved", UP),
        (
            attribute("Ulov", state="saved"),
            "is saved; its image can't be read, and keeps it from starting",
            f"{VIRSH} managedsave-remove Ulov && {UP}",
        ),
    ],
)
def test_why_a_vm_does_not_run_is_said_with_what_has_it_go_on(
    spoil: Callable[[Picture], object], says: str, mend: str
) -> None:
    picture = clean()
    spoil(picture)
    (found,) = faults(picture)
    assert (found.kind, found.where) == ("vm-stopped", "Ulov")
    assert says in found.what
    assert mend in found.mend


@pytest.mark.reports("D6")
def test_of_a_disk_without_space_the_pool_and_what_it_has_left_are_told_and_room_comes_first() -> None:
    picture = clean()
    attribute("Ulov", state="paused", at=FULL, disk=overlay_of(PLAN, "Ulov"))(picture)
    picture.pools["other"] = PoolSeen("other", "uuid-other", "dir", True, True, "/elsewhere")
    (found,) = [f for f in audit(with_room(picture, {"live": 0, "other": 0})) if f.kind == "vm-stopped"]
    assert found.what.endswith("is paused (I/O error, vda: no space); pool live has 0 bytes left")
    assert found.mend == f"make room in pool live, then: {VIRSH} resume Ulov"


@pytest.mark.reports("N1")
def test_the_nics_of_a_saved_image_count_as_the_domains() -> None:
    picture = clean()
    attribute("Ulov", state="saved", saved=[nic(ULOV.mac), FLOAT1_NIC])(picture)
    found = {f.kind: f for f in faults(picture)}
    assert set(found) == {"mac-shared", "vm-stopped"}
    assert "Acilamwen on trop02 (running), Ulov on trop02 (saved)" in found["mac-shared"].what
    assert f"{VIRSH} managedsave-remove Ulov" in found["mac-shared"].mend


@pytest.mark.reports("N1")
def test_a_float_that_its_saved_holder_would_come_back_without_is_told() -> None:
    picture = clean()
    own = next(vm for vm in PLAN.vms if vm.name == "Acilamwen").mac
    attribute("Acilamwen", state="saved", saved=[nic(own)])(picture)
    assert {f.kind: f.what for f in faults(picture)}["float-unplugged"] == (
        f"float1's NIC {FLOAT1.mac} is not in its saved image, with which it comes back"
    )


@pytest.mark.reports("N1")
@pytest.mark.parametrize("readable", [True, False])
def test_one_that_is_saved_and_not_declared_to_run_is_told_as_such_and_is_no_fault(
    readable: bool, tmp_path: Path
) -> None:
    plan = fleets.load(tmp_path, fleets.rack_facts(), "trop02", {"vms": {**VMS, "Ulov": {"running": False}}})
    picture = replace(clean(), plan=plan)
    both(attribute("Ulov", state="saved", saved=[nic(ULOV.mac)] if readable else None))(picture)
    seen = world(picture, rack=replace(RACK, plans={**RACK.plans, "trop02": plan}))
    (note,) = [f for f in audit(seen) if f.kind == "vm-saved"]
    assert [f for f in audit(seen) if f.level == "fault"] == []
    assert note.what.startswith("it is saved")
    assert f"{VIRSH} managedsave-remove Ulov" in note.mend
    assert (f"{VIRSH} start Ulov" in note.mend) == readable


@pytest.mark.reports("N1")
def test_a_float_that_only_a_saved_vm_has_is_moved_from_there_once_it_was_started() -> None:
    picture = clean()
    own = next(vm for vm in PLAN.vms if vm.name == "Acilamwen").mac
    picture.vms["Acilamwen"].nics = [nic(own)]
    attribute("Ulov", state="saved", saved=[nic(ULOV.mac), FLOAT1_NIC])(picture)
    picture.inside.clear()
    mends = [f.mend for f in faults(picture) if f.kind == "float-mac"]
    assert mends == [f"{VIRSH} start Ulov && {UP}"]

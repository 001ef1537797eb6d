"""Disks that go on in a snapshot, stand on nothing, or could not be started with: each is told with its line."""

from __future__ import annotations

from dataclasses import replace

import pytest

from config.plan_disks import PlannedDisk
from provider.storage.chain import Link
from provider.survey.survey import VolumeSeen, standing_on
from tests.cli.audit.picture import PLAN, RACK, Picture, clean, overlay_of, world
from tests.cli.audit.spoil import BASE, UP, base, faults, faults_of, notes

URI = "qemu+ssh://trop02/system"
DISK = overlay_of(PLAN, "Ulov")
S1, S2 = DISK.replace(".qcow", ".s1"), DISK.replace(".qcow", ".s2")
COMMIT = f"virsh -c '{URI}' blockcommit Ulov vda --base {DISK} --active --pivot --wait"


@pytest.fixture
def picture() -> Picture:
    return clean()


def listed(picture: Picture, path: str, stands_on: str | None) -> None:
    """A file that its pool lists by now."""
    picture.volumes[path] = VolumeSeen(
        "live", path.rpartition("/")[2], path, "qcow2", 1, stands_on, None, None
    )


@pytest.mark.reports("D1")
@pytest.mark.parametrize("known", [False, True])
def test_a_snapshot_is_a_finding_with_the_line_that_ends_it_and_no_other(
    picture: Picture, known: bool
) -> None:
    picture.vms["Ulov"].above = (S1,)
    if known:
        listed(picture, S1, DISK)
    (found,) = faults(picture)
    assert (found.kind, found.where, found.mend) == ("snapshot", "Ulov", COMMIT)
    assert found.what == f"vda runs on {S1}, a snapshot that stands on the declared {DISK}"


@pytest.mark.reports("D1")
def test_two_snapshots_on_each_other_are_one_finding(picture: Picture) -> None:
    picture.vms["Ulov"].above = (S2, S1)
    (found,) = faults(picture)
    assert f"vda runs on {S2} upon {S1}, snapshots that stand on" in found.what
    assert found.mend == COMMIT


@pytest.mark.reports("D1")
@pytest.mark.parametrize("recorded", [0, 1])
def test_so_they_are_where_the_definition_says_less_than_all(picture: Picture, recorded: int) -> None:
    vm = picture.vms["Ulov"]
    vm.above, vm.recorded = (S2, S1), recorded
    listed(picture, S2, S1)
    listed(picture, S1, DISK)
    (found,) = faults(picture)
    assert (found.kind, found.mend) == ("snapshot", COMMIT)
    vm.state = "shut off"
    picture.links["Ulov"] = {"vda": (Link(S2, S1), Link(S1, DISK), Link(DISK, BASE), Link(BASE))}
    assert {f.kind for f in faults(picture)} == {"snapshot", "vm-stopped"}


@pytest.mark.reports("D1")
def test_of_a_vm_that_is_off_the_line_starts_it_before(picture: Picture) -> None:
    picture.vms["Ulov"].disk, picture.vms["Ulov"].state = S1, "shut off"
    picture.links["Ulov"] = {"vda": (Link(S1, DISK), Link(DISK, BASE), Link(BASE))}
    (found,) = [f for f in faults(picture) if f.kind == "snapshot"]
    assert found.mend == f"{UP} && {COMMIT}"


@pytest.mark.reports("D1")
def test_a_file_in_the_place_of_the_overlay_is_a_finding_with_the_line_that_copies_it_back(
    picture: Picture,
) -> None:
    copy = DISK.replace(".qcow", ".copy")
    picture.vms["Ulov"].disk = copy
    (found,) = faults(picture)
    assert (found.kind, found.where) == ("disk-other", "Ulov")
    assert (
        found.what
        == f"its vda runs on {copy}, in the place of the declared {DISK}, which is in no disk of it"
    )
    back = f"virsh -c '{URI}' blockcopy Ulov vda --dest {DISK} --format qcow2 --transient-job --pivot --wait"
    assert found.mend == f"on the hypervisor: mv --backup=numbered {DISK} {DISK}.before, then: {back}"
    picture.vms["Ulov"].state = "shut off"
    (off,) = [f for f in faults(picture) if f.kind == "disk-other"]
    assert off.mend == UP
    assert off.what.endswith("whether it stands on that is not seen while it is off")


@pytest.mark.reports("D1")
@pytest.mark.parametrize(
    ("there", "told"),
    [
        (("data.copy",), [("data.qcow2", "data.copy")]),
        (("data.qcow2", "hers"), []),
        (("data.copy", "hers"), []),  # which of the two it is nobody can tell
        ((), []),
    ],
)
def test_so_it_is_with_a_data_disk_where_one_file_alone_can_be_in_its_place(
    there: tuple[str, ...], told: list[tuple[str, str]]
) -> None:
    data = PlannedDisk(
        label="data", file="data.qcow2", pool=None, size=1, format="qcow2", plugged=True, protect=True
    )
    vms = tuple(vm.model_copy(update={"disks": (data,)}) if vm.name == "Ulov" else vm for vm in PLAN.vms)
    plan = PLAN.model_copy(update={"vms": vms})
    picture, folder = clean(plan), PLAN.storage.path
    picture.vms["Ulov"].others = tuple(f"{folder}/{file}" for file in there)
    listed(picture, f"{folder}/data.qcow2", None)
    seen = world(picture, rack=replace(RACK, plans={**RACK.plans, "trop02": plan}))
    said = [f.what for f in faults_of(seen) if f.kind == "disk-other"]
    assert said == [
        f"its vdb runs on {folder}/{new}, in the place of the declared {folder}/{old}, which is in no disk of it"
        for old, new in told
    ]


@pytest.mark.reports("D1")
def test_a_block_job_is_a_note(picture: Picture) -> None:
    picture.vms["Ulov"].more = f"<mirror type='file' job='copy'><source file='{S1}'/></mirror>"
    assert faults(picture) == []
    (found,) = [f for f in notes(picture) if f.kind == "block-job"]
    assert found.what == f"a block job (copy) writes its vda to {S1}"


@pytest.mark.reports("D2")
def test_an_overlay_that_was_pulled_is_a_finding_that_loses_nothing(picture: Picture) -> None:
    base(base=None)(picture)
    (found,) = faults(picture)
    assert (found.kind, found.where) == ("overlay-pulled", "Ulov")
    assert "all of it is in its own file" in found.what
    assert found.mend == "trop:vms.Ulov.overlay: false in Pulumi.trop02.yaml; the disk stays as it is"


@pytest.mark.reports("D4")
def test_what_a_file_stands_on_counts_before_what_libvirt_remembers(picture: Picture) -> None:
    volumes = tuple(picture.volumes.values())
    assert standing_on(volumes, {DISK: BASE}) == volumes
    (ulov,) = [v for v in standing_on(volumes, {DISK: "/other"}) if v.path == DISK]
    assert (ulov.base, ulov.base_modified, ulov.base_missing) == ("/other", None, False)


@pytest.mark.reports("D5")
def test_a_header_without_a_format_on_an_overlay_is_a_finding_with_both_lines(picture: Picture) -> None:
    picture.links["Ulov"] = {
        "vda": (Link(DISK, BASE, format_said=False), Link(BASE, "/below"), Link("/below"))
    }
    (found,) = faults(picture)
    assert found.kind == "format-unsaid"
    assert DISK in found.what
    rebase = f"qemu-img rebase -u -F qcow2 -b {BASE} {DISK}"
    pull = f"virsh -c '{URI}' blockpull Ulov vda --base {BASE} --wait"
    assert found.mend == f"{pull} (once it is shut off, on the hypervisor: {rebase})"
    picture.vms["Ulov"].state = "shut off"
    (found,) = faults(picture)  # that it does not run has its cause in this
    assert found.what.endswith("the guest, which is declared to run, does not start")
    assert found.mend == f"on the hypervisor: {rebase}, then: {UP}"


@pytest.mark.reports("D5")
def test_on_a_base_that_stands_on_nothing_a_missing_format_is_no_fault(picture: Picture) -> None:
    picture.links["Ulov"] = {"vda": (Link(DISK, BASE, format_said=False), Link(BASE))}
    assert faults(picture) == []

"""A disk is known by its whole chain: what stands on the declared file is told, left as it is, and never missed."""

from __future__ import annotations

import pytest

from provider.errors import Refused
from provider.host.disk_files import Chain, chains
from tests.provider.domain.live import DATA, ROOT, with_volumes
from tests.provider.fakes import domain_disks, typed
from tests.provider.fakes.domain_world import POOL, Vm, World

DISK = f"{POOL}/Acilamwen.qcow"
S1, S2 = f"{POOL}/Acilamwen.s1", f"{POOL}/Acilamwen.s2"
COMMIT = f"virsh -c 'test:///fake' blockcommit Acilamwen vda --base {DISK} --active --pivot --wait"


@pytest.fixture
def vm() -> Vm:
    return with_volumes().made()


def told(vm: Vm) -> list[str]:
    """The lines of a refresh, after which there is nothing to do."""
    vm.call.notes.clear()
    assert vm.drift().changes == {}
    return [str(note) for note in vm.call.notes]


def files(vm: Vm, live: bool = True) -> list[tuple[str, str]]:
    return [(target, path) for target, path in vm.fake.disks(live) if target.startswith("vd")]


def xmls(vm: Vm) -> tuple[str, str]:
    return vm.fake.XMLDesc(), vm.fake.XMLDesc(2)


@pytest.mark.reports("D1")
@pytest.mark.parametrize("known", [False, True])
def test_a_snapshot_is_named_with_the_line_that_ends_it_and_nothing_else_is_to_be_done(
    vm: Vm, known: bool
) -> None:
    domain_disks.snapshot(vm.fake, S1, known=known)
    before = xmls(vm)
    (line,) = told(vm)
    assert line == (
        f"Acilamwen: vda runs on {S1}, a snapshot that stands on the declared {DISK}; it is left as it is; to put what "
        f"was written since back into that file, type: {COMMIT}"
    )
    assert xmls(vm) == before
    domain_disks.commit(vm.fake, DISK)
    assert told(vm) == []


@pytest.mark.reports("D1")
def test_two_snapshots_on_each_other_are_told_in_one_line_and_end_by_one(vm: Vm) -> None:
    domain_disks.snapshot(vm.fake, S1)
    domain_disks.snapshot(vm.fake, S2)
    (line,) = told(vm)
    assert f"vda runs on {S2} upon {S1}, snapshots that stand on the declared {DISK}" in line
    assert line.endswith(COMMIT)
    domain_disks.commit(vm.fake, DISK)
    assert told(vm) == []


@pytest.mark.reports("D1")
@pytest.mark.parametrize("recorded", [(False, False), (False, True), (True, True)])
def test_of_a_guest_that_is_off_the_files_themselves_tell_what_they_stand_on(
    vm: Vm, recorded: tuple[bool, bool]
) -> None:
    vm.inputs.pop("running")
    vm.fake.destroy()
    for file, each in zip((S1, S2), recorded, strict=True):
        domain_disks.snapshot(vm.fake, file, recorded=each)
    (line,) = told(vm)
    assert f"vda starts with {S2} upon {S1}, snapshots that stand on the declared {DISK}" in line
    assert line.endswith(f"start Acilamwen, then type: {COMMIT}")


@pytest.mark.reports("D1")
def test_everything_else_of_the_domain_is_changed_as_declared_beside_a_snapshot(vm: Vm) -> None:
    domain_disks.snapshot(vm.fake, S1)
    vm.up(preview=True, title="with a snapshot", disks=[ROOT, DATA], memory=128)
    vm.up(title="with a snapshot", disks=[ROOT, DATA], memory=128)
    assert files(vm) == [("vda", S1), ("vdb", f"{POOL}/data.qcow")]
    assert files(vm, live=False) == [("vda", S1), ("vdb", f"{POOL}/data.qcow")]
    assert vm.drift().changes == {}
    data, above = f"{POOL}/data.qcow", f"{POOL}/data.s1"
    domain_disks.snapshot(vm.fake, above, "vdb")
    assert vm.drift().changes == {}
    for preview in (True, False):
        with pytest.raises(Refused) as refused:
            vm.up(preview=preview, disks=[ROOT])
        assert str(refused.value) == (
            f"domain Acilamwen: disk {data} is not unplugged, and nothing was changed: Acilamwen: vdb runs on {above}, "
            f"a snapshot that stands on the declared {data}; to put what was written since back into that file, type: "
            + COMMIT.replace("vda", "vdb").replace(DISK, data)
        )
    domain_disks.commit(vm.fake, data, "vdb")
    vm.up(disks=[ROOT])
    assert files(vm) == [("vda", S1)]


@pytest.mark.reports("D1")
def test_a_restart_that_is_allowed_goes_on_with_the_snapshot(vm: Vm, monkeypatch: pytest.MonkeyPatch) -> None:
    domain_disks.snapshot(vm.fake, S1)
    monkeypatch.setenv("LIBVIRT_ALLOW", "Acilamwen=restart")
    vm.up(cpu={"mode": "host-model"})
    assert files(vm) == [("vda", S1)]
    assert vm.drift().changes == {}


@pytest.mark.reports("D1")
def test_a_restart_that_would_go_back_to_before_the_snapshot_is_refused(
    vm: Vm, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = vm.fake.XMLDesc(2)
    domain_disks.snapshot(vm.fake, S1)
    vm.world.conn.defineXML(before)
    monkeypatch.setenv("LIBVIRT_ALLOW", "Acilamwen=restart")
    lost = rf"only the running guest has {S1} \(its vda, where a start would go back to {DISK}\)"
    with pytest.raises(Refused, match=lost):
        vm.up(preview=True, cpu={"mode": "host-model"})


@pytest.mark.reports("D1")
@pytest.mark.parametrize("preview", [True, False])
def test_retiring_a_domain_under_a_snapshot_is_refused_with_the_line_that_ends_it(
    vm: Vm, preview: bool
) -> None:
    domain_disks.snapshot(vm.fake, S1)
    vm.refresh()
    remove = vm.handler.refuse_delete if preview else vm.handler.delete
    with pytest.raises(Refused, match=r"Acilamwen is not removed: .* vda runs on .*Acilamwen\.s1") as refused:
        remove(vm.call, vm.id, vm.outputs)
    assert COMMIT in str(refused.value)
    assert vm.fake.isActive()
    domain_disks.commit(vm.fake, DISK)
    vm.handler.delete(vm.call, vm.id, vm.outputs)
    assert vm.world.conn.domains == {}


@pytest.mark.reports("D1")
@pytest.mark.parametrize(
    ("kind", "says"),
    [
        ("copy", f"vda is being copied to {S2} by a block job; once that is pivoted to, it is the disk"),
        ("active-commit", f"vda is being committed into {S2} by a block job"),
    ],
)
def test_a_block_job_under_way_is_told(vm: Vm, kind: str, says: str) -> None:
    domain_disks.job(vm.fake, kind, S2)
    assert told(vm) == [f"Acilamwen: {says}; it is left as it is"]


@pytest.mark.reports("D1")
def test_a_disk_that_a_block_job_writes_elsewhere_is_not_unplugged_and_its_guest_not_restarted(
    vm: Vm, monkeypatch: pytest.MonkeyPatch
) -> None:
    vm.up(disks=[ROOT, DATA])
    domain_disks.job(vm.fake, "copy", S2, "vdb")
    end = "wait until it has ended, or end it: virsh -c 'test:///fake' blockjob Acilamwen vdb --abort"
    with pytest.raises(Refused) as refused:
        vm.up(preview=True, disks=[ROOT])
    assert str(refused.value).endswith(f"once that is pivoted to, it is the disk; {end}")
    monkeypatch.setenv("LIBVIRT_ALLOW", "Acilamwen=restart")
    lost = rf"only the running guest has a block job \(copy\) that writes its vdb to {S2}, and a start would lose it"
    with pytest.raises(Refused, match=lost):
        vm.up(preview=True, disks=[ROOT, DATA], cpu={"mode": "host-model"})
    typed.virsh(vm.world.conn, *typed.lines(refused.value))
    vm.up(preview=True, disks=[ROOT])


@pytest.mark.reports("D1")
def test_a_file_upon_which_another_guest_runs_is_no_new_domains_disk() -> None:
    world = World()
    vm = world.made("Acilamwen")
    domain_disks.snapshot(vm.fake, S1)
    with pytest.raises(Refused, match=f"another domain writes to this disk already: {DISK}"):
        world.made("Siamond", disks=[{"volumeId": DISK}])


def test_a_chain_is_read_as_libvirt_writes_it() -> None:
    xml = (
        "<domain><devices><disk device='disk'><source file='/s1'/><backingStore type='file'><source file='/o'/>"
        "<backingStore type='file'><source file='/b'/><backingStore/></backingStore></backingStore>"
        "<mirror file='/c' job='copy'/><target dev='vda'/></disk>"
        "<disk device='disk'><source file='/d'/><target dev='vdb'/></disk>"
        "<disk device='cdrom'><source file='/seed'/><target dev='hda'/></disk></devices></domain>"
    )
    assert chains(xml) == (
        Chain("vda", "/s1", ("/o", "/b"), True, "copy", "/c"),
        Chain("vdb", "/d"),
    )


BACK = (
    "on the hypervisor: mv --backup=numbered {1} {1}.before, then: virsh -c 'test:///fake' blockcopy Acilamwen {0} "
    "--dest {1} --format qcow2 --transient-job --pivot --wait"
)


@pytest.mark.reports("D1")
@pytest.mark.parametrize(("target", "declared"), [("vda", DISK), ("vdb", f"{POOL}/data.qcow")])
def test_a_file_in_the_place_of_the_declared_one_is_told_and_everything_else_is_changed_beside_it(
    vm: Vm, target: str, declared: str
) -> None:
    vm.up(disks=[ROOT, DATA])
    before = files(vm)
    copy = domain_disks.copied(vm.fake, f"{POOL}/copy.qcow2", target)
    after = [(t, copy if t == target else path) for t, path in before]
    for title in ("one change", "and another"):
        (line,) = told(vm)
        assert line == (
            f"Acilamwen: {target} runs on {copy}, in the place of the declared {declared}, which is in no disk of it; "
            f"it is left as it is; to have it there again, {BACK.format(target, declared)}"
        )
        vm.up(preview=True, title=title)
        vm.up(title=title)
        assert files(vm) == files(vm, live=False) == after
    if target == "vdb":
        with pytest.raises(
            Refused, match=r"data\.qcow is not unplugged, .* vdb runs on .*copy\.qcow2, in the place of"
        ):
            vm.up(preview=True, disks=[ROOT])
    vm.up(disks=[ROOT, DATA])
    domain_disks.copied(vm.fake, declared, target)
    assert told(vm) == []
    assert files(vm) == before


@pytest.mark.reports("D1")
def test_another_file_that_is_declared_is_no_other_hands_and_refused_as_before(vm: Vm) -> None:
    with pytest.raises(Refused, match=r"disks\[0\]\.volumeId .* \(needs a restart of the guest\)"):
        vm.up(preview=True, disks=[DATA])


@pytest.mark.reports("D1")
def test_a_disk_that_was_taken_out_by_hand_is_plugged_in_again_though_another_has_its_place(vm: Vm) -> None:
    vm.up(disks=[ROOT, DATA])
    domain_disks.gone(vm.fake, "vdb")
    vm.refresh()
    domain_disks.added(vm.fake, f"{POOL}/theirs.qcow", "vdb")
    vm.up(disks=[ROOT, DATA])
    assert files(vm) == [("vda", DISK), ("vdb", f"{POOL}/theirs.qcow"), ("vdc", f"{POOL}/data.qcow")]


@pytest.mark.reports("D1")
def test_a_restart_that_would_go_back_to_the_file_of_before_is_refused(
    vm: Vm, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = vm.fake.XMLDesc(2)
    copy = domain_disks.copied(vm.fake, f"{POOL}/copy.qcow2")
    vm.world.conn.defineXML(before)
    monkeypatch.setenv("LIBVIRT_ALLOW", "Acilamwen=restart")
    lost = rf"only the running guest has {copy} \(its vda, where a start would go back to {DISK}\)"
    with pytest.raises(Refused, match=lost):
        vm.up(preview=True, cpu={"mode": "host-model"})


@pytest.mark.reports("D1")
def test_of_one_that_is_off_the_line_is_told_once_it_runs(vm: Vm) -> None:
    vm.inputs.pop("running")
    copy = domain_disks.copied(vm.fake, f"{POOL}/copy.qcow2")
    vm.fake.destroy()
    (line,) = told(vm)
    assert (
        f"vda starts with {copy}, in the place of the declared {DISK}; whether it stands on that is not seen"
        in line
    )
    assert line.endswith("once Acilamwen runs, this names the line that brings it back into that file")
    for remove in (vm.handler.refuse_delete, vm.handler.delete):
        with pytest.raises(Refused, match=r"is not removed: .*; start it, then run this again"):
            remove(vm.call, vm.id, vm.outputs)


@pytest.mark.reports("D1")
@pytest.mark.parametrize("recorded", [False, True])
def test_of_one_that_was_started_since_the_running_guest_tells_what_its_definition_does_not(
    vm: Vm, recorded: bool
) -> None:
    vm.fake.destroy()
    domain_disks.snapshot(vm.fake, S1, recorded=recorded)
    domain_disks.start(vm.fake, DISK)
    (line,) = told(vm)
    assert f"vda runs on {S1}, a snapshot that stands on the declared {DISK}" in line
    domain_disks.snapshot(vm.fake, S2)
    (line,) = told(vm)
    assert f"vda runs on {S2} upon {S1}, snapshots that stand on the declared {DISK}" in line
    vm.up(vcpu=1)
    assert files(vm) == files(vm, live=False) == [("vda", S2)]

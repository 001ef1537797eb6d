"""What other hands do to a running VM's disk, on real libvirt: told, ended by what is told, nothing lost."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab.lab_guest import Guest, wait_for
from tests.lab.stage import Stage, stage
from tests.lab.test_audit import _answers, audit, clean, mend, told

pytestmark = [pytest.mark.lab, pytest.mark.adopt, pytest.mark.other_turn]

VM, LIVE = "Acilamwen", "/libvirt/storage/live"
DISK = f"{LIVE}/{VM}.qcow"


@pytest.fixture(scope="module")
def made() -> Iterator[Stage]:
    with stage("trop02", "embedded", vms={VM: {}}) as made:
        made.bring_up()
        wait_for(lambda: _answers(made, VM) or None)
        yield made


def top(made: Stage) -> str:
    return str(made.xml("dumpxml", VM).find("devices/disk[@device='disk']/source").get("file"))  # type: ignore[union-attr]


def boot(made: Stage) -> str:
    return Guest(made.lab, VM).agent("/bin/cat", "/proc/sys/kernel/random/boot_id")


def unsay_format(file: Path) -> None:
    """The header loses the word of its base's format, as one has it that an old qemu-img wrote."""
    head = bytearray(file.read_bytes()[:65536])
    at = head.index(struct.pack(">I", 0xE2792ACA))
    size = 8 + (struct.unpack_from(">I", head, at + 4)[0] + 7) // 8 * 8
    name_at, length = struct.unpack_from(">QI", head, 8)
    rest, name = head[at + size : name_at], head[name_at : name_at + length]
    with file.open("r+b") as opened:
        opened.write((bytes(head[:at]) + bytes(rest) + bytes(size) + bytes(name)).ljust(65536, b"\0"))


@pytest.mark.reports("D1")
@pytest.mark.parametrize(("snapshots", "recorded"), [(1, True), (2, False)])
def test_snapshots_are_told_and_end_by_the_line_that_is_told(
    made: Stage, snapshots: int, recorded: bool
) -> None:
    before = boot(made)
    for number in range(snapshots):
        Guest(made.lab, VM).agent("/bin/sh", "-c", f"echo {number} > /root/kept; sync")
        name, more = f"s{snapshots}{number}", () if recorded else ("--no-metadata",)
        place = f"vda,file={LIVE}/{VM}.{name}"
        made.virsh("snapshot-create-as", VM, name, "--disk-only", "--diskspec", place, *more)
    snapshot = top(made)
    Guest(made.lab, VM).agent("/bin/sh", "-c", "echo last > /root/kept; sync")

    seen = made.must("preview", "--expect-no-changes").text
    assert f"{VM}: vda runs on {snapshot}" in seen
    assert f"on the declared {DISK}" in seen
    made.virsh("pool-refresh", "live")
    code, findings = audit(made)
    assert (code, told(findings)) == (1, [("snapshot", VM)])
    adopted = made.trop("adopt", "trop02", "--lab")
    assert "differs: nothing" in adopted.text, adopted.text

    mend(made, {f["mend"] for f in findings if f["level"] == "fault"})
    assert top(made) == DISK
    clean(made)
    assert "snapshot" not in made.must("preview", "--expect-no-changes").text
    assert Guest(made.lab, VM).agent("/bin/cat", "/root/kept") == "last\n"
    assert boot(made) == before
    for file in (made.lab.state / "live").glob(f"{VM}.s*"):
        file.unlink()
    if recorded:
        made.virsh("snapshot-delete", VM, f"s{snapshots}0", "--metadata")


@pytest.mark.reports("D5")
def test_a_header_without_a_format_is_mended_by_the_line_that_is_told_while_the_guest_runs(
    made: Stage,
) -> None:
    lab, below = made.lab, f"{LIVE}/{VM}.below"
    before = boot(made)
    made.virsh(
        "snapshot-create-as", VM, "up", "--disk-only", "--no-metadata", "--diskspec", f"vda,file={below}"
    )
    unsay_format(lab.state / "live" / f"{VM}.below")
    code, findings = audit(made)
    assert (code, told(findings)) == (1, [("format-unsaid", VM), ("snapshot", VM)])
    (found,) = [f for f in findings if f["kind"] == "format-unsaid"]
    line, _, shut_off = found["mend"].partition(" (once it is shut off, on the hypervisor: ")
    assert shut_off == f"qemu-img rebase -u -F qcow2 -b {DISK} {below})"
    made.declare(vms={VM: {"vcpu": 3}})
    refused = made.on_stack("preview", "--allow", f"{VM}=restart")
    assert "is not restarted, and nothing was changed: it would not start again" in refused.text
    assert shut_off.removesuffix(")") in refused.text
    made.declare(vms={VM: {}})
    mend(made, {line})
    code, findings = audit(made)
    assert told(findings) == [("snapshot", VM)]
    mend(made, {f["mend"] for f in findings if f["level"] == "fault"})
    clean(made)
    assert boot(made) == before


@pytest.mark.reports("D2", "D4")
def test_a_disk_that_was_pulled_is_told_whether_libvirt_has_looked_or_not(made: Stage) -> None:
    before = boot(made)
    made.virsh("blockpull", VM, "vda", "--wait")
    for refreshed in (False, True):
        if refreshed:
            made.virsh("pool-refresh", "live")
        seen = made.must("preview", "--expect-no-changes").text
        assert "stands on no base image any more: all of it is in its own file" in seen
        assert "data loss" not in seen
        code, findings = audit(made)
        assert (code, told(findings)) == (1, [("overlay-pulled", VM)])
    assert boot(made) == before


@pytest.mark.reports("D1")
def test_a_disk_that_was_copied_elsewhere_is_told_and_comes_back_by_the_line_that_is_told(
    made: Stage,
) -> None:
    copy, before = f"{LIVE}/{VM}.copy", boot(made)
    made.virsh("blockcopy", VM, "vda", "--dest", copy, "--transient-job", "--pivot", "--wait")
    Guest(made.lab, VM).agent("/bin/sh", "-c", "echo copied > /root/kept; sync")
    assert top(made) == copy
    made.must("up", "--yes")
    seen = made.must("preview", "--expect-no-changes").text
    assert f"{VM}: vda runs on {copy}, in the place of the declared {DISK}, which is in no disk of it" in seen
    code, findings = audit(made)
    assert (code, told(findings)) == (1, [("disk-other", VM)])
    here, _, line = findings[0]["mend"].partition(", then: ")
    assert here == f"on the hypervisor: mv --backup=numbered {DISK} {DISK}.before"
    file = made.lab.state / "live" / f"{VM}.qcow"
    file.rename(file.with_name(f"{VM}.qcow.before"))
    mend(made, {line})
    assert top(made) == DISK
    assert "in the place of" not in made.must("preview", "--expect-no-changes").text
    code, findings = audit(made)
    assert (code, told(findings)) == (1, [("overlay-pulled", VM)])
    assert Guest(made.lab, VM).agent("/bin/cat", "/root/kept") == "copied\n"
    assert boot(made) == before


@pytest.mark.reports("D2")
def test_a_disk_that_is_not_to_be_the_stacks_leaves_it_and_stays_as_it_is(made: Stage) -> None:
    before = boot(made)
    made.declare(vms={VM: {"overlay": False}})
    assert (
        f"it leaves the stack; {DISK} itself stays as it is"
        in made.must("preview", "--expect-no-changes").text
    )
    made.must("up", "--yes")
    made.unchanged()
    clean(made)
    assert (made.lab.state / "live" / f"{VM}.qcow").exists()
    assert boot(made) == before

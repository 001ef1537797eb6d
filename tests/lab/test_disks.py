"""A disk beside the overlay of a VM that runs: declared, seen inside, grown, unplugged, gone when that is declared."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.lab.lab_guest import Guest, wait_for
from tests.lab.stage import ENGINES, Stage, stage

pytestmark = [pytest.mark.lab, pytest.mark.endtoend, pytest.mark.other_turn]

VM, LIVE = "Acilamwen", "/libvirt/storage/live"
MIB = 1 << 20
KEPT = {"data": {"size": "96 MiB"}, "archive": {"size": "32 MiB", "format": "raw"}}


@pytest.fixture(scope="module", params=ENGINES)
def trop02(request: pytest.FixtureRequest) -> Iterator[Stage]:
    with stage("trop02", request.param, vms={VM: {}}) as made:
        made.bring_up()
        wait_for(lambda: "ok" in asked(made, "echo ok"))
        yield made


def asked(on: Stage, command: str) -> str:
    """What a command prints inside; nothing while the guest's agent does not answer."""
    try:
        return Guest(on.lab, VM).agent("/bin/sh", "-c", command)
    except AssertionError:
        return ""


def inside(on: Stage) -> dict[str, int]:
    """Bytes by name, as the guest sees its virtio disks."""
    lines = asked(on, "cd /sys/block; for d in vd*; do echo $d $(cat $d/size); done").splitlines()
    return {name: int(sectors) * 512 for name, sectors in map(str.split, lines)}


def declare(on: Stage, **disks: dict[str, Any]) -> None:
    on.declare(vms={VM: {"disks": disks}})


def files(on: Stage) -> list[str]:
    return [line.split()[0] for line in on.virsh("vol-list", "live").splitlines() if f"{VM}." in line]


def test_a_disk_comes_into_a_running_guest_grows_and_goes_as_declared(trop02: Stage) -> None:
    boot = asked(trop02, "cat /proc/sys/kernel/random/boot_id")

    declare(trop02, data={"size": "64 MiB"})
    seen = trop02.must("preview").text
    assert "a new disk is plugged in once its volume is there" in seen
    assert "live; nothing restarts" in seen
    trop02.must("up", "--yes")
    wait_for(lambda: inside(trop02).get("vdb") == 64 * MIB)
    trop02.unchanged()

    asked(trop02, "echo kept > /dev/vdb")
    declare(trop02, **KEPT)
    trop02.must("up", "--yes")
    wait_for(lambda: (inside(trop02).get("vdb"), inside(trop02).get("vdc")) == (96 * MIB, 32 * MIB))
    trop02.unchanged()
    assert files(trop02) == [f"{VM}.archive.raw", f"{VM}.data.qcow2", f"{VM}.qcow"]

    declare(trop02, **KEPT | {"data": {"size": "96 MiB", "plugged": False}})
    seen = trop02.must("preview").text
    assert (
        f"vdb {LIVE}/{VM}.data.qcow2 is unplugged in the running guest and in the persistent definition"
        in seen
    )
    assert "the file stays as it is" in seen
    trop02.must("up", "--yes")
    assert "vdb" not in inside(trop02)
    trop02.unchanged()
    declare(trop02, **KEPT)
    trop02.must("up", "--yes")
    wait_for(lambda: inside(trop02).get("vdb") == 96 * MIB)
    assert asked(trop02, "head -c 4 /dev/vdb") == "kept"
    assert asked(trop02, "cat /proc/sys/kernel/random/boot_id") == boot


def test_a_smaller_disk_and_the_mere_removal_of_one_are_refused_and_nothing_is_changed(trop02: Stage) -> None:
    declare(trop02, **KEPT)
    trop02.must("up", "--yes")
    wait_for(lambda: inside(trop02).get("vdc"))
    before = inside(trop02), files(trop02)

    declare(trop02, **KEPT | {"data": {"size": "32 MiB"}})
    refused = trop02.on_stack("up", "--yes")
    assert refused.code != 0
    assert "a volume is never shrunk" in refused.text
    declare(trop02, archive=KEPT["archive"])
    refused = trop02.on_stack("up", "--yes")
    assert refused.code != 0
    assert "protected" in refused.text
    assert (inside(trop02), files(trop02)) == before


def test_a_disk_that_is_not_protected_goes_with_its_file_and_the_preview_says_so(trop02: Stage) -> None:
    declare(trop02, **KEPT, brief={"size": "16 MiB", "protect": False})
    trop02.must("up", "--yes")
    wait_for(lambda: inside(trop02).get("vdd") == 16 * MIB)
    declare(trop02, **KEPT)

    seen = trop02.must("preview").text
    assert f"vdd {LIVE}/{VM}.brief.qcow2 is unplugged" in seen
    assert f"volume {VM}.brief.qcow2 is removed, with all that is written on it" in seen
    trop02.must("up", "--yes")
    assert "vdd" not in inside(trop02)
    assert f"{VM}.brief.qcow2" not in files(trop02)
    trop02.unchanged()

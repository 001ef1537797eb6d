"""How many calls of libvirt a preview with no changes makes: which kinds grow with the VMs, and by how much each."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.scale import project
from cli.scale.project import Size
from tests.crash.stand import run_words
from tests.crash.world import World, servicer
from tests.provider.fakes.counted import Counted, Counts

PER_VM = {
    "Domain.XMLDesc": 2,  # as it runs, and as it is defined
    "Volume.XMLDesc": 2,  # of its overlay and its seed disk
    # what is on the seed disk, which no list tells, and what the overlay's header says: libvirt's word may be old
    "Connection.storageVolLookupByPath": 2,  # on the connection that streams have for themselves
    "Connection.newStream": 2,
    "Volume.download": 2,
    "Stream.recv": 4,
    "Stream.finish": 2,
}
# Of the networks, whether the running guests are still plugged in: their XML without what libvirt calls secure.
PLUGGED = {"Domain.XMLDesc": 1}


def _calls(folder: Path, vms: int, monkeypatch: pytest.MonkeyPatch) -> Counts:
    """Of a no-op preview of so many VMs, which run."""
    size, world, counts = Size(1, vms), World(), Counts()
    project.write(folder / "project", size, ["qemu:///system"], started=True)
    (folder / "state").mkdir(parents=True)
    monkeypatch.setenv("PULUMI_BACKEND_URL", f"file://{folder}/state")
    monkeypatch.setenv("PULUMI_HOME", f"{folder}/home")
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", project.PASSPHRASE)
    pool = world.storagePoolLookupByName("base")
    pool.createXML(
        f"<volume><name>{project.BASE}</name><capacity>{project.SIZE}</capacity>"
        "<target><format type='qcow2'/></target></volume>"
    )
    words = ["--cwd", str(folder / "project"), "--stack", "bench01"]
    for begin in (["stack", "init", "bench01", *words[:2]], ["up", "--yes", "--skip-preview", *words]):
        ended = run_words(begin, lambda: servicer(world))
        assert ended.code == 0, ended.text
    world.alive = 1  # the run before has closed its connection
    ended = run_words(["preview", "--expect-no-changes", *words], lambda: servicer(Counted(world, counts)))
    assert ended.code == 0, ended.text
    return counts


def _growth(tmp_path: Path, few: int, many: int, monkeypatch: pytest.MonkeyPatch) -> dict[str, float]:
    """Calls that each VM adds, by kind; of kinds that grow."""
    calls = [_calls(tmp_path / str(vms), vms, monkeypatch) for vms in (few, many)]
    more = {kind: calls[1][kind] - calls[0][kind] for kind in calls[0] | calls[1]}
    return {kind: difference / (many - few) for kind, difference in more.items() if difference}


def _is_bounded(growth: dict[str, float]) -> None:
    allowed = {kind: number + PLUGGED.get(kind, 0) for kind, number in PER_VM.items()}
    assert growth == allowed


def test_a_preview_with_no_changes_asks_for_each_object_once_and_for_all_else_in_sweeps(
    tmp_path, monkeypatch
):
    _is_bounded(_growth(tmp_path, 2, 8, monkeypatch))


@pytest.mark.soak
def test_so_it_does_for_a_hundred(tmp_path, monkeypatch):
    _is_bounded(_growth(tmp_path, 10, 100, monkeypatch))

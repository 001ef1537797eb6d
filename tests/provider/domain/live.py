"""What is told of a change to a running guest, at preview and when it is done, and what the guest has then."""

from __future__ import annotations

from typing import Any

from tests.provider.fakes.domain_world import DEFAULT_UUID, POOL, RESERVED, Vm, World

OURS = {"networkId": DEFAULT_UUID, "mac": RESERVED}
MOVED = {"networkName": "bridged", "mac": RESERVED}
ROOT = {"volumeId": f"{POOL}/Acilamwen.qcow"}
DATA = {"volumeId": f"{POOL}/data.qcow"}


def with_volumes() -> World:
    world = World()
    world.conn.add_volume(f"{POOL}/data.qcow")
    world.conn.add_volume(f"{POOL}/more.img", "raw")
    return world


def impacts(vm: Vm) -> list[tuple[str, str]]:
    return [(note.impact, note.path) for note in vm.call.notes]


def previewed(vm: Vm, **inputs: Any) -> list[tuple[str, str]]:
    """Impact and path of what an update would do, which the update then says too; it is done."""
    vm.call.notes.clear()
    vm.up(preview=True, **inputs)
    before = [str(note) for note in vm.call.notes]
    assert vm.world.conn.calls == []
    vm.call.notes.clear()
    vm.up(**inputs)
    assert [str(note) for note in vm.call.notes] == before
    assert vm.drift().changes == {}
    return impacts(vm)


def amounts(vm: Vm) -> tuple[str, str, str]:
    """Memory that the running guest has, that its definition says, and the most that it may have; in MiB."""
    live, config = vm.fake.live, vm.fake.config
    texts = live.findtext("currentMemory"), config.findtext("currentMemory"), config.findtext("memory")
    mib = [f"{int(text) // 1024}" for text in texts]
    return mib[0], mib[1], mib[2]

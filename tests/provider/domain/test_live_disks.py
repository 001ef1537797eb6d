"""Disks that are plugged into a running guest and out of it, and the plan by which it is done."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provider.domain import disks as domain_disks
from provider.domain.disks import Step
from provider.errors import OperatorError, Refused
from provider.resource.base import COMPUTED
from tests.provider.domain.live import DATA, ROOT, impacts, previewed, with_volumes
from tests.provider.fakes.domain_world import POOL, World


@pytest.fixture
def world() -> World:
    return with_volumes()


def test_a_disk_is_plugged_in_and_unplugged_while_the_guest_runs_and_its_file_stays(world: World) -> None:
    vm = world.made()
    assert previewed(vm, disks=[ROOT, DATA]) == [("live", "disks")]
    both = [("vda", ROOT["volumeId"]), ("vdb", DATA["volumeId"])]
    assert [d for d in vm.fake.disks() if d[0] != "hda"] == both
    assert [d for d in vm.fake.disks(live=False) if d[0] != "hda"] == both
    assert world.conn.calls == ["attachDeviceFlags"] * 2  # a call for each side
    world.conn.calls.clear()
    assert previewed(vm, disks=[ROOT]) == [("live", "disks")]
    assert [d for d in vm.fake.disks() if d[0] != "hda"] == both[:1]
    assert world.conn.calls == ["detachDeviceFlags", "detachDeviceFlags"]
    assert DATA["volumeId"] in world.conn.volumes
    world.conn.calls.clear()
    vm.up()
    assert world.conn.calls == []


def test_a_disk_takes_the_place_of_another_and_has_the_format_that_its_pool_tells(world: World) -> None:
    vm = world.made(disks=[ROOT, DATA])
    previewed(vm, disks=[ROOT, {"file": f"{POOL}/more.img"}])
    assert vm.fake.disks()[-1] == ("vdc", f"{POOL}/more.img")
    raw = [d for d in vm.fake.live.iterfind("devices/disk") if d.find("driver").get("type") == "raw"]
    assert [d.find("target").get("dev") for d in raw] == ["hda", "vdc"]


def test_a_disk_that_one_side_lacks_shows_and_is_plugged_in_there(world: World) -> None:
    vm = world.made(disks=[ROOT, DATA])
    for flags in (1, 2):
        vm.fake.detachDeviceFlags("<disk><target dev='vdb'/></disk>", flags)
        world.conn.calls.clear()
        assert vm.drift().changes == {"disks[1]": "add"}
        assert previewed(vm) == [("live", "disks")]
        assert sorted(vm.fake.disks()) == sorted(vm.fake.disks(live=False))
        world.conn.calls.clear()


def test_a_disk_that_the_guest_holds_on_to_is_told_and_is_asked_for_again_by_the_next_update(
    world: World,
) -> None:
    vm = world.made(disks=[ROOT, DATA])
    vm.fake.lets_go = None
    with pytest.raises(OperatorError, match=rf"guest Acilamwen holds on to disk {DATA['volumeId']}"):
        vm.up(disks=[ROOT])
    assert vm.refresh() is not None
    news = vm.inputs | {"disks": [ROOT]}
    diff = world.domains.diff(vm.call, vm.id, vm.outputs, vm.read_inputs, news)
    assert diff.changes == {"disks": "update"}
    vm.fake.lets_go = 1
    vm.up(disks=[ROOT])
    assert vm.drift().changes == {}
    assert [d for d, _ in vm.fake.disks()] == ["vda", "hda"]


def test_a_disk_that_another_domain_writes_to_or_that_no_pool_has_is_refused_at_preview(
    world: World,
) -> None:
    vm = world.made()
    world.made("Siamond")
    with pytest.raises(Refused, match=r"another domain writes to this disk already: .*Siamond"):
        vm.up(preview=True, disks=[ROOT, {"volumeId": f"{POOL}/Siamond.qcow"}])
    with pytest.raises(OperatorError, match="no active pool"):
        vm.up(preview=True, disks=[ROOT, {"file": "/srv/nowhere.img"}])


def test_a_disk_whose_volume_is_made_by_the_same_update_is_told_at_preview(world: World) -> None:
    vm = world.made()
    vm.call.notes.clear()
    vm.up(preview=True, disks=[ROOT, {"volumeId": COMPUTED}])
    assert impacts(vm) == [("live", "disks[1]")]


FILES = ["/p/a", "/p/b", "/p/c", "/p/d"]
SIDE = st.lists(st.sampled_from(FILES), unique=True, max_size=4).map(
    lambda paths: tuple((f"vd{'abcd'[i]}", path) for i, path in enumerate(paths))
)


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.sampled_from(FILES), unique=True, max_size=3),
    st.sets(st.sampled_from(FILES)),
    st.none() | SIDE,
    SIDE,
)
def test_once_a_plan_of_disks_is_done_the_wanted_are_there_the_others_untouched_and_another_is_empty(
    wanted: list[str], gone: set[str], live: Any, config: Any
) -> None:
    sides = {1: live, 2: config}
    before = dict(sides)
    for step in domain_disks.plan(wanted, gone, live, config):
        for flag in (1, 2):
            if step.flags & flag:
                sides[flag] = applied(sides[flag], step)
    assert domain_disks.plan(wanted, gone, sides[1], sides[2]) == []
    for flag, side in sides.items():
        if side is None:
            continue
        paths = [path for _, path in side]
        assert len(set(paths)) == len(paths)
        assert not set(paths) & (gone - set(wanted))
        missing = [p for p in wanted if p not in paths]
        assert all(domain_disks.blocked(p, sides[1], sides[2]) for p in missing)
        assert not missing or live is not None
        others = [slot for slot in before[flag] or () if slot[1] not in gone | set(wanted)]
        assert set(others) <= set(side)


def applied(side: tuple[tuple[str, str], ...], step: Step) -> tuple[tuple[str, str], ...]:
    slot = (step.target, step.path)
    if step.action == "unplug":
        assert slot in side
        return tuple(s for s in side if s != slot)
    assert step.target not in [target for target, _ in side]
    return (*side, slot)

"""What is changed in a running guest, what only its definition can hold, and what is said of each."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from provider.domain import disks as domain_disks
from provider.domain.disks import Step
from provider.errors import OperatorError, Refused
from provider.resource.base import COMPUTED
from tests.provider.fakes.domain import Domain as FakeDomain
from tests.provider.fakes.domain_world import DEFAULT_UUID, FLOAT1, FLOAT2, POOL, RESERVED, Vm, World

OURS = {"networkId": DEFAULT_UUID, "mac": RESERVED}
MOVED = {"networkName": "bridged", "mac": RESERVED}
ROOT = {"volumeId": f"{POOL}/Acilamwen.qcow"}
DATA = {"volumeId": f"{POOL}/data.qcow"}


@pytest.fixture
def world() -> World:
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


def test_memory_goes_down_and_up_again_live_as_long_as_it_is_within_what_the_guest_was_started_with(
    world: World,
) -> None:
    vm = world.made()
    assert previewed(vm, memory=64) == [("live", "memory")]
    assert amounts(vm) == ("64", "64", "96")
    assert world.conn.calls == ["defineXML", "setMemoryFlags"]
    world.conn.calls.clear()
    assert previewed(vm, memory=96) == [("live", "memory")]
    assert amounts(vm) == ("96", "96", "96")
    assert "pendingRestart" not in vm.outputs
    world.conn.calls.clear()
    assert previewed(vm, memory=128) == [("next boot", "memory")]
    assert amounts(vm) == ("96", "128", "128")
    assert world.conn.calls == ["defineXML"]
    assert vm.outputs["pendingRestart"] == ["memory"]


def test_memory_that_the_guest_does_not_give_back_waits_for_its_next_start_and_is_not_asked_for_again(
    world: World,
) -> None:
    vm = world.made()
    vm.fake.balloon_follows = False
    vm.up(memory=64)
    assert impacts(vm) == [("next boot", "memory")]
    assert "has not followed" in str(vm.call.notes[0])
    assert vm.outputs["pendingRestart"] == ["memory"]
    assert vm.drift().changes == {}
    world.conn.calls.clear()
    vm.up(description="new")
    assert world.conn.calls == ["setMetadata"]
    vm.fake.destroy()
    vm.fake.create()
    vm.refresh()
    assert "pendingRestart" not in vm.outputs
    assert amounts(vm) == ("64", "64", "96")


def test_a_guest_without_a_balloon_gets_its_memory_at_its_next_start(world: World) -> None:
    vm = world.made()
    for root in (vm.fake.live, vm.fake.config):
        root.find("devices").append(etree.fromstring("<memballoon model='none'/>"))
    assert previewed(vm, memory=64) == [("next boot", "memory")]
    assert "no memory balloon" in str(vm.call.notes[0])
    assert world.conn.calls == ["defineXML"]


def test_vcpus_are_plugged_in_live_and_never_taken_from_an_emulated_guest(world: World) -> None:
    vm = world.made(vcpu=2)
    vm.fake.config.find("vcpu").set("current", "1")
    vm.fake.live.find("vcpu").set("current", "1")
    assert previewed(vm, vcpu=2) == [("live", "vcpu")]
    assert vm.fake.live.find("vcpu").get("current") == "2"
    assert vm.fake.config.find("vcpu").get("current") is None
    world.conn.calls.clear()
    assert previewed(vm, vcpu=1) == [("next boot", "vcpu")]
    assert world.conn.calls == ["defineXML"]
    assert vm.outputs["pendingRestart"] == ["vcpu"]


def test_a_vcpu_that_the_guest_does_not_let_go_of_waits_for_its_next_start(world: World) -> None:
    vm = world.made(type="kvm", vcpu=2)
    vm.up(vcpu=1)
    assert impacts(vm) == [("live", "vcpu")]
    assert vm.fake.live.find("vcpu").get("current") == "1"
    other = world.made("Siamond", type="kvm", vcpu=2)
    other.fake.vcpus_let_go = False
    other.up(vcpu=1)
    assert impacts(other) == [("next boot", "vcpu")]
    assert "timed out" in str(other.call.notes[0])
    assert other.outputs["pendingRestart"] == ["vcpu"]
    assert other.drift().changes == {}


def test_memory_and_vcpus_changed_by_hand_in_the_running_guest_alone_show_and_are_put_right_live(
    world: World,
) -> None:
    vm = world.made(vcpu=2)
    vm.fake.setMemoryFlags(64 * 1024, 1)
    vm.fake.setVcpusFlags(1, 1)
    world.conn.calls.clear()
    assert vm.drift().changes == {"memory": "update", "vcpu": "update"}
    assert "pendingRestart" not in vm.outputs
    assert previewed(vm) == [("live", "memory"), ("live", "vcpu")]
    assert world.conn.calls == ["setMemoryFlags", "setVcpusFlags"]


@pytest.mark.parametrize("cut", ["setMemoryFlags", "updateDeviceFlags"])
def test_an_update_that_was_cut_off_between_the_definition_and_the_guest_is_finished_by_the_next(
    world: World, monkeypatch: pytest.MonkeyPatch, cut: str
) -> None:
    vm = world.made(memory=96)
    news = {"memory": 64} if cut == "setMemoryFlags" else {"networkInterfaces": [MOVED]}
    real = FakeDomain.updateDeviceFlags

    def fail(domain: Any, xml: Any, flags: int) -> int:
        if flags & 1:
            raise KeyboardInterrupt
        return int(real(domain, xml, flags))

    monkeypatch.setattr(FakeDomain, cut, fail)
    with pytest.raises(KeyboardInterrupt):
        vm.up(**news)
    monkeypatch.undo()
    world.conn.calls.clear()
    assert vm.refresh() is not None
    diff = world.domains.diff(vm.call, vm.id, vm.outputs, vm.read_inputs, vm.inputs | news)
    assert list(diff.changes) == list(news)
    assert previewed(vm, **news) == [("live", next(iter(news)))]
    assert world.conn.calls == [cut]


def test_amounts_that_are_apart_are_put_right_whichever_of_them_is_declared(world: World) -> None:
    for memory in (64, 96):
        vm = world.made(memory=96)
        vm.fake.setMemoryFlags(64 * 1024, 1)
        assert vm.refresh() is not None
        diff = world.domains.diff(vm.call, vm.id, vm.outputs, vm.read_inputs, vm.inputs | {"memory": memory})
        assert diff.changes == {"memory": "update"}
        vm.up(memory=memory)
        assert amounts(vm)[:2] == (f"{memory}",) * 2
        assert vm.drift().changes == {}
        vm.delete()


@pytest.mark.parametrize("key", ["title", "description"])
def test_a_text_is_set_in_the_running_guest_and_in_the_definition_and_an_empty_one_is_removed(
    world: World, key: str
) -> None:
    vm = world.made()
    for text in ("one", "two", ""):
        assert previewed(vm, **{key: text}) == [("live", key)]
        vm.up(**{key: text})
        assert world.conn.calls == ["setMetadata"]
        assert [side.findtext(key) for side in (vm.fake.live, vm.fake.config)] == [text or None] * 2
        assert vm.drift().changes == {}
        world.conn.calls.clear()


def test_a_title_is_put_right_on_the_side_that_somebody_has_changed(world: World) -> None:
    vm = world.made(title="ours")
    vm.fake.setMetadata(1, "theirs", None, None, 1)
    world.conn.calls.clear()
    assert vm.drift().changes == {"title": "update"}
    vm.up()
    assert vm.drift().changes == {}
    assert vm.fake.live.findtext("title") == "ours"


def test_a_description_that_only_the_running_guest_has_otherwise_shows_and_is_put_right(world: World) -> None:
    vm = world.made(description="ours")
    vm.fake.setMetadata(0, "theirs", None, None, 1)
    world.conn.calls.clear()
    assert vm.drift().changes == {"description": "update"}
    assert previewed(vm) == [("live", "description")]


def test_a_disk_is_plugged_in_and_unplugged_while_the_guest_runs_and_its_file_stays(world: World) -> None:
    vm = world.made()
    assert previewed(vm, disks=[ROOT, DATA]) == [("live", "disks")]
    both = [("vda", ROOT["volumeId"]), ("vdb", DATA["volumeId"])]
    assert [d for d in vm.fake.disks() if d[0] != "hda"] == both
    assert [d for d in vm.fake.disks(live=False) if d[0] != "hda"] == both
    assert world.conn.calls == ["attachDeviceFlags"]
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


def test_a_nic_is_moved_to_another_network_and_never_unplugged(world: World) -> None:
    vm = world.made()
    moved = [{"networkName": "bridged", "mac": RESERVED}]
    assert previewed(vm, networkInterfaces=moved) == [("live", "networkInterfaces")]
    assert world.conn.calls == ["updateDeviceFlags", "updateDeviceFlags"]
    assert "network default to network bridged" in str(vm.call.notes[0])


def test_a_nic_is_not_moved_to_a_network_that_is_not_there_or_not_active(world: World) -> None:
    vm = world.made()
    for network, said in (("off", "not active"), ("nowhere", "no network nowhere")):
        with pytest.raises(OperatorError, match=said):
            vm.up(preview=True, networkInterfaces=[{"networkName": network, "mac": RESERVED}])
    assert world.conn.calls == []


def test_an_unplug_of_a_nic_that_was_cut_off_shows_though_the_definition_has_lost_it(world: World) -> None:
    vm = world.made(networkInterfaces=[OURS, {"networkName": "bridged", "mac": FLOAT2}])
    vm.fake.detachDeviceFlags(
        f"<interface><mac address='{FLOAT2}'/><source network='bridged'/></interface>", 2
    )
    assert vm.refresh() is not None
    news = vm.inputs | {"networkInterfaces": [OURS]}
    diff = world.domains.diff(vm.call, vm.id, vm.outputs, vm.read_inputs, news)
    assert diff.changes == {"networkInterfaces": "update"}
    vm.up(networkInterfaces=[OURS])
    assert vm.macs() == ([RESERVED.lower()],) * 2


def test_each_change_of_what_nothing_running_feels_is_live(world: World) -> None:
    vm = world.made()
    found = previewed(vm, autostart=False, description="new", networkInterfaces=[OURS])
    assert sorted(found) == [("live", "autostart"), ("live", "description")]


def test_what_waits_for_a_start_gets_it_where_the_operator_allows_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    vm = world.made(cpu={"mode": "custom"})
    vm.attach_by_hand(FLOAT1)
    vm.up(memory=128)
    assert vm.drift().changes == {}
    uuid, macs = vm.fake.UUIDString(), vm.macs()
    monkeypatch.setenv("LIBVIRT_ALLOW", "Acilamwen=restart")
    diff = vm.drift()
    assert (diff.changes, diff.output_paths) == ({"pendingRestart": "update"}, ("pendingRestart",))
    world.conn.calls.clear()
    vm.call.notes.clear()
    assert previewed(vm, cpu={"mode": "maximum"}) == [("restart", "cpu.mode"), ("restart", "memory")]
    assert world.conn.calls == ["defineXML", "setMetadata", "shutdown", "create", "setMetadata"]
    assert amounts(vm) == ("128", "128", "128")
    assert (vm.fake.UUIDString(), vm.macs()) == (uuid, macs)
    assert "pendingRestart" not in vm.outputs
    world.conn.calls.clear()
    vm.up()
    assert world.conn.calls == []


def test_a_guest_that_does_not_shut_down_is_never_stopped_hard_for_what_waits(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    vm = world.made()
    vm.fake.acpi = False
    monkeypatch.setenv("LIBVIRT_ALLOW", "Acilamwen=restart")
    with pytest.raises(Refused, match="goes on to wait"):
        vm.up(memory=128)
    assert "destroy" not in world.conn.calls


def test_a_restart_that_would_lose_what_only_the_running_guest_has_is_refused(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    vm = world.made()
    vm.attach_by_hand(FLOAT1, flags=1)
    monkeypatch.setenv("LIBVIRT_ALLOW", "Acilamwen=restart")
    with pytest.raises(Refused, match=f"only the running guest has NIC {FLOAT1}"):
        vm.up(preview=True, memory=128)


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

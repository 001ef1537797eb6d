"""Disks that a VM has beside its overlay: how they are declared, planned, made, and taken over."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import config
from cli.adopt import complete, declared
from cli.adopt.compare import compare
from components.docker_host_vm import DockerHostVM, DockerHostVMArgs
from config.disks import size_text
from config.plan import Plan
from config.read import stack_settings
from provider.survey.survey import HostSeen, VolumeSeen
from tests.cli import hosts
from tests.cli.adopt.beside import all_there, of, plan_of, vm_of
from tests.components.engine_mock import Recording, run
from tests.config import fleets

GIB = 1 << 30
LIVE = "/libvirt/storage/live"
TWO: dict[str, Any] = {
    "spare": {"size": "5 GiB", "pool": "slow", "file": "old.img", "format": "raw", "plugged": False},
    "data": {"size": "20 GiB"},
    "archive": {"size": "512 MiB", "protect": False},
}


def machine(disks: dict[str, Any]) -> Recording:
    plan = plan_of(Ulov={"disks": disks})
    return run(lambda: DockerHostVM("Ulov", DockerHostVMArgs(vm_of(plan, "Ulov"), (), "live", "net-uuid")))


def test_a_disk_has_a_file_of_its_own_in_the_stacks_pool_unless_the_file_says_otherwise() -> None:
    archive, data, spare = vm_of(plan_of(Ulov={"disks": TWO}), "Ulov").disks

    assert (data.label, data.file, data.pool, data.size) == ("data", "Ulov.data.qcow2", None, 20 * GIB)
    assert (data.format, data.plugged, data.protect) == ("qcow2", True, True)
    assert (archive.size, archive.protect) == (GIB // 2, False)
    assert (spare.file, spare.pool, spare.format, spare.plugged) == ("old.img", "slow", "raw", False)


def test_a_disk_is_protected_as_its_vm_is_unless_it_says_otherwise() -> None:
    disks = {"data": {"size": "1 GiB"}, "kept": {"size": "1 GiB", "protect": True}}
    data, kept = vm_of(plan_of(Ulov={"protect": False, "disks": disks}), "Ulov").disks

    assert (data.protect, kept.protect) == (False, True)


def test_the_order_of_disks_is_that_of_their_labels_however_the_file_has_them() -> None:
    one, other = (
        vm_of(plan_of(Ulov={"disks": dict(order)}), "Ulov").disks
        for order in (TWO.items(), reversed(TWO.items()))
    )

    assert one == other
    assert [disk.label for disk in one] == ["archive", "data", "spare"]


@pytest.mark.parametrize(("text", "size"), [("512 B", 512), ("20GiB", 20 * GIB), ("1536 MiB", 3 * GIB // 2)])
def test_a_size_has_a_unit(text: str, size: int) -> None:
    (disk,) = vm_of(plan_of(Ulov={"disks": {"data": {"size": text}}}), "Ulov").disks

    assert disk.size == size


@pytest.mark.parametrize("size", [512, 3 * 512, 96 << 20, GIB, 3 * GIB, 1 << 42])
def test_a_size_that_is_written_down_is_read_as_the_same(size: int) -> None:
    (disk,) = vm_of(plan_of(Ulov={"disks": {"data": {"size": size_text(size)}}}), "Ulov").disks

    assert disk.size == size


AT = "Pulumi.trop02.yaml: trop:vms.Ulov.disks"
SIZES = "allowed: a size such as 20 GiB (B, KiB, MiB, GiB, TiB; whole sectors of 512 B)"
REFUSED: list[Any] = [
    ({"disks": {"data": {"size": 20}}}, f"{AT}.data.size: 20 is not accepted; {SIZES}"),
    ({"disks": {"data": {"size": "0 B"}}}, f"{AT}.data.size: '0 B' is not accepted; {SIZES}"),
    ({"disks": {"data": {"size": "513 B"}}}, f"{AT}.data.size: '513 B' is not accepted; {SIZES}"),
    ({"disks": {"data": {}}}, f"{AT}.data.size: is missing; allowed: a value"),
    (
        {"disks": {"data": {"size": "1 GiB", "bus": "scsi"}}},
        f"{AT}.data.bus: 'scsi' is not accepted; allowed: 'virtio'",
    ),
    (
        {"disks": {"a.b": {"size": "1 GiB"}}},
        f"{AT}.a.b: 'a.b' is not accepted; allowed: a letter, then up to 30 letters, digits and hyphens",
    ),
    (
        {"disks": {"data": {"size": "1 GiB", "file": "../x"}}},
        f"{AT}.data.file: '../x' is not accepted; allowed: the name of a file, without its folder",
    ),
    (
        {"disks": {"data": {"size": "1 GiB", "file": "Acilamwen.qcow"}}},
        f"{AT}.data.file: Acilamwen.qcow in pool live is the overlay of Acilamwen; allowed: a file of its own",
    ),
    (
        {
            "disks": {
                "one": {"size": "1 GiB", "file": "x"},
                "two": {"size": "1 GiB", "file": "x", "pool": "live"},
            }
        },
        f"{AT}.two.file: x in pool live is disk one of Ulov; allowed: a file of its own",
    ),
    (
        {"overlay": False, "disks": {"data": {"size": "1 GiB"}}},
        f"{AT}: is declared of a VM whose disks are not (overlay: false); allowed: disks, or overlay: false",
    ),
]


@pytest.mark.parametrize(("own", "line"), REFUSED)
def test_a_disk_that_can_not_be_is_refused_by_name(tmp_path: Path, own: dict[str, Any], line: str) -> None:
    assert fleets.refusal(tmp_path, settings={"vms": {"Acilamwen": {}, "Ulov": own}}) == [line]


def test_a_file_in_another_pool_is_another_file(tmp_path: Path) -> None:
    disks = {name: {"size": "1 GiB", "file": "x", "pool": name} for name in ("one", "two")}

    assert fleets.refusal(tmp_path, settings={"vms": {"Acilamwen": {}, "Ulov": {"disks": disks}}}) == []


def test_each_disk_is_a_volume_of_its_vm_and_those_that_are_plugged_come_after_the_overlay() -> None:
    recording = machine(TWO)
    volumes = recording.of("Volume")

    assert {name: volume.inputs for name, volume in volumes.items() if name != "Ulov"} == {
        "Ulov.archive": {"name": "Ulov.archive.qcow2", "pool": "live", "format": "qcow2", "size": GIB // 2},
        "Ulov.data": {"name": "Ulov.data.qcow2", "pool": "live", "format": "qcow2", "size": 20 * GIB},
        "Ulov.spare": {"name": "old.img", "pool": "slow", "format": "raw", "size": 5 * GIB},
    }
    assert {volume.parent for volume in volumes.values()} == {recording.one("DockerHostVM").urn}
    assert {name: volume.protect for name, volume in volumes.items()} == {
        "Ulov": True, "Ulov.archive": False, "Ulov.data": True, "Ulov.spare": True,
    }  # fmt: skip
    assert recording.one("Domain").inputs["disks"] == [
        {"volumeId": "Ulov-id"}, {"volumeId": "Ulov.archive-id"}, {"volumeId": "Ulov.data-id"},
    ]  # fmt: skip


def volume(name: str, **changes: Any) -> VolumeSeen:
    made = hosts.overlay(plan_of(), plan_of().vms[0], name=name, path=f"{LIVE}/{name}", base=None)
    return replace(made, **{"capacity": 20 * GIB, **changes})


def with_disks(plan: Plan, *volumes: VolumeSeen, targets: str = "bcdef", bus: str = "vd") -> HostSeen:
    """All of the plan's VMs, of which Ulov has these files as disks."""
    ulov = vm_of(plan, "Ulov")
    disks = [hosts.disk(v.path, bus + letter) for v, letter in zip(volumes, targets, strict=False)]
    seen = all_there(plan)
    domains = [hosts.whole(plan, ulov, *disks) if d.name == "Ulov" else d for d in seen.domains]
    pools = (hosts.pool(), hosts.pool(name="slow", path="/slow", uuid="other"))
    return replace(seen, domains=tuple(domains), volumes=(*seen.volumes, *volumes), pools=pools)


def taken(seen: HostSeen, own: dict[str, Any] | None = None) -> Any:
    """What `adopt --write` would say of Ulov's disks."""
    settings: dict[str, Any] = {"vms": {"Acilamwen": {"seedDisk": False}, "Ulov": own or {"seedDisk": False}}}
    plan = config.load("trop02", settings, fleets.ROOT, fleets.STACK_FILE)
    new = complete.additions(plan, stack_settings(settings, fleets.STACK_FILE), seen)
    return new.get("Ulov", {}).get("disks")


FOUND: list[Any] = [
    (volume("Ulov.data.qcow2"), {"data": {"size": "20 GiB"}}),
    (
        volume("Ulov-data.img", format="raw"),
        {"data": {"size": "20 GiB", "file": "Ulov-data.img", "format": "raw"}},
    ),
    (
        volume("2018 backup", capacity=96 << 20),
        {"disk-2018-backup": {"size": "96 MiB", "file": "2018 backup"}},
    ),
    (
        volume("x.qcow2", pool="slow", path="/slow/x.qcow2"),
        {"x": {"size": "20 GiB", "pool": "slow", "file": "x.qcow2"}},
    ),
    (volume("odd.vmdk", format="vmdk"), None),
    (volume("odd.qcow2", capacity=513), None),
    (volume("odd.qcow2", pool="nowhere"), None),
]


@pytest.mark.parametrize(("one", "said"), FOUND)
def test_a_disk_that_a_vm_has_is_written_down_where_it_can_be_declared(one: VolumeSeen, said: Any) -> None:
    assert taken(with_disks(plan_of(Ulov={}), one)) == said


def test_a_disk_that_is_not_virtio_and_one_that_another_domain_has_are_left_alone() -> None:
    plan, one = plan_of(Ulov={}), volume("Ulov.data.qcow2")
    assert taken(with_disks(plan, one, bus="sd")) is None
    seen = with_disks(plan, one)
    other = hosts.domain("another", "", hosts.disk(one.path))
    assert taken(replace(seen, domains=(*seen.domains, other))) is None


def test_two_files_whose_labels_would_be_the_same_have_two_labels() -> None:
    found = taken(with_disks(plan_of(Ulov={}), volume("data.img", format="raw"), volume("Ulov-data.qcow2")))

    assert list(found) == ["data", "data-vdc"]


def test_disks_that_the_file_declares_are_never_changed() -> None:
    own = {"seedDisk": False, "disks": {"mine": {"size": "1 GiB"}}}

    assert taken(with_disks(plan_of(Ulov={}), volume("Ulov.data.qcow2")), own) is None


def test_a_disk_that_was_written_down_is_found_and_agrees() -> None:
    seen = with_disks(plan_of(Ulov={}), volume("Ulov-data.img", format="raw"))
    beyond = ("files in pool live: Ulov-data.img", f"of VM Ulov: disk {LIVE}/Ulov-data.img")
    assert compare(plan_of(Ulov={}), seen).undeclared == ("pools: slow", *beyond)

    plan = plan_of(Ulov={"disks": taken(seen)})
    result = compare(plan, seen)
    assert (result.differs, result.missing, result.undeclared) == ((), (), ("pools: slow",))
    assert "disk Ulov-data.img" in result.agrees
    key = declared.disk_key(vm_of(plan, "Ulov"), vm_of(plan, "Ulov").disks[0])
    assert result.matches.ids[key] == f"{LIVE}/Ulov-data.img"


def test_a_disk_of_another_size_and_one_that_is_not_plugged_in_differ() -> None:
    seen = with_disks(plan_of(Ulov={}), volume("Ulov.data.qcow2"))
    larger = compare(plan_of(Ulov={"disks": {"data": {"size": "30 GiB"}}}), seen)
    assert of(larger, "disk Ulov.data.qcow2") == [("size", str(30 * GIB), str(20 * GIB))]

    loose = replace(seen, domains=all_there(plan_of(Ulov={})).domains)
    result = compare(plan_of(Ulov={"disks": {"data": {"size": "20 GiB"}}}), loose)
    assert [(d.what, d.declared) for d in result.differs] == [
        ("disks[1]", f"volumeId {LIVE}/Ulov.data.qcow2")
    ]

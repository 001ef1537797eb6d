"""A guest is changed while it runs: what it feels of it, and that it has never been started again."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from threading import Thread
from typing import Any

import libvirt
import pytest

from lab.hypervisor import Lab
from provider.host.host import Host
from provider.resource import mark
from tests.lab.held import Held
from tests.lab.lab_guest import Guest, page, virsh, wait_for

pytestmark = [pytest.mark.lab, pytest.mark.outage, pytest.mark.one_turn]

NAME, MAC, ADDRESS = "changed", "52:54:00:aa:00:3a", "10.9.6.5"
MIB = 1 << 20


@dataclass
class World:
    lab: Lab
    vm: Held
    data: Held
    guest: Guest

    def boot_id(self) -> str:
        return self.guest.agent("/bin/cat", "/proc/sys/kernel/random/boot_id")

    def definitions(self) -> str:
        """The running guest's XML, and the persistent one."""
        return virsh(self.lab, "dumpxml", NAME) + virsh(self.lab, "dumpxml", NAME, "--inactive")

    def disks(self) -> dict[str, int]:
        """Bytes by name, as the guest sees its virtio disks."""
        lines = self.guest.agent(
            "/bin/sh", "-c", "cd /sys/block; for d in vd*; do echo $d $(cat $d/size); done"
        )
        return {name: int(sectors) * 512 for name, sectors in map(str.split, lines.splitlines())}

    def memory(self) -> int:
        """MiB that the guest's kernel has."""
        total = re.search(r"MemTotal: +(\d+)", self.guest.agent("/bin/cat", "/proc/meminfo"))
        assert total is not None
        return int(total[1]) // 1024


@pytest.fixture(scope="module")
def world(lab: Lab) -> Iterator[World]:
    host = Host(lab.uri)
    base = f"{lab.facts.base_folder}/{lab.facts.base_image}"
    made: list[Held] = []

    def make(kind: str, **inputs: Any) -> Held:
        made.append(Held(host, kind, inputs).make())
        return made[-1]

    try:
        for number, name in ((6, "here"), (5, "there")):
            make(
                "Network",
                name=name,
                mode="none",
                bridge=f"virbr{number}",
                addresses=[f"10.9.{number}.0/24"],
                stp=False,
                delay=0,
                dhcpHosts=[{"mac": MAC, "ip": f"10.9.{number}.5", "name": NAME}],
                dhcpRanges=[{"start": f"10.9.{number}.2", "end": f"10.9.{number}.9"}],
            )
        make("Network", name="beside", mode="bridge", bridge="virbr6")
        make("Pool", name="changing", type="dir", path=lab.facts.live_folder)
        disk = make("Volume", name=f"{NAME}.qcow", pool="changing", baseVolumeId=base)
        data = make("Volume", name="data.qcow", pool="changing", size=64 * MIB)
        vm = make(
            "Domain",
            name=NAME,
            type="qemu",
            memory=128,
            vcpu=2,
            running=True,
            disks=[{"volumeId": disk.id}],
            networkInterfaces=[{"networkName": "here", "mac": MAC}],
        )
        wait_for(lambda: page(lab, ADDRESS, campus=False))
        yield World(lab, vm, data, Guest(lab, NAME))
    finally:
        for held in reversed(made):
            if held.kind == "Domain":
                virsh(lab, "destroy", NAME)
            held.delete()


@contextmanager
def pings(lab: Lab, seconds: int) -> Iterator[list[tuple[int, int, float]]]:
    """Pings every 20 ms from the gateway: (sent, answered, longest time in seconds between answers) at the end."""
    result: list[tuple[int, int, float]] = []
    command = ["ping", "-n", "-D", "-i", "0.02", "-w", str(seconds), ADDRESS]

    def work() -> None:
        text = str(lab.run(command, capture_output=True).stdout)
        answers = [float(moment) for moment in re.findall(r"^\[([\d.]+)\] .* bytes from", text, re.M)]
        sent = re.search(r"(\d+) packets transmitted", text)
        assert sent is not None
        result.append((int(sent[1]), len(answers), max(b - a for a, b in pairwise(answers))))

    thread = Thread(target=work)
    thread.start()
    yield result
    thread.join()


@contextmanager
def undisturbed(world: World, seconds: int = 4) -> Iterator[None]:
    """The guest is the one that was booted, and has answered every ping (the last one may be on its way)."""
    before = world.boot_id()
    with pings(world.lab, seconds) as result:
        yield
    assert world.boot_id() == before
    sent, answered, longest = result[0]
    print(
        json.dumps(
            {"sent": sent, "answered": answered, "longest": round(longest, 3), "notes": world.vm.notes}
        )
    )
    assert sent - answered <= 1


@pytest.mark.reports("G2", "G6")
def test_a_new_guest_has_a_cpu_of_today_and_a_source_of_randomness_and_differs_in_nothing(
    world: World,
) -> None:
    flags = re.search(r"^flags\s*:(.*)$", world.guest.agent("/bin/cat", "/proc/cpuinfo"), re.M)
    assert flags is not None
    assert {"cx16", "popcnt", "sse4_1", "sse4_2", "ssse3"} <= set(flags[1].split())  # x86-64-v2
    random = world.guest.agent("/bin/cat", "/sys/class/misc/hw_random/rng_available")
    assert "virtio_rng" in random
    assert world.vm.drift() == {}
    assert world.vm.up() == []


def test_what_a_guest_frees_on_a_disk_is_free_on_its_host(world: World) -> None:
    def taken() -> int:
        return int(re.search(r"^Allocation: +(\d+)", virsh(world.lab, "domblkinfo", NAME, "vdb"), re.M)[1])  # type: ignore[index]

    disks = world.vm.inputs["disks"]
    world.vm.up(disks=[*disks, {"volumeId": world.data.id}])
    wait_for(lambda: "vdb" in world.disks())
    world.guest.agent("/bin/sh", "-c", "head -c 16777216 /dev/urandom > /dev/vdb; sync")
    assert taken() >= 16 * MIB
    world.guest.agent("/bin/sh", "-c", "blkdiscard /dev/vdb")
    wait_for(lambda: taken() < 2 * MIB)
    world.vm.up(disks=disks)


def test_memory_is_taken_and_given_back_by_the_balloon(world: World) -> None:
    most = world.memory()
    with undisturbed(world):
        assert world.vm.up(memory=96) == ["live"]
        assert most - world.memory() in range(28, 37)
        assert world.vm.up(memory=128) == ["live"]
        assert world.memory() == most
    assert "pendingRestart" not in world.vm.outputs
    virsh(world.lab, "setmem", NAME, "100M", "--live")
    wait_for(lambda: world.vm.drift() == {"memory": "update"})
    assert world.vm.up() == ["live"]
    assert world.memory() == most


@pytest.mark.reports("W4")
def test_memory_that_the_guest_uses_is_left_to_it_and_waits(world: World) -> None:
    most = world.memory()
    with undisturbed(world):
        assert world.vm.up(memory=48) == ["next boot"]
        assert any("the guest uses " in note for note in map(str, world.vm.notes))
        assert world.memory() == most
        assert world.vm.outputs["pendingRestart"] == ["memory"]
        assert world.vm.up(memory=128) == ["live"]
    assert "pendingRestart" not in world.vm.outputs


def test_a_vcpu_waits_for_a_start_and_comes_back_live(world: World) -> None:
    with undisturbed(world):
        assert world.vm.up(vcpu=1) == ["next boot"]
        assert world.vm.outputs["pendingRestart"] == ["vcpu"]
        assert world.vm.up(vcpu=2) == ["live"]
        assert "pendingRestart" not in world.vm.outputs


def test_a_disk_is_plugged_in_grown_and_unplugged_and_keeps_its_data(world: World) -> None:
    disks, data = world.vm.inputs["disks"], {"volumeId": world.data.id}
    with undisturbed(world, 8):
        assert world.vm.up(disks=[*disks, data]) == ["live"]
        wait_for(lambda: world.disks().get("vdb") == 64 * MIB)
        world.guest.agent("/bin/sh", "-c", "echo kept > /dev/vdb; sync")
        assert world.data.up(size=96 * MIB) == ["live"]
        assert "under the running guest" in world.data.notes[0]
        wait_for(lambda: world.disks()["vdb"] == 96 * MIB)
        assert world.vm.up(disks=disks) == ["live"]
        assert "vdb" not in world.disks()
    assert world.data.drift() == {}
    assert world.data.up(size=128 * MIB) == ["live"]
    assert world.vm.up(disks=[*disks, data]) == ["live"]
    wait_for(lambda: world.disks().get("vdb") == 128 * MIB)
    assert world.guest.agent("/bin/head", "-c", "4", "/dev/vdb") == "kept"
    assert world.vm.up(disks=disks) == ["live"]


def test_a_nic_goes_to_another_network_and_its_guest_misses_nothing(world: World) -> None:
    def changes() -> str:
        return world.guest.agent("/bin/sh", "-c", "cat /sys/class/net/e*/carrier_changes")

    carrier = changes()
    with undisturbed(
        world
    ):  # the other network stands on the same bridge, so that the same pings get through
        assert world.vm.up(networkInterfaces=[{"networkName": "beside", "mac": MAC}]) == ["live"]
        for words in ([], ["--inactive"]):
            assert "network='beside'" in virsh(world.lab, "dumpxml", NAME, *words)
        assert world.vm.up(networkInterfaces=[{"networkName": "here", "mac": MAC}]) == ["live"]
    assert changes() == carrier
    assert world.vm.up(networkInterfaces=[{"networkName": "there", "mac": MAC}]) == ["live"]
    assert not page(world.lab, ADDRESS, campus=False)
    assert world.vm.up(networkInterfaces=[{"networkName": "here", "mac": MAC}]) == ["live"]
    assert wait_for(lambda: page(world.lab, ADDRESS, campus=False))
    assert changes() == carrier


def test_what_waits_for_a_start_is_had_by_a_clean_one_where_it_is_allowed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = world.boot_id()
    assert world.vm.up(memory=144, cpu={"mode": "host-model"}) == ["next boot", "next boot"]
    assert world.vm.outputs["pendingRestart"] == ["cpu", "memory"]
    assert world.boot_id() == before
    monkeypatch.setenv("LIBVIRT_ALLOW", f"{NAME}=restart")
    assert world.vm.drift() == {"pendingRestart": "update"}
    assert world.vm.up() == ["restart", "restart"]
    wait_for(lambda: page(world.lab, ADDRESS, campus=False))
    assert world.boot_id() != before
    assert "pendingRestart" not in world.vm.outputs
    assert mark.RESTARTING not in world.definitions()


def test_a_restart_that_is_cut_off_while_the_guest_is_off_is_seen_through_by_the_next_run(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    running = world.vm.inputs.pop("running")
    assert world.vm.up(cpu={"mode": "maximum"}) == ["next boot"]
    with monkeypatch.context() as patch:
        patch.setenv("LIBVIRT_ALLOW", f"{NAME}=restart")
        patch.setattr(libvirt.virDomain, "create", cut_off)
        with pytest.raises(SystemExit):
            world.vm.up()
    assert virsh(world.lab, "domstate", NAME).strip() == "shut off"
    assert world.vm.drift() == {"restarting": "update"}
    assert world.vm.up() == ["live"]
    wait_for(lambda: page(world.lab, ADDRESS, campus=False))
    assert mark.RESTARTING not in world.definitions()
    world.vm.inputs["running"] = running


def cut_off(_domain: Any) -> int:
    raise SystemExit


def test_a_title_is_set_changed_and_taken_away_while_the_guest_runs(world: World) -> None:
    before = world.boot_id()
    for text in ("one", "another", ""):
        assert world.vm.up(title=text) == ["live"]
        assert world.definitions().count(f"<title>{text}</title>") == (2 if text else 0)
    assert "<title" not in world.definitions()
    assert world.boot_id() == before


def test_a_guest_that_is_declared_off_goes_down_and_comes_back(world: World) -> None:
    assert world.vm.up(running=False) == ["restart"]
    assert virsh(world.lab, "domstate", NAME).strip() == "shut off"
    assert world.vm.up(running=True) == ["live"]
    wait_for(lambda: page(world.lab, ADDRESS, campus=False))

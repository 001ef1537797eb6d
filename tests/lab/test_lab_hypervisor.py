"""The lab is a hypervisor of its own: it has what its facts say, and leaves nothing on the machine."""

import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli import ROOT
from lab import processes
from lab.facts import Bridge, HostFacts, LabError
from lab.hypervisor import Lab
from tests.lab.lab_guest import virsh, wait_for
from tests.lab.stage import short_folder, started_by

pytestmark = [pytest.mark.lab, pytest.mark.alone]


@pytest.fixture
def folder() -> Iterator[Path]:
    with short_folder() as made:
        yield made
        wait_for(lambda: not started_by(made))


def of_the_machine() -> dict[str, object]:
    """All that a lab could leave on the machine, or change in the machine's own libvirt."""
    shown = [
        Path(path) for path in ("/run/libvirt", "/etc/libvirt", "/var/lib/libvirt", "/libvirt", "/run/netns")
    ]
    return {
        "links": words("ip", "-o", "link")[1::2],
        "rules": words("iptables-save", "-t", "nat"),
        "mounts": Path("/proc/self/mountinfo").read_text(),
        **{str(path): sorted(found(path)) for path in shown},
    }


def found(path: Path) -> list[tuple[str, int]]:
    files = [path, *path.rglob("*")] if path.exists() else []
    return [
        (str(file), file.lstat().st_mtime_ns) for file in files if not stat.S_ISSOCK(file.lstat().st_mode)
    ]


def words(*command: str) -> list[str]:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return [line for line in done.stdout.splitlines() if not line.startswith("#")]


def inside(lab: Lab, *command: str, campus: bool = False) -> str:
    return str((lab.campus if campus else lab.run)(command, capture_output=True, check=True).stdout)


def test_up_and_down_leave_the_machine_as_it_was(folder: Path, facts: HostFacts) -> None:
    before = of_the_machine()
    lab = Lab("trop02", facts, root=folder)
    lab.up()
    assert of_the_machine() == before
    assert lab.status().running
    lab.down()
    assert of_the_machine() == before
    assert not lab.socket.exists()
    assert not lab.status().running
    lab.down(purge=True)
    assert list(folder.iterdir()) == []


def test_a_lab_that_is_up_is_left_alone_by_another_up(lab: Lab) -> None:
    first = processes.first(lab.state)
    lab.up()
    assert processes.first(lab.state) == first


def test_the_bridges_have_the_addresses_ports_and_macs_of_the_facts(lab: Lab) -> None:
    for bridge in lab.facts.bridges:
        assert f" {bridge.address} " in inside(lab, "ip", "-o", "-4", "addr", "show", "dev", bridge.name)
        link = inside(lab, "ip", "-d", "-o", "link", "show", "dev", bridge.name)
        assert f"link/ether {bridge.mac} " in link
        assert " stp_state 0 " in link
        port = inside(lab, "ip", "-o", "link", "show", "master", bridge.name)
        assert f"{bridge.port}@" in port
        assert f"link/ether {bridge.mac} " in port
        assert bridge.name in virsh(lab, "iface-list")


def test_the_hypervisor_routes_through_a_gateway_that_is_on_the_campus(lab: Lab) -> None:
    gateway = str(lab.facts.gateway).split("/")[0]
    assert inside(lab, "ip", "route", "show", "default").startswith(f"default via {gateway} dev br0")
    assert inside(lab, "cat", "/proc/sys/net/ipv4/ip_forward").strip() == "1"
    own = str(lab.facts.bridges[0].address).split("/")[0]
    route = inside(lab, "ip", "route", "get", own, campus=True)
    assert f"src {lab.facts.public.split('/')[0]}" in route
    answer = lab.campus(["timeout", "9", "bash", "-c", f": <> /dev/tcp/{own}/9"], capture_output=True)
    assert "Connection refused" in answer.stderr


def test_the_base_image_is_in_an_active_pool_and_says_what_it_is(lab: Lab) -> None:
    path = f"{lab.facts.base_folder}/{lab.facts.base_image}"
    assert path in virsh(lab, "vol-list", "base")
    assert "32.00 GiB" in virsh(lab, "vol-info", "--pool", "base", lab.facts.base_image)
    assert f"stand-in for {lab.facts.base_image}" in inside(lab, "cat", f"{path}.txt")


def test_no_kvm_and_no_files_of_the_machine_are_seen_in_the_lab(lab: Lab) -> None:
    assert "kvm" not in inside(lab, "ls", "/dev").split()
    assert "home" not in inside(lab, "ls", "/").split()
    assert inside(lab, "hostname").strip() == "trop02"
    assert "<domain type='kvm'" not in virsh(lab, "capabilities")


def test_the_host_uuid_outlives_the_lab_and_differs_between_labs(folder: Path, lab: Lab) -> None:
    uuids = [host_uuid(lab)]
    for name in ("trop02", "trop02", "trop03"):
        other = Lab(name, HostFacts(bridges=()), root=folder)
        try:
            other.up()
            uuids.append(host_uuid(other))
        finally:
            other.down(purge=True)
    assert uuids[1] == uuids[2]
    assert len(set(uuids)) == 3


def host_uuid(lab: Lab) -> str:
    return virsh(lab, "capabilities").split("<uuid>")[1].split("<")[0]


def test_two_labs_run_side_by_side_with_the_same_addresses(folder: Path, lab: Lab) -> None:
    unknown = HostFacts(bridges=(Bridge("br0", "eth0"),), gateway=lab.facts.gateway)
    other = Lab("trop03", unknown, root=folder)
    other.up()
    try:
        assert "inet" not in inside(other, "ip", "-o", "-4", "addr", "show", "dev", "br0")
        gateway = str(lab.facts.gateway)
        for each in (lab, other):
            assert f" {gateway} " in inside(each, "ip", "-o", "-4", "addr", campus=True)
        assert "br0" in virsh(other, "iface-list")
    finally:
        other.down(purge=True)
    assert lab.status().running


def test_a_killed_lab_leaves_nothing_and_comes_up_again(folder: Path, facts: HostFacts) -> None:
    before = of_the_machine()
    lab = Lab("trop02", facts, root=folder)
    lab.up()
    try:
        first = processes.first(lab.state)
        assert first
        os.kill(first, signal.SIGKILL)
        wait_for(lambda: not started_by(folder))
        assert of_the_machine() == before
        assert not lab.status().running
        lab.up()
        assert lab.status().running
    finally:
        lab.down(purge=True)


def test_a_killed_libvirtd_comes_back(folder: Path, facts: HostFacts) -> None:
    lab = Lab("trop02", facts, root=folder)
    lab.up()
    try:
        killed = inside(lab, "cat", "/run/libvirtd.pid").strip()
        inside(lab, "kill", "-KILL", killed)
        wait_for(lambda: lab.run(["virsh", "uri"], capture_output=True).returncode == 0)
        assert inside(lab, "cat", "/run/libvirtd.pid").strip() != killed
    finally:
        lab.down(purge=True)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
@pytest.mark.parametrize("stage", ["begun", "first", "libvirtd"])
def test_an_up_that_is_ended_halfway_leaves_no_process(
    folder: Path, number: signal.Signals, stage: str
) -> None:
    code = (
        "from pathlib import Path; from lab.facts import HostFacts; from lab.hypervisor import Lab; "
        f"Lab('trop02', HostFacts(bridges=()), root=Path({str(folder)!r})).up()"
    )
    up = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stderr=subprocess.DEVNULL)
    state = folder / "trop02"
    reached = {
        "begun": (folder / "trop02").exists,
        "first": lambda: processes.find(state),
        "libvirtd": (state / "log" / "libvirtd.log").exists,
    }[stage]
    while not reached():
        assert up.poll() is None
    up.send_signal(number)
    up.wait()
    wait_for(lambda: not started_by(folder))
    Lab("trop02", HostFacts(bridges=()), root=folder).down(purge=True)


def test_what_runs_in_a_lab_that_is_not_up_is_an_error_of_one_line(tmp_path: Path) -> None:
    lab = Lab("trop02", HostFacts(bridges=()), root=tmp_path)
    with pytest.raises(LabError, match="the lab trop02 is not up"):
        lab.run(["true"])

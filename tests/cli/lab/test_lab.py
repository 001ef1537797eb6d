"""What a lab is told of the hypervisor it stands for, and the host file of a rehearsal."""

from pathlib import Path
from xml.etree import ElementTree as Xml

import pytest
from rich.console import Console

import config
from cli import packages
from cli.demo import print_outputs
from cli.lab.host import existing, host_facts
from cli.lab.rehearsal import host_xml
from config.read import stack_file
from lab import possible
from lab.facts import Bridge, LabError
from lab.hypervisor import Lab
from lab.packages import missing
from tests.config.fleets import ROOT

BASE = "/var/lib/libvirt/images/base/fedora-28-32G-docker-base-20181016.qcow"


def plan(stack: str) -> config.Plan:
    return config.load(stack, stack_file(ROOT / f"Pulumi.{stack}.yaml"), ROOT, stack)


def test_the_lab_of_trop02_has_the_bridges_of_the_seeds() -> None:
    facts = host_facts(plan("trop02"))
    assert facts.bridges == (
        Bridge("br0", "eth0", "129.215.175.97/24", "0c:c4:7a:35:12:06"),
        Bridge("br1", "eth1", "192.168.137.233/24", "0c:c4:7a:35:12:07"),
    )
    assert facts.gateway == "129.215.175.126/24"
    assert f"{facts.base_folder}/{facts.base_image}" == BASE
    assert facts.live_folder == "/libvirt/storage/live"


def test_a_hypervisor_of_which_nothing_is_said_gets_a_bridge_without_an_address() -> None:
    assert host_facts(plan("trop03")).bridges == (Bridge("br0", "eth0"),)


def test_a_rehearsals_host_has_the_bridges_and_the_base_image() -> None:
    host = Xml.fromstring(host_xml(plan("trop02")))
    assert [bridge.get("name") for bridge in host.iter("interface") if bridge.get("type") == "bridge"] == [
        "br0",
        "br1",
    ]
    assert [pool.findtext("target/path") for pool in host.iter("pool")] == ["/var/lib/libvirt/images/base"]
    assert [volume.findtext("name") for volume in host.iter("volume")] == [BASE.rpartition("/")[2]]


def test_labs_are_found_by_their_folders(tmp_path: Path) -> None:
    for name in ("trop03", "trop02", "other"):
        (tmp_path / name).mkdir()
    for name in ("trop03", "trop02"):
        (tmp_path / name / "lab.json").touch()
    assert existing(tmp_path) == ["trop02", "trop03"]


def test_a_lab_with_other_guests_is_left_as_it_is_and_the_way_to_a_new_one_is_told(tmp_path: Path) -> None:
    lab = Lab("trop02", host_facts(plan("trop02")), root=tmp_path)
    lab.state.mkdir(parents=True)
    (lab.state / "lab.json").write_text("{}")
    with pytest.raises(LabError, match=r"has tiny guests; to make it anew: ./trop lab down trop02 --purge$"):
        lab.up("debian")


def test_outputs_are_a_table_each() -> None:
    console = Console(width=100, record=True, file=None, force_terminal=False)
    with console.capture() as shown:
        print_outputs(
            console, {"vms": {"Ulov": {"address": "192.168.202.10", "state": "running"}}, "floats": {}}
        )
    text = shown.get()
    assert "vms" in text
    assert [word for word in text.split() if word in ("Ulov", "192.168.202.10", "running")] == [
        "Ulov", "192.168.202.10", "running",
    ]  # fmt: skip


def test_a_missing_package_gives_the_command_to_type(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    with pytest.raises(LabError, match="apt-get install --no-install-recommends qemu-utils"):
        packages.install(["qemu-utils"], print)


def test_packages_that_dpkg_does_not_know_are_missing() -> None:
    assert missing(["dpkg", "no-such-package-of-any-distribution"]) == ["no-such-package-of-any-distribution"]


def test_where_a_lab_cannot_even_be_tried_the_package_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 0)
    monkeypatch.setenv("PATH", str(tmp_path))
    told = possible.why_not()
    assert told.startswith(
        "it can't be tried without mount and util-linux: apt-get update && apt-get install"
    )
    assert told.endswith(" mount util-linux")

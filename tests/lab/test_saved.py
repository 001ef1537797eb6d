"""A guest that is saved, and one whose disk is full, on real libvirt: what is said and refused, and each way out as
printed."""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree as Xml

import libvirt
import pytest
import yaml

from cli import ROOT
from tests.lab import lab_guest
from tests.lab.catalogue_terms import FLOATS
from tests.lab.lab_guest import Guest, wait_for
from tests.lab.stage import Stage, short_folder
from tests.lab.test_audit import audit

pytestmark = [pytest.mark.lab, pytest.mark.adopt, pytest.mark.one_turn]

ADDRESS, MAC = FLOATS["float1"]
OFF = {"Acilamwen": {"running": False}, "Ulov": {}}
ON: dict[str, dict[str, Any]] = {"Acilamwen": {}, "Ulov": {}}


@pytest.fixture(scope="module")
def made() -> Iterator[Stage]:
    """Two VMs of the fleet, the first of which has float1; both answer."""
    with short_folder() as folder:
        hold(folder, "Acilamwen")
        made = Stage(folder, "trop02", "embedded", {"vms": ON, "fleet": str(folder / "fleet.yaml")})
        try:
            made.up()
            made.bring_up()
            wait_for(lambda: at_float(made) == "Acilamwen" or None)
            yield made
        finally:
            made.lab.down(purge=True)


def hold(folder: Any, holder: str) -> None:
    fleet = yaml.safe_load((ROOT / "config/fleet.yaml").read_text(encoding="utf-8"))
    fleet["floats"]["members"]["float1"]["holder"] = holder
    (folder / "fleet.yaml").write_text(yaml.safe_dump(fleet), encoding="utf-8")


def at_float(made: Stage) -> str:
    """The hostname of who answers at float1's address; "" for nobody."""
    return next(iter(lab_guest.page(made.lab, ADDRESS, campus=True)), "").removeprefix("I am ")


def on_the_wire(made: Stage) -> list[str]:
    """The running guests that have float1's NIC with its link up."""
    found = []
    for name in made.names("list"):
        for nic in made.xml("dumpxml", name).iterfind("devices/interface"):
            mac, link = nic.find("mac"), nic.find("link")
            up = link is None or link.get("state") == "up"
            if mac is not None and mac.get("address") == MAC and up:
                found.append(name)
    return found


def typed(made: Stage, line: str) -> None:
    """A line that was printed, as a shell takes it."""
    done = subprocess.run(
        ["sh", "-c", line], env=made.environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def ways_out(text: str, name: str) -> list[str]:
    """The line that starts it, and the one that gives its image up."""
    found = re.findall(rf"virsh -c '[^']+' (?:start|managedsave-remove) {name}", text)
    return list(dict.fromkeys(found))


@pytest.mark.reports("N1")
def test_a_float_leaves_a_saved_guest_only_once_that_was_started_by_the_line_that_is_told(
    made: Stage,
) -> None:
    made.virsh("managedsave", "Acilamwen")
    hold(made.folder, "Ulov")
    made.declare(vms=OFF)
    refused = made.on_stack("preview")
    assert refused.code != 0
    assert f"domain Acilamwen is saved, and its image still has NIC {MAC}" in refused.text
    start, drop = ways_out(refused.text, "Acilamwen")
    assert (" start Acilamwen" in start, " managedsave-remove Acilamwen" in drop) == (True, True)
    (note,) = [found for found in audit(made)[1] if found["kind"] == "vm-saved"]
    ways = note["mend"].split("; or, without what it had in memory: ")  # typed here, and in the next test
    assert [shlex.split(way) for way in ways] == [shlex.split(way) for way in (start, drop)]
    assert "saved" in made.trop("lab", "status", "trop02").out
    typed(made, start)
    wait_for(lambda: at_float(made) == "Acilamwen" or None)
    made.declare(vms=ON)
    made.must("up", "--yes")
    assert on_the_wire(made) == ["Ulov"]
    wait_for(lambda: at_float(made) == "Ulov" or None)
    made.unchanged()


@pytest.mark.reports("N1")
def test_a_float_goes_to_a_saved_guest_only_once_its_image_was_given_up(made: Stage) -> None:
    made.virsh("managedsave", "Acilamwen")
    hold(made.folder, "Acilamwen")
    made.declare(vms=OFF)
    refused = made.on_stack("up", "--yes")
    assert refused.code != 0
    assert f"domain Acilamwen is saved, and its image does not have NIC {MAC}" in refused.text
    assert on_the_wire(made) == ["Ulov"]
    typed(made, ways_out(refused.text, "Acilamwen")[1])
    made.must("up", "--yes")
    assert on_the_wire(made) == []
    made.declare(vms=ON)
    assert "Acilamwen was saved, and libvirt has no image of it" in made.must("up", "--yes").text
    assert on_the_wire(made) == ["Acilamwen"]
    made.must("up", "--yes")  # a guest that was off when it got the NIC is told of it once it runs
    wait_for(lambda: at_float(made) == "Acilamwen" or None)


@pytest.mark.reports("N1")
def test_one_run_that_starts_the_saved_guest_moves_the_float_from_it(made: Stage) -> None:
    made.declare(vms=ON)
    made.must("up", "--yes")
    made.virsh("managedsave", "Acilamwen")
    hold(made.folder, "Ulov")
    done = made.must("up", "--yes")
    assert "Acilamwen is started from its managed save image" in done.text
    assert on_the_wire(made) == ["Ulov"]
    made.unchanged()


@pytest.mark.reports("N1")
def test_of_a_guest_that_was_saved_to_a_file_it_is_said_what_a_start_and_a_move_do_to_that(
    made: Stage,
) -> None:
    hold(made.folder, "Acilamwen")
    made.declare(vms=ON)
    made.must("up", "--yes")
    wait_for(lambda: at_float(made) == "Acilamwen" or None)
    made.virsh("save", "Acilamwen", "/libvirt/storage/by-hand.save")
    hold(made.folder, "Ulov")
    seen = made.must("preview").text
    assert "Acilamwen was saved, and libvirt has no image of it" in seen
    assert "its start without it makes it useless, for the disk goes on" in seen
    assert f"it comes back with NIC {MAC}, which moves away now" in seen
    (down,) = [found for found in audit(made)[1] if found["kind"] == "vm-stopped"]
    assert "shut off (it was saved, and libvirt has no image of it)" in down["what"]
    made.virsh("restore", "/libvirt/storage/by-hand.save")
    made.must("up", "--yes")
    assert on_the_wire(made) == ["Ulov"]
    wait_for(lambda: at_float(made) == "Ulov" or None)
    made.unchanged()


@pytest.mark.reports("N1")
def test_libvirt_takes_no_other_devices_for_an_image_and_its_link_there_says_nothing(made: Stage) -> None:
    """Why a move is refused: an image can't be changed so that its guest comes back without the NIC on the wire."""
    hold(made.folder, "Acilamwen")
    made.must("up", "--yes")
    wait_for(lambda: at_float(made) == "Acilamwen" or None)
    made.virsh("managedsave", "Acilamwen")
    conn = libvirt.open(made.lab.uri)
    try:
        domain = conn.lookupByName("Acilamwen")
        with pytest.raises(
            libvirt.libvirtError, match="Refusing to undefine while domain managed save image"
        ):
            domain.undefineFlags(0)
        root = Xml.fromstring(domain.managedSaveGetXMLDesc(1))
        devices = root.find("devices")
        assert devices is not None
        nic = next(n for n in devices.iterfind("interface") if n.find(f"mac[@address='{MAC}']") is not None)
        link = nic.find("link")
        (Xml.SubElement(nic, "link") if link is None else link).set("state", "down")
        assert domain.managedSaveDefineXML(Xml.tostring(root, encoding="unicode"), 0) == 0
        devices.remove(nic)
        with pytest.raises(libvirt.libvirtError, match="net card count"):
            domain.managedSaveDefineXML(Xml.tostring(root, encoding="unicode"), 0)
        domain.create()
    finally:
        conn.close()
    assert on_the_wire(made) == []  # as libvirt has it
    wait_for(lambda: at_float(made) == "Acilamwen" or None)  # as it is
    made.virsh("domif-setlink", "Acilamwen", MAC, "up")


@pytest.mark.reports("D6")
def test_a_guest_whose_disk_is_full_is_told_with_the_room_and_no_float_goes_to_it(made: Stage) -> None:
    folder = "/libvirt/storage/small"
    image = f"{folder}/d.qcow2"
    make = (
        f"mkdir -p {folder} && mount -t tmpfs -o size=6m tmpfs {folder} && qemu-img create -q -f qcow2 {image} 64M && "
        f"chmod 777 {folder} && chmod 666 {image}"
    )
    made.lab.run(["sh", "-c", make], check=True, capture_output=True)
    made.virsh("pool-define-as", "small", "dir", "--target", folder)
    made.virsh("pool-start", "small")
    made.virsh("attach-disk", "Ulov", image, "vdb", "--subdriver", "qcow2", "--live")
    guest = Guest(made.lab, "Ulov")
    wait_for(
        lambda: (
            guest.agent("/bin/sh", "-c", "test -b /dev/vdb && echo there || echo not").strip() == "there"
            or None
        )
    )
    guest.agent("/bin/sh", "-c", "dd if=/dev/urandom of=/dev/vdb bs=64k count=900 >/dev/null 2>&1 &")
    wait_for(lambda: "paused (I/O error)" in made.virsh("domstate", "--reason", "Ulov") or None)

    said = "paused (I/O error, vdb: no space)"
    (found,) = [f for f in audit(made)[1] if f["kind"] == "vm-stopped"]
    assert f"it is declared to run, and is {said}; pool small has " in found["what"]
    assert int(found["what"].split("pool small has ")[1].split()[0]) < 6 << 20
    assert found["mend"].startswith("make room in pool small, then: virsh ")
    assert said in made.trop("lab", "status", "trop02").out
    assert f"guest Ulov does not go on: it is {said}" in made.must("preview").text

    hold(made.folder, "Ulov")
    refused = made.on_stack("up", "--yes", "--skip-preview")
    assert refused.code != 0
    assert f"guest Ulov is {said}, and its agent cannot answer; make room for its disks first" in refused.text
    assert on_the_wire(made) == ["Acilamwen"]

    made.lab.run(["mount", "-o", "remount,size=80m", folder], check=True, capture_output=True)
    typed(made, found["mend"].partition(", then: ")[2])
    wait_for(lambda: made.virsh("domstate", "Ulov").strip() == "running" or None)
    made.must("up", "--yes")
    assert on_the_wire(made) == ["Ulov"]

"""Day by day: each row of README's table, while guests run."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.firstday.desk import FLEET, SMALL, STACK, Desk
from tests.firstday.host import FLOAT, FOREIGN, Host, page, wait

pytestmark = [pytest.mark.lab, pytest.mark.firstday]

LIVE = Path("/libvirt/storage/live")
MORE = {**SMALL, "memory": 160}


def test_what_was_changed_by_hand_shows_as_a_change_back(desk: Desk, host: Host) -> None:
    host.virsh("autostart", "--disable", "Ulov")
    told = desk.well("./trop preview trop02")
    assert re.search(r"~ +libvirt:index:Domain Ulov update \[diff: ~autostart\]", told.text)
    desk.up()
    desk.unchanged()


def test_a_vm_is_added_and_the_others_run_on(desk: Desk, host: Host) -> None:
    before = host.running()
    desk.declare(Acilamwen=SMALL, Ulov=SMALL, Lothigometh=SMALL)
    desk.up()
    assert host.running().keys() - before.keys() == {"Lothigometh"}
    assert before.items() <= host.running().items()


def test_all_stacks_at_once_want_a_hypervisor_each(desk: Desk, host: Host) -> None:
    """As the files are shipped, each stack says that it is this host's."""
    before = host.picture()
    audited = desk.readme("./trop audit --all")
    assert audited.code == 1
    assert "leads to the host that is audited as" in audited.text
    refused = desk.readme("./trop up --all", "--yes")
    assert refused.code == 1
    assert "./trop config trop01 set libvirt:uri qemu+ssh://root@trop01/system" in refused.text
    assert host.changed(before) == []


def test_a_float_moves_and_no_guest_restarts(desk: Desk, host: Host) -> None:
    before = host.boots("Acilamwen", "Ulov", FOREIGN)
    desk.edit(FLEET, "holder: Acilamwen", "holder: Ulov")
    told = desk.well("./trop preview trop02")
    assert "nothing restarts" in told.text
    assert page(FLOAT) == "I am Acilamwen"
    desk.up()
    assert page(FLOAT) == "I am Ulov"
    assert host.boots("Acilamwen", "Ulov", FOREIGN) == before


def test_memory_that_waits_for_the_next_start_takes_effect_when_it_is_allowed(desk: Desk, host: Host) -> None:
    before = host.boots("Acilamwen", "Ulov")
    desk.declare(Acilamwen=SMALL, Ulov=MORE, Lothigometh=SMALL)
    told = desk.well("./trop preview trop02")
    assert re.search(r"\d at next boot; nothing restarts", told.text)
    desk.up()
    assert host.boots("Acilamwen", "Ulov") == before
    assert "<memory unit='KiB'>163840</memory>" in host.virsh("dumpxml", "--inactive", "Ulov")
    assert "131072 KiB" in host.virsh("dominfo", "Ulov")

    desk.well("./trop up trop02 --allow NAME=restart", "--yes", NAME="Ulov")
    after = host.boots("Acilamwen", "Ulov")
    assert after["Acilamwen"] == before["Acilamwen"]
    assert after["Ulov"] != before["Ulov"]
    assert "163840 KiB" in host.virsh("dominfo", "Ulov")
    desk.unchanged()


def test_a_disk_comes_goes_and_is_deleted_only_where_it_may(desk: Desk, host: Host) -> None:
    before = host.running()
    for disk, plugged in (
        ({}, True),
        ({"plugged": False}, False),
        ({"plugged": False, "protect": False}, False),
    ):
        own = {**SMALL, "disks": {"data": {"size": "1 MiB", **disk}}}
        desk.declare(Acilamwen=own, Ulov=MORE, Lothigometh=SMALL)
        desk.up()
        assert ("Acilamwen.data.qcow2" in host.virsh("domblklist", "Acilamwen")) == plugged
        assert LIVE.joinpath("Acilamwen.data.qcow2").exists()
    desk.declare(Acilamwen=SMALL, Ulov=MORE, Lothigometh=SMALL)
    desk.up()
    assert not LIVE.joinpath("Acilamwen.data.qcow2").exists()
    assert host.running() == before


def test_an_address_is_reserved_in_the_running_network(desk: Desk, host: Host) -> None:
    before = host.running()
    desk.edit(FLEET, r"Acilamwen: 15\n", "Acilamwen: 15\n      Shed: 16\n")
    outside = desk.type("./trop preview trop02")
    assert outside.code != 0
    assert "slot 16 is outside the DHCP range" in outside.text
    desk.edit(FLEET, r"dhcp: \{first: 8, last: 15\}", "dhcp: {first: 8, last: 16}")
    desk.up()
    assert "ip='192.168.202.16'" in host.virsh("net-dumpxml", "default")
    assert host.running() == before


def test_a_restart_never_stops_a_guest_hard_that_does_not_react(desk: Desk, host: Host) -> None:
    desk.declare(Acilamwen=SMALL, Ulov=MORE, Lothigometh={**MORE, "protect": False})
    host.deafen("Lothigometh")
    before = host.running()
    refused = desk.readme("./trop up trop02 --allow NAME=restart", "--yes --skip-preview", NAME="Lothigometh")
    assert refused.code != 0
    assert "has not shut down within 60 s of being asked to (ACPI): it is not restarted" in refused.text
    assert host.running() == before

    desk.well("virsh destroy NAME", NAME="Lothigometh")
    desk.up()
    assert "163840 KiB" in host.virsh("dominfo", "Lothigometh")
    desk.unchanged()


def test_retired_it_is_stopped_hard_where_that_is_allowed(desk: Desk, host: Host) -> None:
    host.deafen("Lothigometh")
    before = host.running()
    desk.declare(Acilamwen=SMALL, Ulov=MORE)
    done = desk.readme("./trop up trop02 --allow NAME=restart", "--yes --skip-preview", NAME="Lothigometh")
    assert done.code == 0, done.text
    assert before.keys() - host.running().keys() == {"Lothigometh"}
    assert host.running().items() <= before.items()
    assert not list(LIVE.glob("Lothigometh*"))


def test_renamed_it_is_a_new_machine_on_the_same_slot(desk: Desk, host: Host) -> None:
    before = host.running()
    desk.edit(FLEET, "Lothigometh: 9", "Thorongil: 9")
    desk.declare(Acilamwen=SMALL, Ulov=MORE, Thorongil=SMALL)
    desk.up()
    assert host.running().keys() - before.keys() == {"Thorongil"}
    wait(lambda: "192.168.202.9" in host.addresses("Thorongil"), "the reserved address of Thorongil")
    desk.unchanged()


def test_a_protected_vm_is_not_retired(desk: Desk, host: Host) -> None:
    before, file = host.picture(), (desk.folder / STACK).read_text()
    desk.declare(Acilamwen=SMALL, Ulov=MORE)
    for line in ("./trop up trop02 --yes", "./trop destroy trop02 --yes"):
        refused = desk.type(line)
        assert refused.code != 0
        assert "protect" in refused.text
    (desk.folder / STACK).write_text(file)
    assert host.changed(before) == []

"""The first `up` beside a guest of others, and what is shown of looking at what runs."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.firstday import readme
from tests.firstday.desk import STACK, Desk
from tests.firstday.host import FLOAT, FOREIGN, Host, page, wait

pytestmark = [pytest.mark.lab, pytest.mark.firstday, pytest.mark.first]

OUTAGE = '--allow "default=network outage"'
TAKEN = "network default exists already on qemu:///system, and not by this stack"
THERE = "qemu+ssh://root@trop02/system"  # where the hypervisor is another machine


def test_its_preview_refuses_the_hosts_own_network_and_nothing_is_changed(desk: Desk, host: Host) -> None:
    host.boot(FOREIGN)
    desk.well("export PULUMI_CONFIG_PASSPHRASE=…", **{"…": "of-my-choice"})
    desk.well("./trop stack init trop02")
    desk.well(f"./trop config trop02 set libvirt:uri {THERE}", **{THERE: "qemu:///system"})
    for line in ("pool-define-as base dir --target /var/lib/libvirt/images/base", "pool-start base"):
        desk.well(f"virsh {line}")
    desk.well("virsh pool-autostart base")

    before = host.picture()
    for done in (desk.readme("./trop preview trop02"), desk.readme("./trop up trop02", "--yes")):
        assert done.code != 0
        assert TAKEN in done.text
        assert " created" not in done.text
    assert host.changed(before) == []


def test_adopt_compares_and_changes_nothing(desk: Desk, host: Host) -> None:
    before = host.picture()
    told = desk.well("./trop adopt trop02 --lab")
    assert told.line("network default  addresses[0]").split()[-2:] == ["192.168.202.0/24", "192.168.122.0/24"]
    assert told.line("domains:") == f"domains: {FOREIGN}"
    assert told.line("pools:") == "pools: base"
    wanted = desk.type("./trop adopt trop02 --out import.json")
    assert wanted.code == 0, wanted.text
    names = [r["logicalName"] for r in json.loads((desk.folder / "import.json").read_text())["resources"]]
    assert names == ["trop02", "trop02-default"]
    unasked = desk.type("./trop adopt trop02 --write")
    assert "Traceback" not in unasked.text
    assert host.changed(before) == []


def test_taken_over_where_it_was_asked_for_and_nothing_waits_that_preview_does_not_say(
    desk: Desk, host: Host
) -> None:
    before, file = host.picture(), (desk.folder / STACK).read_bytes()
    done = desk.well("./trop adopt trop02 --lab --write --yes")
    assert "nothing on the host was changed" in done.text
    assert (desk.folder / STACK).read_bytes() == file  # nothing of these VMs is there yet

    told = desk.well("./trop preview trop02 --lab")
    assert "192.168.122.0/24 -> 192.168.202.0/24 waits for the network's restart" in told.text
    assert "nothing restarts" in told.text
    asked = desk.well("./trop preview trop02", OUTAGE)
    assert f"guest {FOREIGN} is cut off" in asked.text
    assert host.changed(before) == []


def test_what_the_host_lacks_is_told_at_preview(desk: Desk, host: Host) -> None:
    host.virsh("pool-destroy", "base")
    told = desk.readme("./trop preview trop02")
    assert told.code != 0
    assert "fedora-28-32G-docker-base-20181016.qcow" in told.text
    desk.well("virsh pool-start base")


def test_the_first_up_asks_and_leaves_the_guest_of_others_running(desk: Desk, host: Host) -> None:
    before = host.foreign()
    done = desk.answered("./trop up trop02", "yes", OUTAGE)
    assert done.code == 0, done.text
    assert "Do you want to perform this update?" in done.text
    assert page(FLOAT) == "I am Acilamwen"
    assert host.running().keys() == {FOREIGN, "Acilamwen", "Ulov"}
    wait(lambda: "192.168.202.10" in host.addresses("Ulov"), "the reserved address of Ulov")
    assert host.foreign() == before
    desk.unchanged()


def test_audit_finds_what_is_wrong_and_the_line_that_it_names_mends_it(desk: Desk, host: Host) -> None:
    assert desk.well("./trop audit trop02 --lab").line("nothing found")
    host.virsh("net-autostart", "default", "--disable")
    found = desk.readme("./trop audit trop02 --lab")
    assert found.code == 1
    assert re.search(r"network default .* autostart-off", found.text)
    assert found.line("1:") == "1: ./trop up trop02"
    machine = desk.type("./trop audit trop02 --json")
    assert (machine.code, machine.text.count("autostart-off")) == (1, 1)
    desk.up()
    desk.well("./trop audit trop02 --lab")


def test_whois_answers_as_its_page_shows_it(desk: Desk) -> None:
    (line,) = (line for line in readme.commands(readme.ADDRESSES) if line.startswith("./trop whois "))
    assert desk.well(line).text.splitlines() == readme.answer(readme.ADDRESSES, line)
    seen = desk.type("./trop whois 192.168.202.10 --live")
    assert seen.code == 0, seen.text
    assert "Ulov, a VM of trop02 (slot 10)" in seen.text


def test_a_trace_gets_the_names_beside_the_addresses(desk: Desk) -> None:
    some = "timeout 30 tcpdump -c 4"
    ask = f"ping -q -c 4 -i 0.5 {FLOAT} >/dev/null & "
    (line,) = (line for line in readme.commands(readme.ADDRESSES) if line.endswith("| ./trop annotate -"))
    done = desk.well(line, tcpdump=f"{ask} {some}")
    assert "52:54:00:00:01:00(float1@trop02)" in done.text
    assert f"{FLOAT}(float1@trop02)" in done.text


def test_the_picture_is_drawn_from_what_is_seen(desk: Desk) -> None:
    for line in ("./trop map", "./trop map rack.png --live", "./trop map rack.md"):
        desk.well(line)
    assert (desk.folder / "rack.png").read_bytes().startswith(b"\x89PNG")
    assert "mermaid" in (desk.folder / "rack.md").read_text()
    assert Path(desk.folder, "docs/rack.svg").read_text().startswith("<svg")

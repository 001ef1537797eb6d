"""When something is broken: each line of docs/recovery.md, typed after the thing has been broken."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from tests.firstday.desk import SMALL, STACK, Desk, quoted
from tests.firstday.host import FLOAT, FOREIGN, Host, page, run, wait
from tests.firstday.test_further_days import LIVE, MORE

pytestmark = [pytest.mark.lab, pytest.mark.firstday]

VMS = {"Acilamwen": SMALL, "Ulov": MORE, "Thorongil": SMALL}
PUT_BACK = "./trop stack trop02 import --file COPY --engine embedded"
REMOVE = "./trop stack trop02 rm --force --preserve-config --yes"
INIT = "./trop stack init trop02"


def test_a_killed_up_is_run_again(desk: Desk, host: Host) -> None:
    desk.declare(**VMS, Ibalehar=SMALL)
    with subprocess.Popen(
        ["./trop", "up", "trop02", "--yes", "--skip-preview"], cwd=desk.folder, env=desk.environment,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        for line in process.stdout:
            if "Domain Ibalehar creating" in line:
                break
        os.killpg(process.pid, signal.SIGKILL)
    desk.well("./trop cancel trop02", "--yes")
    desk.up()
    assert "Ibalehar" in host.running()
    desk.unchanged()


def test_a_lost_state_is_put_back_from_its_copy(desk: Desk, host: Host) -> None:
    before, copy = host.picture(), desk.backups()[-1]
    shutil.rmtree(desk.state / "stacks")
    assert desk.readme("./trop preview trop02").code != 0
    desk.well(INIT)
    desk.well(PUT_BACK, COPY=quoted(copy))
    desk.up()
    assert host.changed(before) == []
    desk.unchanged()


def test_with_no_copy_at_all_what_runs_is_adopted(desk: Desk, host: Host) -> None:
    before = host.picture()
    shutil.rmtree(desk.state)
    desk.well(INIT)
    desk.well("./trop adopt trop02 --yes")
    desk.unchanged()
    assert host.changed(before) == []


def test_a_damaged_state_names_the_line_that_puts_it_back(desk: Desk) -> None:
    desk.up()  # the adopted state has no copy yet
    whole = desk.state_file.read_bytes()
    desk.state_file.write_bytes(whole[: len(whole) // 2])
    told = desk.readme("./trop preview trop02")
    assert told.code != 0
    (line,) = set(re.findall(r"`(\./trop stack trop02 import [^`]+)`", told.text))
    done = desk.type(line)
    assert done.code == 0, done.text
    desk.unchanged()


def test_libvirtd_that_went_away_comes_back_and_guests_run_on(desk: Desk, host: Host) -> None:
    """Here there is no UUID in a firmware: at first the host is another one to it."""
    before = host.running()
    host.stop()
    away = desk.readme("./trop up trop02", "--yes")
    assert away.code != 0
    assert "qemu:///system" in away.text
    host.start()
    told = desk.readme("./trop up trop02", "--yes")
    assert told.code != 0
    (line,) = set(re.findall(r"put (host_uuid_source = \S+) into /etc/libvirt/libvirtd.conf", told.text))
    (allow,) = set(re.findall(r'refresh with (--allow "[^"]+=host UUID")', told.text))
    host.configure(line)
    host.stop()
    host.start()
    taken = desk.type(f"./trop refresh trop02 --yes {allow}")
    assert taken.code == 0, taken.text
    desk.unchanged()
    assert host.running() == before


def test_a_dead_dnsmasq_is_brought_back_by_a_restart_of_libvirtd(desk: Desk, host: Host) -> None:
    before, file = host.boots("Ulov", FOREIGN), Path("/run/libvirt/network/default.pid")
    dead = file.read_text().strip()
    run("kill", dead)
    host.stop()
    host.start()
    wait(lambda: file.exists() and file.read_text().strip() != dead, "dnsmasq")
    assert Path("/proc", file.read_text().strip()).exists()
    assert host.boots("Ulov", FOREIGN) == before
    desk.unchanged()


def test_the_line_that_audit_gives_writes_a_removed_disk_anew(desk: Desk, host: Host) -> None:
    before, disk = host.boots("Ulov"), LIVE / "Ulov.qcow"
    disk.unlink()
    refused = desk.readme("./trop up trop02", "--yes")
    assert refused.code != 0
    assert not disk.exists()
    audited = desk.readme("./trop audit trop02")
    (line,) = re.findall(r"virsh .*blockcopy .*", audited.text)
    done = desk.type(line)
    assert done.code == 0, f"{line}\n{done.text}"
    assert disk.exists()
    assert host.boots("Ulov") == before
    desk.unchanged()


def test_a_pool_whose_disk_is_not_mounted_stops_the_preview(desk: Desk, host: Host) -> None:
    before = host.running()
    host.virsh("pool-destroy", "live")
    away = LIVE.rename(LIVE.with_name("unmounted"))
    LIVE.mkdir()
    told = desk.readme("./trop preview trop02")
    assert told.code != 0
    assert "live" in told.text
    LIVE.rmdir()
    away.rename(LIVE)
    host.virsh("pool-start", "live")
    desk.unchanged()
    assert host.running() == before


def test_another_uri_of_the_same_host_and_one_of_another_host(desk: Desk) -> None:
    line = "./trop config trop02 set libvirt:uri …"
    desk.well(line, **{"…": "qemu+unix:///system"})
    desk.well("./trop up trop02 --refresh=false", "--yes --skip-preview")
    desk.unchanged()
    desk.well(line, **{"…": "test:///default"})
    refused = desk.readme("./trop up trop02 --refresh=false", "--yes --skip-preview")
    assert refused.code != 0
    assert "the host is not who it was" in refused.text
    desk.well(line, **{"…": "qemu:///system"})
    desk.well("./trop up trop02 --refresh=false", "--yes --skip-preview")


def test_a_lost_passphrase_costs_nothing_but_the_secrets(desk: Desk, host: Host) -> None:
    before = host.picture()
    desk.well("export PULUMI_CONFIG_PASSPHRASE=…", **{"…": "another"})
    assert desk.readme("./trop preview trop02").code != 0
    desk.well("./trop stack trop02 export --file trop02.json")
    desk.well(REMOVE)
    desk.edit(STACK, r"encryptionsalt: .*\n", "")
    desk.well(INIT)
    desk.well("./trop stack trop02 import --file trop02.json")
    desk.unchanged()
    assert host.changed(before) == []


def test_a_host_that_was_reinstalled_gets_its_vms_back_on_their_disks(desk: Desk, host: Host) -> None:
    before = {path.name: path.stat().st_ino for path in LIVE.iterdir()}
    host.reinstalled()
    told = desk.readme("./trop preview trop02")
    assert told.code != 0
    assert "the host is not who it was" in told.text
    for line in ("pool-define-as base dir --target /var/lib/libvirt/images/base", "pool-start base"):
        desk.well(f"virsh {line}")
    for line in ("pool-define-as live dir --target /libvirt/storage/live", "pool-start live"):
        desk.well(f"virsh {line}")
    desk.well(REMOVE)
    desk.well(INIT)
    desk.well("./trop adopt trop02 --yes")
    desk.up()
    assert host.running().keys() == {"Acilamwen", "Ulov", "Thorongil", "Ibalehar"}
    assert {path.name: path.stat().st_ino for path in LIVE.iterdir()} == before
    assert page(FLOAT) == "I am Ulov"
    desk.unchanged()

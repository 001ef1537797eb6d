"""What a run stands on breaks under it, on a real libvirt: a clear line, no hang, and the next `up` converges."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from provider.connection import keepalive
from tests.faults.page import assert_is_on_the_page, nothing_is_seen
from tests.faults.proxy import Mode
from tests.faults.stage import MAC, NET, NIC, Broken, at, broken
from tests.lab.catalogue_stage import STACK

DNSMASQ = "/run/libvirt/network/catnet.pid"
pytestmark = pytest.mark.lab


@pytest.fixture(scope="module")
def made() -> Iterator[Broken]:
    with broken() as stage:
        yield stage


def other_amount(made: Broken) -> None:
    """A change that is one defineXML of a domain."""
    made.edit(lambda d: d.props("bare").update(memory=64 if d.props("bare")["memory"] == 80 else 80))


@pytest.mark.parametrize("when", ["before", "after"])
def test_libvirtd_killed_and_restarted_during_an_up(when: str, made: Broken) -> None:
    made.edit(lambda d: d.extra.update(othernet=("Network", dict(NET))))
    moment: dict[str, Any] = {when: made.kill_libvirtd}
    with at("virConnect", "networkDefineXML", **moment) as happened:
        said = made.fails_in_a_line(made.apply, 30)
    assert happened
    assert_is_on_the_page(said)
    made.libvirtd_is_back()
    made.converges()
    made.edit(lambda d: d.extra.pop("othernet"))
    made.converges()
    assert "othernet" not in made.stage.names("net-list", "--all")


def cut(made: Broken, mode: Mode) -> str:
    """The line goes bad in the moment in which a domain is defined; what the run says."""
    other_amount(made)
    assert made.proxy is not None
    proxy = made.proxy
    try:
        with at("virConnect", "defineXML", before=lambda: setattr(proxy, "mode", mode)) as happened:
            said = made.fails_in_a_line(made.apply, 40)
    finally:
        proxy.mode = "pass"
    assert happened
    return said


@pytest.mark.parametrize("mode", ["drop", "truncate"])
def test_a_connection_that_is_cut_in_the_middle_of_a_call(mode: Mode, made: Broken) -> None:
    assert_is_on_the_page(cut(made, mode))
    made.converges()


def test_a_connection_that_goes_silent_in_the_middle_of_a_call(
    made: Broken, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert keepalive.INTERVAL * (keepalive.UNANSWERED + 1) == 20  # seconds, as the page says
    monkeypatch.setattr(keepalive, "INTERVAL", 1)
    monkeypatch.setattr(keepalive, "UNANSWERED", 1)
    assert_is_on_the_page(cut(made, "hold"))
    made.converges()


def test_a_slow_connection_only_takes_longer(made: Broken) -> None:
    other_amount(made)
    assert made.proxy is not None
    made.proxy.mode = "delay"
    try:
        done = made.apply()
    finally:
        made.proxy.mode = "pass"
    assert done.code == 0, done.text
    nothing_is_seen(done.text)
    made.converges()


def test_a_guest_that_crashes_during_a_change(made: Broken) -> None:
    made.edit(lambda d: d.extra.update(nic=("Interface", dict(NIC))))
    with at(  # the second call: the first is for its definition
        "virDomain", "attachDeviceFlags", before=lambda: made.kill("/run/libvirt/qemu/bare.pid"), number=1
    ) as happened:
        said = made.fails_in_a_line(made.apply, 30)
    assert len(happened) == 2
    assert_is_on_the_page(said)
    assert made.stage.virsh("domstate", "bare") == "shut off"
    made.converges()
    assert made.stage.virsh("domstate", "bare") == "running"  # as it is declared
    for flags in ((), ("--inactive",)):
        assert made.stage.virsh("dumpxml", *flags, "bare").count(MAC) == 1


def test_a_volume_removed_by_hand(made: Broken) -> None:
    made.by_hand("vol-delete --pool live scratch.qcow2")
    preview = made.preview("--diff")
    assert preview.code == 0, preview.text
    assert_is_on_the_page(preview.text)
    made.converges()
    made.stage.virsh("vol-info", "--pool", "live", "scratch.qcow2")


def test_a_disk_removed_by_hand(made: Broken) -> None:
    disk, copy = "/libvirt/storage/live/bare.qcow2", "/libvirt/storage/live/bare.copy"
    made.stage.lab.run(["cp", "-p", disk, copy], check=True)
    made.by_hand("vol-delete --pool live bare.qcow2")
    for run in (lambda: made.preview("--diff"), made.apply):
        assert_is_on_the_page(made.fails_in_a_line(run, 20))
    made.stage.lab.run(["mv", copy, disk], check=True)
    made.converges()


def test_a_dnsmasq_that_is_dead(made: Broken) -> None:
    """libvirt says nothing of it, so no preview can; the next change of a reservation brings another."""
    made.kill(DNSMASQ)
    assert not made.runs(DNSMASQ)
    preview = made.preview("--expect-no-changes")
    assert preview.code == 0, preview.text
    nothing_is_seen(preview.text)
    host = {"mac": "52:54:00:77:00:05", "ip": "10.77.0.15", "name": "bare"}
    made.edit(lambda d: d.props("catnet").update(dhcpHosts=[host]))
    made.converges()
    assert made.runs(DNSMASQ)
    hosts = made.stage.lab.run(
        ["cat", "/var/lib/libvirt/dnsmasq/catnet.hostsfile"], capture_output=True
    ).stdout
    assert "52:54:00:77:00:05,10.77.0.15,bare" in hosts


def test_a_restart_of_libvirtd_brings_a_dead_dnsmasq_back_too(made: Broken) -> None:
    made.kill(DNSMASQ)
    preview = made.preview("--expect-no-changes")
    assert preview.code == 0, preview.text
    nothing_is_seen(preview.text)
    made.kill_libvirtd()
    made.libvirtd_is_back()
    made.converges()
    assert made.runs(DNSMASQ)


def test_a_host_whose_uuid_is_another_one_after_a_restart_of_libvirtd(made: Broken) -> None:
    """The way out is taken as it is printed: the configuration, the restart, and the refresh with its words."""
    conf = made.stage.lab.state / "etc" / "libvirtd.conf"

    def restarted(line: str) -> None:
        conf.write_text(re.sub(r"^host_uuid.*$", line, conf.read_text(), flags=re.M))
        made.kill_libvirtd()
        made.libvirtd_is_back()

    restarted(f'host_uuid = "{uuid4()}"')  # as libvirt makes one up where the firmware has none
    said = made.fails_in_a_line(made.preview, 30)
    assert_is_on_the_page(said)
    assert made.fails_in_a_line(made.apply, 30)
    (line,) = set(re.findall(r"put (host_uuid_source = \S+) into /etc/libvirt/libvirtd.conf", said))
    (words,) = set(re.findall(r'by a refresh with --allow "(\S+=host UUID)"', said))
    restarted(line)
    done = made.engine("refresh", "--yes", "--stack", STACK, allow=words)
    assert done.code == 0, done.text
    made.converges()
    restarted(line)
    made.converges()

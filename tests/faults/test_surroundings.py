"""What a run stands on breaks under it, on a real libvirt: a clear line, no hang, and the next `up` converges."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from provider.virt import keepalive
from tests.faults.stage import MAC, NET, NIC, Broken, at, broken

DNSMASQ = "/run/libvirt/network/catnet.pid"
pytestmark = pytest.mark.lab


@pytest.fixture(scope="module")
def made() -> Iterator[Broken]:
    with broken() as stage:
        yield stage


def other_amount(made: Broken) -> None:
    """A change that is one defineXML of a domain."""
    made.edit(lambda d: d.props("bare").update(memory=64 if d.props("bare")["memory"] == 80 else 80))


def lost(made: Broken) -> str:
    """How the line begins that says that the connection broke."""
    assert made.proxy is not None
    return f"the connection to libvirt at qemu+unix:///system?socket={made.proxy.path} was lost ("


@pytest.mark.parametrize("when", ["before", "after"])
def test_libvirtd_killed_and_restarted_during_an_up(when: str, made: Broken) -> None:
    made.edit(lambda d: d.extra.update(othernet=("Network", dict(NET))))
    moment: dict[str, Any] = {when: made.kill_libvirtd}
    with at("virConnect", "networkDefineXML", **moment) as happened:
        said = made.fails_in_a_line(made.apply, 30)
    assert happened
    assert f"network othernet: {lost(made)}" in said
    made.libvirtd_is_back()
    made.converges()
    made.edit(lambda d: d.extra.pop("othernet"))
    made.converges()
    assert "othernet" not in made.stage.names("net-list", "--all")


@pytest.mark.parametrize("mode", ["drop", "truncate", "hold"])
def test_a_connection_that_is_cut_in_the_middle_of_a_call(
    mode: Any, made: Broken, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keepalive, "INTERVAL", 1)
    monkeypatch.setattr(keepalive, "UNANSWERED", 1)
    other_amount(made)
    assert made.proxy is not None
    proxy = made.proxy
    with at("virConnect", "defineXML", before=lambda: setattr(proxy, "mode", mode)) as happened:
        said = made.fails_in_a_line(made.apply, 40)
    assert happened
    assert f"domain bare: {lost(made)}" in said
    assert ("keepalive timeout" in said) == (mode == "hold")
    proxy.mode = "pass"
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
    made.converges()


def test_a_guest_that_crashes_during_a_change(made: Broken) -> None:
    made.edit(lambda d: d.extra.update(nic=("Interface", dict(NIC))))
    with at(
        "virDomain", "attachDeviceFlags", before=lambda: made.kill("/run/libvirt/qemu/bare.pid")
    ) as happened:
        said = made.fails_in_a_line(made.apply, 30)
    assert happened
    assert f"error: bare: NIC {MAC} is not plugged in: internal error: " in said
    assert made.stage.virsh("domstate", "bare") == "shut off"
    made.converges()
    assert made.stage.virsh("domstate", "bare") == "running"  # as it is declared
    for flags in ((), ("--inactive",)):
        assert made.stage.virsh("dumpxml", *flags, "bare").count(MAC) == 1


def test_a_volume_removed_by_hand(made: Broken) -> None:
    made.by_hand("vol-delete --pool live scratch.qcow2")
    preview = made.preview("--diff")
    assert preview.code == 0, preview.text
    assert "+ libvirt:index/volume:Volume: (create)" in preview.text
    made.converges()
    made.stage.virsh("vol-info", "--pool", "live", "scratch.qcow2")


def test_a_disk_removed_by_hand(made: Broken) -> None:
    disk, copy = "/libvirt/storage/live/bare.qcow2", "/libvirt/storage/live/bare.copy"
    made.stage.lab.run(["cp", "-p", disk, copy], check=True)
    made.by_hand("vol-delete --pool live bare.qcow2")
    for run in (lambda: made.preview("--diff"), made.apply):
        said = made.fails_in_a_line(run, 20)
        assert f"volume bare.qcow2: the file {disk} is missing, and it is a disk of bare: put it back" in said
    made.stage.lab.run(["mv", copy, disk], check=True)
    made.converges()


def test_a_dnsmasq_that_is_dead(made: Broken) -> None:
    """libvirt says nothing of it, so no preview can; the next change of a reservation brings another."""
    made.kill(DNSMASQ)
    assert not made.runs(DNSMASQ)
    assert made.preview("--expect-no-changes").code == 0
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
    made.kill_libvirtd()
    made.libvirtd_is_back()
    made.converges()
    assert made.runs(DNSMASQ)

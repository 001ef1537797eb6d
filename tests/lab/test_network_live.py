"""A network is changed under a running guest: what the guest and its traffic feel of it."""

from __future__ import annotations

import re
from typing import Any

import pytest

from lab.hypervisor import Lab
from tests.lab.lab_guest import Guest, page, virsh, wait_for
from tests.lab.worked_on import ADDRESS, DECLARED, NAME, Stack, carrier_changes, longest, pings
from tests.lab.worked_on import plugged as plugged
from tests.lab.worked_on import stack as stack

pytestmark = [pytest.mark.lab, pytest.mark.outage, pytest.mark.other_turn]


def test_what_it_cannot_take_is_staged_and_the_guest_misses_nothing(
    lab: Lab, stack: Stack, plugged: Guest
) -> None:
    seen = carrier_changes(plugged)
    with pings(lab, 2) as answers:
        notes = stack.up(natPorts={"start": 2000, "end": 3000}, stp=True)
    assert [note.split(":")[0] for note in notes] == ["impact next boot", "impact next boot"]
    assert stack.outputs["pendingRestart"] == ["natPorts", "stp"]
    assert stack.drift() == {}
    assert "start='2000'" not in virsh(lab, "net-dumpxml", "worked-on")
    assert longest(answers) < 0.2
    assert carrier_changes(plugged) == seen
    stack.up(stp=False)
    assert stack.outputs["pendingRestart"] == ["natPorts"]


def test_ranges_and_reservations_are_changed_live_and_leases_are_kept(
    lab: Lab, stack: Stack, plugged: Guest
) -> None:
    leases = virsh(lab, "net-dhcp-leases", "worked-on")
    other = {"mac": "52:54:00:aa:00:2b", "ip": "10.9.7.6", "name": "other"}
    with pings(lab, 5) as answers:
        notes = stack.up(
            dhcpRanges=[{"start": "10.9.7.2", "end": "10.9.7.20"}], dhcpHosts=[*DECLARED["dhcpHosts"], other]
        )
    assert [note.split(":")[0] for note in notes] == ["impact live"] * 2
    assert "3 holes of 0.2 to 0.4 s" in notes[0]
    for words in ([], ["--inactive"]):
        xml = virsh(lab, "net-dumpxml", "worked-on", *words)
        assert "end='10.9.7.20'" in xml
        assert "end='10.9.7.9'" not in xml
        assert other["mac"] in xml
    assert virsh(lab, "net-dhcp-leases", "worked-on") == leases
    assert longest(answers) < 0.2
    assert stack.drift() == {}


def test_what_was_changed_by_hand_is_shown_and_mended_live(lab: Lab, stack: Stack, plugged: Guest) -> None:
    host = "<host mac='52:54:00:aa:00:2b'/>"
    virsh(lab, "net-update", "worked-on", "delete", "ip-dhcp-host", host, "--live")
    assert stack.drift() == {"dhcpHosts[1]": "add"}
    assert len(stack.up()) == 1
    virsh(lab, "net-update", "worked-on", "delete", "ip-dhcp-host", host, "--config")
    assert stack.drift() == {"dhcpHosts[1]": "add"}
    assert "in the definition alone" in stack.up()[0]
    assert stack.drift() == {}


def test_two_reservations_swap_their_addresses_by_two_calls(lab: Lab, stack: Stack, plugged: Guest) -> None:
    one, two = stack.inputs["dhcpHosts"]
    there, back = [one, {**two, "ip": "10.9.7.7"}], [one, two]
    assert "2 changed" not in stack.up(dhcpHosts=there)[0]
    more = {"mac": "52:54:00:aa:00:2c", "ip": "10.9.7.8", "name": "more"}
    stack.up(dhcpHosts=[*there, more])
    swapped = [one, {**there[1], "ip": more["ip"]}, {**more, "ip": "10.9.7.7"}]
    assert "2 changed; 2 holes" in stack.up(dhcpHosts=swapped)[0]
    stack.up(dhcpHosts=back)
    assert stack.drift() == {}


def test_a_restart_that_is_allowed_keeps_the_guests_carrier_and_says_how_long_it_took(
    lab: Lab, stack: Stack, plugged: Guest, monkeypatch: pytest.MonkeyPatch, record_property: Any
) -> None:
    seen, uuid = carrier_changes(plugged), virsh(lab, "net-uuid", "worked-on")
    bridge_mac = re.findall("<mac address='(.*)'/>", virsh(lab, "net-dumpxml", "worked-on"))
    monkeypatch.setenv("LIBVIRT_ALLOW", "worked-on=network outage")
    assert stack.drift() == {"pendingRestart": "delete"}
    with pings(lab, 8) as answers:
        notes = stack.up()
    said = float(re.findall(r"plugged was cut off for ([\d.]+) s", notes[-1])[0])
    record_property("said", said)
    record_property("felt", longest(answers))
    print(f"restart: {said:.2f} s said, {longest(answers):.2f} s between two answers")
    # Linux asks for a neighbour once a second: who was asked for while no guest was plugged in waits that long.
    assert said - 0.3 < longest(answers) < said + 1.5
    assert carrier_changes(plugged) == seen
    assert virsh(lab, "net-uuid", "worked-on") == uuid
    xml = virsh(lab, "net-dumpxml", "worked-on")
    assert re.findall("<mac address='(.*)'/>", xml) == bridge_mac
    assert "start='2000'" in xml
    assert "park" not in virsh(lab, "net-list", "--all", "--name")
    assert stack.drift() == {}


def test_a_network_that_was_restarted_by_hand_is_shown_and_its_guests_plugged_in(
    lab: Lab, stack: Stack, plugged: Guest
) -> None:
    virsh(lab, "net-destroy", "worked-on")
    assert stack.drift() == {"active": "update"}
    virsh(lab, "net-start", "worked-on")
    assert stack.drift() == {"unplugged": "update"}
    assert page(lab, ADDRESS, campus=False) == []
    assert stack.up() == ["impact live: unplugged: plugged plugged in again"]
    assert wait_for(lambda: page(lab, ADDRESS, campus=False))[0] == f"I am {NAME}"

"""A network that can't start, or could not start again; and what nobody declares of one that runs."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from lab.hypervisor import Lab
from provider.errors import Refused, Unfinished
from tests.lab.lab_guest import Guest, page, virsh, wait_for
from tests.lab.worked_on import ADDRESS, MAC, NAME, Stack, longest, pings
from tests.lab.worked_on import plugged as plugged
from tests.lab.worked_on import stack as stack

pytestmark = [pytest.mark.lab, pytest.mark.outage, pytest.mark.other_turn]

CLASH = ["ip", "link", "add", "clash", "type", "bridge"]
MORE = {"start": 3000, "end": 4000}


@contextmanager
def clash(lab: Lab, address: str) -> Iterator[None]:
    """Somebody else's bridge with an address on the hypervisor."""
    lab.run(CLASH, check=True)
    try:
        lab.run(["ip", "link", "set", "clash", "up"], check=True)
        lab.run(["ip", "addr", "add", address, "dev", "clash"], check=True)
        yield
    finally:
        lab.run(["ip", "link", "del", "clash"], check=True)


@contextmanager
def no_dnsmasq(lab: Lab) -> Iterator[None]:
    """What nobody foresees: dnsmasq can't be started."""
    lab.run(["mount", "--bind", "/bin/false", "/usr/sbin/dnsmasq"], check=True)
    try:
        yield
    finally:
        lab.run(["umount", "/usr/sbin/dnsmasq"], check=True)


@pytest.mark.reports("H8")
def test_lease_times_set_by_hand_survive_another_name_running_and_defined(
    lab: Lab, stack: Stack, plugged: Guest
) -> None:
    (one, *others) = stack.inputs["dhcpHosts"]
    timed = f"<host mac='{MAC}' name='{NAME}' ip='{ADDRESS}'><lease expiry='7' unit='hours'/></host>"
    virsh(lab, "net-update", "worked-on", "modify", "ip-dhcp-host", timed, "--live", "--config")
    assert stack.drift() == {}
    stack.up(dhcpHosts=[{**one, "name": "renamed"}, *others])
    for words in ([], ["--inactive"]):
        xml = virsh(lab, "net-dumpxml", "worked-on", *words)
        assert re.search(r"name='renamed' ip='10\.9\.7\.5'>\s*<lease expiry='7' unit='hours'/>", xml)
    stack.up(dhcpHosts=[one, *others])
    assert stack.drift() == {}


@pytest.mark.reports("H6", "H7")
def test_a_subnet_that_is_taken_is_refused_before_the_stop_and_before_the_start(
    lab: Lab, stack: Stack, plugged: Guest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LIBVIRT_ALLOW", "worked-on=network outage")
    taken = r"10\.9\.7\.0/24 is in use on the host by interface clash: ip -4 addr flush dev clash to 10\.9\.7\.0/24"
    with clash(lab, "10.9.7.77/24"):
        with pings(lab, 2) as answers, pytest.raises(Refused, match=f"is not restarted, .*: {taken}"):
            stack.up(natPorts=MORE)
        assert longest(answers) < 0.3
        virsh(lab, "net-destroy", "worked-on")
        with pytest.raises(Refused, match=f"can't be started: {taken}"):
            stack.up()
        lab.run(["ip", "-4", "addr", "flush", "dev", "clash", "to", "10.9.7.0/24"], check=True)
        assert "impact live: active: network worked-on is started" in stack.up()
    assert wait_for(lambda: page(lab, ADDRESS, campus=False))[0] == f"I am {NAME}"
    assert stack.drift() == {}


@contextmanager
def server(lab: Lab, kind: str, port: int) -> Iterator[None]:
    """Somebody else's, on all addresses of the hypervisor."""
    listens = (
        f"import socket, time; s = socket.socket(type=socket.{kind}); s.bind(('', {port})); "
        "s.type == socket.SOCK_STREAM and s.listen(); print('ready', flush=True); time.sleep(60)"
    )
    network = f"--net=/proc/{lab._running()}/ns/net"
    with subprocess.Popen(["nsenter", network, sys.executable, "-c", listens], stdout=subprocess.PIPE) as run:
        try:
            assert run.stdout is not None
            assert run.stdout.readline() == b"ready\n"
            yield
        finally:
            run.kill()


@pytest.mark.reports("H6")
def test_another_server_on_dnsmasqs_port_is_known_before_the_start(
    lab: Lab, stack: Stack, plugged: Guest
) -> None:
    virsh(lab, "net-destroy", "worked-on")
    for kind, port, said in (
        ("SOCK_STREAM", 53, "DNS server of the host has TCP port 53"),
        ("SOCK_DGRAM", 53, "DNS server of the host has UDP port 53"),
        ("SOCK_DGRAM", 67, "DHCP server of the host has UDP port 67"),
    ):
        with server(lab, kind, port):
            with pytest.raises(Refused, match=said):
                stack.up()
            with pytest.raises(AssertionError, match="Address already in use"):
                virsh(lab, "net-start", "worked-on")
    stack.up()
    assert wait_for(lambda: page(lab, ADDRESS, campus=False))[0] == f"I am {NAME}"


@contextmanager
def no_firewall(lab: Lab) -> Iterator[None]:
    """No program that libvirt may call writes a rule any more."""
    programs = "for each in iptables nft; do realpath $(command -v $each); done | sort -u"
    found = lab.run(["sh", "-c", programs], check=True, stdout=subprocess.PIPE).stdout.split()
    for program in found:
        lab.run(["mount", "--bind", "/bin/false", program], check=True)
    try:
        yield
    finally:
        for program in found:
            lab.run(["umount", program], check=True)


@pytest.mark.reports("H6", "H7")
def test_a_firewall_that_takes_no_rules_is_known_before_the_stop_and_before_the_start(
    lab: Lab, stack: Stack, plugged: Guest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LIBVIRT_ALLOW", "worked-on=network outage")
    said = "the host's firewall can't be read, to which libvirt adds rules"
    with no_firewall(lab):
        with pytest.raises(Refused, match=f"is not restarted, .*: {said}"):
            stack.up(natPorts=MORE)
        virsh(lab, "net-destroy", "worked-on")
        with pytest.raises(Refused, match=f"can't be started: {said}"):
            stack.up()
        with pytest.raises(AssertionError, match="net-start worked-on: error"):
            virsh(lab, "net-start", "worked-on")
    stack.up()
    assert wait_for(lambda: page(lab, ADDRESS, campus=False))[0] == f"I am {NAME}"
    assert stack.drift() == {}


@pytest.mark.reports("H7")
def test_a_definition_that_does_not_start_gives_way_to_the_former_one_and_the_guest_is_back(
    lab: Lab, stack: Stack, plugged: Guest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LIBVIRT_ALLOW", "worked-on=network outage")
    with pytest.raises(
        Unfinished, match=r"runs with the old one again, after .*; guest plugged cut off meanwhile"
    ):
        stack.up(mtu=1)  # which libvirt defines and the kernel refuses
    assert "park" not in virsh(lab, "net-list", "--all", "--name")
    assert wait_for(lambda: page(lab, ADDRESS, campus=False))[0] == f"I am {NAME}"
    assert stack.drift() == {}


@pytest.mark.reports("H7")
def test_a_network_that_does_not_come_back_is_called_down_and_the_next_up_mends_all(
    lab: Lab, stack: Stack, plugged: Guest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LIBVIRT_ALLOW", "worked-on=network outage")
    with no_dnsmasq(lab), pytest.raises(Unfinished) as told:
        stack.up(natPorts=MORE)
    assert re.search(
        "does not run since 20.*: it was stopped to be restarted, and does not start", str(told.value)
    )
    assert "guest plugged cut off since then" in str(told.value)
    assert "not changed" not in str(told.value)
    assert virsh(lab, "net-list", "--all", "--name").split().count("worked-on") == 1
    assert "park" not in virsh(lab, "net-list", "--all", "--name")
    assert stack.drift() == {"active": "update"}
    stack.up(natPorts=MORE)
    assert wait_for(lambda: page(lab, ADDRESS, campus=False))[0] == f"I am {NAME}"
    assert stack.drift() == {}


@pytest.mark.reports("W5")
def test_another_subnet_waits_and_after_its_restart_the_guest_asks_anew_as_is_told(
    lab: Lab, stack: Stack, plugged: Guest, monkeypatch: pytest.MonkeyPatch
) -> None:
    moved = {
        "addresses": ["10.9.8.0/24"],
        "dhcpRanges": [{"start": "10.9.8.2", "end": "10.9.8.9"}],
        "dhcpHosts": [{"mac": MAC, "ip": "10.9.8.5", "name": NAME}],
    }
    notes = stack.up(**moved)
    assert any("given addresses of 10.9.7.0/24, and no planned one of 10.9.8.0/24" in note for note in notes)
    stack.drift()
    assert stack.outputs["otherLeases"] == {MAC: ADDRESS}
    monkeypatch.setenv("LIBVIRT_ALLOW", "worked-on=network outage")
    notes = stack.up()
    assert "until each asks for an address anew: they keep those of 10.9.7.0/24" in notes[-1]
    assert page(lab, ADDRESS, campus=False) == page(lab, "10.9.8.5", campus=False) == []
    virsh(lab, "domif-setlink", NAME, MAC, "down")
    time.sleep(6)
    virsh(lab, "domif-setlink", NAME, MAC, "up")
    assert wait_for(lambda: page(lab, "10.9.8.5", campus=False))[0] == f"I am {NAME}"
    assert stack.drift() == {}
    assert stack.outputs["otherLeases"] == {}

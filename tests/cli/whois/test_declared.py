"""Whose an address is by the declarations alone."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.whois import notation
from cli.whois.command import Directory
from cli.whois.notation import NotUnderstoodError
from tests.cli.whois.asked import OFFLINE, RACK, link_local, notations, said


@given(st.sampled_from([o.mac for o in OFFLINE.owners if o.mac]))
def test_all_notations_of_a_declared_mac_get_the_same_answer(mac: str) -> None:
    words = [*notations(mac), link_local(mac), notation.taps_mac(mac)]
    answers = {OFFLINE.answer(word).owners for word in words}
    assert len(answers) == 1
    assert [o.mac for o in answers.pop()] == [mac]


@pytest.mark.parametrize(
    ("word", "why"),
    [
        ("192.168.202.300", "is no IPv4 address"),
        ("192.168.202.015", "is no IPv4 address"),
        ("52:54:00:00:01", "neither a MAC of six octets nor an IPv6 address"),
        ("52:54:00:00:01:zz", "neither a MAC"),
        ("52:54-00:00:01:00", "neither a MAC"),
        ("5254.0000", "nothing of the rack is called that"),
        ("192.168.202.0/24", "nothing of the rack is called that"),
        ("Acilamwem", "nothing of the rack is called that"),
        ("", "nothing of the rack is called that"),
        ("fe80::1%\n", "cannot be printed"),
    ],
)
def test_a_bad_word_is_refused_with_the_reason(word: str, why: str) -> None:
    with pytest.raises(NotUnderstoodError, match=why):
        OFFLINE.answer(word)


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("129.215.175.100", ["float1, a float held by Acilamwen on trop02", "52:54:00:00:01:00", "VLAN campus"]),
        ("5254.0000.0101", ["float2, a float held by nobody (index 1)", "129.215.175.101"]),
        ("fe80::5054:ff:fe02:20f", ["Acilamwen, a VM of trop02 (slot 15), holds float1", "192.168.202.15"]),
        ("fe:54:00:02:02:0a", ["the host's end of 52:54:00:02:02:0a", "Ulov, a VM of trop02"]),
        ("192.168.202.14", ["Siamond, reserved on trop02 (slot 14); no VM is declared"]),
        ("192.168.203.9", ["nobody's", "in trop03's range, slot 9: free"]),
        ("52:54:00:02:03:09", ["nobody's", "in trop03's range, slot 9: free"]),
        ("192.168.203.200", ["in trop03's range, slot 200: nobody's, outside the DHCP range (slots 8 to 15)"]),
        ("192.168.203.1", ["default, the NAT network of trop03", "DHCP 192.168.203.8 to 192.168.203.15"]),
        ("192.168.203.0", ["the network address of network default on trop03"]),
        ("192.168.203.255", ["the broadcast address of network default on trop03"]),
        ("192.168.207.9", ["by the rule 192.168.2NN.xxx of hypervisor 7, slot 9: there is no such hypervisor"]),
        ("52:54:00:02:07:09", ["by the rule 52:54:00:02:NN:xx of hypervisor 7, slot 9"]),
        ("52:54:00:02:02:ff", ["in trop02's range, but 255 is no slot"]),
        ("52:54:00:00:01:09", ["a float's MAC by rule, index 9: no such float (declared: 0 to 3)"]),
        ("52:54:00:aa:bb:cc", ["52:54:00 is what libvirt and QEMU begin the MACs of guests with"]),
        ("129.215.175.97", ["br0, a bridge of trop02 itself (port eth0)", "0c:c4:7a:35:12:06"]),
        ("129.215.175.126", ["the gateway of VLAN campus"]),
        ("195.194.120.1", ["a resolver of VLAN campus"]),
        ("129.215.175.5", ["in VLAN campus (129.215.175.0/24): declared for nobody"]),
        ("129.215.175.255", ["the broadcast address of VLAN campus"]),
        ("8.8.8.8", ["in none of the rack's networks"]),
        ("224.0.0.251", ["a multicast address"]),
        ("169.254.7.7", ["link-local", "no DHCP server"]),
        ("255.255.255.255", ["the broadcast address: everybody"]),
        ("ff:ff:ff:ff:ff:ff", ["the broadcast MAC"]),
        ("01-80-C2-00-00-00", ["spanning tree"]),
        ("01:80:c2:00:00:0e", ["between switches"]),
        ("01:00:5e:00:00:fb", ["a multicast MAC of IPv4"]),
        ("33:33:00:00:00:01", ["a multicast MAC of IPv6"]),
        ("02:42:ac:11:00:02", ["Docker"]),
        ("06:00:00:00:00:01", ["locally administered"]),
        ("0c:c4:7a:00:00:01", ["registered for Super Micro Computer"]),
        ("fe80::1234", ["not made of a MAC"]),
        ("ff02::1", ["a multicast address of IPv6"]),
        ("::ffff:192.168.202.15", ["Acilamwen, a VM of trop02"]),
        ("vnet3", ["ask with --live"]),
        ("ACILAMWEN", ["Acilamwen, a VM of trop02"]),
        ("float2", ["a float held by nobody"]),
        ("trop02", ["trop02, hypervisor 2: 5 VMs, MACs 52:54:00:02:02:xx, addresses 192.168.202.0/24"]),
        ("campus", ["campus, a VLAN: 129.215.175.0/24"]),
        ("br1", ["br1, a bridge of trop02 itself (port eth1)", "192.168.137.233", "VLAN databases"]),
    ],
)  # fmt: skip
def test_what_is_said_of_a_word(word: str, expected: list[str]) -> None:
    text = said(word)
    assert [part for part in expected if part not in text] == [], text


def test_a_hypervisor_with_one_vm_has_one() -> None:
    plan = RACK.plans["trop02"]
    plans = RACK.plans | {"trop02": plan.model_copy(update={"vms": plan.vms[:1]})}
    assert "hypervisor 2: 1 VM, MACs" in said("trop02", Directory(replace(RACK, plans=plans)))


def test_the_mac_of_the_notes_is_nobodys_and_the_one_with_swapped_octets_is_named() -> None:
    answer = OFFLINE.answer("52:54:00:00:00:01")

    assert answer.owners == ()
    assert answer.says[0] == "float1 has 52:54:00:00:01:00: this is it with octets 5 and 6 swapped"
    assert not any("float2" in text for text in answer.says)


@pytest.mark.parametrize("word", ["br0", "virbr0", "default", "bridged"])
def test_a_name_that_each_hypervisor_has_is_answered_for_each(word: str) -> None:
    assert [o.hypervisor for o in OFFLINE.answer(word).owners] == list(RACK.fleet.hypervisors)


def test_every_name_mac_and_address_that_is_declared_leads_to_its_owner() -> None:
    for owner in OFFLINE.owners:
        for word in (*owner.words, owner.mac, owner.address):
            if word is not None:
                assert owner in OFFLINE.answer(word).owners, (word, owner)

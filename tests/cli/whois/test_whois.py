"""Whose an address is: in every notation, by the declarations alone, and against what is seen."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import netaddr
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli import ROOT, live, rack
from cli.whois import command as whois
from cli.whois import notation
from cli.whois import seen as whois_seen
from cli.whois.command import Directory, lines
from cli.whois.notation import NotUnderstoodError
from cli.whois.seen import Seen, gather
from provider.domain.seen import see
from provider.errors import OperatorError
from provider.survey.survey import DomainSeen, HostSeen, Lease, NetworkSeen
from tests.config import fleets

RACK = rack.load(ROOT)
OFFLINE = Directory(RACK)

macs = st.binary(min_size=6, max_size=6).map(lambda octets: octets.hex(":"))


def link_local(mac: str) -> str:
    """The IPv6 address that a NIC gives itself."""
    return str(netaddr.EUI(mac).ipv6_link_local())


def notations(mac: str) -> list[str]:
    bare = mac.replace(":", "")
    cisco = f"{bare[:4]}.{bare[4:8]}.{bare[8:]}"
    short = ":".join(octet.lstrip("0") or "0" for octet in mac.split(":"))
    plain = [mac, mac.replace(":", "-"), cisco, bare, short]
    return [*plain, *(text.upper() for text in plain)]


def said(word: str, known: Directory = OFFLINE) -> str:
    return "\n".join(lines(known.answer(word)))


# What runs


def domain(name: str, *nics: str, state: str = "running") -> DomainSeen:
    """A domain with NICs of the form ``mac network vnetN``."""
    interfaces = "".join(
        f"<interface type='network'><mac address='{mac}'/><source network='{network}'/>"
        f"<target dev='{tap}'/></interface>"
        for mac, network, tap in (nic.split() for nic in nics)
    )
    xml = f"<domain type='qemu'><name>{name}</name><devices>{interfaces}</devices></domain>"
    running = state == "running"
    return DomainSeen(name, f"uuid of {name}", state, True, see(xml) if running else None, see(xml), xml, xml)


DEFAULT = """<network><name>default</name><ip address='192.168.202.1' netmask='255.255.255.0'>
  <dhcp><host mac='52:54:00:02:02:0F' name='Acilamwen' ip='192.168.202.15'/></dhcp></ip></network>"""


def host(*domains: DomainSeen, leases: tuple[Lease, ...] = (), uuid: str = "u2") -> HostSeen:
    network = NetworkSeen(
        "default", "n", True, True, True, "nat", "virbr0", "52:54:00:02:02:01", DEFAULT, DEFAULT
    )
    return HostSeen("test:///2", uuid, domains, (network,), leases, (), ())


def seeing(looks: Mapping[str, HostSeen | OperatorError]) -> Directory:
    return Directory(RACK, gather(looks, {}))


ACILAMWEN = domain("Acilamwen", "52:54:00:02:02:0f default vnet0", "52:54:00:00:01:00 bridged vnet5")


# Notations


@given(macs)
def test_all_notations_of_a_mac_are_read_as_the_same(mac: str) -> None:
    assert {notation.mac_of(text) for text in notations(mac)} == {mac}


@given(macs)
def test_the_link_local_address_of_a_mac_leads_back_to_it(mac: str) -> None:
    for zone in ("", "%br0", "%7"):
        read = notation.read(link_local(mac) + zone)
        assert read is not None
        assert read.mac == mac


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


# By the declarations alone


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


# Against what is seen


def test_what_runs_as_declared_is_declared_and_seen() -> None:
    known = seeing({"trop02": host(ACILAMWEN)})

    assert known.answer("129.215.175.100").verdicts == ("declared and seen",)
    assert (
        "seen: 52:54:00:00:01:00 in Acilamwen on trop02 (running), network bridged, vnet5, link up"
        in said("float1", known)
    )
    assert known.answer("192.168.202.15").verdicts == ("declared and seen",)


def test_a_vm_and_its_float_are_seen_in_a_domain_of_another_name(tmp_path: Path) -> None:
    settings = {"vms": {"Acilamwen": {"domain": "acil-2018"}}}
    plan = fleets.load(tmp_path, fleets.rack_facts(), "trop02", settings)
    there = host(domain("acil-2018", "52:54:00:02:02:0f default vnet0", "52:54:00:00:01:00 bridged vnet5"))
    known = Directory(replace(RACK, plans={"trop02": plan}), gather({"trop02": there}, {}))

    for word in ("52:54:00:02:02:0f", "float1", "acil-2018", "Acilamwen"):
        assert known.answer(word).verdicts == ("declared and seen",)


def test_a_float_in_another_vm_is_told_with_both_places() -> None:
    known = seeing({"trop02": host(domain("Ulov", "52:54:00:00:01:00 bridged vnet7"))})

    (verdict,) = known.answer("5254.0000.0100").verdicts
    assert verdict == (
        "differs: declared on Acilamwen (trop02, network bridged), seen on Ulov (trop02, network bridged)"
    )


def test_a_float_that_nobody_holds_and_that_is_plugged_in_is_told() -> None:
    known = seeing({"trop02": host(domain("Acilamwen", "52:54:00:00:01:01 bridged vnet7"))})

    assert known.answer("float2").verdicts == (
        "differs: declared free, seen on Acilamwen (trop02, network bridged)",
    )
    assert known.answer("float3").verdicts == ("declared",)


def test_a_nic_that_is_plugged_in_four_times_is_counted() -> None:
    four = [f"52:54:00:00:01:00 bridged vnet{n}" for n in range(4)]

    assert seeing({"trop02": host(domain("Acilamwen", *four))}).answer("float1").verdicts == (
        "differs: declared once, seen 4 times",
    )


def test_a_nic_on_another_network_than_declared_is_told() -> None:
    known = seeing({"trop02": host(domain("Ulov", "52:54:00:02:02:0a bridged vnet7"))})

    assert "seen on Ulov (trop02, network bridged)" in known.answer("Ulov").verdicts[0]


def test_a_lease_with_another_address_than_declared_is_told() -> None:
    lease = Lease("default", "52:54:00:02:02:0f", "192.168.202.9", "acilamwen", 0)
    known = seeing({"trop02": host(ACILAMWEN, leases=(lease,))})

    assert "differs" in known.answer("Acilamwen").verdicts[0]
    assert "lease of 192.168.202.9 to 52:54:00:02:02:0f as acilamwen" in said("Acilamwen", known)


def test_a_tap_leads_to_its_vm_and_to_the_declaration() -> None:
    known = seeing({"trop02": host(ACILAMWEN)})

    assert [o.name for o in known.answer("vnet5").owners] == ["float1"]
    assert "no NIC that runs" in said("vnet9", known)


def test_a_tap_of_each_hypervisor_is_answered() -> None:
    known = seeing(
        {
            "trop02": host(ACILAMWEN),
            "trop03": host(domain("other", "52:54:00:12:34:56 default vnet5"), uuid="u3"),
        }
    )

    assert [s.hypervisor for s in known.answer("vnet5").seen] == ["trop02", "trop03"]


def test_a_vm_that_nobody_declared_is_found_by_name_mac_address_and_tap() -> None:
    lease = Lease("default", "52:54:00:12:34:56", "192.168.202.99", "builder", 0)
    known = seeing({"trop02": host(domain("odd name", "52:54:00:12:34:56 default vnet8"), leases=(lease,))})

    for word in ("odd name", "ODD NAME", "525400123456", "fe:54:00:12:34:56", "192.168.202.99", "vnet8"):
        assert any(s.domain == "odd name" for s in known.answer(word).seen), word
        assert known.answer(word).owners == ()
    assert "nobody's by the declarations" in said("192.168.202.99", known)


def test_a_hypervisor_that_does_not_answer_is_told_and_the_rest_is_answered() -> None:
    known = seeing({"trop02": OperatorError("libvirt at x does not answer"), "trop03": host(uuid="u3")})

    assert known.answer("Acilamwen").verdicts == ("declared; trop02 could not be asked",)
    assert known.seen is not None
    assert known.seen.silent == {"trop02": "libvirt at x does not answer"}
    assert seeing({"trop03": host(uuid="u3")}).answer("Ulov").verdicts == ("declared; trop02 was not asked",)
    assert seeing({"trop02": host()}).answer("Ulov").verdicts == ("declared, not seen",)


def test_two_stacks_that_lead_to_one_host_do_not_see_everything_twice() -> None:
    known = seeing({"trop01": host(ACILAMWEN), "trop02": host(ACILAMWEN)})

    assert known.seen is not None
    assert known.seen.silent == {"trop02": "test:///2 leads to the same host as the URI of trop01"}
    assert len(known.answer("vnet5").seen) == 1


def test_a_network_with_another_bridge_or_mac_is_told() -> None:
    seen = host()
    other = replace(seen, networks=(replace(seen.networks[0], mac="52:54:00:99:99:99", bridge="virbr9"),))

    assert seeing({"trop02": seen}).answer("52:54:00:02:02:01").verdicts == ("declared and seen",)
    (verdict,) = (
        v for o, v in zip(*_default(seeing({"trop02": other})), strict=True) if o.hypervisor == "trop02"
    )
    assert (
        verdict == "differs: declared virbr0, seen virbr9; declared 52:54:00:02:02:01, seen 52:54:00:99:99:99"
    )


def _default(known: Directory) -> tuple[tuple[whois.Owner, ...], tuple[str, ...]]:
    answer = known.answer("default")
    return answer.owners, answer.verdicts


def test_a_stack_without_a_uri_does_not_keep_the_others_from_being_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def uris(_root: object, stacks: list[str], *, lab: bool) -> dict[str, str]:
        if stacks == ["trop01"]:
            raise live.UsageError("Pulumi.trop01.yaml: libvirt:uri is missing")
        return {stacks[0]: "test:///2"}

    monkeypatch.setattr(live, "uris", uris)
    monkeypatch.setattr(live, "look", lambda uris: dict.fromkeys(uris, host(ACILAMWEN)))

    seen = whois_seen.ask(ROOT, ["trop01", "trop02"], lab=False)
    assert seen.silent == {"trop01": "Pulumi.trop01.yaml: libvirt:uri is missing"}
    assert seen.asked == {"trop02"}


# The command


def trop(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "cli", "whois", *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


def test_all_words_are_answered_also_where_one_is_bad() -> None:
    done = trop("float1", "192.168.202.300", "Ulov")

    assert done.returncode == 1
    assert "float1, a float" in done.stdout
    assert "Ulov, a VM" in done.stdout
    (line,) = done.stderr.splitlines()
    assert line.startswith("error: '192.168.202.300': is no IPv4 address")
    assert "allowed: an IPv4 address, " in line


def test_the_json_has_what_the_lines_have() -> None:
    done = trop("--json", "5254.0000.0100", "52:54:00:00:00:01", "nobody")

    data = json.loads(done.stdout)
    assert done.returncode == 1
    first, second = data["answers"]
    assert first["readings"][0]["value"] == "52:54:00:00:01:00"
    assert [(o["name"], o["hypervisor"], o["domain"], o["status"]) for o in first["declared"]] == [
        ("float1", "trop02", "Acilamwen", "declared")
    ]
    assert second["declared"] == []
    assert "swapped" in second["says"][0]
    assert list(data["notUnderstood"]) == ["nobody"]
    assert data["notAsked"] == {}


def test_an_unreachable_hypervisor_is_one_line_and_no_failure(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    known = seeing({"trop02": OperatorError("cannot reach libvirt at x:\nno route")})
    monkeypatch.setattr(whois, "directory", lambda **_: known)

    assert whois.run(["float1"], live=True, lab=False, as_json=False) == 0
    shown = capsys.readouterr()
    assert shown.err == "trop02 could not be asked: cannot reach libvirt at x: no route\n"
    assert "declared; trop02 could not be asked" in shown.out


def test_nobody_is_asked_without_the_word_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object, **__: object) -> Seen:
        raise AssertionError

    monkeypatch.setattr(whois, "ask", never)
    assert whois.run(["vnet3", "float1"], live=False, lab=False, as_json=False) == 0


def test_where_there_is_no_lab_the_way_to_one_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TROP_LAB_ROOT", str(tmp_path))
    done = trop("float1", "--lab")

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "error: --lab: there is no lab on this machine; start one with: ./trop lab up trop02\n"
    )

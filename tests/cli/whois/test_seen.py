"""Whose an address is against what is seen."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from cli import ROOT, live
from cli.whois import seen as whois_seen
from cli.whois.command import Directory
from cli.whois.declared import Owner
from cli.whois.seen import gather
from provider.errors import OperatorError
from provider.survey.survey import Lease
from tests.cli.whois.asked import ACILAMWEN, RACK, domain, host, said, seeing
from tests.config import fleets


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


def _default(known: Directory) -> tuple[tuple[Owner, ...], tuple[str, ...]]:
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

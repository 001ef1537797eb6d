"""A host that is another stack's hypervisor is not taken over a second time; the words say how to name one's own."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cli import rack
from cli.adopt import export, whose
from cli.words.command_line import UsageError
from provider.survey.survey import HostSeen
from tests.cli.adopt.beside import all_there, plan_of
from tests.cli.audit.picture import BRIDGED_XML, RACK, clean, default_xml, network
from tests.config import fleets

WAY_OUT = "; to say where trop03 is: ./trop config trop03 set libvirt:uri qemu+ssh://root@trop03/system"
DEBIANS = default_xml().replace(RACK.plans["trop02"].networks.default.mac, "52:54:00:aa:bb:cc")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    shutil.copytree(fleets.ROOT / "config", tmp_path / "config")
    for file in fleets.ROOT.glob("Pulumi.trop*.yaml"):
        shutil.copyfile(file, tmp_path / file.name)
    return tmp_path


def state(monkeypatch: pytest.MonkeyPatch, **hosts: tuple[str, str | None]) -> list[str]:
    """What the states of these stacks have of their hosts; the others have none.  Who was asked."""
    asked: list[str] = []

    def exported(stack: str, engine: str, *, lab: bool) -> tuple[dict[str, Any], str]:
        asked.append(stack)
        if stack not in hosts:
            return {}, "no stack"
        uuid, name = hosts[stack]
        outputs = {"hostUuid": uuid, **({"hostName": name} if name else {})}
        return {"deployment": {"resources": [{"urn": "a"}, {"urn": "b", "outputs": outputs}]}}, ""

    monkeypatch.setattr(export, "exported", exported)
    return asked


def refused(root: Path, stack: str, seen: HostSeen) -> str:
    with pytest.raises(UsageError) as told:
        whose.refuse_anothers(root, stack, "embedded", seen)
    return str(told.value)


@pytest.mark.reports("W3")
def test_a_host_whose_networks_have_another_stacks_macs_is_refused(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = state(monkeypatch)
    seen = clean().host()
    line = refused(root, "trop03", seen)
    assert line == (
        f"{seen.uri} is the hypervisor of trop02, not of trop03: its networks have the MACs that are of that one by "
        f"the rule; nothing is taken over{WAY_OUT}"
    )
    whose.refuse_anothers(root, "trop02", "embedded", seen)
    assert asked == []


@pytest.mark.reports("W3")
def test_a_host_whose_network_was_adopted_with_its_own_mac_is_known_by_that_stacks_state(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = replace(
        clean().host(),
        networks=(network("default", DEBIANS.replace("52:54:00:02", "52:54:00:bb")),),
        name="a.org",
    )
    state(monkeypatch, trop02=(seen.uuid.upper(), "a"))
    assert f"the state of trop02 is of this host; nothing is taken over{WAY_OUT}" in refused(
        root, "trop03", seen
    )
    for other in ((seen.uuid, "b"), ("another", "a")):
        asked = state(monkeypatch, trop02=other)
        whose.refuse_anothers(root, "trop03", "embedded", seen)
        assert sorted(asked) == ["trop01", "trop02", "trop04"]


@pytest.mark.reports("W3")
def test_a_guest_that_came_from_another_hypervisor_makes_the_host_not_that_ones(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state(monkeypatch)
    whose.refuse_anothers(root, "trop03", "embedded", replace(clean().host(), networks=()))
    own = clean(RACK.plans["trop03"]).host()
    whose.refuse_anothers(root, "trop03", "embedded", replace(own, domains=clean().host().domains))


@pytest.mark.reports("W3")
def test_another_stack_with_a_wrong_declaration_keeps_this_one_from_nothing(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (root / "Pulumi.trop04.yaml").write_text("config: {trop:vms: {Nobody: {memory: lots}}}", encoding="utf-8")
    state(monkeypatch)
    assert set(rack.known(root)) == {"trop01", "trop02", "trop03"}
    plan = plan_of()
    bridged = replace(all_there(plan), networks=(network("bridged", BRIDGED_XML),))
    whose.refuse_anothers(root, "trop02", "embedded", bridged)
    whose.refuse_anothers(root, "trop04", "embedded", bridged)

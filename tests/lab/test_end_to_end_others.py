"""Other declarations than the seeds': another float, another hypervisor beside the first, another host for a state."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from cli import ROOT
from cli.demo import fetch
from tests.done import Done
from tests.lab.stage import ENGINES, Stage, stage
from tests.lab.test_end_to_end import wait_until

pytestmark = [pytest.mark.lab, pytest.mark.endtoend, pytest.mark.soak]

FLOAT1, FLOAT3, FLOAT4 = "129.215.175.100", "129.215.175.102", "129.215.175.103"


def fleet(folder: Path, holders: dict[str, str], **slots: dict[str, int]) -> str:
    """A fleet file with these floats held and no others, and these slots on hypervisors beside the rack's own."""
    facts: dict[str, Any] = yaml.safe_load((ROOT / "config/fleet.yaml").read_text(encoding="utf-8"))
    for label, member in facts["floats"]["members"].items():
        member.pop("holder", None)
        if label in holders:
            member["holder"] = holders[label]
    for hypervisor, own in slots.items():
        facts["hypervisors"][hypervisor]["slots"] = own
    path = folder / "fleet.yaml"
    path.write_text(yaml.safe_dump(facts), encoding="utf-8")
    return str(path)


@pytest.fixture(scope="module", params=ENGINES)
def both(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Stage, Stage]]:
    """trop02 with Acilamwen alone, who has float3, and trop03 with two VMs, one of which has float4; both up."""
    folder = tmp_path_factory.mktemp("fleet")
    declared = fleet(folder, {"float3": "Acilamwen", "float4": "second"}, trop03={"first": 8, "second": 9})
    vms = {"first": {}, "second": {"memory": 128}}
    with (
        stage("trop02", request.param, fleet=declared, vms={"Acilamwen": {}}) as trop02,
        stage("trop03", request.param, fleet=declared, vms=vms) as trop03,
    ):
        trop02.bring_up()
        trop03.bring_up()
        yield trop02, trop03


def test_acilamwen_answers_at_float3_with_the_same_image(both: tuple[Stage, Stage]) -> None:
    trop02, _ = both
    wait_until(lambda: fetch(trop02.lab, FLOAT3))
    assert "Acilamwen" in fetch(trop02.lab, FLOAT3)
    assert fetch(trop02.lab, FLOAT1) == ""


def test_two_hypervisors_stand_side_by_side(both: tuple[Stage, Stage]) -> None:
    trop02, trop03 = both
    wait_until(lambda: fetch(trop03.lab, FLOAT4))
    assert "second" in fetch(trop03.lab, FLOAT4)
    assert (trop02.names("list"), trop03.names("list")) == (["Acilamwen"], ["first", "second"])
    leases = trop03.virsh("net-dhcp-leases", "default")
    assert "192.168.203.8/24" in leases
    assert "192.168.203.9/24" in leases
    assert "52:54:00:02:03:09" in trop03.virsh("domiflist", "second")
    trop02.unchanged()
    trop03.unchanged()


def refused_for_the_host(done: Done) -> None:
    assert done.code == 1, done.text
    assert [line for line in done.text.splitlines() if "the host is not who it was" in line], done.text
    assert "Traceback" not in done.text


@pytest.mark.parametrize("words", [["preview"], ["up", "--yes"], ["up", "--yes", "--skip-preview"]])
def test_settings_that_lead_to_another_host_are_refused(
    both: tuple[Stage, Stage], words: list[str], tmp_path: Path
) -> None:
    """trop02's file names trop03's libvirt; the state stays as it is, the provider's URI in it too."""
    trop02, trop03 = both
    records = trop02.records()
    content = yaml.safe_load((trop02.lab.state / "project/Pulumi.trop02.yaml").read_text(encoding="utf-8"))
    content["config"]["libvirt:uri"] = trop03.lab.uri
    other = tmp_path / "Pulumi.trop02.yaml"
    other.write_text(yaml.safe_dump(content), encoding="utf-8")
    refused_for_the_host(
        trop02.trop(
            words[0], "trop02", *words[1:], "--engine", trop02.engine, "--config-file", str(other),
            PULUMI_BACKEND_URL=f"file://{trop02.lab.state / 'state'}", PULUMI_CONFIG_PASSPHRASE="lab",
        )
    )  # fmt: skip
    assert trop02.records() == records
    assert (trop02.names("list"), trop03.names("list")) == (["Acilamwen"], ["first", "second"])


@pytest.mark.parametrize("verb", ["preview", "up", "refresh", "destroy"])
def test_a_state_whose_uri_leads_to_another_host_is_refused(
    both: tuple[Stage, Stage], verb: str, tmp_path: Path
) -> None:
    """As if the socket, or the name, of one host were now another's."""
    trop02, trop03 = both
    right, wrong = tmp_path / "right.json", tmp_path / "wrong.json"
    trop02.must("stack", "export", "--file", str(right))
    wrong.write_text(
        right.read_text(encoding="utf-8").replace(trop02.lab.uri, trop03.lab.uri), encoding="utf-8"
    )
    trop02.must("stack", "import", "--file", str(wrong))
    records = trop02.records()
    refused_for_the_host(trop02.on_stack(verb, *([] if verb == "preview" else ["--yes", "--skip-preview"])))
    assert trop02.records() == records
    assert (trop02.names("list"), trop03.names("list")) == (["Acilamwen"], ["first", "second"])
    trop02.must("stack", "import", "--file", str(right))
    trop02.unchanged()

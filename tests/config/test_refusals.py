"""What the declarations are refused for: each breach with the one line that it gives."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import config
from tests.config import fleets
from tests.config.breaches import BREACHES, MEMBERS, TROP02, put
from tests.config.fleets import Facts


@pytest.mark.parametrize(("edit", "line"), BREACHES)
def test_a_breach_in_the_fleet_gives_its_line(
    tmp_path: Path, edit: Callable[[Facts], None], line: str | None
) -> None:
    lines = fleets.refusal(tmp_path, edit)

    assert (f"fleet.yaml: {line}" in lines) if line else (lines == [])


ONCE = ["two VMs on one slot", "slot 256", "one number twice", "one MAC in two letter cases"]


@pytest.mark.parametrize(("edit", "line"), [b for b in BREACHES if b.id in ONCE])
def test_one_fault_is_told_once(tmp_path: Path, edit: Callable[[Facts], None], line: str) -> None:
    assert fleets.refusal(tmp_path, edit) == [f"fleet.yaml: {line}"]


HOLDER: dict[str, Any] = {"Acilamwen": {}}  # of float1
SETTINGS = [
    pytest.param(
        {"vms": {"Gwendolen": {}}},
        "Pulumi.trop02.yaml: trop:vms.Gwendolen: fleet.yaml has no slot for Gwendolen on trop02; allowed: Araybwyn, "
        "Lothigometh, Ulov, Dwiema, Ibalehar, Eterathiel, Siamond, Acilamwen",
        id="a VM without a slot",
    ),
    pytest.param(
        {"vms": {"Ulov": {"memry": 1}}},
        "Pulumi.trop02.yaml: trop:vms.Ulov.memry: unknown key; "
        "allowed: autostart, baseImage, cpu, description, disks, domain, family, guest, memory, nic, overlay, protect, "
        "running, seedDisk, services, size, vcpu",
        id="an unknown key of a VM",
    ),
    pytest.param(
        {"vms": {"Ulov": {"domain": "a/b"}}},
        "Pulumi.trop02.yaml: trop:vms.Ulov.domain: 'a/b' is not accepted; "
        "allowed: a name, not empty, without slashes and line breaks",
        id="a domain's name with a slash",
    ),
    pytest.param(
        {"vms": {"Ulov": {"domain": "a\nb"}}},
        "Pulumi.trop02.yaml: trop:vms.Ulov.domain: 'a\\nb' is not accepted; "
        "allowed: a name, not empty, without slashes and line breaks",
        id="a domain's name of two lines",
    ),
    pytest.param(
        {"vms": {"Ulov": {"domain": " "}}},
        "Pulumi.trop02.yaml: trop:vms.Ulov.domain: ' ' is not accepted; "
        "allowed: a name, not empty, without slashes and line breaks",
        id="a domain's name of nothing",
    ),
    pytest.param(
        {"vms": {"Ulov": {"domain": "Dwiema"}, "Dwiema": {}, **HOLDER}},
        "Pulumi.trop02.yaml: trop:vms.Ulov.domain: 'Dwiema' is the domain of Dwiema; allowed: a domain of its own",
        id="a domain's name that is another VM's",
    ),
    pytest.param(
        {"vms": {"Ulov": {"seedDisk": False, "guest": "cloud-init"}, **HOLDER}},
        "Pulumi.trop02.yaml: trop:vms.Ulov.guest: without a seed disk the guest reads nothing of cloud-init; "
        "allowed: agent or none, beside seedDisk: false",
        id="cloud-init without a seed disk",
    ),
    pytest.param(
        {"vms": {"Ulov": {"memory": "lots"}}},
        "Pulumi.trop02.yaml: trop:vms.Ulov.memory: 'lots' is not accepted; allowed: a valid integer",
        id="a wrong type",
    ),
    pytest.param(
        {"vms": {"Ulov": {"vcpu": 0}}},
        "Pulumi.trop02.yaml: trop:vms.Ulov.vcpu: 0 is not accepted; allowed: greater than or equal to 1",
        id="no processor",
    ),
    pytest.param(
        {"vms": {"Ulov": {"cpu": "qemu64"}}},
        "Pulumi.trop02.yaml: trop:vms.Ulov.cpu: 'qemu64' is not accepted; "
        "allowed: 'host-model', 'host-passthrough', 'maximum' or false",
        id="a CPU's model for its mode",
    ),
    pytest.param(
        {"vms": {"Ulov": {"protect": "yes"}}},
        "Pulumi.trop02.yaml: trop:vms.Ulov.protect: 'yes' is not accepted; allowed: a valid boolean",
        id="text for yes",
    ),
    pytest.param(
        {"vms": "Ulov"},
        "Pulumi.trop02.yaml: trop:vms: 'Ulov' is not accepted; allowed: a mapping of keys to values",
        id="text for VMs",
    ),
    pytest.param(
        {"emulation": {"domainType": "xen"}},
        "Pulumi.trop02.yaml: trop:emulation.domainType: 'xen' is not accepted; allowed: 'kvm' or 'qemu'",
        id="a domain type that is none",
    ),
    pytest.param(
        {"vm": {}},
        "Pulumi.trop02.yaml: trop:vm: unknown key; allowed: emulation, fleet, secrets, vms",
        id="an unknown key",
    ),
]


@pytest.mark.parametrize(("settings", "line"), SETTINGS)
def test_a_breach_in_the_stacks_file_gives_its_line(
    tmp_path: Path, settings: dict[str, Any], line: str
) -> None:
    assert line in fleets.refusal(tmp_path, settings=settings)


def test_a_hypervisor_that_the_fleet_lacks_is_refused(tmp_path: Path) -> None:
    assert fleets.refusal(tmp_path, stack="trop05", settings={}) == [
        "Pulumi.trop05.yaml: stack: fleet.yaml has no hypervisor trop05; allowed: trop01, trop02, trop03, trop04"
    ]


def test_all_problems_of_both_files_are_told_at_once(tmp_path: Path) -> None:
    def edit(facts: Facts) -> None:
        put(f"{TROP02}.slots.Ulov", 15)(facts)
        put(f"{MEMBERS}.float2.holder", "Nobody")(facts)

    lines = fleets.refusal(tmp_path, edit, settings={"vms": {"Ulov": {"memory": "lots"}}})

    assert [line.split(": ")[1] for line in lines] == [
        "trop:vms.Ulov.memory",
        f"{TROP02}.slots.Acilamwen",
        f"{MEMBERS}.float2.holder",
    ]


FILES = [
    pytest.param("hypervisors: [", "fleet.yaml: line 1, column 15: ", id="cut in half"),
    pytest.param(
        "floats:\n  float1: 1\n  float1: 2\n",
        "fleet.yaml: line 3, column 3: float1 is declared twice; allowed: YAML, each key once",
        id="a float declared twice",
    ),
    pytest.param(
        "- 1\n", "fleet.yaml: the file: is no mapping; allowed: a mapping of keys to values", id="a list"
    ),
    pytest.param("", "fleet.yaml: the file: is no mapping; allowed: a mapping of keys to values", id="empty"),
    pytest.param("a: \x01\n", "fleet.yaml: the file: ", id="control characters"),
]


@pytest.mark.parametrize(("text", "line"), FILES)
def test_a_fleet_file_that_can_not_be_read_gives_one_line(tmp_path: Path, text: str, line: str) -> None:
    (tmp_path / "fleet.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(config.ConfigError) as refused:
        config.load("trop02", {"fleet": "fleet.yaml"}, tmp_path, "Pulumi.trop02.yaml")

    assert str(refused.value).startswith(line)
    assert len(str(refused.value).splitlines()) == 1


def test_a_fleet_file_that_is_not_there_gives_one_line(tmp_path: Path) -> None:
    with pytest.raises(config.ConfigError) as refused:
        config.load("trop02", {"fleet": "gone.yaml"}, tmp_path, "Pulumi.trop02.yaml")

    assert str(refused.value) == (
        "gone.yaml: the fleet's file: No such file or directory; allowed: a readable YAML file"
    )


def test_no_line_names_a_source_file_or_a_traceback(tmp_path: Path) -> None:
    lines = [line for b in BREACHES for line in fleets.refusal(tmp_path, b.values[0])]

    assert lines
    assert not [line for line in lines if "Traceback" in line or ".py" in line or str(tmp_path) in line]

"""The whole program: what trop02 is made of, what depends on what, what is told, and how it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections import Counter

import pulumi
import pytest
import yaml

from components import program
from tests.components.conftest import run_stack
from tests.components.engine_mock import Recording, Registered
from tests.config import fleets


def depends_on(recording: Recording, resource: Registered) -> set[str]:
    """Types and names of what a resource depends on directly."""
    by_urn = {r.urn.split("::", 2)[2].split("$")[-1]: r for r in recording.resources}
    found = (by_urn[urn.split("::", 2)[2].split("$")[-1]] for urn in resource.dependencies)
    return {f"{r.type.split(':')[-1]} {r.name}" for r in found}


def test_trop02_is_two_networks_a_pool_five_vms_one_float_and_the_services_of_two(trop02: Recording) -> None:
    assert Counter(r.type.split(":")[-1] for r in trop02.resources) == {
        "Stack": 1,
        "HypervisorNetworks": 1,
        "HypervisorStorage": 1,
        "DockerHostVM": 5,
        "FloatingIP": 1,
        "Network": 2,
        "Pool": 1,
        "Volume": 5,
        "CloudInitDisk": 5,
        "Domain": 5,
        "Interface": 1,
        "DockerServices": 2,
        "GuestFiles": 2,
    }


def test_a_vm_comes_after_its_network_its_overlay_and_its_seed_disk(trop02: Recording) -> None:
    assert depends_on(trop02, trop02.of("Domain")["Ulov"]) == {
        "Network trop02-default",
        "Volume Ulov",
        "CloudInitDisk Ulov",
    }
    assert depends_on(trop02, trop02.of("Volume")["Ulov"]) == {"Pool trop02-live"}


def test_a_float_comes_after_its_holder_and_the_bridged_network(trop02: Recording) -> None:
    assert depends_on(trop02, trop02.one("Interface")) == {"Domain Acilamwen", "Network trop02-bridged"}


def test_the_outputs_are_what_an_operator_wants(trop02: Recording) -> None:
    (outputs,) = trop02.outputs[trop02.one("Stack").urn]

    assert outputs["vms"]["Eterathiel"] == {
        "address": "192.168.202.13",
        "mac": "52:54:00:02:02:0d",
        "state": "running",
    }
    assert set(outputs["vms"]) == set(fleets.TROP02_VMS)
    assert outputs["floats"] == {
        "float1": {"address": "129.215.175.100", "mac": "52:54:00:00:01:00", "holder": "Acilamwen"}
    }
    assert outputs["networks"] == {
        "bridged": {"bridge": "br0", "gateway": "129.215.175.126"},
        "default": {"bridge": "virbr0", "gateway": "192.168.202.1"},
    }


@pytest.mark.parametrize("stack", ["trop01", "trop03", "trop04"])
def test_the_other_stacks_are_their_networks_and_an_empty_pool(stack: str) -> None:
    recording = run_stack(stack)

    assert set(recording.of("Network")) == {f"{stack}-bridged", f"{stack}-default"}
    assert not recording.of("Domain")
    assert not recording.of("Interface")


def test_faults_in_the_declarations_end_the_program_in_plain_lines() -> None:
    with pytest.raises(pulumi.RunError) as ended:
        run_stack("trop02", {"trop:vms": {"Nobody": {}, "Ulov": {"memory": "lots"}}, "trop:flet": "x"})

    assert [line.split(": ")[1] for line in str(ended.value).splitlines()] == [
        "trop:vms.Ulov.memory",
        "trop:flet",
    ]


def test_what_a_lab_forces_reaches_every_domain() -> None:
    values = yaml.safe_load((fleets.ROOT / fleets.STACK_FILE).read_text(encoding="utf-8"))["config"]
    recording = run_stack("trop02", {**values, "trop:emulation": {"domainType": "qemu", "memory": 96}})

    assert {(d.inputs["type"], d.inputs["memory"]) for d in recording.of("Domain").values()} == {("qemu", 96)}


def test_the_embedded_engines_process_keeps_its_own_interrupt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TROP_ENGINE", "embedded")
    before = signal.getsignal(signal.SIGINT)
    program.leave_quietly_on_interrupt()

    assert signal.getsignal(signal.SIGINT) is before


def test_under_the_cli_an_interrupt_ends_the_program_without_a_word() -> None:
    code = (
        "import os, signal\n"
        "from components.program import leave_quietly_on_interrupt\n"
        "leave_quietly_on_interrupt()\n"
        "os.kill(os.getpid(), signal.SIGINT)\n"
        "print('still here')\n"
    )
    env = {k: v for k, v in os.environ.items() if k != program.ENGINE}
    ended = subprocess.run(
        [sys.executable, "-c", code], cwd=fleets.ROOT, env=env, capture_output=True, text=True, check=False
    )

    assert (ended.returncode, ended.stdout, ended.stderr) == (130, "", "")


def test_the_program_is_wiring_of_about_thirty_lines() -> None:
    assert len((fleets.ROOT / "__main__.py").read_text(encoding="utf-8").splitlines()) <= 35


def test_the_project_brings_its_own_provider_and_always_refreshes() -> None:
    project = yaml.safe_load((fleets.ROOT / "Pulumi.yaml").read_text(encoding="utf-8"))

    assert project["name"] == "trop"
    assert project["runtime"] == {"name": "python", "options": {"virtualenv": ".venv"}}
    assert project["plugins"] == {"providers": [{"name": "libvirt", "path": "./provider"}]}
    assert project["options"] == {"refresh": "always"}

"""The component DockerServices, and what the program makes of it: its resource, its order, its secrets, its outputs."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
import yaml
from google.protobuf import struct_pb2

from components.docker_services import DockerServices, DockerServicesArgs
from components.services import files
from provider.guest import schema as guest_files_schema
from provider.guest.resource import GuestFiles
from provider.protocol import wire
from provider.resource import shape
from tests.components.conftest import run_stack
from tests.components.engine_mock import Recording, run
from tests.components.test_program import depends_on
from tests.config import fleets
from tests.services.machine import planned
from tests.services.test_recipe import vm

PROXY = {"containers": {"apache": {"image": "proxy:1", "ports": ["80->80"]}}}


@pytest.fixture(scope="module")
def trop02() -> Recording:
    return run_stack("trop02")


def struct(values: dict[str, Any]) -> struct_pb2.Struct:
    made = struct_pb2.Struct()
    made.update(values)
    return made


def component(services: dict[str, Any], **secrets: str) -> Recording:
    declared = planned(services, dict.fromkeys(secrets, True))
    return run(lambda: DockerServices("Ulov", DockerServicesArgs(vm(), declared, "ulov-uuid", secrets)))


def test_a_vm_with_services_has_one_resource_which_the_provider_takes() -> None:
    recording = component(PROXY)
    inputs = wire.load(struct(recording.one("GuestFiles").inputs))[0] | {"domain": str(UUID(int=1))}

    assert recording.one("GuestFiles").parent == recording.one("DockerServices").urn
    assert shape.failures(GuestFiles.token, GuestFiles.schema, inputs) == []
    assert list(guest_files_schema.failures(inputs)) == []
    assert recording.one("GuestFiles").inputs["domain"] == "ulov-uuid"
    assert set(inputs["files"]) == {files.APPLY, f"{files.FOLDER}/list", f"{files.FOLDER}/containers/apache"}
    assert inputs["state"] == files.state(planned(PROXY))
    assert "secretFiles" not in inputs


def test_a_secret_is_sent_as_one_and_is_nowhere_else() -> None:
    stack = {"name": "ft", "services": {"carolina": {"image": "postgres:1", "secrets": ["password"]}}}
    inputs = component({"stack": stack}, password="correct horse").one("GuestFiles").inputs

    assert inputs["secretFiles"] == {"password": "correct horse"}
    assert inputs["concerns"] == {"password": ["service ft_carolina"]}
    assert "correct horse" not in str({key: value for key, value in inputs.items() if key != "secretFiles"})


@pytest.mark.parametrize("delivery", ["cloud-init", "none"])
def test_a_vm_that_is_not_reached_by_its_agent_has_no_such_resource(delivery: str) -> None:
    recording = component({**PROXY, "delivery": delivery})

    assert recording.of("GuestFiles") == {}
    assert recording.outputs[recording.one("DockerServices").urn] == [
        {"services": {"container apache": "proxy:1"}}
    ]


def test_the_component_registers_its_outputs_once() -> None:
    recording = component(PROXY)

    assert len(recording.outputs[recording.one("DockerServices").urn]) == 1


def test_the_back_end_comes_after_its_vm_and_the_proxy_after_its_float_and_the_back_end(
    trop02: Recording,
) -> None:
    made = trop02.of("GuestFiles")

    assert list(made) == ["Eterathiel", "Acilamwen"]
    assert depends_on(trop02, made["Eterathiel"]) == {"Domain Eterathiel"}
    assert {"Domain Acilamwen", "Interface float1", "GuestFiles Eterathiel"} <= depends_on(
        trop02, made["Acilamwen"]
    )


def settings(**acilamwen: Any) -> dict[str, Any]:
    values = yaml.safe_load((fleets.ROOT / fleets.STACK_FILE).read_text(encoding="utf-8"))["config"]
    values["trop:vms"]["Acilamwen"]["services"].update(acilamwen)
    return values


def outputs(recording: Recording) -> dict[str, Any]:
    (found,) = recording.outputs[recording.one("Stack").urn]
    return found


def test_the_outputs_have_each_container_and_its_image(trop02: Recording) -> None:
    assert outputs(trop02)["services"] == {
        "Acilamwen": {"container apache": "firethorn/apache:latest"},
        "Eterathiel": {
            "service ft_jarmila": "firethorn/ogsadai:2.1.36",
            "service ft_gillian": "firethorn/firethorn:2.1.36",
            "service ft_firethorn-py": "firethorn/firethorn-py:2.1.36",
            "service ft_carolina": "firethorn/postgres:2.1.36",
            "service ft_bethany": "firethorn/postgres:2.1.36",
        },
    }
    assert "byHand" not in outputs(trop02)


def test_a_vm_to_which_nobody_has_a_way_has_files_and_commands_among_the_outputs() -> None:
    told = outputs(run_stack("trop02", settings(delivery="none")))["byHand"]

    assert list(told) == ["Acilamwen"]
    assert told["Acilamwen"]["commands"] == ["/etc/trop/services/apply"]
    assert "/etc/trop/services/containers/apache" in told["Acilamwen"]["files"]


def test_a_lab_without_docker_has_none_of_it() -> None:
    values = {**settings(), "trop:emulation": {"domainType": "qemu", "services": False, "packages": False}}
    recording = run_stack("trop02", values)

    assert recording.of("DockerServices") == {}
    assert "services" not in outputs(recording)

"""Services as a stack's file declares them: what is refused, in which words, and what the tracked file says."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

import config
from cli.words.command_line import parse
from config.read import stack_file
from config.settings import from_pulumi
from engine.app import main
from tests.config import fleets

IMAGE = {"image": "a/b:1"}


def vms(services: Any, **more: Any) -> dict[str, Any]:
    return {"Acilamwen": {}, "Ulov": {"services": services, **more}}


def stack(**service: Any) -> dict[str, Any]:
    return {"stack": {"name": "ft", "services": {"gillian": {**IMAGE, **service}}}}


def containers(**container: Any) -> dict[str, Any]:
    return {"containers": {"apache": {**IMAGE, **container}}}


REFUSED = [
    ({}, "containers: is missing, and so is stack; allowed: containers, a stack, or no services"),
    (
        {"stack": {"name": "ft", "services": {}}},
        "stack.services: {} is not accepted; allowed: Dictionary should have at least 1 item after validation, not 0",
    ),
    (
        {"containers": {"apache": {"image": "a/b"}}},
        "containers.apache.image: a/b has no tag, and there is no version; allowed: a tag in the image, or version "
        "here or beside the containers",
    ),
    (
        containers(version="2"),
        "containers.apache.version: the image a/b:1 has a tag of its own; allowed: one of the two",
    ),
    (
        {"version": 2.1, **containers()},
        "version: 2.1 is not accepted; allowed: a text: put it in quotes, or have config set do it by --type string",
    ),
    (
        containers(image="A b"),
        "containers.apache.image: 'A b' is not accepted; allowed: an image as docker names it, such as "
        "firethorn/apache:latest; no digest",
    ),
    (
        containers(ports=["80:80"]),
        "containers.apache.ports.0: '80:80' is not accepted; allowed: ports as docker ps prints them, such as "
        "0.0.0.0:80->80/tcp or 8080->8080",
    ),
    (
        {"containers": {"a1": {**IMAGE, "ports": ["80->1"]}, "a2": {**IMAGE, "ports": ["10.0.0.1:80->2"]}}},
        "containers.a2.ports[0]: port 80 is that of containers.a1; allowed: each port of the VM once",
    ),
    (
        stack(ports=["10.0.0.1:80->80"]),
        "stack.services.gillian.ports[0]: a stack can't publish on 10.0.0.1 alone; allowed: a port without an address",
    ),
    (
        containers(secrets=["password"]),
        "containers.apache.secrets: unknown key; allowed: command, environment, expose, health, image, logging, "
        "ports, tty, version, volumes",
    ),
    (
        stack(secrets=["password"]),
        "stack.services.gillian.secrets[0]: password is not set; allowed: what this sets: ./trop config trop02 set "
        "--secret --path trop:secrets.password",
    ),
    (
        {"delivery": "cloud-init", **stack(secrets=["known"])},
        "stack.services.gillian.secrets[0]: a seed disk is read by whoever reads the pool; allowed: delivery agent",
    ),
    (
        {"after": ["Acilamwen"], **containers()},
        "after[0]: Acilamwen is no VM of this stack with services; allowed: Ulov",
    ),
    (
        {"after": ["Ulov"], **containers()},
        "after: Ulov would wait for itself; allowed: an order without circles",
    ),
    (
        containers(environment={"A": "b\nc"}),
        "containers.apache.environment.A: 'b\\nc' is not accepted; allowed: a text of one line, of up to 1000 "
        "characters",
    ),
    (
        containers(volumes=["../etc:/etc"]),
        "containers.apache.volumes.0: '../etc:/etc' is not accepted; allowed: a volume such as data:/var/lib/data or "
        "/srv/data:/data:ro",
    ),
    ({"wait": 0, **containers()}, "wait: 0 is not accepted; allowed: greater than or equal to 1"),
]


@pytest.mark.parametrize(("services", "line"), REFUSED, ids=[line.split(";")[0] for _, line in REFUSED])
def test_a_breach_gives_its_line(tmp_path: Path, services: Any, line: str) -> None:
    given = {"vms": vms(services), "secrets": {"known": True}}

    assert f"Pulumi.trop02.yaml: trop:vms.Ulov.services.{line}" in fleets.refusal(tmp_path, settings=given)


def test_a_seed_disk_is_needed_for_delivery_by_it(tmp_path: Path) -> None:
    given = {"vms": vms({"delivery": "cloud-init", **containers()}, seedDisk=False, guest="agent")}

    assert fleets.refusal(tmp_path, settings=given)[0].startswith(
        "Pulumi.trop02.yaml: trop:vms.Ulov.services.delivery: without a seed disk the guest reads nothing"
    )


def test_a_password_in_plain_text_is_refused_and_not_repeated(tmp_path: Path) -> None:
    for given in ({"password": "correct horse"}, ["correct horse"], "correct horse"):
        plain = from_pulumi({"trop:secrets": __import__("json").dumps(given)})
        lines = fleets.refusal(tmp_path, settings={"vms": vms(containers()), **plain})

        assert any("trop:secrets" in line for line in lines)
        assert not any("correct horse" in line for line in lines)


def test_a_password_is_set_by_the_line_that_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    declared = {"vms": vms(stack(secrets=["password"]))}
    (line,) = fleets.refusal(tmp_path, settings=declared)
    typed = parse(
        [*line.partition("what this sets: ./trop ")[2].split(), "correct horse"], frozenset({"trop02"})
    )
    shutil.copyfile(fleets.ROOT / "Pulumi.yaml", tmp_path / "Pulumi.yaml")
    monkeypatch.setenv("PULUMI_BACKEND_URL", f"file://{tmp_path}")
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "x")
    for words in (["stack", "init", "trop02"], typed.words):
        assert main([*words, "--cwd", str(tmp_path)], providers={}) == 0
    text = (tmp_path / "Pulumi.trop02.yaml").read_text(encoding="utf-8")
    assert "correct horse" not in text
    set_now = stack_file(tmp_path / "Pulumi.trop02.yaml")
    assert set_now["secrets"] == {"password": True}
    fleets.load(tmp_path, fleets.rack_facts(), "trop02", {**declared, **set_now})


def test_an_encrypted_password_is_known_by_its_name_alone() -> None:
    values = {"trop:secrets": '{"password": "correct horse"}'}

    assert from_pulumi(values, ["trop:secrets"]) == {"secrets": {"password": True}}


def test_a_stacks_file_tells_which_secrets_are_encrypted(tmp_path: Path) -> None:
    file = tmp_path / "Pulumi.trop02.yaml"
    file.write_text("config:\n  trop:secrets:\n    a: {secure: v1:x}\n    b: plain\n")

    assert stack_file(file) == {"secrets": {"a": True, "b": False}}


@pytest.fixture(scope="module")
def trop02() -> config.Plan:
    return config.load("trop02", stack_file(fleets.ROOT / fleets.STACK_FILE), fleets.ROOT, fleets.STACK_FILE)


def test_the_tracked_file_says_what_the_page_shows_of_docker_ps(trop02: config.Plan) -> None:
    """Name, image and ports of each container; a task's own number and ID aside."""
    shown = {
        (vm.name, member.full_name): (
            member.image,
            ", ".join([*map(str, member.ports), *(f"{port}/tcp" for port in member.expose)]),
        )
        for vm in trop02.vms
        for member in (vm.services.members if vm.services else ())
    }

    assert shown == {
        ("Acilamwen", "apache"): ("firethorn/apache:latest", "0.0.0.0:80->80/tcp"),
        ("Eterathiel", "ft_jarmila"): ("firethorn/ogsadai:2.1.36", "8080/tcp"),
        ("Eterathiel", "ft_gillian"): ("firethorn/firethorn:2.1.36", "8080/tcp"),
        ("Eterathiel", "ft_firethorn-py"): ("firethorn/firethorn-py:2.1.36", ""),
        ("Eterathiel", "ft_carolina"): ("firethorn/postgres:2.1.36", "5432/tcp"),
        ("Eterathiel", "ft_bethany"): ("firethorn/postgres:2.1.36", "5432/tcp"),
    }


def test_the_version_of_the_stack_is_said_once() -> None:
    text = (fleets.ROOT / fleets.STACK_FILE).read_text(encoding="utf-8")

    assert text.count("2.1.36") == 1


def test_a_lab_without_docker_plans_no_services(tmp_path: Path) -> None:
    given = {"vms": vms(stack(secrets=["unset"])), "emulation": {"services": False, "packages": False}}
    facts = fleets.rack_facts()
    facts["floats"]["members"]["float1"]["holder"] = None
    plan = fleets.load(tmp_path, facts, "trop02", given)

    assert [vm.services for vm in plan.vms] == [None, None]
    assert plan.vms[0].recipe.software.packages == ()

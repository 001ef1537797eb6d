"""What a new Docker host reads at its first boot, for both families, and what cloud-init itself says of it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

import config
from components import cloud_init
from config.read import stack_file
from lab import debs
from lab.facts import LabError
from tests.config import fleets

CHECKER = "/usr/bin/python3"
CACHE = Path(os.environ.get("TROP_LAB_CACHE", "/var/cache/trop-lab"))
# Of Debian, unpacked and not installed: to install it would change how this machine boots.
PACKAGES = ("cloud-init", *(f"python3-{name}" for name in (
    "attr", "certifi", "chardet", "configobj", "idna", "jinja2", "json-pointer", "jsonpatch", "jsonschema",
    "markupsafe", "netifaces", "oauthlib", "pyrsistent", "requests", "serial", "six", "urllib3", "yaml",
)))  # fmt: skip
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGJhc2U2NA== somebody@example.org"


def vm(**more: Any) -> config.VirtualMachine:
    settings = stack_file(fleets.ROOT / fleets.STACK_FILE)
    settings["vms"]["Acilamwen"].update(more)
    return config.load("trop02", settings, fleets.ROOT, fleets.STACK_FILE).vms[0]


def with_keys(machine: config.VirtualMachine) -> config.VirtualMachine:
    users = {name: user.model_copy(update={"keys": (KEY,)}) for name, user in machine.recipe.users.items()}
    return machine.model_copy(update={"recipe": machine.recipe.model_copy(update={"users": users})})


def by_seed() -> config.VirtualMachine:
    services = {"delivery": "cloud-init", "containers": {"apache": {"image": "firethorn/apache:latest"}}}
    return vm(services=services)


MACHINES = {
    "fedora": lambda: vm(),
    "debian": lambda: vm(family="debian"),
    "a user's key": lambda: with_keys(vm()),
    "services by the seed": by_seed,
}


@pytest.mark.parametrize("family", ["fedora", "debian"])
def test_a_docker_host_has_docker_its_agent_tools_users_and_the_time(family: str) -> None:
    data = yaml.safe_load(cloud_init.user_data(vm(family=family)))

    engine, admins = {"fedora": ("docker-ce", "wheel"), "debian": ("docker.io", "sudo")}[family]
    assert {engine, "qemu-guest-agent", "tcpdump", "bridge-utils", "traceroute"} <= set(data["packages"])
    assert data["timezone"] == "Europe/London"
    assert data["users"][1]["name"] == "Stevedore"
    assert admins in data["users"][1]["groups"]
    assert ("yum_repos" in data) == (family == "fedora")


def test_a_user_gets_in_by_key_and_not_by_password() -> None:
    user = yaml.safe_load(cloud_init.user_data(with_keys(vm())))["users"][1]

    assert user["ssh_authorized_keys"] == [KEY]
    assert user["lock_passwd"] is True


def test_services_by_the_seed_are_written_and_applied_at_the_first_boot() -> None:
    data = yaml.safe_load(cloud_init.user_data(by_seed()))

    paths = [file["path"] for file in data["write_files"]]
    assert "/etc/trop/services/containers/apache" in paths
    assert data["runcmd"][-1] == ["env", "TROP_AT_BOOT=1", "/etc/trop/services/apply"]


def test_services_by_the_agent_are_not_in_the_seed() -> None:
    assert "write_files" not in yaml.safe_load(cloud_init.user_data(vm()))


@pytest.fixture(scope="session")
def modules() -> Path:
    """cloud-init's own modules, unpacked once for all runs."""
    if not Path(CHECKER).exists():
        pytest.skip(f"no {CHECKER} here, for which Debian's cloud-init is made")
    target = CACHE / "cloud-init"
    if not (target / "whole").exists():
        try:
            debs.unpack(PACKAGES, CACHE / "debs", target)
        except (LabError, OSError) as fault:
            pytest.skip(f"cloud-init could not be had: {fault}")
        (target / "whole").touch()
    return target / "usr/lib/python3/dist-packages"


def schema_check(modules: Path, text: str, folder: Path) -> subprocess.CompletedProcess[str]:
    file = folder / "user-data"
    file.write_text(text, encoding="utf-8")
    return subprocess.run(
        [CHECKER, "-m", "cloudinit.cmd.main", "schema", "--config-file", str(file)],
        env={"PYTHONPATH": str(modules), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.lab
@pytest.mark.parametrize("machine", MACHINES.values(), ids=MACHINES.keys())
def test_cloud_init_takes_it(modules: Path, machine: Any, tmp_path: Path) -> None:
    ran = schema_check(modules, cloud_init.user_data(machine()), tmp_path)

    assert (ran.returncode, ran.stderr) == (0, ""), ran.stderr
    assert ran.stdout.startswith("Valid cloud-config")


@pytest.mark.lab
def test_cloud_init_would_tell_what_is_wrong(modules: Path, tmp_path: Path) -> None:
    ran = schema_check(modules, "#cloud-config\npackages: 3\n", tmp_path)

    assert ran.returncode == 1
    assert "packages" in ran.stderr + ran.stdout

"""Who may import whom, over the whole tree: read from the source, so that a lazy import counts too."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.config.fleets import ROOT
from tests.house.imports import module_of, of_file, read, within

# The rooms of the provider that know nothing of Pulumi's protocol.
OF_LIBVIRT = (
    "connection",
    "impact",
    "host",
    "resource",
    "storage",
    "guest",
    "nic",
    "network",
    "domain",
    "survey",
)
# Every module under these names must not import what begins with any of those.
FORBIDDEN = {
    "config": ("pulumi", "libvirt", "components", "provider", "engine", "lab", "cli"),
    "components": ("libvirt", "provider", "engine", "lab", "cli"),
    "__main__": ("config", "libvirt", "provider", "engine", "lab", "cli"),
    "provider": ("config", "components", "engine", "lab", "cli", "pulumi_libvirt"),
    **{f"provider.{room}": ("pulumi", "grpc") for room in OF_LIBVIRT},
    "engine": ("config", "components", "provider", "libvirt", "pulumi_libvirt", "lab", "cli"),
    "lab": ("components", "provider", "engine", "cli"),
    "plain_yaml": ("pulumi", "libvirt", "config", "components", "provider", "engine", "lab", "cli"),
}


def breaches(path: str, source: str) -> list[str]:
    """The imports of one file that its package's rules forbid."""
    module = module_of(path)
    rules = [name for package, names in FORBIDDEN.items() if within(module, package) for name in names]
    return [str(found) for found in of_file(path, source) if any(within(found.name, name) for name in rules)]


def test_no_module_imports_what_its_layer_may_not() -> None:
    files = read(
        ROOT, "__main__.py", "config", "components", "plain_yaml", "provider", "engine", "lab", "cli"
    )

    assert [line for path, source in files.items() for line in breaches(path, source)] == []


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("config/plan.py", "import pulumi"),
        ("components/floating_ip.py", "def f():\n    from engine import records"),
        ("provider/host/host.py", "import grpc"),
        ("provider/host/host.py", "from ...engine.state import records"),
        ("engine/state/records.py", "import libvirt"),
    ],
)
def test_the_rules_catch_a_breach_wherever_it_stands(path: str, source: str) -> None:
    assert breaches(path, source)


def test_config_is_read_without_pulumi_being_loaded() -> None:
    code = "import sys, config; print([m for m in sys.modules if m.split('.')[0] in ('pulumi', 'grpc', 'libvirt')])"
    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)

    assert ran.stdout.strip() == "[]"

"""Who may import whom, over the whole tree: read from the source, so that a lazy import counts too."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.config.fleets import ROOT

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
}


def sources() -> Iterator[tuple[str, Path]]:
    """Every module of the project (not the tests) with its dotted name."""
    packages = ("config", "components", "provider", "engine", "lab", "cli")
    for path in [ROOT / "__main__.py", *(p for name in packages for p in (ROOT / name).rglob("*.py"))]:
        parts = path.relative_to(ROOT).with_suffix("").parts
        yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts), path


def imported(module: str, tree: ast.AST) -> Iterator[str]:
    """The dotted names that a module imports, wherever in it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = (
                ".".join([*module.split(".")[: -node.level], node.module or ""])
                if node.level
                else node.module
            )
            yield from (f"{base}.{alias.name}" for alias in node.names)


def within(name: str, package: str) -> bool:
    return name == package or name.startswith(package + ".")


def breaches(module: str, tree: ast.AST) -> list[str]:
    rules = [(package, f) for package, names in FORBIDDEN.items() if within(module, package) for f in names]
    names = set(imported(module, tree))
    return sorted(f"{module} imports {n}" for n in names for _, f in rules if within(n, f))


def test_no_module_imports_what_its_layer_may_not() -> None:
    found = [
        line
        for module, path in sources()
        for line in breaches(module, ast.parse(path.read_text(encoding="utf-8"), str(path)))
    ]

    assert found == []


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("config.plan", "import pulumi"),
        ("components.floating_ip", "def f():\n    from engine import records"),
        ("provider.host.host", "import grpc"),
        ("provider.host.host", "from ...engine.state import records"),
        ("engine.state.records", "import libvirt"),
    ],
)
def test_the_rules_catch_a_breach_wherever_it_stands(module: str, source: str) -> None:
    assert breaches(module, ast.parse(source))


def test_config_is_read_without_pulumi_being_loaded() -> None:
    code = "import sys, config; print([m for m in sys.modules if m.split('.')[0] in ('pulumi', 'grpc', 'libvirt')])"
    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)

    assert ran.stdout.strip() == "[]"

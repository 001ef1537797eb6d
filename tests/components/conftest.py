"""The program run as a whole, with its settings, for those who look at what it registers."""

from __future__ import annotations

import json
import runpy
from typing import Any

import pytest
import yaml

from tests.components import engine_mock
from tests.config import fleets


def pulumi_values(values: dict[str, Any]) -> dict[str, str]:
    """Configuration as Pulumi hands it to a program: text, objects as JSON."""
    return {k: v if isinstance(v, str) else json.dumps(v) for k, v in values.items()}


def run_stack(stack: str, values: dict[str, Any] | None = None) -> engine_mock.Recording:
    """Run the unmodified program of the project; without ``values``, with those of the stack's file."""
    if values is None:
        text = (fleets.ROOT / f"Pulumi.{stack}.yaml").read_text(encoding="utf-8")
        values = yaml.safe_load(text)["config"]
    program = str(fleets.ROOT / "__main__.py")
    with pytest.MonkeyPatch.context() as env:
        env.setenv(
            "TROP_ENGINE", "embedded"
        )  # it runs in the tests' own process, and must leave SIGINT alone
        return engine_mock.run(
            lambda: runpy.run_path(program, run_name="__main__"), stack=stack, settings=pulumi_values(values)
        )


@pytest.fixture(scope="session")
def trop02() -> engine_mock.Recording:
    """What the program registers for trop02."""
    return run_stack("trop02")

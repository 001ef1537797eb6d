"""The page that says what the embedded engine supports and refuses is true of its command line and its options."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from engine.run.goals import UNSUPPORTED
from engine.verbs.flags import GLOBAL, IMPORT_REFUSED, REFUSED, RUN_REFUSED
from engine.verbs.table import COMMANDS

PAGE = (Path(__file__).parents[3] / "docs" / "differences.md").read_text()
SUPPORTED, _, REST = PAGE.partition("## Refused")
REFUSALS, _, _ = REST.partition("## Different")
# What the page tells of in words, or as a part of something wider.
IN_WORDS = {"gen-completion", "convert-trace", "query", "replay-events", "template", "view-trace", "project"} | {
    "do", "state", "stack schedule", "stack webhook",
}  # fmt: skip


def quoted(text: str) -> set[str]:
    return set(re.findall(r"`([^`]+)`", text))


@pytest.mark.parametrize("flag", sorted(q for q in quoted(SUPPORTED) if q.startswith("--")))
def test_a_supported_flag_is_one_of_a_command(flag: str) -> None:
    known = {f.name for command in COMMANDS for f in command.flags} | {f.name for f in GLOBAL}
    assert flag.removeprefix("--") in known


@pytest.mark.parametrize("command", COMMANDS, ids=lambda c: " ".join(c.path))
def test_a_command_stands_on_the_page(command: object) -> None:
    path = command.path  # type: ignore[attr-defined]
    row = next(
        (line for line in SUPPORTED.split("\n") if f"`{path[0]}" in line and f"{path[-1]}`" in line), ""
    )
    assert row, path


@pytest.mark.parametrize("verb", sorted(REFUSED - IN_WORDS))
def test_a_refused_verb_stands_on_the_page(verb: str) -> None:
    assert f"`{verb}`" in REFUSALS


def test_a_refused_option_of_resources_stands_on_the_page() -> None:
    (row,) = [line for line in REFUSALS.split("\n") if line.startswith("| resource options")]
    options = {name for name in UNSUPPORTED.values() if "_" in name}
    assert options <= quoted(row)


@pytest.mark.parametrize("flag", sorted(q for q in quoted(REFUSALS) if q.startswith("--")))
def test_a_refused_flag_is_no_flag_of_a_run(flag: str) -> None:
    assert flag.removeprefix("--") in RUN_REFUSED | IMPORT_REFUSED

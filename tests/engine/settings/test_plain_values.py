"""A plain value of a stack's file is one thing to every reader of it, or is refused by all of them.

Go's column is yaml.v3 (v3.0.1, resolve.go: strconv with base 0, then its own float pattern, 0b and 0o; what looks like
a time stays a text where any value is asked for), and what the Pulumi CLI was seen to make of 010, 02000, on, no, 1:30
and 2021-01-01.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]
from ruamel.yaml import YAML

from cli.fleet import stacks as fleet_stacks
from cli.lab import stack as labstack
from cli.words.command_line import UsageError
from config import ConfigError, read, same_for_every_reader
from engine.errors import CommandError
from engine.settings import yaml_text
from engine.settings.project import load_yaml
from plain_yaml import scalars

pytestmark = pytest.mark.reports("S3")
NO = "refused"
A_DATE, A_TIME = "a date", "a time"
INF, NAN = float("inf"), "not a number"
# The scalar, and what it is to PyYAML (YAML 1.1), to ruamel.yaml (YAML 1.2), to the CLI (Go's yaml.v3), and here.
TABLE: list[tuple[str, Any, Any, Any, Any]] = [
    ("true", True, True, True, True),
    ("True", True, True, True, True),
    ("TRUE", True, True, True, True),
    ("false", False, False, False, False),
    ("yes", True, "yes", "yes", "yes"),
    ("Yes", True, "Yes", "Yes", "Yes"),
    ("no", False, "no", "no", "no"),
    ("NO", False, "NO", "NO", "NO"),
    ("on", True, "on", "on", "on"),
    ("On", True, "On", "On", "On"),
    ("off", False, "off", "off", "off"),
    ("y", "y", "y", "y", "y"),
    ("n", "n", "n", "n", "n"),
    ("~", None, None, None, None),
    ("null", None, None, None, None),
    ("Null", None, None, None, None),
    ("", None, None, None, None),
    ("0", 0, 0, 0, 0),
    ("-0", 0, 0, 0, 0),
    ("12", 12, 12, 12, 12),
    ("+12", 12, 12, 12, 12),
    ("-12", -12, -12, -12, -12),
    ("010", 8, 10, 8, NO),
    ("02000", 1024, 2000, 1024, NO),
    ("-010", -8, -10, -8, NO),
    ("00", 0, 0, 0, NO),
    ("08", "08", 8, 8.0, NO),
    ("0o10", "0o10", 8, 8, NO),
    ("0O10", "0O10", "0O10", 8, NO),
    ("0x1F", 31, 31, 31, 31),
    ("-0x1f", -31, -31, -31, -31),
    ("0X1F", "0X1F", "0X1F", 31, NO),
    ("0b11", 3, 3, 3, NO),
    ("0B11", "0B11", "0B11", 3, NO),
    ("1_000", 1000, 1000, 1000, NO),
    ("0x1_F", 31, 31, 31, NO),
    ("_1", "_1", "_1", "_1", "_1"),
    ("1_", 1, 1, 1, NO),
    ("1.5", 1.5, 1.5, 1.5, 1.5),
    ("+1.5", 1.5, 1.5, 1.5, 1.5),
    ("1.", 1.0, 1.0, 1.0, 1.0),
    (".5", 0.5, 0.5, 0.5, 0.5),
    ("-.5", "-.5", -0.5, -0.5, NO),
    ("01.5", 1.5, 1.5, 1.5, 1.5),
    ("1e3", "1e3", 1000.0, 1000.0, NO),
    ("1e+3", "1e+3", 1000.0, 1000.0, NO),
    ("1.5e3", "1.5e3", 1500.0, 1500.0, NO),
    ("1.5e+3", 1500.0, 1500.0, 1500.0, 1500.0),
    (".5e3", ".5e3", ".5e3", 500.0, NO),
    ("1.5_0", 1.5, 1.5, 1.5, NO),
    (".inf", INF, INF, INF, NO),
    ("-.inf", -INF, -INF, -INF, NO),
    (".nan", NAN, NAN, NAN, NO),
    ("inf", "inf", "inf", "inf", "inf"),
    ("1:30", 90, "1:30", "1:30", "1:30"),
    ("01:30", "01:30", "01:30", "01:30", "01:30"),
    ("190:20:30.15", 685230.15, "190:20:30.15", "190:20:30.15", "190:20:30.15"),
    ("2021-01-01", A_DATE, A_DATE, "2021-01-01", "2021-01-01"),
    ("2021-1-1", "2021-1-1", "2021-1-1", "2021-1-1", "2021-1-1"),
    ("2021-01-01T10:00:00Z", A_TIME, A_TIME, "2021-01-01T10:00:00Z", "2021-01-01T10:00:00Z"),
    ("1.2.3", "1.2.3", "1.2.3", "1.2.3", "1.2.3"),
    ("1,000", "1,000", "1,000", "1,000", "1,000"),
    ("0x", "0x", "0x", "0x", "0x"),
    ("16.0", 16.0, 16.0, 16.0, 16.0),
    ("9223372036854775808", 2**63, 2**63, 2**63, 2**63),
]
each = pytest.mark.parametrize(
    ("text", "yaml_1_1", "yaml_1_2", "go", "ours"), TABLE, ids=[t for t, *_ in TABLE]
)


def kind(value: Any) -> tuple[str, Any]:
    """A value that equals only one of its own kind: 1, 1.0 and True are three."""
    if hasattr(value, "isoformat"):
        value = A_TIME if hasattr(value, "hour") else A_DATE
    if value != value:
        value = NAN
    value = yaml_text.bare(value)
    return type(value).__name__, value


def told(text: str) -> str:
    return (
        f"Pulumi.trop02.yaml: line 2: config.trop:a: {text} is no value that every reader of YAML, and of JSON, takes "
        f'alike; allowed: a number in plain decimal digits; or, for the text, in quotes: "{text}"'
    )


def taken(text: str, folder: Path) -> dict[str, Any]:
    """What each of our readers makes of ``trop:a: TEXT``; `NO` where it refuses it by file, line, key and way out."""
    file = folder / "Pulumi.trop02.yaml"
    file.write_text(f"config:\n  trop:a: {text}\n")
    readers = {
        "config": lambda: read.stack_file(file)["a"],
        "engine": lambda: load_yaml(file)["config"]["trop:a"],
        "lab": lambda: labstack._read(file)["config"]["trop:a"],
    }
    found = {}
    for name, reader in readers.items():
        try:
            found[name] = reader()
        except (ConfigError, CommandError, UsageError) as error:
            found[name] = NO if told(text) in str(error) else str(error)
    return found


def test_there_are_sixty() -> None:
    assert len({text for text, *_ in TABLE}) >= 60


@each
def test_each_reader_of_ours_takes_it_alike(
    tmp_path: Path, text: str, yaml_1_1: Any, yaml_1_2: Any, go: Any, ours: Any
) -> None:
    assert {name: kind(value) for name, value in taken(text, tmp_path).items()} == dict.fromkeys(
        ("config", "engine", "lab"), kind(ours)
    )


@each
def test_the_readers_that_others_have_take_it_as_the_table_says(
    text: str, yaml_1_1: Any, yaml_1_2: Any, go: Any, ours: Any
) -> None:
    assert kind(yaml.safe_load(f"a: {text}")["a"]) == kind(yaml_1_1)
    assert kind(YAML(typ="rt").load(f"a: {text}")["a"]) == kind(yaml_1_2)


@each
def test_what_is_not_refused_is_what_the_cli_takes_it_for(
    text: str, yaml_1_1: Any, yaml_1_2: Any, go: Any, ours: Any
) -> None:
    if ours != NO:
        assert kind(ours) == kind(go)
        assert isinstance(ours, str) or kind(ours) == kind(yaml_1_1) == kind(yaml_1_2)


@each
def test_a_text_of_it_is_written_so_that_every_reader_has_the_text(
    tmp_path: Path, text: str, yaml_1_1: Any, yaml_1_2: Any, go: Any, ours: Any
) -> None:
    file = tmp_path / "Pulumi.trop02.yaml"
    file.write_text(yaml_text.written({"config": {"trop:a": text}}))
    assert read.stack_file(file) == {"a": text}
    assert load_yaml(file)["config"]["trop:a"] == text
    assert kind(YAML(typ="rt").load(file)["config"]["trop:a"]) == kind(text) or yaml_1_2 in (A_DATE, A_TIME)


def test_a_copy_without_floats_keeps_what_is_in_quotes(tmp_path: Path) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "config/fleet.yaml").write_text("floats: {members: {float1: {holder: Ulov, note: '0b11'}}}\n")
    file = tmp_path / "Pulumi.trop02.yaml"
    file.write_text("config:\n  trop:vms: {Ulov: {title: '1e3'}}\n")
    made = fleet_stacks.without_floats(file, tmp_path, ["float1"], tmp_path / "copy")
    assert read.stack_file(made)["vms"] == {"Ulov": {"title": "1e3"}}
    fleet = load_yaml(tmp_path / "copy/fleet.yaml")
    assert fleet["floats"]["members"]["float1"] == {"note": "0b11"}


def test_no_number_is_left_to_chance() -> None:
    """Whatever PyYAML or ruamel.yaml takes for a number is one by our patterns, clear or not."""
    whole = "0 7 10 07 0x1f 0b1 0o7 1_0 1__0 0_7 0x_f"
    parts = "1.5 1. .5 0. 07.5 1_0.5 1e3 1.5e3 1.e+3"
    digits = f"{whole} {parts}".split()
    for text in (sign + each for sign in ("", "+", "-") for each in digits):
        readings = [yaml.safe_load(f"a: {text}")["a"], YAML(typ="rt").load(f"a: {text}")["a"]]
        if scalars.is_clear(text):
            assert readings[0] == readings[1], text
        else:
            assert any(not isinstance(reading, str) for reading in readings), text


def test_the_program_refuses_what_the_cli_has_read_already(tmp_path: Path) -> None:
    file = tmp_path / "Pulumi.trop02.yaml"
    same_for_every_reader(file)  # not there: settings come from elsewhere
    file.write_text("config:\n  trop:vms: {Ulov: {vcpu: 010}}\n")
    with pytest.raises(ConfigError, match=r"line 2: config\.trop:vms\.Ulov\.vcpu: 010 is no value"):
        same_for_every_reader(file)
    file.write_text("config:\n  trop:vms: {Ulov: {vcpu: 10}}\n")
    same_for_every_reader(file)

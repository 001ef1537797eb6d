"""YAML files that are small and stand for a great deal, or for something odd: told in one line, in no time."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from config import read
from config.errors import ConfigError
from engine.errors import CommandError
from engine.settings import project, stackfile

REPEATS = "has more than 10000 values that its aliases repeat"
DEEP = "nested deeper than 50 levels"
QUOTED = "allowed: the same in quotes"


def chain(levels: int, times: int, merge: bool) -> str:
    """Each level has the one before so many times in it."""
    lines = ["config:", "  trop:k0: &a0 {x: 1}"]
    for level in range(1, levels):
        many = ", ".join([f"*a{level - 1}"] * times)
        inner = f"{{<<: [{many}], k{level}: 1}}" if merge else f"[{many}]"
        lines.append(f"  trop:k{level}: &a{level} {inner}")
    return "\n".join(lines) + "\n"


WIDE = "config:\n  trop:a: &a {" + ", ".join(f"k{i}: 1" for i in range(3000)) + "}\n"
BOMBS = {
    "aliases of aliases": (chain(10, 10, False), REPEATS),
    "merges of merges": (chain(10, 10, True), REPEATS),
    "merges of two": (chain(30, 2, True), REPEATS),
    "merges in a row": (chain(2000, 1, True), REPEATS),
    "a large merge many times": (WIDE + "".join(f"  trop:b{i}: {{<<: *a}}\n" for i in range(300)), REPEATS),
    "a value inside itself": ("config: &a\n  trop:b: *a\n", REPEATS),
    "a merge with itself": ("config: &a\n  <<: *a\n  trop:b: 1\n", REPEATS),
    "brackets": ("config: " + "[" * 2000, DEEP),
    "braces": ("config: " + "{a: " * 2000, DEEP),
    "indented": ("config:\n" + "".join(" " * i + "a:\n" for i in range(1, 400)), DEEP),
    "dashes": ("config:\n  " + "- " * 5000, DEEP),
    "60,000 values": ("config:\n" + "  trop:a: [" + "1, " * 60_000 + "1]\n", "has more than 50000 values"),
    "a number in base 16 of 5,000 places": (
        f"config:\n  trop:a: 0x{'f' * 5000}\n",
        "a number has more than 64 bits; " + QUOTED,
    ),
    "a number of 80 places": ("config:\n  trop:a: 1" + "0" * 79 + "\n", "a number has 80 characters; " + QUOTED),
    "bytes": ("config:\n  trop:a: !!binary aGFsbG8=\n", "line 2: a value has a tag; allowed: the value without it"),
    "a number by its tag": (
        "config:\n  trop:a: !!int '010'\n",
        "line 2: a value has a tag; allowed: the value without it",
    ),
    "a number that readers of YAML take differently": (
        "config:\n  trop:vms:\n    Ulov: {vcpu: 010}\n",
        "line 3: config.trop:vms.Ulov.vcpu: 010 is no value that every reader of YAML, and of JSON, takes alike; "
        'allowed: a number in plain decimal digits; or, for the text, in quotes: "010"',
    ),
    "a set": (
        "config:\n  trop:a: !!set {a}\n",
        "a value is a CommentedSet; allowed: texts, numbers, true, false, lists and mappings",
    ),
    "a list for a key": ("config:\n  [a, b]: 1\n", "a key is a CommentedKeySeq; allowed: texts"),
    "nothing for a key": ("config:\n  trop:a:\n    b: 1\n    : 2\n", "a key is a NoneType; allowed: texts"),
    "a merge with a number": (
        "config:\n  trop:a: {<<: 3}\n",
        "not valid YAML: line 2: expected a mapping or list of mappings for merging, but found scalar",
    ),
    "no end of a text": ("config:\n  trop:a: 'x\n", "not valid YAML: line 3: found unexpected end of stream"),
    "a control character": (
        "config:\n  trop:a: \x1b\n",
        'not valid YAML: unacceptable character #x001b: special characters are not allowed',
    ),
    "a key without its namespace": (
        "config:\n  ../../a: 1\n",
        "config: could not parse ../../a as a configuration key (configuration keys should be of the form "
        "`<namespace>:<name>`)",
    ),
    "a key of two lines": (
        'config:\n  "a\\nb": 1\n',
        r"config: could not parse a\nb as a configuration key (configuration keys should be of the form "
        "`<namespace>:<name>`)",
    ),
    "settings that are a list": ("config: [a]\n", "config: expected a mapping, got ['a']"),
    "another keeper of secrets": (
        "secretsprovider: awskms://x\n",
        "secretsprovider is not supported by the embedded engine; use the Pulumi CLI",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("text", "why"), BOMBS.values(), ids=BOMBS)
def test_the_engine_refuses_a_stack_s_file_in_one_line_before_it_is_made(
    tmp_path: Path, text: str, why: str
) -> None:
    path = tmp_path / "Pulumi.trop02.yaml"
    path.write_text(text)
    begun = time.process_time()
    with pytest.raises(CommandError) as error:
        list(stackfile.StackFile.read(path, "trop").values())
    assert str(error.value).splitlines() == [f"{path}: {why}"]
    assert time.process_time() - begun < 20
    assert path.read_text() == text


@pytest.mark.parametrize(("text", "_why"), BOMBS.values(), ids=BOMBS)
def test_the_plan_refuses_it_in_one_line_or_reads_what_it_says(tmp_path: Path, text: str, _why: str) -> None:
    path = tmp_path / "Pulumi.trop02.yaml"
    path.write_text(text)
    begun = time.process_time()
    try:
        settings = read.stack_file(path)
        read.stack_settings(settings, path.name)
    except ConfigError as error:
        for line in str(error).splitlines():
            assert line.isprintable()
            assert line.startswith("Pulumi.trop02.yaml: ")
            assert "; allowed: " in line
            assert len(line) < 500
    assert time.process_time() - begun < 20


def test_a_file_without_an_end_is_read_no_further_than_is_allowed() -> None:
    with pytest.raises(CommandError) as error:
        project.load_yaml(Path("/dev/zero"))
    assert str(error.value) == "/dev/zero: is too large; allowed: up to 4194304 bytes"


MERGES = """config:
  trop:vms:
    Ulov: &usual {memory: 512, vcpu: 1}
    Dwiema: {<<: *usual, vcpu: 2}
"""


def test_merges_and_aliases_of_a_usual_size_are_read_alike_by_both_readers(tmp_path: Path) -> None:
    path = tmp_path / "Pulumi.trop02.yaml"
    path.write_text(MERGES)
    wanted = {"Ulov": {"memory": 512, "vcpu": 1}, "Dwiema": {"memory": 512, "vcpu": 2}}
    assert read.stack_file(path) == {"vms": wanted}
    assert stackfile.plain(stackfile.StackFile.read(path, "trop").get("trop:vms", []), str) == wanted


def test_keys_of_several_kinds_are_texts_to_the_program(tmp_path: Path) -> None:
    path = tmp_path / "Pulumi.trop02.yaml"
    path.write_text("config:\n  trop:a: {b: 1, 2: 3, 1.5: 4}\n")
    texts = stackfile.StackFile.read(path, "trop").texts(str)
    assert texts == {"trop:a": '{"1.5":4,"2":3,"b":1}'}


def test_a_key_that_a_merge_brings_may_be_written_too_and_one_that_is_written_twice_may_not(
    tmp_path: Path,
) -> None:
    path = tmp_path / "fleet.yaml"
    path.write_text("a: &a {x: 1}\nb: &b {<<: *a, x: 2}\nc: {<<: *b}\n")
    assert read.yaml_mapping(path, path.name, "")["c"] == {"x": 2}
    path.write_text("a: &a {x: 1}\nb: {<<: *a, x: 2, x: 3}\n")
    with pytest.raises(ConfigError, match=r"fleet\.yaml: line 2, column 19: x is declared twice"):
        read.yaml_mapping(path, path.name, "")


PROJECTS = {
    "a way up": ("../../etc", "'../../etc'"),
    "two dots": ("..", "'..'"),
    "a slash": ("a/b", "'a/b'"),
    "two lines": ("a\nb", r"'a\nb'"),
    "a look-alike": ("tr\u043ep", "'tr\u043ep'"),
    "300 characters": ("x" * 300, "'" + "x" * 116 + "..."),
}


@pytest.mark.parametrize(("name", "shown"), PROJECTS.values(), ids=PROJECTS)
def test_a_project_s_name_that_would_be_a_folder_of_elsewhere_is_refused(
    tmp_path: Path, name: str, shown: str
) -> None:
    path = tmp_path / "Pulumi.yaml"
    path.write_text(f"name: {name!r}\nruntime: python\n".replace("'", '"'))
    with pytest.raises(CommandError) as error:
        project.read(path)
    assert str(error.value) == (
        f"{path}: name: {shown} is no project name; allowed: up to 100 letters, digits, hyphens, underscores and "
        "periods"
    )

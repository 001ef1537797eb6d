"""How `./trop`'s words become Pulumi's."""

from pathlib import Path

import pytest

from cli import ROOT
from cli.quality import RUNS, SHARED, TOGETHER, pytest_lines
from cli.words import command_line
from cli.words.command_line import UsageError, parse, placed

STACKS = frozenset({"trop01", "trop02"})


@pytest.mark.parametrize(
    ("typed", "given"),
    [
        ("up trop02 --yes", "up --yes --stack trop02"),
        ("up --yes --parallel 4 trop02", "up --yes --parallel 4 --stack trop02"),
        ("preview --stack=trop02 --diff", "preview --diff --stack trop02"),
        ("preview -s trop02", "preview --stack trop02"),
        ("preview newstack", "preview --stack newstack"),
        ("stack trop02 output", "stack output --stack trop02"),
        ("stack init trop02", "stack init trop02"),
        ("stack output vms --stack trop02", "stack output vms --stack trop02"),
        ("config trop02 set trop:x trop01", "config set trop:x trop01 --stack trop02"),
        ("state trop01 unprotect --all", "state unprotect --all --stack trop01"),
        ("cancel trop02", "cancel --stack trop02"),
        ("preview", "preview"),
        (
            "import trop02 libvirt:index/network:Network x id",
            "import libvirt:index/network:Network x id --stack trop02",
        ),
        ("up trop02 --target a::b", "up --target a::b --stack trop02"),
    ],
)
def test_the_stack_may_come_first(typed: str, given: str) -> None:
    assert parse(typed.split(), STACKS).words == given.split()


def test_our_own_options_are_not_handed_on() -> None:
    order = parse(
        ["up", "trop02", "--lab", "--engine=embedded", "--allow", "a=restart", "--allow=b=data loss"], STACKS
    )
    assert order.words == ["up", "--stack", "trop02"]
    assert (order.lab, order.engine, order.allow) == (
        True,
        "embedded",
        ["a=restart", "b=data loss"],
    )


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ("up --stack", "--stack needs a value"),
        ("up --allow", "--allow needs a value"),
        ("up --allow Acilamwen", "--allow 'Acilamwen': it is NAME=IMPACT"),
        ("up --allow =restart", "--allow '=restart': it is NAME=IMPACT"),
        ("up --allow a=restart,default=outage", "'default=outage': .* restart, network outage, data loss"),
    ],
)
def test_words_that_cannot_be_understood_are_told_in_one_line(typed: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        parse(typed.split(), STACKS)


def test_the_pulumi_cli_is_taken_where_it_is_on_the_path(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert command_line.choose_engine("") == "embedded"
    with pytest.raises(UsageError, match="no pulumi on PATH"):
        command_line.choose_engine("pulumi")
    (tmp_path / "pulumi").touch(mode=0o755)
    assert command_line.choose_engine("") == "pulumi"
    assert command_line.choose_engine("embedded") == "embedded"
    with pytest.raises(UsageError, match="--engine is embedded or pulumi, not 'other'"):
        command_line.choose_engine("other")


def test_from_another_folder_the_project_is_named_and_files_are_found() -> None:
    words = ["stack", "export", "--file", "out.json", "--plan=p"]
    assert placed(words, ROOT, ROOT / "docs") == words
    assert placed(words, ROOT, Path("/srv")) == [
        "stack", "--cwd", str(ROOT), "export", "--file", "/srv/out.json", "--plan=/srv/p",
    ]  # fmt: skip
    assert placed(["up", "-C", "x"], ROOT, Path("/srv")) == ["up", "-C", "x"]


@pytest.mark.parametrize(
    ("words", "soak", "before", "after"),
    [
        ([], False, "", " and not soak and not firstday"),
        ([], True, "", " and not firstday"),
        (["-m", "endtoend"], False, "(endtoend) and ", " and not soak and not firstday"),
        (["-mlab or unit", "tests/lab"], True, "(lab or unit) and ", " and not firstday"),
        (["--maxfail=1"], False, "", " and not soak and not firstday"),
        (["-m", "services", "-x"], False, "(services) and ", " and not firstday"),
        (["-m", "firstday or move"], False, "(firstday or move) and ", " and not soak"),
    ],
)
def test_further_words_go_to_each_run_of_pytest_and_marks_are_joined(
    words: list[str], soak: bool, before: str, after: str
) -> None:
    rest = [word for word in words if word in ("tests/lab", "--maxfail=1", "-x")]
    lines = pytest_lines(words, quick=False, soak=soak)
    assert [line[line.index("-m") + 1 :] for line in lines] == [
        [f"{before}{kind}{after}", *rest] for _, kind in RUNS
    ]


@pytest.mark.parametrize("mark", ["services", "guests"])
def test_what_takes_long_of_real_guests_asked_for_alone_is_run_and_has_both_cores(mark: str) -> None:
    lines = pytest_lines(["-m", mark], quick=False, soak=False)
    assert [line[: line.index("-m")] for line in lines] == [[*SHARED], [], []]
    assert not [line for line in lines if "not soak" in " ".join(line)]


def test_among_others_it_is_left_out() -> None:
    lines = pytest_lines(["-m", "services or adopt"], quick=False, soak=False)
    assert [line[: line.index("-m")] for line in lines] == [[*SHARED], [*TOGETHER], []]


def test_the_quick_tests_are_one_run_of_what_needs_no_root() -> None:
    left_out = "not lab and not endtoend and not soak and not slow"
    assert pytest_lines([], quick=True, soak=False) == [[*SHARED, "-m", left_out]]
    assert pytest_lines(["-m", "services"], quick=True, soak=False) == [
        [*SHARED, "-m", f"(services) and {left_out}"]
    ]

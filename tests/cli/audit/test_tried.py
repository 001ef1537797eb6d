"""No line is printed that no test has typed: the table of what was tried is whole."""

from __future__ import annotations

from functools import cache

import pytest

from cli import ROOT
from cli.audit.rules import RULES
from tests.cli.audit import mends, tried
from tests.lab.remedies import ROWS

pytestmark = pytest.mark.reports("H11")

DONE = [step for row in ROWS for step in mends.parts(row.line)]


@cache
def steps() -> frozenset[str]:
    return frozenset(step for _, shape in mends.shapes() for step in mends.parts(shape))


def test_what_an_audit_may_print_is_all_understood() -> None:
    assert mends.OPEN not in steps()
    assert {"./trop up …", "./trop up … …", "virsh detach-interface", "virsh domif-setlink"} <= steps()


@pytest.mark.parametrize("step", sorted(steps()))
def test_each_step_of_each_line_was_done_as_it_is_printed(step: str) -> None:
    said = any(mends.fits(words, step) for words in tried.WORDS)
    assert step in tried.STEPS or said or any(mends.fits(step, done) for done in DONE)


@pytest.mark.parametrize("step", sorted(step for step in tried.STEPS if tried.COMMANDS.match(step)))
def test_a_command_is_typed_where_there_is_something_to_type_it_at(step: str) -> None:
    assert tried.STEPS[step].startswith(tried.TERMINALS)


def test_no_command_is_among_the_words() -> None:
    assert [words for words in tried.WORDS if tried.COMMANDS.search(words)] == []


def test_each_kind_has_a_row_or_a_test_that_brings_it_about() -> None:
    rows = {kind for row in ROWS for kind, _ in row.told}
    assert {rule.kind for rule in RULES} == rows | tried.KINDS.keys()


def test_the_tests_that_are_named_are_there_and_what_is_named_can_be_printed() -> None:
    for name in {*tried.STEPS.values(), *tried.KINDS.values()}:
        path, _, test = name.partition("::")
        assert f"def {test}(" in (ROOT / path).read_text(encoding="utf-8"), name
    for words in (*tried.STEPS, *tried.WORDS):
        assert any(mends.fits(words, step) for step in steps()), f"nothing prints {words!r}"


def test_what_is_printed_is_taken_apart_into_the_steps_that_are_typed() -> None:
    line = (
        "virsh -c qemu+ssh://trop02/system detach-interface Ulov bridge --mac x && virsh -c x edit Ulov; ./trop up "
        "trop02 --lab --allow Ulov=restart, or virsh -c x shutdown Ulov, and ./trop up trop02 once it is off"
    )
    assert mends.parts(line) == [
        "virsh detach-interface",
        "virsh edit",
        "./trop up … --allow Ulov=restart",
        "virsh shutdown",
        "./trop up …",
    ]

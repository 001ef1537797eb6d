"""Secrets of a guest's files: there while the command runs, in no error, another one restarts what it concerns."""

from __future__ import annotations

import pytest

from provider.errors import OperatorError
from tests.provider.guest.place import SECRET, Place


def test_a_secret_is_there_while_the_command_runs_and_only_then(place: Place) -> None:
    copy = place.folder / "copy"
    script = f"cat $SECRETS/password > {copy}; stat -c %a $SECRETS $SECRETS/password >> {copy}\n"
    script += f"cat {place.wanted} > {place.now}"
    made = place.brought(apply=script, secretFiles={"password": SECRET})

    assert copy.read_text() == f"{SECRET}700\n600\n"
    assert list((place.folder / "run").iterdir()) == []
    assert not any(SECRET in word for word in place.guests.argv)
    assert not any(SECRET in note for note in made.notes())


@pytest.mark.parametrize("ending", ["exit 1", "sleep 5"])
def test_a_secret_goes_with_a_command_that_fails_and_is_in_no_error(place: Place, ending: str) -> None:
    with pytest.raises(OperatorError) as caught:
        place.brought(
            apply=f"cat $SECRETS/password >&2; {ending}", secretFiles={"password": SECRET}, timeout=1
        )

    for process in place.guests.running.values():
        process.wait(10)
    assert SECRET not in str(caught.value)
    assert list((place.folder / "run").iterdir()) == []


def test_another_secret_restarts_what_it_concerns(place: Place) -> None:
    secret = {"secretFiles": {"password": SECRET}, "concerns": {"password": ["one"]}}
    made = place.brought(**secret)
    made.up(**{**secret, "secretFiles": {"password": "another one"}})

    assert made.notes() == ["service restart: one of Acilamwen: password is another one"]

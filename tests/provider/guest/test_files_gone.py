"""Files that are not declared any more, deletes, and runs that were cut off."""

from __future__ import annotations

from pathlib import Path

import pytest

from provider.errors import OperatorError
from tests.provider.guest.place import SECRET, Place


def test_a_file_that_is_not_declared_any_more_goes_once_the_command_has_ended(place: Place) -> None:
    extra = str(place.folder / "etc/deep/extra")
    both = {**place.inputs()["files"], extra: {"content": "x"}}
    made = place.brought(files=both)
    made.up(files=place.inputs()["files"], apply=f"[ -e {extra} ] && cat {place.wanted} > {place.now}")

    assert not Path(extra).parent.exists()
    assert f"live: Acilamwen: {extra} is removed" in made.notes()


def test_a_delete_undoes_and_removes(place: Place) -> None:
    made = place.brought(remove=f"[ -e {place.wanted} ] && echo gone > {place.now}")
    place.handler.refuse_delete(made.call, made.id, made.outputs)
    assert made.notes() == ["service restart: one of Acilamwen is taken away"]
    assert Path(place.wanted).exists()

    made.delete()
    assert place.now.read_text() == "gone\n"
    assert not Path(place.wanted).exists()


def test_a_delete_of_what_can_not_be_asked_leaves_it_and_says_so(place: Place) -> None:
    made = place.brought()
    place.guests.silent.add("Acilamwen")
    made.delete()

    assert made.notes() == ["guest Acilamwen: its agent does not answer: what is in it stays"]


def test_it_is_gone_with_its_guest(place: Place) -> None:
    made = place.brought()
    del place.conn.domains[place.vm.id]

    assert made.refresh() is None
    made.delete()


def test_a_create_that_was_cut_off_is_taken_up(place: Place) -> None:
    place.brought()

    assert place.brought().drift().changes == {}


def test_a_run_that_is_cut_off_after_any_command_is_taken_up_by_the_next(place: Place) -> None:
    made = place.brought(secretFiles={"password": SECRET})
    whole = len(place.guests.sent)
    made.delete()
    for commands in range(whole):
        place.now.write_text("{}")
        place.guests.sent.clear()
        place.guests.last = commands
        with pytest.raises(OperatorError):
            place.brought(secretFiles={"password": SECRET}, wait=1)
        place.guests.last = 1_000_000
        again = place.brought(secretFiles={"password": SECRET})

        assert again.drift().changes == {}, commands
        assert list((place.folder / "run").iterdir()) == [], commands
        again.delete()
    assert whole > 10

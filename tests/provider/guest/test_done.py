"""What was done inside a guest is named with the error that came after it."""

from __future__ import annotations

import pytest

from provider.connection.done import Done, kept
from provider.errors import OperatorError
from tests.provider.guest.place import Place


def test_the_files_that_were_written_are_named_when_apply_fails(place: Place) -> None:
    inputs, done = place.inputs(apply="exit 3"), Done()
    with kept(done), pytest.raises(OperatorError, match="exit code 3"):
        place.handler.create(place.call(place.handler, "x"), inputs, False)
    assert str(done) == f"guest Acilamwen has {place.wanted} written"


def test_what_apply_has_done_is_named_when_it_was_not_what_is_declared(place: Place) -> None:
    inputs, done = place.inputs(apply="true"), Done()
    with kept(done), pytest.raises(OperatorError, match="apply has ended well, and yet"):
        place.handler.create(place.call(place.handler, "x"), inputs, False)
    assert str(done) == f"guest Acilamwen has {place.wanted} written, has run its command"

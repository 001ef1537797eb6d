"""What is there and holds data: a change that would lose it is refused, and so is one of what can't be changed."""

from __future__ import annotations

import json
import shlex
from typing import Any

import pytest

from provider.errors import OperatorError
from provider.impact.allow import VARIABLE
from tests.provider.guest.place import Brought, Place

ONE = {"one": {"image": "a:1"}}
NEXT = {"one": {"image": "a:2"}}
THERE = {"one": {"volumes": "data:/data logs:/logs", "networks": "back"}}
DECLARED = {"one": {"volumes": "ft_data:/data logs:/logs", "networks": "back", "ports": "80"}}
LOST = "volumes data:/data (declared: ft_data:/data logs:/logs)"


def brought(place: Place, **said: Any) -> Brought:
    """With a read that says this beside the state, once it is there."""
    made = place.brought(state=ONE)
    beside = "".join(f', "{key}": {json.dumps(value)}' for key, value in said.items())
    end = shlex.quote(f"{beside}}}")
    made.inputs["read"] = f"""printf '%s' '{{"state": '; cat {place.now}; printf %s {end}"""
    return made


@pytest.mark.reports("V1")
@pytest.mark.parametrize("preview", [True, False])
def test_a_change_that_would_lose_what_is_there_is_refused_with_both_ways_out(
    place: Place, preview: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = brought(place, keeps=THERE)
    news = place.inputs(state=NEXT, keeps=DECLARED, keeping="say so", read=made.inputs["read"])
    with pytest.raises(OperatorError) as refused:
        made.up(preview=preview, **news)
    assert str(refused.value) == (
        f"Acilamwen: one would lose {LOST}; say so; to change it all the same: "
        '--allow "one=data loss" (with the Pulumi CLI: "LIBVIRT_ALLOW=one=data loss")'
    )
    assert json.loads(place.now.read_text()) == ONE
    made.call.notes.clear()
    monkeypatch.setenv(VARIABLE, "one=data loss")
    made.up(preview=preview, **news)
    assert made.notes()[1:] == [
        f"data loss: one of Acilamwen loses {LOST}",
        "service restart: one of Acilamwen: image a:1 -> a:2",
    ]


@pytest.mark.reports("V1")
def test_what_is_declared_as_it_is_there_is_kept(place: Place) -> None:
    made = brought(place, keeps=THERE)
    more = {"one": {"volumes": "logs:/logs data:/data new:/new", "networks": "back"}}
    made.up(**place.inputs(state=NEXT, keeps=more, read=made.inputs["read"]))
    assert json.loads(place.now.read_text()) == NEXT


@pytest.mark.reports("V1")
def test_what_a_change_would_lose_is_told_before_there_is_one(place: Place) -> None:
    made = brought(place, keeps=THERE)
    made.inputs["keeps"] = DECLARED
    assert made.drift().changes == {}
    assert made.notes() == [f"Acilamwen: one would lose at its next change: {LOST}; declare what is to stay"]


@pytest.mark.reports("V2")
def test_what_can_not_be_changed_is_refused_at_preview_with_the_reason(place: Place) -> None:
    made = brought(place, fixed={"one": "it is somebody's", "other": "nobody asks"})
    with pytest.raises(OperatorError, match=r"^Acilamwen: one can't be changed: it is somebody's$"):
        made.up(preview=True, **place.inputs(state=NEXT, read=made.inputs["read"]))
    made.call.notes.clear()
    made.drift()
    assert made.notes() == ["Acilamwen: one can't be changed: it is somebody's"]


@pytest.mark.reports("V5")
def test_remarks_of_a_guest_are_told_as_they_are(place: Place) -> None:
    made = brought(place, remarks=["its log has no end"])
    made.drift()
    assert made.notes() == ["Acilamwen: its log has no end"]

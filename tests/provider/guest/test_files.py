"""Files in a guest and the command that applies them: a real shell stands for the guest's."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from provider.errors import OperatorError
from provider.guest import schema as guest_files_schema
from provider.guest import store as guest_store
from provider.resource.base import COMPUTED
from tests.provider.guest.place import Brought, Place


def test_files_are_written_whole_and_applied(place: Place) -> None:
    made = place.brought()

    assert Path(place.wanted).read_text() == json.dumps(made.inputs["state"])
    assert Path(place.wanted).stat().st_mode & 0o7777 == 0o644
    assert [p.name for p in Path(place.wanted).parent.iterdir()] == ["wanted"]
    assert place.now.read_text() == json.dumps(made.inputs["state"])
    assert made.outputs["guest"] == "Acilamwen"
    assert made.drift().changes == {}


def test_mode_and_owner_are_as_declared(place: Place) -> None:
    files = {str(place.folder / "tool"): {"content": "#!/bin/sh\n", "mode": "0750", "owner": "daemon:daemon"}}
    made = place.brought(files=files, apply="true", state={})
    tool = place.folder / "tool"

    assert tool.stat().st_mode & 0o7777 == 0o750
    assert tool.owner() == "daemon"
    assert made.drift().changes == {}
    tool.chmod(0o755)
    assert made.drift().changes == {"files": "update"}


def test_a_file_of_a_megabyte_arrives_whole(place: Place) -> None:
    content = "ü" * (guest_files_schema.LARGEST // 2)
    place.brought(files={place.wanted: {"content": content}}, apply="true", state={})

    assert Path(place.wanted).read_text(encoding="utf-8") == content


def test_nothing_is_done_where_nothing_changed(place: Place) -> None:
    made = place.brought()
    before = Path(place.wanted).stat().st_ino
    made.up()

    assert Path(place.wanted).stat().st_ino == before


@pytest.mark.parametrize("preview", [True, False])
def test_each_change_is_told_with_its_impact(place: Place, preview: bool) -> None:
    made = place.brought(state={"one": {"image": "a:1"}, "two": {"image": "b:1"}, "old": {"image": "c:1"}})
    news = place.inputs(state={"one": {"image": "a:2"}, "two": {"image": "b:1"}, "new": {"image": "d:1"}})
    made.up(preview=preview, **news)

    assert made.notes() == [
        f"live: Acilamwen: {place.wanted} is written",
        "live: new of Acilamwen is brought up: image d:1",
        "service restart: one of Acilamwen: image a:1 -> a:2",
        "service restart: old of Acilamwen is taken away",
    ]


def test_a_preview_changes_nothing(place: Place) -> None:
    made = Brought(place, place.inputs())
    place.handler.create(made.call, made.inputs, True)

    assert made.notes() == [
        f"live: Acilamwen: {place.wanted} is written",
        "live: one of Acilamwen is brought up: image a:1, status running",
    ]
    assert not Path(place.wanted).exists()
    assert place.now.read_text() == "{}"


def test_what_was_done_by_hand_is_drift_and_is_mended(place: Place) -> None:
    made = place.brought()
    place.now.write_text('{"one": {"image": "a:1", "status": "exited"}}')
    assert made.drift().changes == {"state": "update"}
    assert made.read_inputs["state"] == {"one": {"image": "a:1", "status": "exited"}}
    made.up()
    assert made.notes() == ["service restart: one of Acilamwen: status exited -> running"]

    place.now.write_text("{}")
    assert made.drift().changes == {"state": "update"}
    Path(place.wanted).write_text("other")
    assert made.drift().changes == {"files": "update", "state": "update"}
    Path(place.wanted).unlink()
    assert made.drift().changes == {"files": "update", "state": "update"}
    made.up()
    assert made.drift().changes == {}


def test_what_nobody_declared_is_told_and_left_alone(place: Place) -> None:
    made = place.brought()
    seen = {**made.inputs["state"], "stranger": {"image": "x:9", "status": "running"}}
    place.now.write_text(json.dumps(seen))

    assert made.drift().changes == {}
    assert made.notes() == [
        "Acilamwen: stranger is not declared (image x:9, status running); it is left alone"
    ]
    assert made.outputs["undeclared"] == ["stranger: image x:9, status running"]


def test_what_a_command_can_not_tell_is_no_drift(place: Place) -> None:
    made = place.brought()
    place.now.write_text('{"one": {"image": "", "status": "running"}}')

    assert made.drift().changes == {}


def test_what_the_command_notes_is_told(place: Place) -> None:
    made = place.brought()
    made.inputs["read"] = """echo '{"state": {}, "notes": ["package tcpdump is missing"]}'"""
    made.refresh()

    assert "Acilamwen: package tcpdump is missing" in made.notes()


def test_a_guest_that_does_not_answer_is_told_and_is_no_drift(place: Place) -> None:
    made = place.brought()
    place.guests.silent.add("Acilamwen")

    assert made.drift().changes == {}
    assert made.notes() == ["guest Acilamwen: its agent does not answer; what is in it was not compared"]


def test_a_guest_that_is_shut_off_is_told_and_is_no_drift(place: Place) -> None:
    made = place.brought()
    place.vm.fake.destroy()

    assert made.drift().changes == {}
    assert made.notes() == ["guest Acilamwen is shut off; what is in it was not compared"]


def test_up_waits_for_an_agent_and_then_fails_in_one_line(place: Place) -> None:
    place.guests.silent.add("Acilamwen")
    with pytest.raises(OperatorError, match=r"^guest Acilamwen: its agent does not answer$"):
        place.brought(wait=7)

    made = Brought(place, place.inputs())
    place.handler.create(made.call, made.inputs, True)
    assert made.notes() == [
        "guest Acilamwen: its agent does not answer; it is waited for by up",
        "live: files and state are brought into Acilamwen once its agent answers",
    ]


def test_an_agent_that_answers_while_it_is_waited_for_will_do(place: Place) -> None:
    place.guests.silent.add("Acilamwen")
    sleep = place.conn.clock.sleep
    place.conn.clock.sleep = lambda seconds: (place.guests.silent.clear(), sleep(seconds))

    assert place.brought(wait=60).outputs["guest"] == "Acilamwen"


def test_a_guest_that_is_made_in_the_same_run_is_foretold(place: Place) -> None:
    made = Brought(place, place.inputs(domain=COMPUTED))
    id, outputs = place.handler.create(made.call, made.inputs, True)

    assert id == ""
    assert outputs["guest"] is COMPUTED


def test_the_error_of_a_command_has_its_exit_code_and_the_end_of_what_it_said(place: Place) -> None:
    with pytest.raises(OperatorError) as caught:
        place.brought(apply="echo first; seq 5000 >&2; echo at last >&2; exit 3")

    line = str(caught.value)
    assert line.startswith("guest Acilamwen: exit code 3: ")
    assert line.endswith("4999 5000 at last")
    assert len(line) < guest_store.LONGEST_SAID + 100


def test_a_command_that_does_not_end_is_ended(place: Place) -> None:
    with pytest.raises(OperatorError, match="did not end within 2 s"):
        place.brought(apply="sleep 5", timeout=2)

    for process in place.guests.running.values():
        process.wait(10)


def test_a_command_that_ends_well_and_did_not_do_it_is_an_error(place: Place) -> None:
    with pytest.raises(OperatorError, match="apply has ended well, and yet one is not there"):
        place.brought(apply="true")
    place.now.write_text('{"one": {"image": "a:0", "status": "running"}}')
    with pytest.raises(OperatorError, match="and yet one image a:0 -> a:1"):
        place.brought(apply="true")

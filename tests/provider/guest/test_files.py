"""Files in a guest and the command that applies them: a real shell stands for the guest's."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from provider.errors import OperatorError
from provider.guest import schema as guest_files_schema
from provider.guest import store as guest_store
from provider.guest.resource import GuestFiles
from provider.guest.tools import Tools
from provider.impact.kinds import Note
from provider.resource.base import COMPUTED
from tests.provider.fakes.domain_world import World, _Made
from tests.provider.fakes.shell_guest import ShellGuests


class Place(World):
    """One guest, Acilamwen.  What runs in it is a text in ``state``; apply copies the declared one there."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder
        self.guests = ShellGuests()
        self.handler = GuestFiles(Tools(self.conn.clock, self.guests.send))
        self.vm = self.made()
        self.wanted = str(folder / "etc/wanted")
        self.now = folder / "now"
        self.now.write_text("{}")

    def inputs(self, state: Any = None, **more: Any) -> dict[str, Any]:
        state = {"one": {"image": "a:1", "status": "running"}} if state is None else state
        return {
            "domain": self.vm.id,
            "files": {self.wanted: {"content": json.dumps(state)}},
            "apply": f"cat {self.wanted} > {self.now}",
            "read": f"""printf '{{"state": %s}}' "$(cat {self.now})" """,
            "state": state,
            **more,
        }

    def brought(self, **more: Any) -> Brought:
        made = Brought(self, self.inputs(**more))
        made.id, made.outputs = self.handler.create(made.call, made.inputs, False)
        made.read_inputs = made.inputs
        self.conn.calls.clear()
        made.call.notes.clear()
        return made


class Brought(_Made):
    def __init__(self, place: Place, inputs: dict[str, Any]) -> None:
        self.handler = place.handler
        super().__init__(place.call(place.handler, "Acilamwen"), inputs)

    def notes(self) -> list[str]:
        """What was noted since the last time, impacts as ``kind: text``."""
        told = [f"{n.impact}: {n.text}" if isinstance(n, Note) else n for n in self.call.notes]
        self.call.notes.clear()
        return told


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    monkeypatch.setattr(guest_store, "RUN", str(tmp_path / "run"))
    return Place(tmp_path)


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


@pytest.mark.parametrize(
    "text", ["", "[]", '{"state": {"one": 1}}', '{"state": {"one": {"a": 1}}}', "{", "{}"]
)
def test_what_is_no_state_is_told(place: Place, text: str) -> None:
    made = place.brought()
    made.inputs["read"] = f"printf '%s' '{text}'"
    made.refresh()

    (line,) = made.notes()
    assert "guest Acilamwen: read prints what is no state" in line


NO_PATH = "is no absolute path of a file; allowed: one such as /etc/motd, without . and .."
SECRET = "correct horse battery"


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


def test_an_import_is_refused_in_one_line(place: Place) -> None:
    made = Brought(place, {})
    with pytest.raises(OperatorError, match="files in a guest are not imported"):
        place.handler.read(made.call, f"{place.vm.id}/x", {}, {})


@pytest.mark.parametrize(
    ("inputs", "line"),
    [
        ({"domain": "x"}, "domain: 'x' is no UUID; allowed: that of a domain, which is its resource's ID"),
        (
            {"files": {"etc/x": {"content": ""}}},
            f"files['etc/x']: {NO_PATH}",
        ),
        ({"files": {"/a/../b": {"content": ""}}}, f"files['/a/../b']: {NO_PATH}"),
        ({"files": {"/a": {}}}, "files['/a']: must have content, and may have mode and owner"),
        ({"files": {"/a": {"content": "", "mode": "9"}}},
         "files['/a']: has the mode '9'; allowed: octal digits such as 0644"),
        ({"files": {"/a": {"content": "", "owner": "a b"}}},
         "files['/a']: has the owner 'a b'; allowed: one such as root:root"),
        ({"files": {"/a": {"content": "x" * 1048577}}}, "files['/a']: has 1048577 bytes; allowed: up to 1048576"),
        ({"apply": "", "files": {}}, "apply: has 0 characters; allowed: 1 to 100000"),
        ({"secretFiles": {"../x": "y"}, "apply": "true"},
         "secretFiles['../x']: is no name of a file; allowed: letters, digits, dots, hyphens and underscores"),
        ({"state": {"one": {}}}, "state: is of no use without read: give that too"),
        ({"wait": 0}, "wait: must be 1 to 3600 seconds, not 0"),
        ({"state": {"one": {"a": 1}}, "read": "true"}, "state['one']: must have texts only"),
        ({"concerns": {"a": "b"}, "secretFiles": {"a": "b"}, "apply": "true"},
         "concerns['a']: must be a list of names of state"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_by_property(place: Place, inputs: dict[str, Any], line: str) -> None:
    checked = place.handler.check(Brought(place, {}).call, {}, {"domain": place.vm.id, **inputs})

    assert [f"{f.path}: {f.reason}" for f in checked.failures] == [line]

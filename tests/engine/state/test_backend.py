"""The state folder is the CLI's, and is never left half written."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

from engine.errors import CommandError
from engine.state import atomic, backend, history
from engine.state.backend import Backend
from tests.engine.conftest import CREATED, RECORDINGS


def tree(folder: Path) -> list[str]:
    """All files below a folder, time stamps and lock ids aside."""
    names = (str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())
    return sorted(re.sub(r"\d{19}", "<ns>", name) for name in names)


def test_after_an_update_the_folder_holds_what_the_cli_leaves(stack: Backend) -> None:
    stack.write("trop02", CREATED.read_bytes())
    record = history.Record("update", 1, {}, end=2, changes={"create": 8})
    history.keep(stack, "trop02", record)
    history.keep(stack, "trop02", record)
    recorded = RECORDINGS.joinpath("31-backend-folder/tree.txt").read_text().splitlines()
    assert tree(stack.folder) == sorted(re.sub(r"\d{19}", "<ns>", line.split()[1]) for line in recorded)


def test_attributes_are_byte_for_byte_the_recorded_ones(tmp_path: Path) -> None:
    recorded = json.loads(RECORDINGS.joinpath("31-backend-folder/trop02.json.attrs").read_text())
    backend.with_attributes(tmp_path / "file", b"hello")
    line = (tmp_path / "file.attrs").read_text()
    own = json.loads(line)
    assert own.pop("md5") == "XUFAKrxLKna5cZ2REBfFkg=="
    del recorded["md5"]
    assert list(own.items()) == list(recorded.items())
    assert line.endswith('=="}\n')


def test_a_history_record_has_the_recorded_fields_in_their_order(stack: Backend) -> None:
    recorded = json.loads(RECORDINGS.joinpath("31-backend-folder/last.history.json").read_text())
    own = history.Record("update", 1, {}, end=2, changes={"update": 1, "same": 7}).document()
    assert list(own) == list(recorded)
    assert own["resourceChanges"] == recorded["resourceChanges"]


def test_the_write_before_is_kept_as_bak(stack: Backend) -> None:
    stack.write("trop02", b'{"version":3,"checkpoint":{"latest":{}}}')
    file = stack.state_file("trop02")
    assert file.with_name("trop02.json.bak").read_bytes() == CREATED.read_bytes()


def test_a_write_that_fails_leaves_the_old_state(stack: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", fail)
    with pytest.raises(OSError, match="No space"):
        stack.write("trop02", b"new")
    assert stack.state_file("trop02").read_bytes() == CREATED.read_bytes()
    assert not [name for name in tree(stack.folder) if name.endswith(".tmp")]


def test_a_state_cut_in_half_is_told_with_the_last_good_one_and_nothing_changes(stack: Backend) -> None:
    stack.write("trop02", CREATED.read_bytes())
    file = stack.state_file("trop02")
    file.write_bytes(CREATED.read_bytes()[: CREATED.stat().st_size // 2])
    before = {p: p.read_bytes() for p in stack.folder.rglob("*") if p.is_file()}
    with pytest.raises(CommandError) as error:
        stack.document("trop02")
    assert "\n" not in str(error.value)
    assert str(error.value).startswith(f"the state file {file} is damaged (")
    assert f"the last good one is {file}.bak; nothing was changed" in str(error.value)
    assert before == {p: p.read_bytes() for p in stack.folder.rglob("*") if p.is_file()}


def test_a_damaged_bak_is_not_called_good(stack: Backend) -> None:
    history.keep(stack, "trop02", history.Record("update", 1, {}))
    stack.write("trop02", b"junk")
    stack.write("trop02", b"junk")
    with pytest.raises(CommandError, match=r"last good one is .*/backups/trop/trop02/trop02\.\d+\.json;"):
        stack.document("trop02")


def test_a_stack_that_is_not_there_has_the_recorded_line_and_code(backend: Backend) -> None:
    with pytest.raises(CommandError, match=r"^no stack named 'nowhere' found$") as error:
        backend.read("nowhere")
    assert error.value.code == 6


def test_a_stack_is_made_once(stack: Backend) -> None:
    with pytest.raises(CommandError, match=r"^stack 'organization/trop/trop02' already exists$"):
        stack.create("trop02", b"{}")


def test_only_the_projects_own_stacks_are_listed(stack: Backend) -> None:
    Backend(stack.folder, "other").create("elsewhere", b"{}")
    assert stack.stacks() == ["trop02"]


def test_a_removed_stack_leaves_its_state_as_bak_and_no_history(stack: Backend) -> None:
    history.keep(stack, "trop02", history.Record("update", 1, {}))
    stack.remove("trop02")
    assert not stack.exists("trop02")
    assert stack.state_file("trop02").with_name("trop02.json.bak").read_bytes() == CREATED.read_bytes()
    assert not stack.history("trop02").exists()


@pytest.mark.parametrize(
    "url", ["https://api.pulumi.com", "s3://bucket", "gs://x", "azblob://y", "trop", "file://"]
)
def test_other_backends_are_refused_by_name(url: str, tmp_path: Path) -> None:
    with pytest.raises(CommandError) as error:
        backend.folder(url, tmp_path)
    assert url in str(error.value)
    assert "use the Pulumi CLI" in str(error.value)


def test_where_the_state_is_follows_the_cli(tmp_path: Path) -> None:
    home = tmp_path / "home"
    environment = {"PULUMI_HOME": str(home)}
    assert backend.url(environment, "") == "file://~"
    home.mkdir()
    (home / "credentials.json").write_text('{"current": "file:///logged/in"}')
    assert backend.url(environment, "") == "file:///logged/in"
    assert backend.url(environment, "file:///from/project") == "file:///from/project"
    assert backend.url(environment | {"PULUMI_BACKEND_URL": "file:///a"}, "file:///b") == "file:///a"
    assert backend.folder("file:///a%20b?no_tmp_dir=true", tmp_path) == Path("/a b")
    assert backend.folder("file://./state", tmp_path) == tmp_path / "state"
    assert backend.folder("file://~/x", tmp_path) == Path.home() / "x"


def test_an_unknown_layout_is_refused(backend: Backend) -> None:
    atomic.write(backend.root / "meta.yaml", b"version: 2\n")
    with pytest.raises(CommandError, match="'version: 2' is not supported"):
        backend.check_layout()
    (backend.root / "meta.yaml").unlink()
    atomic.write(backend.root / "stacks" / "old.json", b"{}")
    with pytest.raises(CommandError, match="layout of an old Pulumi"):
        backend.check_layout()


def test_what_a_killed_process_has_half_written_goes_and_what_others_write_stays(stack: Backend) -> None:
    here, gone = atomic.mark(), subprocess.Popen(["true"])
    gone.wait()
    host, boot, space = here.rsplit(".", 2)
    folder = stack.state_file("trop02").parent
    left = [
        folder / f".trop02.json@{here}.{gone.pid}.tmp",
        folder / f".trop02.json.bak@{here}.{gone.pid}.tmp",
        folder / f".trop02.json@{host}.{boot[::-1]}.{space}.{os.getpid()}.tmp",  # of before the boot
    ]
    others = [
        folder / f".trop02.json@{here}.{os.getpid()}.tmp",
        folder / f".trop02.json@{host}.{boot}.1{space}.{gone.pid}.tmp",  # of another PID namespace
        folder / f".trop02.json@elsewhere.{gone.pid}.tmp",
    ]
    for file in (*left, *others):
        file.write_text("half")
    stack.clear("trop02")
    assert [file for file in (*left, *others) if file.exists()] == others


def test_the_state_from_before_a_write_of_the_cli_that_was_cut_off_is_taken_and_told(stack: Backend) -> None:
    """It keeps the state as .bak, writes the checksum of what is to come, and then that."""
    stack.write("trop02", CREATED.read_bytes())
    state = stack.state_file("trop02")
    state.with_name(f"{state.name}.bak").write_bytes(state.read_bytes())
    backend.give_attributes(state, b"what was to come")
    assert stack.document("trop02") == json.loads(CREATED.read_bytes())
    assert stack.doubt("trop02") == f"{state} is the state from before a write that was cut off"
    state.write_bytes(state.read_bytes().replace(b"5", b"6", 1))  # and damaged it is damaged all the same
    backend.give_attributes(state, b"what was to come")
    with pytest.raises(CommandError, match="its checksum is another"):
        stack.document("trop02")

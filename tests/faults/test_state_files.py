"""State files cut off and bit-flipped, put there by somebody, without a checksum or with another."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cli.words.wording import TropWording
from engine.state import backend as backends
from tests.engine.conftest import CREATED
from tests.engine.harness import Project
from tests.faults.page import assert_is_on_the_page
from tests.faults.state_files import STACK, backend_of, converges, files, flip, put_back


@pytest.mark.parametrize("verb", [("preview",), ("up", "--yes"), ("stack", "export")])
def test_a_state_cut_off_is_told_and_the_command_in_the_line_puts_it_back(
    verb: tuple[str, ...], project: Project
) -> None:
    whole = project.state_file.read_bytes()
    project.state_file.write_bytes(whole[: len(whole) // 2])
    before = files(project.state)
    done = project.run(*verb)
    assert done.code == 1
    assert done.err.startswith(f"error: the state file {project.state_file} is damaged (")
    assert done.err.count("\n") == 1
    assert_is_on_the_page(done.err)
    assert files(project.state) == before
    put_back(project, done.err)
    converges(project)


def test_a_flipped_bit_that_leaves_the_state_valid_is_told_by_its_checksum(project: Project) -> None:
    whole = json.loads(project.state_file.read_text())["checkpoint"]["latest"]["resources"]
    flip(project.state_file, keep_time=True)
    before = files(project.state)
    done = project.run("up", "--yes", "--skip-preview")
    assert done.code == 1
    assert f"the state file {project.state_file} is damaged (its checksum is another)" in done.err
    assert f"if it is meant to be so, remove {project.state_file}.attrs" in done.err
    assert_is_on_the_page(done.err)
    assert files(project.state) == before
    put_back(project, done.err)
    assert json.loads(project.state_file.read_text())["checkpoint"]["latest"]["resources"] == whole
    converges(project)


def test_the_copy_that_has_the_states_own_checksum_is_offered_before_the_write_before(
    project: Project,
) -> None:
    flip(project.state_file, keep_time=True)
    offered = backend_of(project).last_good(STACK)
    assert offered is not None
    assert backends.judge(project.state_file, offered.read_bytes()) == "as written"


def test_a_state_that_somebody_has_put_there_since_is_used_and_said(project: Project) -> None:
    """A copy put back by hand, an edit, a tool that writes no checksums: older, the checksum is no evidence."""
    flip(project.state_file, keep_time=False)
    done = project.run("preview")
    assert done.code == 0
    assert (
        f"warning: {project.state_file} was changed since it was written; the last one written is" in done.err
    )
    assert_is_on_the_page(done.err)
    converges(project)


def test_a_state_without_a_checksum_and_one_of_the_clis_are_used(project: Project) -> None:
    backends.attributes_of(project.state_file).unlink()
    assert (project.run("preview").code, project.run("preview").err) == (0, "")
    data = project.state_file.read_bytes()
    attributes = {"user.metadata": None, "md5": backends._checksum(data)}
    backends.attributes_of(project.state_file).write_text(json.dumps(attributes))  # the CLI's comes first
    project.state_file.write_bytes(data)
    assert project.run("preview").err == ""


def test_killed_between_the_state_and_its_checksum_nothing_is_called_damaged(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = backend_of(project)
    data = project.state_file.read_bytes()
    monkeypatch.setattr(backends, "attributes_of", _fail_at_the_last(backends.attributes_of))
    with pytest.raises(KeyboardInterrupt):
        backend.write(STACK, data.replace(b"52:54:00:02:02:08", b"52:54:00:02:02:0a"))
    monkeypatch.undo()
    assert backends.judge(project.state_file, project.state_file.read_bytes()) == "unknown"


def _fail_at_the_last(real: Any) -> Any:
    """In `write` it is called to move the old checksum, three times, then for the new one."""
    calls: list[Path] = []

    def asked(path: Path) -> Path:
        calls.append(path)
        if len(calls) > 3:
            raise KeyboardInterrupt
        return Path(real(path))

    return asked


def test_a_state_of_the_recorded_cli_needs_no_checksum_of_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = Project(tmp_path, monkeypatch, TropWording())
    project.make()
    project.faults({})
    project.put_state(CREATED)
    done = project.run("preview")
    assert (done.code, done.err) == (0, "")

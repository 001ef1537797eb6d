"""A state that is compressed, as a CLI with PULUMI_DIY_BACKEND_GZIP keeps it: read, written and listed as any other."""

from __future__ import annotations

import gzip
import json
import os
from pathlib import Path

import pytest

from engine.errors import CommandError
from engine.state import backend, documents, forms, history
from engine.state.backend import Backend
from tests.engine.conftest import CREATED
from tests.engine.harness import Case, Project

pytestmark = pytest.mark.reports("S2")


@pytest.fixture
def packed(tmp_path: Path) -> Backend:
    """A stack whose state a CLI has compressed."""
    made = Backend(tmp_path, "trop")
    backend.with_attributes(made.root / "meta.yaml", backend.META)
    file = made.root / "stacks/trop/trop02.json.gz"
    backend.with_attributes(file, gzip.compress(CREATED.read_bytes()))
    return made


def test_it_is_read_listed_and_never_made_anew_beside_it(packed: Backend) -> None:
    assert packed.stacks() == ["trop02"]
    assert packed.document("trop02") == json.loads(CREATED.read_bytes())
    with pytest.raises(CommandError, match="stack 'organization/trop/trop02' already exists"):
        packed.create("trop02", b"{}")
    assert not (packed.root / "stacks/trop/trop02.json").exists()


def test_it_is_written_in_its_form_with_its_bak_history_and_backups(packed: Backend) -> None:
    packed.write("trop02", CREATED.read_bytes())
    history.keep(packed, "trop02", history.Record("update", 1, {}))
    names = {path.name for path in packed.root.rglob("*") if path.is_file() and path.suffix != ".attrs"}
    assert {name for name in names if not name.endswith((".gz", ".gz.bak"))} == {"meta.yaml"}
    assert {"trop02.json.gz", "trop02.json.gz.bak"} < names
    state = packed.state_file("trop02")
    assert gzip.decompress(state.read_bytes()) == CREATED.read_bytes()
    assert backend.judge(state, state.read_bytes()) == "as written"
    (run,) = history.past(packed, "trop02")
    assert (run.version, history.state_of(packed, "trop02", 1)) == (1, json.loads(CREATED.read_bytes()))


def test_a_damaged_one_is_told_with_its_last_good_one(packed: Backend) -> None:
    packed.write("trop02", CREATED.read_bytes())
    file = packed.state_file("trop02")
    file.write_bytes(file.read_bytes()[:200])
    with pytest.raises(CommandError) as error:
        packed.document("trop02")
    assert str(error.value).startswith(
        f"the state file {file} is damaged (what is compressed in it is cut off); the last good one is {file}.bak; "
    )


def test_of_two_forms_the_younger_is_taken_as_by_the_cli_and_told(packed: Backend) -> None:
    plain = packed.root / "stacks/trop/trop02.json"
    backend.with_attributes(plain, b'{"version": 3, "checkpoint": {}}')
    for young, old in ((plain, f"{plain}.gz"), (Path(f"{plain}.gz"), str(plain))):
        os.utime(old, (1, 1))
        os.utime(young, (2, 2))
        assert packed.state_file("trop02") == young
        assert packed.stacks() == ["trop02"]
        assert packed.doubt("trop02").startswith(f"{young} is taken, which is younger than {old}, ")
    packed.remove("trop02")
    assert packed.stacks() == []
    assert {path.name for path in plain.parent.iterdir() if path.suffix == ".bak"} == {
        "trop02.json.bak",
        "trop02.json.gz.bak",
    }


@pytest.mark.parametrize(
    ("name", "value", "form"),
    [
        ("PULUMI_SELF_MANAGED_STATE_GZIP", "true", ".gz"),
        ("PULUMI_DIY_BACKEND_GZIP", "1", ".gz"),
        ("PULUMI_DIY_BACKEND_GZIP", "false", ""),
    ],
)
def test_a_new_stack_has_the_form_that_the_environment_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str, form: str
) -> None:
    monkeypatch.setenv(name, value)
    made = Backend(tmp_path, "trop")
    made.create("trop02", CREATED.read_bytes())
    assert made.state_file("trop02").name == f"trop02.json{form}"
    assert documents.parse(made.read("trop02")) == json.loads(CREATED.read_bytes())


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"\x28\xb5\x2f\xfd....", "zstd"),
        (b"\x1f\x8b\x08....", "is damaged"),
        (gzip.compress(b"{}")[:-4], "is cut off"),
    ],
    ids=["zstd", "damaged", "cut off"],
)
def test_what_can_not_be_unpacked_is_told_in_a_few_words(data: bytes, why: str) -> None:
    with pytest.raises(documents.Malformed, match=why):
        documents.parse(data)


def test_no_more_is_unpacked_than_a_state_could_have(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forms, "LARGEST", 1000)
    with pytest.raises(documents.Malformed, match="more than 1000 bytes"):
        documents.parse(gzip.compress(b" " * 2000))


def test_zstd_is_named_and_left_alone(packed: Backend) -> None:
    file = packed.root / "stacks/trop/trop01.json.zst"
    file.write_bytes(b"\x28\xb5\x2f\xfd")
    with pytest.raises(CommandError, match=r"a state compressed by zstd \(.*trop01.json.zst\)"):
        packed.require("trop01")
    with pytest.raises(CommandError, match="already exists"):
        packed.create("trop01", b"{}")


def test_what_a_cli_has_written_beside_the_state_and_not_yet_taken_in_is_not_run_over(
    packed: Backend,
) -> None:
    journal = packed.root / "journal/trop/trop02"
    journal.mkdir(parents=True)
    packed.require("trop02")
    (journal / "1.json").write_text("{}")
    with pytest.raises(
        CommandError, match=r"what it did stands in .*/journal/trop/trop02, not yet in the state"
    ):
        packed.require("trop02")


def test_an_update_goes_on_in_the_form_that_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = Project(tmp_path, monkeypatch)
    project.make()
    plain = project.state_file
    Path(f"{plain}.gz").write_bytes(gzip.compress(plain.read_bytes()))
    plain.unlink()
    done = project.run(*Case("04-up-create", "01-up-yes").words)
    assert (done.code, plain.exists()) == (0, False), done.out + done.err
    assert documents.parse(Path(f"{plain}.gz").read_bytes())["checkpoint"]["latest"]["resources"]
    assert project.run("preview", "--expect-no-changes").code == 0
    assert "trop" in project.run("stack", "ls").out

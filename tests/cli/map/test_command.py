"""The command that draws the map: the form by the file's name, and hypervisors that cannot be asked."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.__main__ import carefully
from cli.map import command as map
from tests.cli.map.pictures import seen
from tests.config import fleets


def test_the_name_chooses_the_form(tmp_path: Path) -> None:
    for form, start in (
        (".svg", b"<svg "),
        (".png", b"\x89PNG"),
        (".mmd", b"flowchart"),
        (".md", b"# The rack"),
    ):
        map.write(seen(), tmp_path / f"rack{form}")
        assert (tmp_path / f"rack{form}").read_bytes().startswith(start)


def test_a_name_that_says_no_form_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert carefully(lambda: map.run(fleets.ROOT, tmp_path / "rack.gif", seen=False, lab=False)) == 1
    assert "ends with one of .svg, .png, .mmd, .md" in capsys.readouterr().err
    assert carefully(lambda: map.run(fleets.ROOT, tmp_path / "no" / "rack.svg", seen=False, lab=False)) == 1
    assert "can't be written there: No such file or directory" in capsys.readouterr().err
    readme = fleets.ROOT / "docs/rack.svg"
    assert carefully(lambda: map.run(fleets.ROOT, readme, seen=True, lab=False)) == 1
    assert "shows what is declared" in capsys.readouterr().err


def test_hypervisors_that_cannot_be_asked_do_not_keep_the_map_from_being_drawn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TROP_LAB_ROOT", str(tmp_path))
    assert map.run(fleets.ROOT, tmp_path / "rack.svg", seen=True, lab=True) == 0
    assert "trop02 is drawn grey: the lab trop02 is not up on this machine" in capsys.readouterr().out

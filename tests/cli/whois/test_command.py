"""The command that says whose an address is: a line a word, JSON, and hypervisors that are not reached."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from cli import ROOT
from cli.whois import command as whois
from cli.whois.seen import Seen
from provider.errors import OperatorError
from tests.cli.whois.asked import seeing


def trop(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "cli", "whois", *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


def test_all_words_are_answered_also_where_one_is_bad() -> None:
    done = trop("float1", "192.168.202.300", "Ulov")

    assert done.returncode == 1
    assert "float1, a float" in done.stdout
    assert "Ulov, a VM" in done.stdout
    (line,) = done.stderr.splitlines()
    assert line.startswith("error: '192.168.202.300': is no IPv4 address")
    assert "allowed: an IPv4 address, " in line


def test_the_json_has_what_the_lines_have() -> None:
    done = trop("--json", "5254.0000.0100", "52:54:00:00:00:01", "nobody")

    data = json.loads(done.stdout)
    assert done.returncode == 1
    first, second = data["answers"]
    assert first["readings"][0]["value"] == "52:54:00:00:01:00"
    assert [(o["name"], o["hypervisor"], o["domain"], o["status"]) for o in first["declared"]] == [
        ("float1", "trop02", "Acilamwen", "declared")
    ]
    assert second["declared"] == []
    assert "swapped" in second["says"][0]
    assert list(data["notUnderstood"]) == ["nobody"]
    assert data["notAsked"] == {}


def test_an_unreachable_hypervisor_is_one_line_and_no_failure(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    known = seeing({"trop02": OperatorError("cannot reach libvirt at x:\nno route")})
    monkeypatch.setattr(whois, "directory", lambda **_: known)

    assert whois.run(["float1"], live=True, lab=False, as_json=False) == 0
    shown = capsys.readouterr()
    assert shown.err == "trop02 could not be asked: cannot reach libvirt at x: no route\n"
    assert "declared; trop02 could not be asked" in shown.out


def test_nobody_is_asked_without_the_word_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object, **__: object) -> Seen:
        raise AssertionError

    monkeypatch.setattr(whois, "ask", never)
    assert whois.run(["vnet3", "float1"], live=False, lab=False, as_json=False) == 0


def test_where_there_is_no_lab_the_way_to_one_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TROP_LAB_ROOT", str(tmp_path))
    done = trop("float1", "--lab")

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "error: --lab: there is no lab on this machine; start one with: ./trop lab up trop02\n"
    )

"""What is typed on machines of other releases, how it is counted, and the page that it writes."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli import ROOT, counts
from cli.counts import Counts
from cli.releases import page, plan
from lab import apt
from lab.facts import LabError
from lab.machine import reach
from lab.machine.releases import RELEASES

ROW = page.Row(
    "debian13", "2026-11-29", {"libvirt": "11.3.0", "QEMU": "10.0.2"}, "everything", Counts(9, 1, 2), 74
)
REPORT = """<?xml version="1.0"?><testsuites><testsuite errors="1" failures="2" skipped="3" tests="10"/>
<testsuite errors="0" failures="0" skipped="0" tests="5"/></testsuites>"""
DPKG = """Package: libvirt-daemon
Status: install ok installed
Version: 11.3.0-3+deb13u2
Description: daemon
 Version: 0 of the description

Package: qemu-system-x86
Status: deinstall ok config-files
Version: 1:10.0.2+ds-2

Package: dnsmasq-base
Status: install ok installed
Version: 2.91-1
"""


@pytest.mark.parametrize("left_out", plan.TURNS)
def test_every_change_passes_on_the_release_in_use_but_for_one_turns_labs(left_out: str) -> None:
    parts = plan.parts([], [], everywhere=True, soak=False, left_out=left_out)
    assert [(part.release, part.check) for part in parts] == [("debian12", True), ("debian13", False)]
    assert parts[0].words == ("-m", f"not {left_out}")
    soak = plan.parts([], [], everywhere=True, soak=True, left_out=left_out)
    assert {part.release for part in soak} == set(RELEASES)
    assert not [word for part in soak for word in part.words if left_out in word]


def test_each_turn_has_labs_and_none_has_two() -> None:
    marked = [file.read_text(encoding="utf-8") for file in (ROOT / "tests/lab").glob("test_*.py")]
    turns = [[turn for turn in plan.TURNS if f"pytest.mark.{turn}" in text] for text in marked]
    assert all(len(each) <= 1 for each in turns)
    assert all(sum(turn in each for each in turns) > 3 for turn in plan.TURNS)


def test_a_release_that_is_not_known_is_refused_with_those_that_are() -> None:
    with pytest.raises(LabError, match=r"--on 'sarge': it is one of debian11, debian12, debian13, debian14"):
        plan.parts(["debian13", "sarge"], [], everywhere=False, soak=False, left_out="")


def test_further_words_are_typed_on_each_release() -> None:
    parts = plan.parts(["debian13", "debian14"], ["-m", "move"], everywhere=False, soak=True, left_out="")
    assert [(part.release, part.words) for part in parts] == [
        ("debian13", ("-m", "move", "--soak")),
        ("debian14", ("-m", "move", "--soak")),
    ]


def test_an_item_of_the_field_reports_has_passed_where_all_of_its_tests_have(tmp_path: Path) -> None:
    case = "<testcase><properties><property name='report' value='{}'/></properties>{}</testcase>"
    cases = case.format("H1 a", "") + case.format("H1 a", "<failure/>") + case.format("H2 b", "")
    (tmp_path / "report.xml").write_text(f"<testsuites><testsuite>{cases}</testsuite></testsuites>")
    assert counts.items_of(tmp_path / "report.xml") == {"H1 a": False, "H2 b": True}
    assert counts.items_of(tmp_path / "none.xml") == {}


def test_errors_count_as_failed_and_skipped_ones_not_as_passed(tmp_path: Path) -> None:
    (tmp_path / "report.xml").write_text(REPORT)
    found = counts.of_report(tmp_path / "report.xml")
    assert str(found) == "9 passed, 3 failed, 3 skipped"
    found.write(tmp_path / "told")
    assert counts.read(tmp_path / "told") == found


def test_a_run_that_did_not_come_to_its_end_counts_as_a_failure(tmp_path: Path) -> None:
    assert counts.of_report(tmp_path / "none") == counts.read(tmp_path / "none") == Counts(failed=1)


def test_a_row_takes_the_place_of_the_former_one_of_that_release_and_these_tests() -> None:
    text = f"# Title\n\n{page.BEGIN}\n{page.HEAD[0]}\n{page.HEAD[1]}\n{page.END}\n\nMore.\n"
    once = page.replaced(text, ROW)
    other = page.Row("debian12", "2026-11-29", {}, "-m a|b", Counts(1), None)
    both = page.replaced(page.replaced(once, other), ROW)

    assert both.startswith("# Title\n\n")
    assert both.endswith("\n\nMore.\n")
    assert both.count("debian13") == 1
    assert "| debian13 | 11.3.0 | 10.0.2 | – | – | everything | 9 | 1 | 2 | 74 | 2026-11-29 |" in both
    assert r"| debian12 | – | – | – | – | -m a\|b | 1 | 0 | 0 | – | 2026-11-29 |" in both
    assert page.replaced(both, other) == both


def test_versions_are_those_of_installed_packages(tmp_path: Path) -> None:
    status = tmp_path / "var/lib/dpkg/status"
    status.parent.mkdir(parents=True)
    status.write_text(DPKG)
    assert page.installed(tmp_path) == {"libvirt": "11.3.0", "dnsmasq": "2.91"}


def test_another_release_comes_from_where_this_machine_has_its_own() -> None:
    own = ["deb http://near/debian bookworm main", "deb http://near/debian bookworm-updates main",
           "deb http://near/safe bookworm-security main"]  # fmt: skip
    assert apt.of_release(own, "trixie") == [
        "deb http://near/debian trixie main",
        "deb http://near/debian trixie-updates main",
        "deb http://near/safe trixie-security main",
    ]
    with pytest.raises(LabError, match="no packages of Debian"):
        apt.of_release(["deb http://near/ubuntu noble main"], "trixie")


def test_of_the_environment_only_how_to_reach_packages_is_passed_on() -> None:
    here = {"PIP_CERT": "/x.pem", "https_proxy": "http://p", "PYTHONUNBUFFERED": "1", "TROP_LAB_ROOT": "/l"}
    given = reach.environment(here)
    assert given == {
        "HOME": "/root", "PATH": reach.PATH, "TERM": "dumb", "LANG": "C.UTF-8",
        "PIP_CERT": "/x.pem", "https_proxy": "http://p",
    }  # fmt: skip

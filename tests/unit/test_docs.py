"""README is short, leads to every page, and no link leads nowhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from cli import ROOT
from tests.firstday import readme
from tests.firstday.test_whole_readme import ELSEWHERE, NOT_TYPED

LONGEST = 130
README = ROOT / "README.md"
PAGES = sorted((ROOT / "docs").glob("*.md"))
DECISIONS = sorted((ROOT / "docs/adr").glob("*.md"))


def links(page: Path) -> set[Path]:
    """The files to which a page leads, pictures too; not what is elsewhere in the web."""
    found = re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text(encoding="utf-8"))
    return {(page.parent / link).resolve() for link in found if "://" not in link}


def sentences(page: Path) -> list[str]:
    """Those of its text and its tables' cells that are longer than a few words."""
    lines = [line for line in page.read_text(encoding="utf-8").splitlines() if not line.startswith("    ")]
    texts = re.split(r"\n\n|\n- |\s\|\s", "\n".join(lines))
    found = [" ".join(each.split()) for text in texts for each in re.split(r"[.:]\s", text)]
    return [each for each in found if len(each) > 50]


def test_readme_is_read_in_one_go() -> None:
    assert len(README.read_text(encoding="utf-8").splitlines()) <= LONGEST


def test_readme_leads_to_every_page() -> None:
    assert [page.name for page in PAGES if page not in links(README)] == []


@pytest.mark.parametrize("page", [README, *PAGES, *DECISIONS], ids=lambda page: page.name)
def test_a_link_leads_to_what_is_there(page: Path) -> None:
    assert sorted(str(file) for file in links(page) if not file.exists()) == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_begins_with_its_title_and_a_sentence(page: Path) -> None:
    title, blank, sentence, *_ = page.read_text(encoding="utf-8").splitlines()
    assert title.startswith("# ")
    assert blank == ""
    assert re.match(r"[A-Z`]", sentence)


def test_no_sentence_stands_twice() -> None:
    """But for what blocks show, short ones such as "Run it again.", and pages that are tables to look up in."""
    said = [sentence for page in readme.PAGES for sentence in sentences(ROOT / page)]
    assert {sentence for sentence in said if said.count(sentence) > 1} == set()


def test_what_the_first_day_leaves_to_others_stands_on_a_page_and_with_others() -> None:
    assert (ELSEWHERE.keys() | NOT_TYPED.keys()) - set(readme.all_commands()) == set()
    assert ELSEWHERE.keys() & NOT_TYPED.keys() == set()
    assert [file for file in ELSEWHERE.values() if not (ROOT / file).exists()] == []

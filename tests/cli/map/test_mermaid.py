"""The map as a chart of Mermaid: no character that means something to it, the links that differ styled."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from cli.map import command as map
from cli.map import drawing as map_svg
from cli.map import mermaid as map_mermaid
from cli.map.look import COLOR
from cli.map.model import NOWHERE, Mark
from tests.cli.map.hosts import domain, nic
from tests.cli.map.pictures import MACS, ODD, faulty, seen, words


@pytest.mark.parametrize("name", ODD)
def test_mermaid_gets_no_character_that_means_something_to_it(name: str) -> None:
    chart = map_mermaid.chart(seen(domain(name, [nic("52:54:00:12:34:56")])))
    line = next(line for line in chart.splitlines() if ":::extra" in line)
    label = re.fullmatch(r'    h1v8\("(.*)"\):::extra', line)
    assert label
    plain = label[1].replace("<br/>", "")
    assert not set(re.sub(r"#\d+;", "", plain)) & set('"#&<>`;[]{}()|%')
    assert re.sub(r"#(\d+);", lambda m: chr(int(m[1])), label[1].split("<br/>")[0]) == f"+ {name}"


def test_mermaid_styles_the_very_links_that_differ() -> None:
    lines = map_mermaid.chart(faulty()).splitlines()
    links = [line.split()[0] for line in lines if " ---" in line]
    colours = {int(n): look for n, look in (line.split()[1:3] for line in lines if "linkStyle" in line)}
    nics = [
        (f"h{n}v{i}", plug.mark)
        for n, each in enumerate(faulty().cards)
        for i, box in enumerate(each.boxes)
        for plug in box.plugs
        if plug.bar != NOWHERE
    ]
    styled = [
        (link, colours.get(n, "")) for n, link in enumerate(links) if "v" in link[1:] and link[0] == "h"
    ]
    assert [link for link, _ in styled] == [link for link, _ in nics]
    for (_, look), (_, mark) in zip(styled, nics, strict=True):
        assert look.startswith(f"stroke:{COLOR[mark]}," if mark is not Mark.SAME else "")
        assert bool(look) == (mark is not Mark.SAME)
    assert len(colours) == sum(mark is not Mark.SAME for _, mark in nics)


def test_of_a_vm_that_is_not_there_its_own_nic_is_only_a_line() -> None:
    shown = words(map_svg.draw(seen(gone=["Lothigometh"])))
    assert shown.count(MACS["Lothigometh"]) == 1


def test_a_page_of_markdown_holds_the_chart(tmp_path: Path) -> None:
    map.write(faulty(), tmp_path / "rack.md")
    page = (tmp_path / "rack.md").read_text(encoding="utf-8")
    assert page.count("```") == 2
    assert map_mermaid.chart(faulty()).strip() in page

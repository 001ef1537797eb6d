"""Stylesheets: a good one makes what it always made; one that reaches out, or does not end, is told in one line."""

from __future__ import annotations

from pathlib import Path

import pytest

from provider.errors import OperatorError
from provider.resource import xslt, xslt_child
from tests.fuzz.of_provider import DOMAINS, NETWORKS, SHEET, VOLUMES

XSL = "http://www.w3.org/1999/XSL/Transform"


def sheet(body: str, before: str = "") -> str:
    return f"{before}<xsl:stylesheet version='1.0' xmlns:xsl='{XSL}'>{body}</xsl:stylesheet>"


def at_root(body: str) -> str:
    return sheet(f"<xsl:template match='/'><x>{body}</x></xsl:template>")


def calling(select: str) -> str:
    """A template that calls itself with what ``select`` makes of its parameter, ``p``."""
    call = f"<xsl:call-template name='a'><xsl:with-param name='p' select='{select}'/></xsl:call-template>"
    first = "<xsl:call-template name='a'><xsl:with-param name='p' select='30'/></xsl:call-template>"
    named = f"<xsl:template name='a'><xsl:param name='p'/><xsl:if test='$p != 0'>{call}{call}</xsl:if></xsl:template>"
    return sheet(f"<xsl:template match='/'><x>{first}</x></xsl:template>{named}")


GOOD = {
    "a change of one element": SHEET,
    "a document's own entity": at_root("[&e;]").join(("<!DOCTYPE x [<!ENTITY e 'hallo'>]>", "")),
    "other letters": at_root("Ünï 代理 👩 &lt;&amp;&gt;"),
    "a loop within a loop": at_root(
        "<xsl:for-each select='//*'><xsl:for-each select='@*'><xsl:copy/></xsl:for-each></xsl:for-each>"
    ).replace("<xsl:copy/>", "<y><xsl:value-of select='.'/></y>"),
    "many templates deep": calling("0"),
}


@pytest.mark.parametrize("good", GOOD.values(), ids=GOOD)
def test_a_good_stylesheet_makes_in_its_process_what_it_makes_here(good: str) -> None:
    for xml in (NETWORKS[0], DOMAINS[0], VOLUMES[0]):
        assert xslt.apply(xml, good) == xslt_child.transform(xml, good)


def test_what_a_document_spells_out_itself_is_put_in() -> None:
    assert "[hallo]" in xslt.apply("<a/>", GOOD["a document's own entity"])


DOCUMENT = "<!DOCTYPE x [<!ENTITY e SYSTEM 'file:///etc/passwd'>]>"
BOMB = (
    "<!DOCTYPE x [<!ENTITY a 'aaaaaaaaaa'>"
    + "".join(f"<!ENTITY {b} '{f'&{a};' * 10}'>" for a, b in zip("abcdefghi", "bcdefghij", strict=True))
    + "]>"
)
HOSTILE = {
    "no XML": ("<x:y", "Namespace prefix x on y is not defined, line 1, column 5 (<string>, line 1)"),
    "no stylesheet": ("<a/>", "xsltParseStylesheetProcess : document is not a stylesheet"),
    "nothing": ("", "Document is empty, line 1, column 1 (<string>, line 1)"),
    "an entity of a file": (
        DOCUMENT + at_root("&e;"),
        "Entity 'e' not defined, line 1, column {}; nothing is read from elsewhere",
    ),
    "a document type of elsewhere": (
        "<!DOCTYPE x SYSTEM 'http://192.0.2.1/x.dtd'>" + at_root(""),
        "it reaches for http://192.0.2.1/x.dtd, and must be one document",
    ),
    "a bomb of entities": (BOMB + at_root("&j;"), "Maximum entity amplification factor exceeded"),
    "document() of a file": (
        at_root("<xsl:copy-of select=\"document('/etc/passwd')\"/>"),
        "xsltLoadDocument: read rights for string://__STRING__XSLT__/etc/passwd denied",
    ),
    "document() of the network": (
        at_root("<xsl:copy-of select=\"document('http://192.0.2.1/')\"/>"),
        "xsltLoadDocument: read rights for http://192.0.2.1/ denied",
    ),
    "an import": (
        sheet("<xsl:import href='file:///etc/passwd'/>"),
        "it reaches for file:///etc/passwd, and must be one document",
    ),
    "an include": (
        sheet("<xsl:include href='http://192.0.2.1/x'/>"),
        "it reaches for http://192.0.2.1/x, and must be one document",
    ),
    "templates that call each other for ever": (
        calling("$p + 1"),
        "xsltApplySequenceConstructor: A potential infinite template recursion was detected.",
    ),
    "a text doubled for ever": (calling("concat($p, $p)"), ""),
    "a message of two lines": (
        at_root("<xsl:message terminate='yes'>so not\n\x85like this</xsl:message>"),
        "so not like this",
    ),
    "nothing left": (sheet("<xsl:template match='/'/>"), "it leaves no element"),
    "text alone": (sheet("<xsl:template match='/'>x</xsl:template>"), "it leaves no element"),
    "more than libvirt takes": (
        at_root("<xsl:for-each select='//node()|//@*'>" * 3 + "a" * 2000 + "</xsl:for-each>" * 3),
        "allowed: up to 4194304",
    ),
}  # fmt: skip


def line_of(xml: str, hostile: str) -> str:
    with pytest.raises(OperatorError) as error:
        xslt.apply(xml, hostile)
    line = str(error.value)
    assert line.isprintable()
    assert line.startswith("xml.xslt cannot be applied: ")
    assert len(line) < 600
    return line


@pytest.mark.parametrize(("hostile", "why"), HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_stylesheet_is_told_in_one_line(hostile: str, why: str) -> None:
    line = line_of(NETWORKS[1], hostile)
    for part in why.split("{}"):
        assert part in line


def test_a_stylesheet_writes_no_file(tmp_path: Path) -> None:
    writing = at_root(f"<exsl:document href='{tmp_path}/x'>x</exsl:document>").replace(
        "version=", "xmlns:exsl='http://exslt.org/common' extension-element-prefixes='exsl' version="
    )
    line = line_of("<a/>", writing)
    assert line.endswith(f"xsltDocumentElem: write rights for {tmp_path}/x denied")
    assert list(tmp_path.iterdir()) == []


ENDLESS = {
    "two calls in each of thirty": calling("$p - 1"),
    "nine loops within each other": at_root(
        "<xsl:for-each select='//node()|//@*'>" * 9 + "</xsl:for-each>" * 9
    ),
}


@pytest.mark.parametrize("endless", ENDLESS.values(), ids=ENDLESS)
def test_a_stylesheet_that_would_take_for_ever_is_ended(
    endless: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A second of processor time, so that the test is short; the limit itself is five."""
    child = tmp_path / "child.py"
    child.write_text(
        Path(xslt_child.__file__).read_text().replace("SECONDS: Final = 5", "SECONDS: Final = 1")
    )
    monkeypatch.setattr(xslt_child, "__file__", str(child))
    line = line_of(DOMAINS[0], endless)
    assert line.endswith(f"it does not end within {xslt_child.SECONDS} s of processor time")


def test_the_same_is_made_once(monkeypatch: pytest.MonkeyPatch) -> None:
    xslt.apply("<once/>", SHEET)
    monkeypatch.setattr(xslt.subprocess, "run", None)
    assert "once" in xslt.apply("<once/>", SHEET)

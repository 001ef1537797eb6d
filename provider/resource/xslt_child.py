"""A stylesheet applied to XML, in a process of its own: endless ones end, greedy ones get no more memory.

Started by `provider.resource.xslt` as a plain file, so nothing of this project is imported here.  Standard input:
XML and stylesheet, a JSON list of two strings.  Standard output: the new XML (exit code 0), or why not in one line
(`UNFIT`).
"""

from __future__ import annotations

import json
import resource
import sys
from typing import Final

from lxml import etree

SECONDS: Final = 5  # of processor time; a good stylesheet takes some milliseconds
MEMORY: Final = 512 << 20  # bytes of address space, of which Python and lxml have some 50 MiB
LONGEST: Final = 4 << 20  # bytes of a result: libvirt takes no longer text
_NOTHING: Final = "runtime error, element"
UNFIT: Final = 3
FULL: Final = 4


class Unfit(Exception):
    """The stylesheet, or what it makes, is no good; the text says why, in one line."""


class _Nowhere(etree.Resolver):  # type: ignore[misc]
    """What ``xsl:import``, ``xsl:include`` and entities ask for while a stylesheet is read: nothing is given."""

    def resolve(self, url: str, public_id: str, context: object) -> None:
        raise Unfit(f"it reaches for {url}, and must be one document")


def _read(xml: str) -> etree._Element:
    """The root; of entities, only those are put in that the document itself spells out."""
    parser = etree.XMLParser(resolve_entities="internal", no_network=True)
    parser.resolvers.add(_Nowhere())
    try:
        root = etree.fromstring(xml.encode(), parser)
    except etree.XMLSyntaxError as error:
        elsewhere = "; nothing is read from elsewhere" if str(error).startswith("Entity") else ""
        raise Unfit(f"{error}{elsewhere}") from error
    info = root.getroottree().docinfo
    outside = info.system_url or info.public_id
    if outside:
        raise Unfit(f"it reaches for {outside}, and must be one document")
    return root


def transform(xml: str, sheet: str) -> str:
    """The XML as the stylesheet makes it; no stylesheet reaches a file or the network.  Raises `Unfit`."""
    try:
        stylesheet = etree.XSLT(_read(sheet), access_control=etree.XSLTAccessControl.DENY_ALL)
        result = stylesheet(_read(xml))
    except etree.XSLTError as error:
        raise Unfit(_why(error)) from error
    if result.getroot() is None:
        raise Unfit("it leaves no element")
    made = str(etree.tostring(result, encoding="unicode", pretty_print=True))
    if len(made) > LONGEST:
        raise Unfit(f"it makes {len(made)} characters; allowed: up to {LONGEST}")
    return made


def _why(error: etree.XSLTError) -> str:
    """libxslt's own words: what lxml says is the last of them, and that may say nothing."""
    said = [str(error), *(str(entry.message) for entry in error.error_log)]
    telling = (text for text in said if len(text) > len("unknown error") and not text.startswith(_NOTHING))
    return next(telling, said[0]).split("\nYou can adjust")[0]


def _limit() -> None:
    """From here on: no file is opened or grows, and time and memory are finite."""
    for what, most in (
        (resource.RLIMIT_CPU, SECONDS),
        (resource.RLIMIT_AS, MEMORY),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NOFILE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(what, (most, most))


def main() -> int:
    xml, sheet = json.loads(sys.stdin.buffer.read())
    _limit()
    try:
        code, said = 0, transform(xml, sheet)
    except Unfit as error:
        code, said = UNFIT, " ".join(str(error).split())
    except MemoryError:
        code, said = FULL, ""
    sys.stdout.buffer.write(said.encode(errors="replace"))
    sys.stdout.buffer.flush()
    return code


if __name__ == "__main__":
    sys.exit(main())

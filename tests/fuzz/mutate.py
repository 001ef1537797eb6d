"""Seeded spoiling of real inputs: bytes, documents (JSON, YAML), XML trees.  The same seed, the same case."""

from __future__ import annotations

import copy
from random import Random
from typing import Any

from lxml import etree

TEXTS = (
    "", " ", "/", "..", "../../etc/passwd", "a/b", "'", '"', "<&>", "]]>", "a\nb", "a\x00b", "\x1b[2J", "x" * 300,
    "\u0410cilamwen", "Ul\u200bov", "\u202eabc", "\ufeffx", "\u2028", "\ud83d\ude00", "{{7*7}}", "$(id)", "%s%n", "-1",
    "NN", "xx", "52:54:00:02:NN:xx", "01:00:5e:00:00:01", "ff:ff:ff:ff:ff:ff", "00:00:00:00:00:00",
    "0.0.0.0/0", "192.168.2NN.xxx", "999.999.999.9", "129.215.175.0/24", "::1", "192.168.202.15",
    "urn:pulumi:a::b::c::d", "organization/trop/trop02", "04da6b54-80e4-46f7-96ec-b56ff0331ba9",
)  # fmt: skip
NUMBERS = (
    0, -1, 1, 15, 254, 255, 256, 65535, 65536, 2**31, 2**63, 2**64, 10**30, 0.5, -0.0, 1e308, float("inf"),
    float("nan"),
)  # fmt: skip
OTHERS: tuple[Any, ...] = (
    None, True, False, [], {}, [[]], [None], {"": None}, {"secure": "x"}, {"secure": 1},
    {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "ciphertext": "v1:x:y"},
    {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "plaintext": "{"},
    {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270"},
    {"start": "a", "end": "b"}, {"start": 9, "end": 1}, {"mac": "x", "ip": "y"},
)  # fmt: skip
TOKENS = (
    b"&a ", b"*a", b"!!python/object:os.system ", b"<<: *a\n", b"---\n", b"...\n", b"? ", b"\xef\xbb\xbf", b"\xff\xfe",
    b"\r\n",
    b"\t", b"\x00", b"{", b"}", b"[", b"]", b'"', b"'", b"\\u0000", b"\\ud800",
    b"<!DOCTYPE x [<!ENTITY e SYSTEM 'file:///etc/passwd'>]>",
    b"&e;", b"&lt;", b"<![CDATA[", b"]]>", b"<!--", b"-->", b"<?x ?>", b"&#0;", b"1e999", b"NaN", b"0x10", b"1:20:30",
    b"2026-01-01",
    b"null", b"~", b"true", b": ", b"- ", b"#", b",", b"\n", b"  ", b"<xsl:", b"document('/etc/passwd')", b"[" * 40,
)  # fmt: skip


def text(rng: Random) -> str:
    return rng.choice(TEXTS)


def value(rng: Random) -> Any:
    """Anything that should not stand where it will."""
    kind = rng.randrange(8)
    if kind < 3:
        return text(rng)
    if kind < 5:
        return rng.choice(NUMBERS)
    if kind < 7:
        return copy.deepcopy(rng.choice(OTHERS))
    nested: Any = text(rng)
    for _ in range(rng.choice((3, 30, 150))):
        nested = {text(rng): nested} if rng.random() < 0.5 else [nested]
    return nested


def of_bytes(rng: Random, data: bytes) -> bytes:
    """One to four spoilings of a text as bytes."""
    spoiled = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 4))):
        at = rng.randrange(len(spoiled) + 1)
        end = min(len(spoiled), at + rng.choice((1, 2, 8, 40, 400)))
        kind = rng.randrange(7)
        if kind == 0 and at < len(spoiled):
            spoiled[at] ^= 1 << rng.randrange(8)
        elif kind == 1:
            del spoiled[at:end]
        elif kind == 2:
            spoiled[at:at] = spoiled[at:end]
        elif kind == 3:
            spoiled[at:at] = rng.choice(TOKENS)
        elif kind == 4:
            spoiled[at:end] = rng.choice(TOKENS)
        elif kind == 5:
            del spoiled[at:]
        else:
            spoiled[at:at] = text(rng).encode(errors="surrogatepass")
    return bytes(spoiled)


def of_document(rng: Random, document: Any) -> Any:
    """A copy with one to three places spoiled; the document itself stays."""
    spoiled = copy.deepcopy(document)
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        spoiled = _spoil(rng, spoiled)
    return spoiled


def _spoil(rng: Random, document: Any) -> Any:
    if not isinstance(document, (dict, list)) or not document or rng.random() < 0.02:
        return value(rng)
    holder = document
    while True:
        keys = list(holder) if isinstance(holder, dict) else list(range(len(holder)))
        key = rng.choice(keys)
        inside = holder[key]
        if isinstance(inside, (dict, list)) and inside and rng.random() < 0.85:
            holder = inside
        else:
            break
    _edit(rng, holder, key)
    return document


def _edit(rng: Random, holder: Any, key: Any) -> None:
    kind = rng.randrange(6)
    if kind == 0:
        del holder[key]
    elif kind == 1 and isinstance(holder, dict):
        holder[text(rng)] = holder.pop(key)
    elif kind == 1:
        holder.append(copy.deepcopy(holder[key]))
    elif kind == 2 and isinstance(holder, dict):
        holder[text(rng)] = value(rng)
    elif kind == 3:
        other = rng.choice(list(holder) if isinstance(holder, dict) else range(len(holder)))
        holder[key], holder[other] = holder[other], holder[key]
    else:
        holder[key] = value(rng)


def of_xml(rng: Random, xml: str) -> str:
    """The text of a tree in which one to four elements or attributes are spoiled: mostly still well-formed."""
    root = etree.fromstring(xml.encode())
    for _ in range(rng.choice((1, 1, 2, 4))):
        _spoil_element(rng, rng.choice([e for e in root.iter() if isinstance(e.tag, str)]))
    return str(etree.tostring(root, encoding="unicode"))


def _spoil_element(rng: Random, element: Any) -> None:
    kind, parent = rng.randrange(8), element.getparent()
    said = _for_xml(rng.choice((text(rng), str(rng.choice(NUMBERS)))))
    if kind == 0 and parent is not None:
        parent.remove(element)
    elif kind == 1 and parent is not None:
        parent.append(copy.deepcopy(element))
    elif kind == 2 and element.attrib:
        del element.attrib[rng.choice(list(element.attrib))]
    elif kind == 3 and element.attrib:
        element.set(rng.choice(list(element.attrib)), said)
    elif kind == 4:
        element.text = said
    elif kind == 5:
        element.tag = rng.choice(("a", "{urn:x}b", "ip", "mac", "interface", "disk", "memory"))
    elif kind == 6:
        element.append(etree.Comment("x") if rng.random() < 0.5 else etree.PI("x", "y"))
    else:
        element.set(
            rng.choice(("mode", "type", "address", "size", "unit", "port", "family", "current")), said
        )


def _for_xml(said: str) -> str:
    """Without what no XML can hold."""
    return "".join(c for c in said if c == "\n" or (c >= " " and not "\ud800" <= c <= "\udfff"))

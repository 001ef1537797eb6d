"""Small steps on elements of XML that lxml has no word for."""

from __future__ import annotations

from typing import Any

from lxml import etree


def written(element: Any) -> str:
    """The element as XML, without what follows it."""
    return str(etree.tostring(element, encoding="unicode", with_tail=False))


def attribute(root: Any, path: str, name: str) -> str | None:
    """Of the first element at the path; None where there is none, or it has no such attribute."""
    found = root.find(path)
    return None if found is None else found.get(name)


def child(parent: Any, tag: str) -> Any:
    """The first child of this tag; a new one, at the end, where there is none."""
    found = parent.find(tag)
    return etree.SubElement(parent, tag) if found is None else found


def drop(parent: Any, tag: str) -> None:
    """Remove the children of this tag."""
    for element in parent.findall(tag):
        parent.remove(element)

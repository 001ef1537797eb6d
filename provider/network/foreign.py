"""What a network's XML says that no property does: what of it a new definition would lose is told.  Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Final

from provider.host.xml_in import of_libvirt, parsed
from provider.network.seen import READ, READ_WHOLE, Element

_ENTRIES: Final = {
    "ip/dhcp/host": ("mac", "name", "ip"),
    "ip/dhcp/range": ("start", "end"),
    "dns/host": ("ip",),
}
_WHOLE: Final = {*READ_WHOLE, "dns/host/hostname"} - {*_ENTRIES, "title", "description", "metadata"}
MOST: Final = 5  # that are shown


@of_libvirt("a network")
def lost(before: str, after: str) -> str:
    """What the one has and the other has not, in words; a reservation that goes takes its own with it.  "" if none."""
    old, new = _besides(before), _besides(after)
    owners = _owners(after)
    gone = [
        text
        for (owner, text), count in (old - new).items()
        if owner is None or owner in owners
        for _ in range(count)
    ]
    more = f" and {len(gone) - MOST} more" if len(gone) > MOST else ""
    return ", ".join(gone[:MOST]) + more


def _besides(xml: str) -> Counter[tuple[str | None, str]]:
    """Each by what it belongs to, if that is a reservation, a range or a name, which may go."""
    return Counter(item for child in [parsed(xml, blanks=False)] for item in _of(child, "", None))


def _owners(xml: str) -> set[str]:
    root = parsed(xml)
    return {_owner(path, element) for path in _ENTRIES for element in root.findall(path)}


def _owner(path: str, element: Element) -> str:
    key = _ENTRIES[path][0]
    return f"{path} {element.get(key, element.get('name', '')).lower()}"


def _of(element: Element, path: str, owner: str | None) -> Iterator[tuple[str | None, str]]:
    if not isinstance(element.tag, str):
        return
    known = READ.get(path or ".", _ENTRIES.get(path, ()))
    owner = _owner(path, element) if path in _ENTRIES else owner
    said = "".join(f" {key}='{value}'" for key, value in sorted(element.attrib.items()) if key not in known)
    text = (element.text or "").strip()
    if said or text:
        where = f" ({owner})" if owner else ""
        yield owner, f"<{path or element.tag}{said}>{text}{where}"
    for child in element:
        below = f"{path}/{child.tag}".lstrip("/")
        if below not in _WHOLE:
            yield from _of(child, below, owner)

"""Directory pools in libvirt's XML.  Pure."""

from __future__ import annotations

from lxml.builder import E

from provider.host.elements import written
from provider.host.xml_in import of_libvirt, parsed


def render(name: str, uuid: str, path: str) -> str:
    return written(E.pool(E.name(name), E.uuid(uuid), E.target(E.path(path)), type="dir"))


@of_libvirt("a storage pool")
def view(xml: str) -> dict[str, str]:
    """Name, type, and path (absent for kinds of pools that have none)."""
    pool = parsed(xml, "pool")
    seen = {"name": pool.findtext("name"), "type": pool.get("type"), "path": pool.findtext("target/path")}
    return {key: value for key, value in seen.items() if value}


@of_libvirt("a storage pool")
def available(xml: str) -> int | None:
    """Bytes that are left; None where the pool does not tell."""
    text = parsed(xml).findtext("available")
    return None if text is None else int(text)

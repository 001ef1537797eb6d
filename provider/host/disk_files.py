"""The files that libvirt's XML of a domain or a volume names.  Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from provider.host.elements import attribute
from provider.host.xml_in import DEFINITIONS, of_libvirt, parsed


@dataclass(frozen=True)
class Chain:
    """A disk: its target name ("vda"), its file, and ``below`` what that stands on, from the top down.

    A running guest's XML names all of them, a definition those that libvirt has a reason to remember: ``whole`` says
    whether the last one is known to stand on nothing.  ``job``: a block job that is under way ("copy",
    "active-commit"), and ``to`` the file that it writes.
    """

    target: str
    path: str
    below: tuple[str, ...] = ()
    whole: bool = False
    job: str = ""
    to: str = ""

    @property
    def files(self) -> tuple[str, ...]:
        return (self.path, *self.below)

    def followed(self, below: Callable[[str], Iterable[str]], ours: Collection[str]) -> Chain:
        """With what is ``below`` its last file, where a definition does not say that and it leads to ours."""
        if self.whole or not set(ours).isdisjoint(self.files):
            return self
        more = tuple(below(self.files[-1]))
        return self if set(ours).isdisjoint(more) else replace(self, below=(*self.below, *more))


@lru_cache(maxsize=DEFINITIONS)
@of_libvirt("a domain")
def chains(domain_xml: str) -> tuple[Chain, ...]:
    """Of each disk that is a file, but for CDs and floppies."""
    found = (_chain(disk) for disk in parsed(domain_xml).iterfind("devices/disk"))
    return tuple(chain for chain in found if chain is not None)


def _chain(disk: Any) -> Chain | None:
    path = _file(disk)
    if path is None or disk.get("device", "disk") != "disk":
        return None
    below, whole = [], False
    element = disk.find("backingStore")
    while element is not None:
        file = _file(element)
        if file is None:
            whole = len(element) == 0
            break
        below.append(file)
        element = element.find("backingStore")
    mirror = disk.find("mirror")
    job = (
        ("", "") if mirror is None else (mirror.get("job", "copy"), mirror.get("file") or _file(mirror) or "")
    )
    return Chain(attribute(disk, "target", "dev") or "", path, tuple(below), whole, *job)


def _file(element: Any) -> str | None:
    source = element.find("source")
    return None if source is None else source.get("file") or source.get("dev")


@lru_cache(maxsize=DEFINITIONS)  # each new volume is looked for in all domains
@of_libvirt("a domain")
def files(domain_xml: str) -> frozenset[str]:
    """Every file of a domain's disks: what they write to, and, in live XML, what that stands on."""
    domain = parsed(domain_xml, "domain")
    return frozenset(
        source.get(key)
        for source in domain.findall("devices/disk//source")
        for key in ("file", "dev")
        if source.get(key)
    )


@lru_cache(maxsize=DEFINITIONS)
@of_libvirt("a domain")
def pool_volumes(domain_xml: str) -> frozenset[tuple[str, str]]:
    """(pool, volume) of each of a domain's disks that are given by these names."""
    domain = parsed(domain_xml, "domain")
    return frozenset(
        (source.get("pool"), source.get("volume"))
        for source in domain.findall("devices/disk/source")
        if source.get("pool") and source.get("volume")
    )


@of_libvirt("a volume")
def path_of(volume_xml: str) -> str:
    return str(parsed(volume_xml, "volume").findtext("target/path"))

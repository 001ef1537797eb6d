"""The files that libvirt's XML of a domain or a volume names.  Pure."""

from __future__ import annotations

from functools import lru_cache

from provider.host.xml_in import DEFINITIONS, of_libvirt, parsed


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

"""What a definition loses when declared properties are put into it, to be told at preview.  Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from typing import Any, Final

from lxml import etree

from provider.domain.stage import staged
from provider.host.xml_in import of_libvirt, parsed

# In which the properties are said themselves, so that nothing of anybody else's goes with them.
_OUR_WORDS: Final = frozenset(
    {
        "cpu check",
        "cpu match",
        "cpu migratable",
        "cpu/model",
        "cpu/model fallback",
        "cpu/vendor",
        "devices/graphics listen",
        "devices/graphics port",
        "os/boot",
        "os/boot dev",
        "vcpu current",
    }
)


@of_libvirt("a domain")
def given_up(xml: str, declared: Mapping[str, Any], keys: Collection[str]) -> list[str]:
    """The places in ``xml`` of elements and attributes that libvirt would not take beside these properties, as
    ``os/firmware`` or ``devices/graphics tlsPort``; of an element, not each part."""
    lost = set(_places(xml) - _places(staged(xml, declared, keys))) - _OUR_WORDS
    return sorted(
        name for name in lost if not any(name.startswith((f"{o} ", f"{o}/")) for o in lost - {name})
    )


def _places(xml: str) -> Counter[str]:
    found: Counter[str] = Counter()
    for element in parsed(xml).iter(etree.Element):
        above = [e.tag for e in element.iterancestors()][:-1]
        place = "/".join([*reversed(above), element.tag])
        found.update((place, *(f"{place} {name}" for name in element.attrib)))
    return found

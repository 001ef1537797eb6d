"""Attributes and children that no property says, put anywhere into a network's XML; and which of them must stay."""

from __future__ import annotations

from typing import Any, Final

from hypothesis import strategies as st
from lxml import etree

from provider.resource.base import Props

# Where they can be put.  Not into what a mode has for itself: another mode can't have it.
PLACES: Final = (
    ".", "bridge", "mac", "dns", "dns/host", "ip", "ip/dhcp", "ip/dhcp/host", "ip/dhcp/range", "metadata",
)  # fmt: skip


@st.composite
def strangers(draw: st.DrawFn, xml: str) -> str:
    """The XML with some of them in it, each with a number of its own."""
    root = etree.fromstring(xml.encode())
    etree.SubElement(root, "metadata")
    there = [element for place in PLACES for element in root.findall(place)]
    chosen = draw(st.sets(st.integers(0, len(there) - 1), max_size=6))
    for number in sorted(chosen):
        kind = draw(st.sampled_from(["attribute", "child", "comment"]))
        if kind == "attribute" and there[number].tag != "dhcp":  # which libvirt drops when nothing is in it
            there[number].set("foreign", str(number))
        else:
            new = (
                etree.Comment("foreign")
                if kind == "comment"
                else etree.Element("foreign", foreign=str(number))
            )
            there[number].insert(draw(st.integers(0, len(there[number]))), new)
    return etree.tostring(root, encoding="unicode")


def stays(before: Any, after: Any, wanted: Props) -> None:
    """All is there, but for what went with a reservation, a range or a name that is not wanted any more."""
    for place in PLACES:
        old, new = before.findall(place), after.findall(place)
        if place == "ip/dhcp/host" and "dhcpHosts" in wanted:
            old = _kept(old, "mac", {host["mac"] for host in wanted["dhcpHosts"]})
        elif place == "dns/host" and "hosts" in wanted.get("dns", {}):
            old = _kept(old, "ip", {host["ip"] for host in wanted["dns"]["hosts"]})
        elif place.startswith("ip/dhcp/") and _subnet(before) != _subnet(after):
            continue  # it lay in the former subnet
        elif place == "ip/dhcp/range" and len(new) < len(old):
            continue  # one takes its own with it
        assert _foreign(old) <= _foreign(new), (place, etree.tostring(before), etree.tostring(after), wanted)


def _kept(elements: list[Any], key: str, wanted: set[str]) -> list[Any]:
    return [element for element in elements if element.get(key) in wanted]


def _subnet(root: Any) -> str | None:
    return None if root.find("ip") is None else root.find("ip").get("address")


def _foreign(elements: list[Any]) -> set[tuple[str, str]]:
    """Of the elements themselves, not of what stands in others of the places."""
    said = {("attribute", str(one.get("foreign"))) for one in elements if one.get("foreign")}
    said |= {("child", child.get("foreign")) for one in elements for child in one.findall("foreign")}
    return said | {("comment", "") for one in elements for child in one if not isinstance(child.tag, str)}

"""Attributes, children and comments that nobody here knows, in every element of a domain that is ever changed."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

from lxml import etree

from provider.host.macs import same_mac

TEXTS = ("memory", "currentMemory", "vcpu", "devices/emulator", "os/type", "os/loader")
PLACES = (
    ".",
    "cpu",
    "cpu/topology",
    "os",
    "os/boot",
    "metadata",
    "devices",
    "devices/graphics",
    "devices/graphics/listen",
    "devices/video",
    "devices/video/model",
    "devices/serial",
    "devices/serial/target",
    "devices/console",
    "devices/console/target",
    "devices/disk",
    "devices/interface",
    "devices/interface/source",
    "devices/interface/mac",
    "devices/interface/model",
    "devices/interface/link",
    "devices/interface/alias",
)
# What libvirt has in an interface, and nothing here declares.
OF_NICS = (
    "<bandwidth><inbound average='1000'/></bandwidth>",
    "<vlan><tag id='42'/></vlan>",
    "<virtualport type='openvswitch'><parameters interfaceid='x'/></virtualport>",
    "<filterref filter='clean-traffic'/>",
    "<driver name='vhost' queues='4'/>",
    "<tune><sndbuf>1600</sndbuf></tune>",
    "<mtu size='1400'/>",
    "<coalesce><rx><frames max='7'/></rx></coalesce>",
    "<backend type='default'/>",
    "<backenddomain name='x'/>",
)
DEVICES = ("interface", "disk")
Marks = dict[str, str]  # a mark's number -> the element in which it is, by `_name`


def scatter(chance: random.Random, root: Any) -> Marks:
    """Put some into the domain; what was put where."""
    marks: Marks = {}
    for path in (*TEXTS, *PLACES):
        for element in root.findall(path):
            kinds = ("attribute",) if path in TEXTS else ("attribute", "child", "comment")
            for kind in (kind for kind in kinds if chance.random() < 0.4):
                _put(element, kind, str(len(marks)), marks)
            if element.tag == "interface":
                for xml in chance.sample(OF_NICS, chance.randint(0, 3)):
                    child = etree.fromstring(xml)
                    child.set("mark", str(len(marks)))
                    marks[str(len(marks))] = _name(element)
                    element.append(child)
    return marks


def _put(element: Any, kind: str, number: str, marks: Marks) -> None:
    if kind == "attribute" and element.get("foreign") is None:
        element.set("foreign", number)
    elif kind == "child":
        etree.SubElement(element, "foreign").set("mark", number)
    elif kind == "comment":
        element.append(etree.Comment(f"mark {number}"))
    else:
        return
    marks[number] = _name(element)


def there(root: Any) -> Marks:
    """All that is in the domain now."""
    found: Marks = {}
    for element in root.iter():
        if element.tag is etree.Comment:
            if element.text.startswith("mark "):
                found[element.text.removeprefix("mark ")] = _name(element.getparent())
            continue
        if element.get("foreign") is not None:
            found[element.get("foreign")] = _name(element)
        if element.get("mark") is not None:
            found[element.get("mark")] = _name(element.getparent())
    return found


def devices(root: Any) -> set[str]:
    """The NICs and disks that are there, by `_device`."""
    return {_device(e) for tag in DEVICES for e in root.iterfind(f"devices/{tag}")}


def lost(marks: Marks, before: set[str], root: Any) -> Iterator[str]:
    """What is not where it was, though the NIC or disk that had it is there still; ``before``: those of then."""
    now, left = there(root), devices(root)
    for number, name in marks.items():
        owner = next((device for device in before if name.startswith(device)), None)
        if (owner is None or owner in left) and now.get(number) != name:
            yield f"{number} of {name} is in {now.get(number)}"


def _name(element: Any) -> str:
    """The place of an element, in a device that may go by that."""
    above = [element, *element.iterancestors()]
    device = next((e for e in above if e.tag in DEVICES), None)
    if device is None:
        return "/".join(e.tag for e in reversed(above))
    return "/".join([_device(device), *(e.tag for e in reversed(above[: above.index(device)]))])


def _device(element: Any) -> str:
    """A NIC by its MAC and address, for a guest has several of a MAC; a disk by its name there."""
    if element.tag == "disk":
        return f"disk {element.find('target').get('dev')}"
    slot = element.find("address")
    return f"NIC {same_mac(element.find('mac').get('address'))} {None if slot is None else slot.get('slot')}"

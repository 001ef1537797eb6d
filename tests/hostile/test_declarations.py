"""Hostile values in the fleet's file and in a stack's settings: each place refuses each of them in one line.

The line is known beforehand: file, path, value, and what is allowed there.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import config
from tests.config import fleets
from tests.config.breaches import put
from tests.hostile import values
from tests.hostile.values import printable

NAME = "a letter, then up to 62 letters, digits and hyphens"
DEVICE = "up to 15 letters, digits, dots, underscores and hyphens"
PATH = "an absolute path, no slash at its end"
DNS = "a DNS domain such as example.org"
DOMAIN = "a name, not empty, without slashes and line breaks"
MAC = "a unicast MAC in quotes, such as '0c:c4:7a:35:12:06'"
MAC_RULE = "a rule such as 52:54:00:02:NN:xx, first octet even"
NETWORK = "an IPv4 network such as 129.215.175.0/24, no host bits set"
ADDRESS = "an IPv4 address such as 192.168.202.15"
ADDRESS_RULE = "a rule such as 192.168.2NN.xxx"
TROP02 = "hypervisors.trop02"
KEY = object()  # the value is a key of the mapping at the path


@dataclass(frozen=True)
class Place:
    """``path`` in the file; ``inner`` what stands under a value that is a key; ``fine``: names of values that pass."""

    path: str
    allowed: str
    inner: Any = None
    fine: tuple[str, ...] = ()
    before: str = ""


SLOT = {"number": 9}
FLEET = {
    "a hypervisor": Place("hypervisors", NAME, SLOT),
    "a VM's slot": Place(f"{TROP02}.slots", NAME, 14),
    "a float": Place("floats.members", NAME, {"index": 9, "address": "129.215.175.9"}),
    "a VLAN": Place("vlans", NAME, {"network": "10.0.0.0/24"}),
    "a holder": Place("floats.members.float2.holder", NAME),
    "the pool": Place("storage.pool", NAME),
    "the bridged network's bridge": Place("networks.bridged.bridge", DEVICE),
    "the default network's bridge": Place("networks.default.bridge", DEVICE),
    "a bridge's port": Place(f"{TROP02}.bridges.br0.port", DEVICE),
    "the pool's folder": Place(
        "storage.path",
        PATH,
        fine=("a blank", "300 characters", *values.SHOWN, *values.LOOK_ALIKES),
        before="/",
    ),
    "the base image": Place("virtualMachines.baseImage", PATH),
}
STACK = {
    "a VM": Place("", NAME, {}),
    "a domain's name": Place("Ulov.domain", DOMAIN, fine=(*values.SHOWN, *values.LOOK_ALIKES, "two dots")),
    "a VM's base image": Place("Ulov.baseImage", PATH),
}


def allowed_for(place: Place, value: str) -> str:
    """What the line says: a text that has the right form, but does not show, is refused for that."""
    odd = next((c for c in value if not c.isprintable()), None)
    if (
        odd is not None
        and odd > "\x7f"
        and place.allowed in (DOMAIN, PATH)
        and value.startswith(place.before)
    ):
        return place.allowed if place.allowed == PATH and not place.before else f"text without {odd!a}"
    return place.allowed


def refused(file: str, path: str, value: str, allowed: str) -> str:
    return printable(f"{file}: {path}: {shown(value)} is not accepted; allowed: {allowed}")


def shown(value: str) -> str:
    said = repr(value)
    return said if len(said) <= 60 else said[:57] + "..."


def of_fleet() -> Iterator[Any]:
    for where, place in FLEET.items():
        for what, value in values.NAMES.items():
            if what not in place.fine and not (place.before and what == "a slash"):
                yield pytest.param(place, place.before + value, id=f"{where}: {what}")
    for path in (f"{TROP02}.bridges.br0.mac",):
        for what, value in values.MACS.items():
            yield pytest.param(Place(path, MAC), value, id=f"a bridge's MAC: {what}")
    for path in ("networks.default.macs", "floats.macs"):
        for what, value in values.MACS.items():
            yield pytest.param(Place(path, MAC_RULE), value.replace("02:0f", "NN:xx"), id=f"{path}: {what}")
    for what, value in values.NETWORKS.items():
        if what != "one address":
            yield pytest.param(Place("vlans.databases.network", NETWORK), value, id=f"a VLAN: {what}")
        if what != "no address at all":
            yield pytest.param(
                Place("networks.default.addresses", ADDRESS_RULE), value, id=f"the address rule: {what}"
            )
        yield pytest.param(Place("vlans.campus.gateway", ADDRESS), value, id=f"a gateway: {what}")


@pytest.mark.parametrize(("place", "value"), list(of_fleet()))
def test_the_fleet_s_file_refuses_it_in_its_line(tmp_path: Path, place: Place, value: str) -> None:
    key = place.inner is not None
    edit = put(place.path, value)

    def edit_key(facts: fleets.Facts) -> None:
        holder = facts
        for step in place.path.split("."):
            holder = holder[step]
        holder[value] = place.inner

    path = f"{place.path}.{value}" if key else place.path
    lines = fleets.refusal(tmp_path, edit_key if key else edit)
    assert refused("fleet.yaml", path, value, allowed_for(place, value)) in lines


def of_stack() -> Iterator[Any]:
    for where, place in STACK.items():
        for what, value in values.NAMES.items():
            if what not in place.fine:
                yield pytest.param(place, value, id=f"{where}: {what}")


@pytest.mark.parametrize(("place", "value"), list(of_stack()))
def test_a_stack_s_settings_refuse_it_in_their_line(tmp_path: Path, place: Place, value: str) -> None:
    vms: dict[str, Any] = {name: {} for name in fleets.TROP02_VMS}
    path = place.path
    if place.inner is None:
        vm, key = place.path.split(".")
        vms[vm] = {key: value}
    else:
        vms[value], path = place.inner, value
    lines = fleets.refusal(tmp_path, settings={"vms": vms})
    assert refused("Pulumi.trop02.yaml", f"trop:vms.{path}", value, allowed_for(place, value)) in lines


TEXTS = {
    "a NUL": "a\x00b",
    "an escape sequence": "\x1b[2J",
    "a form feed": "a\fb",
    "half a character": "a\ud800b",
    "a character that is none": "a\uffffb",
}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_a_description_that_no_xml_can_hold_is_refused(tmp_path: Path, text: str) -> None:
    odd = next(c for c in text if c not in "ab[2J")
    lines = fleets.refusal(tmp_path, settings={"vms": {"Ulov": {"description": text}}})
    wanted = refused("Pulumi.trop02.yaml", "trop:vms.Ulov.description", text, f"text without {odd!a}")
    assert wanted in lines


GOOD = {
    "tabs and line breaks": "a\tb\r\nc",
    "quotes and markup": "a'b\"c <&> ]]>",
    "a key": "-----BEGIN PUBLIC KEY-----\nMFkw\n-----END PUBLIC KEY-----\n",
    "a blank that does not break": "10\u00a0GB",
    "letters of other scripts": "Прокси \u202bשרת\u202c 代理",
    "joined pictures": "👩\u200d💻",
}


@pytest.mark.parametrize("text", GOOD.values(), ids=GOOD)
def test_a_description_may_be_any_text_that_xml_can_hold(tmp_path: Path, text: str) -> None:
    settings = {"vms": {"Acilamwen": {"description": text}}}
    (vm,) = fleets.load(tmp_path, fleets.rack_facts(), "trop02", settings).vms
    assert vm.description == text


OVERLAPS = {
    "a VLAN around the NAT networks": (
        put("vlans.databases.network", "192.168.0.0/16"),
        f"{TROP02}.number: 192.168.202.0/24 overlaps 192.168.0.0/16 of vlans.databases.network",
    ),
    "a VLAN inside the campus": (
        put("vlans.databases.network", "129.215.175.128/25"),
        "vlans.databases.network: 129.215.175.128/25 overlaps 129.215.175.0/24 of vlans.campus.network",
    ),
    "a NAT network on the host's own": (
        put("networks.default.addresses", "129.215.1NN.xxx"),
        "hypervisors.trop75.number: 129.215.175.0/24 overlaps 129.215.175.0/24 of vlans.campus.network",
    ),
}


@pytest.mark.parametrize(("edit", "line"), OVERLAPS.values(), ids=OVERLAPS)
def test_a_network_that_overlaps_the_host_s_own_is_refused(tmp_path: Path, edit: Any, line: str) -> None:
    def both(facts: fleets.Facts) -> None:
        edit(facts)
        if "trop75" in line:
            put("hypervisors.trop75", {"number": 75})(facts)

    allowed = "; allowed: networks that have no address in common"
    assert f"fleet.yaml: {line}{allowed}" in fleets.refusal(tmp_path, both)


FILES = {
    "a way up to no YAML": ("../../../../../../etc/passwd", None),
    "a folder": (".", "Is a directory"),
    "nothing": ("", "Is a directory"),
    "a name of 300 characters": ("x" * 300, "File name too long"),
    "two lines": ("a\nb", "No such file or directory"),
    "an escape sequence": ("\x1b[2J", "No such file or directory"),
    "a NUL": ("a\x00b", "embedded null byte"),
    "a device without an end": ("/dev/zero", "is too large"),
}


@pytest.mark.parametrize(("name", "why"), FILES.values(), ids=FILES)
def test_a_fleet_s_file_of_another_kind_is_told_in_one_line(
    tmp_path: Path, name: str, why: str | None
) -> None:
    with pytest.raises(config.ConfigError) as error:
        config.load("trop02", {"fleet": name}, tmp_path, "Pulumi.trop02.yaml")
    (line,) = str(error.value).split("\n")
    assert line.isprintable()
    assert "; allowed: " in line
    if why is not None:
        assert f": {why}; allowed: " in line

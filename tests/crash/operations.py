"""What is done to a stack when its process ends: six operations on trop02, each with where it begins."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import yaml

from cli import ROOT
from tests.lab.catalogue_stage import STACK, Declared

Data = dict[str, Any]
UP = ("up", "--yes", "--skip-preview")
CATNET: Data = {
    "name": "catnet", "mode": "nat", "bridge": "virbr7", "mac": "52:54:00:77:00:01", "autostart": True, "ipv6": False,
    "addresses": ["10.77.0.0/24"], "stp": False, "delay": 0, "natPorts": {"start": 1024, "end": 65535},
    "dhcp": {"enabled": True}, "dhcpRanges": [{"start": "10.77.0.10", "end": "10.77.0.20"}],
}  # fmt: skip
SCRATCH: Data = {"name": "scratch.qcow2", "pool": "live", "format": "qcow2", "size": 1 << 20}


@dataclass(frozen=True)
class Operation:
    """``words`` are cut off at some point and typed again, then an `up` (where they are none); ``edit`` comes before.

    ``declared``: what is up when it begins.  ``begins``: with that, with nothing, or with all of it but for the state.
    ``replaced``: names of resources whose changes the provider is made to answer with a replacement, and whether the
    old object goes first.  ``steps``: one at a time, so that each run comes to the same points.
    """

    name: str
    declared: Callable[[], Declared]
    begins: Literal["empty", "full", "stateless"] = "full"
    edit: Callable[[Declared], object] = lambda declared: None
    words: tuple[str, ...] = UP
    replaced: tuple[tuple[str, bool], ...] = ()
    steps: tuple[str, ...] = ("--parallel", "1")


def one() -> Declared:
    """trop02's networks and pool, and one of its VMs with its float; nothing is protected."""
    fleet = yaml.safe_load((ROOT / "config/fleet.yaml").read_text(encoding="utf-8"))
    fleet["hypervisors"][STACK]["slots"] = {"Acilamwen": 15, "Ulov": 10}
    emulation = {"domainType": "qemu", "memory": 96}
    return Declared(fleet, {"vms": {"Acilamwen": {"protect": False}}, "emulation": emulation}, {})


def two() -> Declared:
    """A second VM, to which the float can go."""
    declared = one()
    declared.stack["vms"]["Ulov"] = {"protect": False}
    return declared


def spare() -> Declared:
    """A network and a volume, into which nothing is plugged and which nobody has as a disk, beside no VM at all."""
    declared = one()
    declared.stack["vms"] = {}
    declared.hold("float1", None)
    declared.extra |= {"catnet": ("Network", dict(CATNET)), "scratch": ("Volume", dict(SCRATCH))}
    return declared


def whole() -> Declared:
    """All of trop02, a second float, and what `spare` has."""
    declared = spare()
    declared.fleet["hypervisors"][STACK]["slots"] = {
        "Lothigometh": 9, "Ulov": 10, "Ibalehar": 12, "Eterathiel": 13, "Acilamwen": 15,
    }  # fmt: skip
    declared.stack["vms"] = {vm: {"protect": False} for vm in declared.slots()}
    declared.hold("float1", "Acilamwen")
    declared.hold("float2", "Ulov")
    return declared


def update(declared: Declared) -> None:
    """Live, at the next boot, and by a new reservation."""
    declared.slots()["Siamond"] = 14
    declared.stack["vms"]["Acilamwen"] |= {"description": "another", "memory": 128}


def move(declared: Declared) -> None:
    declared.hold("float1", "Ulov")


def replace(declared: Declared) -> None:
    declared.props("catnet")["addresses"] = ["10.78.0.0/24"]
    declared.props("catnet")["dhcpRanges"] = [{"start": "10.78.0.10", "end": "10.78.0.20"}]
    declared.props("scratch")["name"] = "scratch2.qcow2"


def delete(declared: Declared) -> None:
    """A VM with its float."""
    del declared.stack["vms"]["Acilamwen"]
    declared.hold("float1", None)


IMPORT = (
    "import", "--yes", "--skip-preview", "--file", "import.json", "--generate-code=false", "--protect=false",
)  # fmt: skip
REPLACED = (("catnet", True), ("scratch", False))
OPERATIONS = (
    Operation("create", one, "empty"),
    Operation("update", one, edit=update),
    Operation("move", two, edit=move),
    Operation("replace", spare, edit=replace, replaced=REPLACED),
    Operation("delete", one, edit=delete),
    Operation("import", one, "stateless", words=IMPORT),
)
WHOLE = tuple(dataclasses.replace(operation, declared=whole) for operation in OPERATIONS)


def changed(operation: Operation) -> Declared:
    made = operation.declared()
    operation.edit(made)
    return made


def import_file(state: bytes) -> str:
    """What an operator would write to take over all that the state has."""
    records = json.loads(state)["checkpoint"]["latest"]["resources"]
    names = {r["urn"]: f"r{number}" for number, r in enumerate(records)}
    entries = []
    for r in records:
        if r["type"].startswith("pulumi:"):
            continue
        entry = {"type": r["type"], "name": names[r["urn"]], "logicalName": r["urn"].split("::")[-1]}
        if not r["parent"].split("::")[2].startswith("pulumi:"):
            entry["parent"] = names[r["parent"]]
        entries.append(entry | ({"id": _id(r)} if r["custom"] else {"component": True}))
    return json.dumps({"resources": entries})


def _id(record: Data) -> str:
    """A NIC keeps the ID that it was made with when it moves; it is found where it is now."""
    if not record["type"].endswith(":Interface"):
        return str(record["id"])
    return f"{record['outputs']['domain']}/{record['id'].partition('/')[2]}"

"""Pictures of the rack to look at: as declared, with faults of every kind, of any size; and what is found in one."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

from cli import rack
from cli.map.compare import picture
from cli.map.model import Card, Mark, Picture
from config.read import fleet_file
from provider.errors import OperatorError
from tests.cli.map import hosts
from tests.cli.map.hosts import domain, network, nic
from tests.config import fleets

SVG = "{http://www.w3.org/2000/svg}"
BRIDGED = ("network", "bridged")
FLOAT2 = "52:54:00:00:01:01"
RACK = rack.load(fleets.ROOT)
TROP02 = RACK.plans["trop02"]
MACS = {vm.name: vm.mac for vm in TROP02.vms}
SEEN = hosts.as_declared(TROP02)
ODD = (
    '虚拟机 <&"> 🎉',
    "Сервер-баз-данных №1",
    "of-somebody-else-with-a-long-name-" * 3,
    "- [x] `a`|b;#1 %%{end",
)
REASON = "cannot reach libvirt at qemu+ssh://root@trop04/system: " + "no route to host, " * 12


def seen(*domains: object, **changes: object) -> Picture:
    """The rack with changes to what is seen on trop02; trop04 is not reached."""
    sight = {name: hosts.as_declared(plan) for name, plan in RACK.plans.items()}
    sight["trop02"] = hosts.changed(SEEN, *domains, **changes)  # type: ignore[arg-type]
    return picture(RACK.fleet, RACK.plans, sight | {"trop04": OperatorError(REASON)})


def faulty() -> Picture:
    """Faults of every kind, and names of every kind."""
    return seen(
        domain("Acilamwen", [nic(MACS["Acilamwen"]), *[nic(FLOAT2, BRIDGED)] * 4]),
        domain("Ulov", [nic(MACS["Ulov"])], "shut off"),
        domain(
            "Ibalehar",
            [nic(MACS["Ibalehar"], ("network", "lan7")), nic("52:54:00:aa:bb:cc", ("bridge", "br1"))],
        ),
        *(
            domain(odd, [nic("52:54:00:12:34:56", BRIDGED), nic("52:54:00:12:34:57", ("user", ""))])
            for odd in ODD
        ),
        gone=["Lothigometh"],
        networks=[network("nétwork Ω " * 9, "virbr9"), network("lan7", "virbr7", active=False)],
    )


def sized(folder: Path, hypervisors: int, vms: int) -> Picture:
    facts = fleets.sized(hypervisors, vms)
    facts["floats"]["members"]["float2"]["holder"] = "vm01-000"
    plans = {
        name: fleets.load(folder, facts, name, {"vms": {vm: {} for vm in host["slots"]}})
        for name, host in facts["hypervisors"].items()
    }
    return picture(fleet_file(folder, "fleet.yaml"), plans)


def card(shown: Picture, name: str = "trop02") -> Card:
    return next(c for c in shown.cards if c.name == name)


def marks(shown: Picture) -> dict[str, Mark]:
    """Of trop02's parts, by name; a NIC's are its VM, what it is, and where it is plugged."""
    found = {bar.name: bar.mark for bar in card(shown).bars}
    for box in card(shown).boxes:
        found[box.name] = box.mark
        found |= {f"{box.name} {plug.label or plug.mac} {plug.bar}": plug.mark for plug in box.plugs}
    return {name: mark for name, mark in found.items() if mark is not Mark.SAME}


def words(drawn: str) -> list[str]:
    return [element.text or "" for element in ET.fromstring(drawn).iter(f"{SVG}text")]

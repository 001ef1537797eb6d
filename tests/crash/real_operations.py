"""The operations that are played on a real libvirt, round and round, and where they begin."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass

from tests.crash.operations import CATNET
from tests.lab import moves
from tests.lab.catalogue_stage import Data, Declared

Edit = Callable[[Declared], None]
SEED: Data = {
    "name": "spare-seed.iso", "pool": "live", "userData": "#cloud-config\nhostname: spare\n", "metaData": "a: b\n",
}  # fmt: skip
SPARE: Data = {
    "name": "spare", "type": "qemu", "memory": 96, "vcpu": 1, "running": False, "autostart": False,
    "disks": [{"volumeId": "${scratch.id}"}], "cloudinit": "${seed.id}",
    "networkInterfaces": [{"networkName": "catnet", "mac": "52:54:00:77:00:07"}],
}  # fmt: skip
NIC: Data = {
    "domain": "${spare.id}",
    "network": "default",
    "mac": "52:54:00:77:00:08",
    "model": "virtio",
    "link": "up",
}
DISK: Data = {"name": "scratch.qcow2", "pool": "live", "format": "qcow2"}
BLANK: Data = {"name": "blank.qcow2", "pool": "live", "format": "qcow2", "size": 1 << 20}
BARENET: Data = {
    "name": "barenet", "mode": "nat", "bridge": "virbr8", "mac": "52:54:00:77:00:02", "autostart": True, "ipv6": False,
    "addresses": ["10.79.0.0/24"], "stp": False, "delay": 0, "natPorts": {"start": 1024, "end": 65535},
}  # fmt: skip
ONE, OTHER = (
    {"mac": f"52:54:00:77:00:0{n}", "ip": f"10.77.0.{n}", "name": f"cat{n}"} for n in (5, 6)
)  # reservations
REPLACING = (("barenet", True), ("blank", False))


def guests() -> Declared:
    declared = moves.start()
    declared.stack["vms"] = {vm: {"protect": False} for vm in declared.stack["vms"]}
    return declared


def nobody() -> Declared:
    """The networks and the pool alone: no guest has to boot, and none takes its share of the cores."""
    declared = guests()
    declared.stack["vms"] = {}
    declared.hold("float1", None)
    return declared


def create(declared: Declared) -> None:
    made = {
        "catnet": ("Network", {**CATNET, "dhcpHosts": [ONE]}),
        "scratch": ("Volume", {**DISK, "baseVolumeId": declared.fleet["virtualMachines"]["baseImage"]}),
        "seed": ("CloudInitDisk", SEED),
        "spare": ("Domain", SPARE),
        "nic": ("Interface", NIC),
        "barenet": ("Network", BARENET),
        "blank": ("Volume", BLANK),
    }
    declared.extra.update(copy.deepcopy(made))


def delete(declared: Declared) -> None:
    declared.extra.clear()


def update(declared: Declared) -> None:
    """A reservation in another's place, an amount at the next boot, a text, a seed: as they are not when created."""
    declared.props("catnet")["dhcpHosts"] = [OTHER]
    declared.props("spare").update(memory=128, description="with 128 MiB")
    declared.props("seed")["metaData"] = "memory: 128\n"


def move(declared: Declared) -> None:
    holder = declared.fleet["floats"]["members"]["float1"]["holder"]
    declared.hold("float1", "Ulov" if holder == "Acilamwen" else "Acilamwen")


def replace(declared: Declared) -> None:
    net, blank = declared.props("barenet"), declared.props("blank")
    net["addresses"] = ["10.80.0.0/24" if net["addresses"] == ["10.79.0.0/24"] else "10.79.0.0/24"]
    blank["name"] = "blank2.qcow2" if blank["name"] == "blank.qcow2" else "blank.qcow2"


def nothing(declared: Declared) -> None:
    """An import takes over what is there."""


@dataclass(frozen=True)
class Chain:
    """Operations that are played round and round: after the last one all is as before the first."""

    start: Callable[[], Declared]
    steps: tuple[tuple[str, Edit], ...]
    always: tuple[str, ...] = ()  # without them the others can't be played


CREATE, UPDATE, MOVE, REPLACE, IMPORT, DELETE = (
    ("create", create), ("update", update), ("move", move), ("replace", replace), ("import", nothing),
    ("delete", delete),
)  # fmt: skip
CHAINS = {
    "all": Chain(guests, (CREATE, UPDATE, MOVE, REPLACE, IMPORT, MOVE, DELETE), ("create", "delete")),
    "still": Chain(nobody, (CREATE, UPDATE, REPLACE, IMPORT, DELETE), ("create", "delete")),
    "guests": Chain(guests, (MOVE, IMPORT, MOVE)),
}

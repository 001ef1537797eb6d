"""In what the catalogue's rows are written: an edit of what is declared, what somebody does by hand, the calls made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import yaml

from cli import ROOT
from tests.lab.catalogue_stage import STACK, Declared

LIVE, BOOT, RESTART, OUTAGE, LOSS = "live", "next boot", "restart", "network outage", "data loss"
UPDATE = "network.update"
DEFINE_NETWORK = "connect.networkDefineXML"
DEFINE = "connect.defineXML"
PARK = "connect.networkCreateXML"
PLUG, UNPLUG, SWITCH = "domain.attachDeviceFlags", "domain.detachDeviceFlags", "domain.updateDeviceFlags"

ADDRESSES = {"Acilamwen": "192.168.202.15", "Ulov": "192.168.202.10", "worker": "192.168.202.12"}
FLOATS = {f"float{n}": (f"129.215.175.{99 + n}", f"52:54:00:00:01:0{n - 1}") for n in (1, 2, 3, 4)}
WORKER_MAC, NIC_MAC, SECOND_MAC = "52:54:00:02:02:0c", "52:54:00:77:00:05", "52:54:00:77:00:06"
MIB = 1024 * 1024


@dataclass(frozen=True)
class Row:
    """One change.

    ``impact``: the impact words that the preview must say, each at least once, and no others.  ``calls``: the kinds of
    libvirt calls that the `up` makes, no others.  ``hole``: a live DHCP update is made, at which libvirt lets nothing
    be forwarded for a moment.  ``changed``: guests that are meant to notice; every other one is to lose no packet.
    ``boots``: guests that may boot anew.  ``allow``: what is typed behind --allow.  ``refused``: the change must be
    refused, in these words, and nothing done.
    """

    title: str
    edit: Callable[[Declared], object] | None = None
    by_hand: tuple[str, ...] = ()
    impact: tuple[str, ...] = (LIVE,)
    calls: frozenset[str] = frozenset()
    hole: bool = False
    changed: tuple[str, ...] = ()
    boots: tuple[str, ...] = ()
    allow: str = ""
    refused: str = ""


def calls(*names: str) -> frozenset[str]:
    return frozenset(names)


def start() -> Declared:
    """What is up before the first row: two VMs of the fleet, one with a float, and a plain one beside them."""
    fleet = yaml.safe_load((ROOT / "config/fleet.yaml").read_text(encoding="utf-8"))
    fleet["hypervisors"][STACK]["slots"] = {"Acilamwen": 15, "Ulov": 10, "worker": 12}
    return Declared(
        fleet,
        {"vms": {"Acilamwen": {}, "Ulov": {}}, "emulation": {"domainType": "qemu", "memory": 96}},
        {
            "catnet": ("Network", dict(CATNET)),
            "worker-disk": (
                "Volume",
                {
                    "name": "worker.qcow",
                    "pool": "live",
                    "format": "qcow2",
                    "baseVolumeId": fleet["virtualMachines"]["baseImage"],
                },
            ),
            "worker": ("Domain", dict(WORKER)),
        },
    )


CATNET = {
    "name": "catnet",
    "mode": "nat",
    "bridge": "virbr7",
    "mac": "52:54:00:77:00:01",
    "autostart": True,
    "ipv6": False,
    "addresses": ["10.77.0.0/24"],
    "stp": False,
    "delay": 0,
    "natPorts": {"start": 1024, "end": 65535},
    "dhcp": {"enabled": True},
    "dhcpRanges": [{"start": "10.77.0.10", "end": "10.77.0.20"}],
    "dhcpHosts": [{"mac": NIC_MAC, "ip": "10.77.0.15", "name": "worker2"}],
    "dns": {"hosts": [{"hostname": "one", "ip": "10.77.0.2"}]},
}
WORKER = {
    "name": "worker",
    "type": "qemu",
    "memory": 128,
    "vcpu": 1,
    "autostart": False,
    "running": True,
    "description": "plain",
    "disks": [{"volumeId": "${worker-disk.id}"}],
    "networkInterfaces": [{"networkName": "default", "mac": WORKER_MAC}],
}


def worker(**props: object) -> Callable[[Declared], object]:
    return lambda d: d.props("worker").update(props)


def catnet(**props: object) -> Callable[[Declared], object]:
    return lambda d: d.props("catnet").update(props)


def styled(rule: str) -> str:
    """A stylesheet that leaves all as it is, but for one rule."""
    return (
        '<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform">'
        '<xsl:template match="@*|node()"><xsl:copy><xsl:apply-templates select="@*|node()"/></xsl:copy></xsl:template>'
        f"{rule}</xsl:stylesheet>"
    )


# Of libvirt's schema, and no kernel takes it for a bridge.
UNFIT = styled('<xsl:template match="mac"><xsl:copy-of select="."/><mtu size="1"/></xsl:template>')
NO_SPARE_PORTS = styled("<xsl:template match=\"controller[@model='pcie-root-port']\"/>")


def crowded(*macs: str) -> Callable[[Declared], object]:
    """A VM without an operating system, on q35 with the one spare port that libvirt gives each."""
    props = {
        "name": "crowded",
        "type": "qemu",
        "machine": "q35",
        "memory": 32,
        "running": True,
        "networkInterfaces": [{"networkName": "catnet", "mac": mac} for mac in macs],
        "xml": {"xslt": NO_SPARE_PORTS},
    }
    return lambda d: d.extra.update({"crowded": ("Domain", props)})


def nic(**props: object) -> Callable[[Declared], object]:
    """The Interface resource beside the program's own, with these properties."""
    first = {"domain": "${worker.id}", "network": "catnet", "mac": NIC_MAC, "model": "virtio", "link": "up"}
    return lambda d: d.extra.update({"nic": ("Interface", {**first, **props})})


def gone(name: str) -> Callable[[Declared], object]:
    return lambda d: d.extra.pop(name)


def holds(**holders: str | None) -> Callable[[Declared], object]:
    return lambda d: [d.hold(label, holder) for label, holder in holders.items()]


def data(size: int) -> Callable[[Declared], object]:
    props = {"name": "data.qcow2", "pool": "live", "format": "qcow2", "size": size}

    def edit(declared: Declared) -> None:
        order = {"data": ("Volume", props), **{k: v for k, v in declared.extra.items() if k != "data"}}
        declared.extra = order

    return edit


def _reservation(mac: str, ip: str, name: str) -> str:
    return f"\"<host mac='{mac}' ip='{ip}' name='{name}'/>\""


FLOAT2 = FLOATS["float2"][1]
# The very command that was typed on trop02, four times, and with the wrong MAC.
SEEDS_COMMAND = (
    f"attach-interface --domain Acilamwen --type network --source bridged --model virtio --mac {FLOAT2}"
)

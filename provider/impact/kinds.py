"""What a change does to what is running: the words for it, and `TABLE`, with the impact of every property.

``live`` and ``next boot`` (staged in the persistent definition) are done without asking, and so is ``service restart``
of what was declared to be another one inside a guest, which runs on.  The others are harm, and are refused unless the
operator allows them (`provider.impact.allow`).

docs/impact.md is written from the table (`provider.impact.page`); a test compares it with the handlers' schemas.
A nested property has an entry of its own where it differs from others beside it (``dns.hosts``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, get_args

Harm = Literal["restart", "network outage", "data loss"]
Impact = Literal["live", "next boot", "service restart"] | Harm
HARM: Final[tuple[Harm, ...]] = get_args(Harm)


@dataclass(frozen=True)
class Note:
    """What one change does.  ``path``: the property, in Pulumi's notation; ``text``: object and change, one line."""

    impact: Impact
    path: str
    text: str

    def __str__(self) -> str:
        """As it is sent to the engine, which reads it again."""
        where = f"{self.path}: " if self.path else ""
        return " ".join(f"impact {self.impact}: {where}{self.text}".split())


@dataclass(frozen=True)
class Entry:
    """How a change to a property is made (libvirt calls, or why it never is), and its impact.

    ``otherwise``: the impact where the first one can't be had; ``how`` says when that is.
    """

    impact: Impact
    how: str
    otherwise: Impact | None = None


_STAGED_NETWORK: Final = Entry(
    "next boot",
    "virNetworkDefineXML with the same UUID and bridge MAC; waits for the network's restart. Where a network outage is "
    "allowed: virNetworkDestroy, virNetworkCreate, and every guest's tap is plugged back by virDomainUpdateDeviceFlags",
    "network outage",
)
_STAGED_DOMAIN: Final = Entry(
    "next boot",
    "virDomainDefineXML; the guest goes on as it is. Where a restart is allowed: virDomainShutdown (ACPI) and "
    "virDomainCreate",
    "restart",
)
_NEW_VOLUME: Final = Entry("data loss", "refused: the volume would have to be made anew; declare another one")
_NEW_POOL: Final = Entry("data loss", "refused: its volumes would be lost to the stack; declare another pool")
_HOLE: Final = "each call stops forwarded traffic for 0.2 to 0.4 s, so only what differs is sent"

_ROOM: Final = (
    "where the running guest has no place for it (no free PCI slot or root port, no ACPI) the definition alone has it, "
    "and the guest from its next start on"
)

_POOLS: Final = dict.fromkeys(("name", "type", "path", "target"), _NEW_POOL)
_VOLUMES: Final = {
    **dict.fromkeys(("name", "pool", "format"), _NEW_VOLUME),
    "size": Entry(
        "live",
        "grown by virDomainBlockResize where a guest runs with it, by virStorageVolResize elsewhere; never shrunk "
        "(data loss: refused)",
    ),
    **dict.fromkeys(("baseVolumeId", "baseVolumeName", "baseVolumePool", "xml"), _NEW_VOLUME),
}
_SEEDS: Final = {
    **dict.fromkeys(
        ("name", "pool"), Entry("data loss", "refused: it is a file of its own; declare another one")
    ),
    **dict.fromkeys(
        ("userData", "metaData", "networkConfig"),
        Entry(
            "next boot",
            "virStorageVolUpload into the same file, which a guest reads at its first boot with this instance-id, and "
            "then never again: of one that has had that nothing waits for a boot",
            "live",
        ),
    ),
}
_OTHER_SUBNET: Final = "in a subnet that the running network does not have, it is staged with that"
_NETWORKS: Final = {
    "name": Entry(
        "network outage",
        "refused: guests are plugged in by this name; declare another network, and move them",
    ),
    **dict.fromkeys(
        ("mode", "bridge", "domain", "mtu", "addresses", "ipv6", "natPorts", "stp", "delay", "mac"),
        _STAGED_NETWORK,
    ),
    **dict.fromkeys(("dns.enabled", "dns.localOnly", "xml"), _STAGED_NETWORK),
    "dns.hosts": Entry("live", "virNetworkUpdate (DNS host: add, delete); nothing is interrupted"),
    "autostart": Entry("live", "virNetworkSetAutostart"),
    "dhcp": Entry(
        "live",
        f"virNetworkUpdate of its ranges and reservations: DHCP is served while there are any; {_HOLE}; "
        f"{_OTHER_SUBNET}",
        "next boot",
    ),
    "dhcpRanges": Entry(
        "live",
        "virNetworkUpdate (DHCP range: add, then delete); dnsmasq is restarted and keeps its leases; "
        f"{_HOLE}; {_OTHER_SUBNET}",
        "next boot",
    ),
    "dhcpHosts": Entry(
        "live",
        "virNetworkUpdate (DHCP host: delete, modify, add), one call for each reservation that differs; "
        f"{_HOLE}; {_OTHER_SUBNET}",
        "next boot",
    ),
}
_DOMAINS: Final = {
    "name": Entry("restart", "refused: a domain is renamed only while it is shut off; see the README"),
    "memory": Entry(
        "live",
        "virDomainSetMemoryFlags up to the maximum with which the guest was started, and not below what it uses; "
        "beyond these virDomainDefineXML",
        "next boot",
    ),
    "vcpu": Entry(
        "live",
        "virDomainSetVcpusFlags up to the maximum with which the guest was started; beyond it, for fewer, and without "
        "ACPI virDomainDefineXML",
        "next boot",
    ),
    **dict.fromkeys(
        ("cpu", "arch", "machine", "firmware", "consoles", "graphics", "video", "bootDevices", "emulator"),
        _STAGED_DOMAIN,
    ),
    "type": Entry("restart", "refused: the guest would be another machine; retire it and declare it anew"),
    "autostart": Entry("live", "virDomainSetAutostart"),
    "running": Entry(
        "live",
        "true: virDomainCreate. false, a restart without the second half: virDomainShutdown (ACPI). It is counted and "
        "named as harm, but needs no other word, for to declare it off is the operator's own word for it; to pull the "
        "plug (virDomainDestroy) on a guest that does not shut down is refused where no restart is allowed",
        "restart",
    ),
    **dict.fromkeys(("title", "description"), Entry("live", "virDomainSetMetadata")),
    "metadata": Entry("live", "virDomainSetMetadata, one element at a time"),
    "disks": Entry(
        "live",
        "virDomainAttachDeviceFlags, virDomainDetachDeviceFlags; the file and its data stay. The disk from which the "
        f"guest boots, and one on a bus that can't let go of it: refused (restart); {_ROOM}",
        "next boot",
    ),
    "networkInterfaces": Entry(
        "live",
        "virDomainAttachDeviceFlags, virDomainDetachDeviceFlags; to another network by virDomainUpdateDeviceFlags: "
        f"live and persistent by two calls, each by what its own XML has; {_ROOM}",
        "next boot",
    ),
    "cloudinit": Entry("next boot", "refused yet: the disk is attached when the domain is made"),
    "qemuAgent": Entry("live", "nothing to do: the channel is always there"),
    "xml": Entry("live", "nothing is done: the stylesheet is applied to a new domain only"),
}
_INTERFACES: Final = {
    "domain": Entry(
        "live",
        "make before break: virDomainAttachDeviceFlags with the link down at the new holder, "
        "virDomainUpdateDeviceFlags switches the links, virDomainDetachDeviceFlags at the old one; a move to a running "
        f"guest that has no place for it is refused. A new one: {_ROOM}",
        "next boot",
    ),
    "network": Entry("live", "virDomainUpdateDeviceFlags with another source, live and persistent apart"),
    "mac": Entry("network outage", "refused: another MAC is another NIC; give it a resource of its own"),
    "model": Entry("network outage", "refused: libvirt can't change it; unplug the NIC and declare it anew"),
    "link": Entry("live", "virDomainUpdateDeviceFlags"),
    "forbiddenMacs": Entry("live", "virDomainDetachDeviceFlags for each such NIC on the domain"),
    "guest": Entry(
        "live", "with agent: the guest's own file, and its addresses, by virDomainQemuAgentCommand"
    ),
    **dict.fromkeys(
        ("addresses", "gateway", "metric"),
        Entry("live", "with agent: virDomainQemuAgentCommand; nothing is done in the guest otherwise"),
    ),
}
_APPLIED: Final = Entry(
    "live",
    "written by virDomainQemuAgentCommand, then apply is run; what of state is there already, and has to become "
    "another one, restarts",
    "service restart",
)
_GUEST_FILES: Final = {
    "domain": Entry(
        "live", "all of it is brought into the other domain; what the former one has stays there"
    ),
    "files": _APPLIED,
    "state": _APPLIED,
    "secretFiles": Entry("live", "apply is run with it; what it concerns restarts", "service restart"),
    "apply": Entry("live", "is run once more; it has nothing to do where state is as declared"),
    **dict.fromkeys(
        ("remove", "read", "concerns", "keeps", "keeping", "wait", "timeout"),
        Entry("live", "nothing is done in the guest"),
    ),
}

_TYPES: Final = {
    "pool:Pool": _POOLS,
    "volume:Volume": _VOLUMES,
    "cloudInitDisk:CloudInitDisk": _SEEDS,
    "network:Network": _NETWORKS,
    "domain:Domain": _DOMAINS,
    "interface:Interface": _INTERFACES,
    "guestFiles:GuestFiles": _GUEST_FILES,
}
TABLE: Final[Mapping[tuple[str, str], Entry]] = {
    (f"libvirt:index/{kind}", path): entry
    for kind, entries in _TYPES.items()
    for path, entry in entries.items()
}

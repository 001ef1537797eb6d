"""The properties of a network, as Pulumi's schema has them."""

from __future__ import annotations

from typing import Any, Final

from provider.resource.xslt import STYLESHEET

_STRING: Final = {"type": "string"}
_INTEGER: Final = {"type": "integer"}
_BOOLEAN: Final = {"type": "boolean"}


def _list(properties: dict[str, Any], required: list[str], description: str) -> dict[str, Any]:
    items = {"type": "object", "properties": properties, "required": required}
    return {"type": "array", "items": items, "description": description}


INPUTS: Final[dict[str, Any]] = {
    "name": {
        **_STRING,
        "description": "The network's name in libvirt; the resource's own name when not given.",
    },
    "mode": {**_STRING, "description": "nat (the default), route, open, none or bridge."},
    "bridge": {**_STRING, "description": "The bridge: made by libvirt, or, in mode bridge, the host's own."},
    "domain": {**_STRING, "description": "The DNS domain of the network."},
    "mtu": {**_INTEGER, "description": "Largest packet, in bytes."},
    "addresses": {
        "type": "array",
        "items": _STRING,
        "description": "At most one IPv4 and one IPv6 subnet; the gateway has the first usable address of each.",
    },
    "dhcp": {
        "type": "object",
        "properties": {"enabled": _BOOLEAN},
        "description": "Without dhcpRanges, all addresses of the subnet but the gateway's are served.",
    },
    "dns": {
        "type": "object",
        "properties": {
            "enabled": _BOOLEAN,
            "localOnly": {**_BOOLEAN, "description": "Names of the domain are not asked elsewhere."},
            "hosts": _list({"hostname": _STRING, "ip": _STRING}, ["hostname", "ip"], "Names served by DNS."),
        },
    },
    "autostart": {**_BOOLEAN, "description": "Whether the network starts with the host."},
    "xml": {
        "type": "object",
        "properties": {"xslt": {**_STRING, "description": STYLESHEET}},
    },
    "ipv6": {**_BOOLEAN, "description": "Whether guests may talk IPv6 to each other without an IPv6 subnet."},
    "natPorts": {
        "type": "object",
        "properties": {"start": _INTEGER, "end": _INTEGER},
        "required": ["start", "end"],
        "description": "The ports that NAT uses; libvirt's own default is 1024-65535.",
    },
    "stp": {**_BOOLEAN, "description": "Spanning tree on the bridge; libvirt's own default is on."},
    "delay": {**_INTEGER, "description": "The bridge's forward delay, in seconds."},
    "mac": {**_STRING, "description": "The bridge's MAC address."},
    "dhcpRanges": _list(
        {"start": _STRING, "end": _STRING}, ["start", "end"], "What DHCP gives to strangers."
    ),
    "dhcpHosts": _list(
        {"mac": _STRING, "ip": _STRING, "name": _STRING},
        ["mac", "ip"],
        "Reservations.",
    ),
}

SCHEMA: Final[dict[str, Any]] = {
    "description": "A virtual network of the host.",
    "inputProperties": INPUTS,
    "requiredInputs": [],
    "properties": {
        **INPUTS,
        "active": {**_BOOLEAN, "description": "Whether it runs; started again by the next up."},
        "persistent": {**_BOOLEAN, "description": "Whether it is defined; defined again by the next up."},
        "unplugged": {
            "type": "array",
            "items": _STRING,
            "description": "Guests that a restart of the network has cut off; plugged in again by the next up.",
        },
        "pendingRestart": {
            "type": "array",
            "items": _STRING,
            "description": "Properties that wait for the network's restart: it runs with other values than it is "
            "defined with; xml is what has no property. Absent when there are none.",
        },
        "leftOver": {
            **_STRING,
            "description": "An empty network that a killed update has left; removed by the next up.",
        },
    },
    "required": ["name", "active", "persistent", "unplugged"],
}

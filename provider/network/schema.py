"""The properties of a network, as Pulumi's schema has them."""

from __future__ import annotations

from typing import Final

from provider.resource import xslt
from provider.resource.specs import (
    BOOLEAN,
    INTEGER,
    STRING,
    STRINGS,
    Spec,
    array,
    boolean,
    integer,
    mapping,
    record,
    resource,
    said,
    string,
)

SCHEMA: Final[Spec] = resource(
    "A virtual network of the host.",
    {
        "name": string("The network's name in libvirt; the resource's own name when not given."),
        "mode": string("nat (the default), route, open, none or bridge."),
        "bridge": string("The bridge: made by libvirt, or, in mode bridge, the host's own."),
        "domain": string("The DNS domain of the network."),
        "mtu": integer("Largest packet, in bytes."),
        "addresses": said(
            STRINGS,
            "At most one IPv4 and one IPv6 subnet; the gateway has the first usable address of each.",
        ),
        "dhcp": said(
            record({"enabled": BOOLEAN}),
            "Without dhcpRanges, all addresses of the subnet but the gateway's are served.",
        ),
        "dns": record(
            {
                "enabled": BOOLEAN,
                "localOnly": boolean("Names of the domain are not asked elsewhere."),
                "hosts": said(
                    array(record({"hostname": STRING, "ip": STRING}, "hostname", "ip")),
                    "Names served by DNS.",
                ),
            }
        ),
        "autostart": boolean("Whether the network starts with the host."),
        "xml": xslt.SPEC,
        "ipv6": boolean("Whether guests may talk IPv6 to each other without an IPv6 subnet."),
        "natPorts": said(
            record({"start": INTEGER, "end": INTEGER}, "start", "end"),
            "The ports that NAT uses; libvirt's own default is 1024-65535.",
        ),
        "stp": boolean("Spanning tree on the bridge; libvirt's own default is on."),
        "delay": integer("The bridge's forward delay, in seconds."),
        "mac": string("The bridge's MAC address."),
        "dhcpRanges": said(
            array(record({"start": STRING, "end": STRING}, "start", "end")),
            "What DHCP gives to strangers.",
        ),
        "dhcpHosts": said(
            array(record({"mac": STRING, "ip": STRING, "name": STRING}, "mac", "ip")), "Reservations."
        ),
    },
    {
        "active": boolean("Whether it runs; started again by the next up."),
        "persistent": boolean("Whether it is defined; defined again by the next up."),
        "unplugged": said(
            STRINGS, "Guests that a restart of the network has cut off; plugged in again by the next up."
        ),
        "pendingRestart": said(
            STRINGS,
            "Properties that wait for the network's restart: it runs with other values than it is defined with; xml "
            "is what has no property. Absent when there are none.",
        ),
        "leftOver": string("An empty network that a restart has left; removed by the next up."),
        "otherLeases": said(
            mapping(STRING),
            "MAC -> address, of reservations whose MAC has another address leased than the one that is reserved.",
        ),
    },
    told=["name", "active", "persistent", "unplugged", "otherLeases"],
)

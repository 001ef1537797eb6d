"""The properties of an Interface, and what can be wrong with them by themselves."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Interface
from typing import Final

from provider.host.macs import same_mac
from provider.resource.base import COMPUTED, Failure, Props
from provider.resource.names import (
    choice_failures,
    domain_failures,
    mac_failure,
    name_failures,
    short,
    word_failures,
)
from provider.resource.specs import STRING, STRINGS, boolean, integer, record, resource, said, string

GUEST_WAYS: Final = ("agent", "cloud-init", "none")

SCHEMA: Final = resource(
    "A NIC of a domain that comes and goes while the guest runs.",
    {
        "domain": string("UUID of the domain; another one moves the NIC there, make before break."),
        "network": string("Name of the network; another one moves the NIC live."),
        "mac": string("What the NIC is known by: no other domain of the host may have it."),
        "model": string("virtio for a new NIC that does not say."),
        "link": string("up or down; left as it is when not declared."),
        "forbiddenMacs": said(STRINGS, "NICs with one of these MACs are unplugged from the domain."),
        "guest": string(
            "Who sets the NIC up inside the guest: agent (this provider, through the QEMU guest agent, so that it "
            "outlives a reboot), cloud-init (the guest, from its seed disk), or none (you; see guestFile)."
        ),
        "addresses": said(
            STRINGS,
            "IPv4 addresses of the NIC with their prefix: 192.0.2.1/24. Before its link goes up they are asked for on "
            "the network, where that can be done, and somebody who answers stops it.",
        ),
        "gateway": string("Where the guest's default route goes; none by this NIC if not given."),
        "metric": integer("Of that route; 50 when not given."),
    },
    {
        "alias": string("libvirt's name of the NIC; ua-… for one that this provider made."),
        "target": string("The host's end of it (vnet7) while the guest runs."),
        "holder": string("Name of the domain."),
        "live": boolean("Whether the running guest has it."),
        "persistent": boolean("Whether the persistent definition has it."),
        "extra": said(STRINGS, "Drift: what is plugged in too often, not at all, or must not be."),
        "pendingRestart": string(
            "Why the running guest has it from its next start on; the definition has it."
        ),
        "inGuest": boolean("Whether the guest's agent has set it up inside."),
        "guestFile": said(
            record({"path": STRING, "content": STRING}),
            'With guest "none": the file to install in a Fedora guest, and its path.',
        ),
    },
    given=["domain", "network", "mac"],
    told=["domain", "network", "mac", "holder", "live", "persistent", "extra"],
)


def failures(inputs: Props) -> Iterator[Failure]:
    yield from mac_failure("mac", inputs["mac"])
    yield from domain_failures("domain", inputs["domain"])
    yield from name_failures("a network", inputs["network"], "network")
    yield from word_failures("model", inputs.get("model"))
    for index, mac in enumerate(inputs.get("forbiddenMacs", ())):
        wrong = list(mac_failure(f"forbiddenMacs[{index}]", mac))
        yield from wrong
        if not wrong and COMPUTED not in (mac, inputs["mac"]) and same_mac(mac) == same_mac(inputs["mac"]):
            yield Failure(f"forbiddenMacs[{index}]", f"{mac} is the MAC of this interface itself")
    yield from choice_failures("link", inputs.get("link", "up"), ["up", "down"], '"up" or "down"')
    yield from _guest_failures(inputs)


def _guest_failures(inputs: Props) -> Iterator[Failure]:
    ways = '"agent", "cloud-init" or "none"'
    yield from choice_failures("guest", inputs.get("guest", COMPUTED), GUEST_WAYS, ways)
    if inputs.get("guest") == "agent" and not inputs.get("addresses"):
        yield Failure("addresses", 'must be given with guest "agent": what it shall set up')
    networks = []
    for index, address in enumerate(inputs.get("addresses", ())):
        if address is COMPUTED:
            return
        try:
            networks.append(IPv4Interface(address).network)
            prefix = "/" in address
        except ValueError:
            prefix = False
        if not prefix:
            yield Failure(f"addresses[{index}]", f'must be like "192.0.2.1/24", not {short(address)}')
    gateway = inputs.get("gateway", COMPUTED)
    if gateway is not COMPUTED:
        try:
            near = any(IPv4Address(gateway) in network for network in networks)
        except ValueError:
            yield Failure("gateway", f"must be an IPv4 address, not {short(gateway)}")
        else:
            if not near:
                yield Failure("gateway", f"{gateway} is in the network of none of the addresses")
    if "metric" in inputs and "gateway" not in inputs:
        yield Failure("metric", "is of the route by the gateway: give that too")


def comparable(inputs: Props) -> Props:
    """MACs as values, and forbidden ones as a set."""
    plain = dict(inputs)
    if isinstance(plain.get("mac"), str):
        plain["mac"] = same_mac(plain["mac"])
    if isinstance(plain.get("domain"), str):
        plain["domain"] = plain["domain"].lower()
    forbidden = plain.get("forbiddenMacs")
    if isinstance(forbidden, list) and COMPUTED not in forbidden:
        plain["forbiddenMacs"] = sorted({same_mac(mac) for mac in forbidden})
    return plain

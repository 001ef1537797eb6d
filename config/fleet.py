"""The fleet file: what stands once for all stacks (hypervisors, VLANs, rules, slots, floats and their holders)."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StrictBool, StrictInt

from config.addresses import Address, AddressRuleText, Mac, MacRuleText, Network
from config.base import Declared, like, printable, without
from config.recipe import Recipe

# A host name, and part of a file name.
Name = Annotated[
    str, like(r"[A-Za-z][A-Za-z0-9-]{0,62}", "a letter, then up to 62 letters, digits and hyphens")
]
Device = Annotated[  # Linux takes no longer names
    str, like(r"[A-Za-z0-9][A-Za-z0-9._-]{0,14}", "up to 15 letters, digits, dots, underscores and hyphens")
]
# What libvirt takes for a domain that somebody else has named: nearly anything.
DomainName = Annotated[
    str,
    like(r"(?=.*\S)[^/\x00-\x1f\x7f]{1,200}", "a name, not empty, without slashes and line breaks"),
    AfterValidator(printable),
]
# What XML can hold, and with it libvirt: tabs, line breaks and every script, but no control characters.
Text = Annotated[str, without("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")]
AbsolutePath = Annotated[
    str,
    like(
        r"(?!.*/\.\.?(/|$))/[^\x00-\x1f]{,4000}[^/\x00-\x1f]",
        "an absolute path, no slash at its end",
    ),
    AfterValidator(printable),
]
Slot = Annotated[
    StrictInt, Field(ge=1, le=254)
]  # last octet of an address in a /24: not network, not broadcast
Port = Annotated[StrictInt, Field(ge=1, le=65535)]
Count = Annotated[StrictInt, Field(ge=1, le=2**31 - 1)]
Seconds = Annotated[StrictInt, Field(ge=0, le=2**31 - 1)]


DnsName = Annotated[
    str, like(r"(?=.{1,253}$)[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})*", "a DNS domain such as example.org")
]


# Who sets a float up inside the VM that holds it: the hypervisor through the QEMU guest agent, the VM itself from its
# seed disk (at its first boot), or nobody (the file to install there is an output).
GuestWay = Literal["agent", "cloud-init", "none"]


class Vlan(Declared):
    network: Network
    gateway: Address | None = None
    resolvers: tuple[Address, ...] = ()
    search: tuple[DnsName, ...] = ()


class Bridge(Declared):
    """A bridge of a hypervisor itself, with the NIC that is its port, and which lends it its MAC."""

    vlan: str
    address: Address
    mac: Mac
    port: Device
    stp: StrictBool = False
    forward_delay: Seconds = 0
    max_wait: Seconds = 0


class Hypervisor(Declared):
    number: Annotated[StrictInt, Field(ge=1, le=99)]
    bridges: dict[Device, Bridge] = Field(default_factory=dict)
    slots: dict[Name, Slot] = Field(default_factory=dict)


class BridgedNetwork(Declared):
    bridge: Device
    ipv6: StrictBool


class SlotRange(Declared):
    first: Slot
    last: Slot


class PortRange(Declared):
    start: Port
    end: Port


class NatNetwork(Declared):
    bridge: Device
    ipv6: StrictBool
    stp: StrictBool
    delay: Seconds
    macs: MacRuleText
    addresses: AddressRuleText
    gateway: Slot
    dhcp: SlotRange
    nat_ports: PortRange


class Networks(Declared):
    bridged: BridgedNetwork
    default: NatNetwork


class Storage(Declared):
    pool: Name
    path: AbsolutePath


class VirtualMachines(Declared):
    """What a VM is made with unless its stack says otherwise; memory in MiB."""

    base_image: AbsolutePath
    memory: Count
    vcpu: Count
    guest: GuestWay = "agent"
    recipe: Recipe = Recipe()


class FloatingAddress(Declared):
    """``index`` is the last octet of the MAC; ``holder`` the name of a VM that has a slot."""

    index: Annotated[StrictInt, Field(ge=0, le=255)]
    address: Address
    holder: Name | None = None


class Floats(Declared):
    vlan: str
    macs: MacRuleText
    members: dict[Name, FloatingAddress] = Field(default_factory=dict)


class Fleet(Declared):
    vlans: dict[Name, Vlan] = Field(default_factory=dict)
    networks: Networks
    storage: Storage
    virtual_machines: VirtualMachines
    hypervisors: Annotated[dict[Name, Hypervisor], Field(min_length=1)]
    floats: Floats

    def home_of(self, vm: str) -> str | None:
        """The hypervisor on which a VM's name has a slot."""
        return next((name for name, h in self.hypervisors.items() if vm in h.slots), None)

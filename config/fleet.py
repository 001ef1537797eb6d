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

# As libvirt calls them: like the host's, the host's very own, or all that can be had where it is emulated.
CpuMode = Literal["host-model", "host-passthrough", "maximum"]


class Vlan(Declared):
    """A VLAN of the rack."""

    network: Network = Field(description="Its addresses.")
    gateway: Address | None = Field(default=None, description="The way out of it.")
    resolvers: tuple[Address, ...] = Field(default=(), description="DNS servers for those in it.")
    search: tuple[DnsName, ...] = Field(default=(), description="DNS domains that names are looked for in.")


class Bridge(Declared):
    """A bridge that a hypervisor has by itself; the NIC that is its port lends it its MAC."""

    vlan: str = Field(description="The VLAN that it leads to, one of `vlans`.")
    address: Address = Field(description="The hypervisor's own address on it.")
    mac: Mac = Field(description="Its MAC.")
    port: Device = Field(description="The NIC.")
    stp: StrictBool = Field(default=False, description="Spanning tree.")
    forward_delay: Seconds = Field(default=0, description="Seconds.")
    max_wait: Seconds = Field(default=0, description="Seconds.")


class Hypervisor(Declared):
    """One hypervisor; a stack has its name."""

    number: Annotated[StrictInt, Field(ge=1, le=99)] = Field(
        description="NN in the rules of MACs and addresses."
    )
    bridges: dict[Device, Bridge] = Field(
        default_factory=dict, description="What is known of its own bridges; none where nothing is known."
    )
    slots: dict[Name, Slot] = Field(
        default_factory=dict,
        description="The slot of each VM: xx and xxx in the rules. It is reserved for it.",
    )


class BridgedNetwork(Declared):
    """libvirt's network `bridged`: guests on the campus VLAN, where floats are."""

    bridge: Device = Field(description="The hypervisor's bridge that guests are plugged into.")
    ipv6: StrictBool = Field(description="Whether libvirt lets IPv6 through between guests.")


class SlotRange(Declared):
    """Slots, both ends included."""

    first: Slot = Field(description="The first one.")
    last: Slot = Field(description="The last one.")


class PortRange(Declared):
    """Ports, both ends included."""

    start: Port = Field(description="The first one.")
    end: Port = Field(description="The last one.")


class NatNetwork(Declared):
    """libvirt's network `default`: each VM has its reserved address there."""

    bridge: Device = Field(description="The bridge that libvirt makes for it.")
    ipv6: StrictBool = Field(description="Whether libvirt lets IPv6 through between guests.")
    stp: StrictBool = Field(description="Spanning tree.")
    delay: Seconds = Field(description="The bridge's forward delay in seconds.")
    macs: MacRuleText = Field(description="MACs of the VMs, by hypervisor and slot.")
    addresses: AddressRuleText = Field(description="Addresses of the VMs, by hypervisor and slot.")
    gateway: Slot = Field(description="The slot of the bridge's own MAC and address.")
    dhcp: SlotRange = Field(description="The slots that VMs may have.")
    nat_ports: PortRange = Field(description="Source ports of what leaves through it.")


class Networks(Declared):
    """The two libvirt networks that each hypervisor has."""

    bridged: BridgedNetwork = Field(description="Onto the campus VLAN.")
    default: NatNetwork = Field(description="Behind NAT, with reserved addresses.")


class Storage(Declared):
    """The storage pool of each hypervisor, for overlays and disks."""

    pool: Name = Field(description="Its name in libvirt.")
    path: AbsolutePath = Field(description="Its folder, made where it is not there.")


class VirtualMachines(Declared):
    """What a VM is made with unless its stack's file says otherwise."""

    base_image: AbsolutePath = Field(
        description="The image that overlays stand on; it has to be in an active pool."
    )
    memory: Count = Field(description="Memory in MiB.")
    vcpu: Count = Field(description="Processors.")
    cpu: CpuMode | None = Field(
        default=None,
        description="What its processors are, by libvirt's modes. Unless said, a new VM has the best that its host "
        "offers, and one that is there what it has; said, one that runs has it from its next start on.",
    )
    guest: GuestWay = Field(
        default="agent",
        description="Who sets a float up in a VM: the provider by its agent, its seed disk, or nobody.",
    )
    recipe: Recipe = Field(default=Recipe(), description="How a new VM becomes a Docker host.")


class FloatingAddress(Declared):
    """One float."""

    index: Annotated[StrictInt, Field(ge=0, le=255)] = Field(description="xx in the rule of its MAC.")
    address: Address = Field(description="Its address.")
    holder: Name | None = Field(
        default=None, description="The VM that has it, by its name; nobody unless said."
    )


class Floats(Declared):
    """Addresses that go from VM to VM."""

    vlan: str = Field(description="The VLAN that they are in, one of `vlans`.")
    macs: MacRuleText = Field(description="Their MACs, by index.")
    members: dict[Name, FloatingAddress] = Field(default_factory=dict, description="The floats.")


class Fleet(Declared):
    """The facts of the rack, once for all stacks."""

    vlans: dict[Name, Vlan] = Field(default_factory=dict, description="The VLANs of the rack.")
    networks: Networks = Field(description="The two libvirt networks that each hypervisor has.")
    storage: Storage = Field(description="Where overlays and disks are.")
    virtual_machines: VirtualMachines = Field(
        description="What a VM is made with unless its stack says otherwise."
    )
    hypervisors: Annotated[
        dict[Name, Hypervisor], Field(min_length=1, description="The hypervisors; each is a stack.")
    ]
    floats: Floats = Field(description="Addresses that go from VM to VM.")

    def home_of(self, vm: str) -> str | None:
        """The hypervisor on which a VM's name has a slot."""
        return next((name for name, h in self.hypervisors.items() if vm in h.slots), None)

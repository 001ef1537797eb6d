"""Every breach of the fleet's file as an edit of it, with the one line that it gives."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.config.fleets import Facts

TROP02 = "hypervisors.trop02"
DEFAULT = "networks.default"
MEMBERS = "floats.members"
OWN = "a MAC of its own"


def put(path: str, value: Any) -> Callable[[Facts], None]:
    """An edit that puts a value at a dotted path of the fleet file."""

    def edit(facts: Facts) -> None:
        *way, last = path.split(".")
        for key in way:
            facts = facts.setdefault(key, {})
        facts[last] = value

    return edit


BREACHES = [
    pytest.param(
        put(f"{TROP02}.slots.Ulov", 15),
        f"{TROP02}.slots.Acilamwen: slot 15 is the slot of Ulov; allowed: a slot of its own",
        id="two VMs on one slot",
    ),
    pytest.param(
        put(f"{TROP02}.slots.Ulov", 256),
        f"{TROP02}.slots.Ulov: 256 is not accepted; allowed: less than or equal to 254",
        id="slot 256",
    ),
    pytest.param(
        put(f"{TROP02}.slots.Ulov", 0),
        f"{TROP02}.slots.Ulov: 0 is not accepted; allowed: greater than or equal to 1",
        id="slot 0",
    ),
    pytest.param(
        put(f"{TROP02}.slots.Ulov", 16),
        f"{TROP02}.slots.Ulov: slot 16 is outside the DHCP range of {DEFAULT}; allowed: 8 to 15",
        id="an address outside the DHCP range",
    ),
    pytest.param(
        put("hypervisors.trop03.slots", {"ulov": 8}),
        f"hypervisors.trop03.slots.ulov: ulov has a slot already, {TROP02}.slots.Ulov; "
        "allowed: one slot a name, letter case aside",
        id="one VM on two hypervisors",
    ),
    pytest.param(
        put("hypervisors.trop03.number", 2),
        "hypervisors.trop03.number: 2 is the number of trop02; allowed: a number of its own",
        id="one number twice",
    ),
    pytest.param(
        put("hypervisors.trop03.number", 60),
        "hypervisors.trop03.number: 60 makes no address by 192.168.2NN.xxx; "
        "allowed: a number that gives octets up to 255",
        id="a number outside the rule",
    ),
    pytest.param(
        put(f"{DEFAULT}.addresses", "129.215.1NN.xxx"),
        None,
        id="networks beside each other are fine",
    ),
    pytest.param(
        put("vlans.databases.network", "192.168.0.0/16"),
        f"{TROP02}.number: 192.168.202.0/24 overlaps 192.168.0.0/16 of vlans.databases.network; "
        "allowed: networks that have no address in common",
        id="overlapping networks",
    ),
    pytest.param(
        put("vlans.campus.gateway", "129.215.176.126"),
        "vlans.campus.gateway: 129.215.176.126 is no host's address in 129.215.175.0/24, the network of VLAN campus; "
        "allowed: 129.215.175.1 to 129.215.175.254",
        id="a gateway outside its subnet",
    ),
    pytest.param(
        put("vlans.campus.gateway", "129.215.175.255"),
        "vlans.campus.gateway: 129.215.175.255 is no host's address in 129.215.175.0/24, the network of VLAN campus; "
        "allowed: 129.215.175.1 to 129.215.175.254",
        id="a broadcast address",
    ),
    pytest.param(
        put(f"{TROP02}.bridges.br0.address", "192.168.137.5"),
        f"{TROP02}.bridges.br0.address: 192.168.137.5 is no host's address in 129.215.175.0/24, "
        "the network of VLAN campus; allowed: 129.215.175.1 to 129.215.175.254",
        id="a bridge outside its VLAN",
    ),
    pytest.param(
        put(f"{TROP02}.bridges.br0.address", "129.215.175.126"),
        f"{TROP02}.bridges.br0.address: 129.215.175.126 is the address of vlans.campus.gateway; "
        "allowed: an address of its own",
        id="one address twice",
    ),
    pytest.param(
        put(f"{MEMBERS}.float2.address", "129.215.175.100"),
        f"{MEMBERS}.float2.address: 129.215.175.100 is the address of {MEMBERS}.float1.address; "
        "allowed: an address of its own",
        id="one float's address twice",
    ),
    pytest.param(
        put(f"{MEMBERS}.float2.address", "10.0.0.1"),
        f"{MEMBERS}.float2.address: 10.0.0.1 is no host's address in 129.215.175.0/24, the network of VLAN campus; "
        "allowed: 129.215.175.1 to 129.215.175.254",
        id="a float outside its VLAN",
    ),
    pytest.param(
        put(f"{MEMBERS}.float2.index", 0),
        f"{MEMBERS}.float2.index: 52:54:00:00:01:00 is the MAC of {MEMBERS}.float1.index; allowed: {OWN}",
        id="one float's MAC twice",
    ),
    pytest.param(
        put(f"{TROP02}.bridges.br1.mac", "0C:C4:7A:35:12:06"),
        f"{TROP02}.bridges.br1.mac: 0c:c4:7a:35:12:06 is the MAC of {TROP02}.bridges.br0.mac; allowed: {OWN}",
        id="one MAC in two letter cases",
    ),
    pytest.param(
        put("floats.macs", "52:54:00:02:02:xx"),
        f"{MEMBERS}.float2.index: 52:54:00:02:02:01 is the MAC of {DEFAULT}.gateway of trop02; allowed: {OWN}",
        id="a float's MAC that is a bridge's",
    ),
    pytest.param(
        put(f"{MEMBERS}.float2.holder", "Nobody"),
        f"{MEMBERS}.float2.holder: no hypervisor has a slot for Nobody; allowed: Araybwyn, Lothigometh, Ulov, "
        "Dwiema, Ibalehar, Eterathiel, Siamond, Acilamwen",
        id="an unknown holder",
    ),
    pytest.param(
        put(f"{MEMBERS}.float2.holder", "Araybwyn"),
        f"{MEMBERS}.float2.holder: Araybwyn is not among the VMs of Pulumi.trop02.yaml; "
        "allowed: Acilamwen, Lothigometh, Ulov, Eterathiel, Ibalehar",
        id="a holder that does not run",
    ),
    pytest.param(
        put(f"{MEMBERS}.float1.holder", ["Acilamwen", "Ulov"]),
        f"{MEMBERS}.float1.holder: ['Acilamwen', 'Ulov'] is not accepted; allowed: a valid string",
        id="a float held twice",
    ),
    pytest.param(
        put("floats.vlan", "databases"),
        f"{MEMBERS}.float1.holder: Acilamwen is on trop02, whose br0 is in VLAN campus; "
        "allowed: a VM where it is in VLAN databases",
        id="a holder that is not on the float's VLAN",
    ),
    pytest.param(
        put("floats.vlan", "attic"),
        "floats.vlan: there is no VLAN attic; allowed: campus, databases",
        id="a float on no VLAN",
    ),
    pytest.param(
        put(f"{TROP02}.bridges.br1.vlan", "attic"),
        f"{TROP02}.bridges.br1.vlan: there is no VLAN attic; allowed: campus, databases",
        id="a bridge on no VLAN",
    ),
    pytest.param(
        put("networks.bridged.bridge", "br7"),
        f"{TROP02}.bridges: br7 is missing, on which networks.bridged stands; "
        "allowed: br7 among the bridges, or no bridges at all",
        id="a bridged network on no bridge",
    ),
    pytest.param(
        put(f"{DEFAULT}.bridge", "br1"),
        f"{TROP02}.bridges.br1: br1 is the bridge that libvirt makes for {DEFAULT}; allowed: another name",
        id="a bridge of the host taken by libvirt",
    ),
    pytest.param(
        put(f"{DEFAULT}.bridge", "br0"),
        f"{DEFAULT}.bridge: br0 is the bridged network's; allowed: another name",
        id="one bridge under two networks",
    ),
    pytest.param(
        put(f"{DEFAULT}.dhcp.first", 16),
        f"{DEFAULT}.dhcp: 16 is after 15; allowed: first up to last",
        id="a DHCP range that ends before it begins",
    ),
    pytest.param(
        put(f"{DEFAULT}.gateway", 9),
        f"{DEFAULT}.gateway: 9 is in the DHCP range; allowed: a slot outside 8 to 15",
        id="a gateway that DHCP would give away",
    ),
    pytest.param(
        put(f"{DEFAULT}.natPorts.start", 65535),
        None,
        id="a range of one port is fine",
    ),
    pytest.param(
        put(f"{DEFAULT}.natPorts", {"start": 2000, "end": 1024}),
        f"{DEFAULT}.natPorts: 2000 is after 1024; allowed: start up to end",
        id="ports that end before they begin",
    ),
    pytest.param(
        put(f"{DEFAULT}.macs", "52:54:00:02:02:xx"),
        f"{DEFAULT}.macs: 52:54:00:02:02:xx is the same for every hypervisor; allowed: a rule with NN",
        id="a MAC rule without the hypervisor",
    ),
    pytest.param(
        put("floats.macs", "52:54:00:00:NN:xx"),
        "floats.macs: 52:54:00:00:NN:xx depends on a hypervisor; allowed: a rule without NN",
        id="a float's MAC rule with a hypervisor",
    ),
    pytest.param(
        put("floats.macs", "53:54:00:00:01:xx"),
        "floats.macs: '53:54:00:00:01:xx' is not accepted; allowed: a rule such as 52:54:00:02:NN:xx, first octet even",
        id="a multicast MAC rule",
    ),
    pytest.param(
        put(f"{TROP02}.bridges.br0.mac", 190053),
        f"{TROP02}.bridges.br0.mac: 190053 is not accepted; allowed: a unicast MAC in quotes, such as "
        "'0c:c4:7a:35:12:06'",
        id="a MAC that YAML took for a number",
    ),
    pytest.param(
        put(f"{DEFAULT}.addresses", "192.168.999.xxx"),
        f"{DEFAULT}.addresses: '192.168.999.xxx' is not accepted; allowed: a rule such as 192.168.2NN.xxx",
        id="an address rule without the hypervisor",
    ),
    pytest.param(
        put("vlans.campus.network", "129.215.175.7/24"),
        "vlans.campus.network: '129.215.175.7/24' is not accepted; "
        "allowed: an IPv4 network such as 129.215.175.0/24, no host bits set",
        id="a network with host bits",
    ),
    pytest.param(
        put(f"{TROP02}.color", "red"),
        f"{TROP02}.color: unknown key; allowed: bridges, number, slots",
        id="an unknown key",
    ),
    pytest.param(
        put("storage.path", "libvirt/storage"),
        "storage.path: 'libvirt/storage' is not accepted; allowed: an absolute path, no slash at its end",
        id="a relative path",
    ),
    pytest.param(
        put("hypervisors.trop 5", {"number": 5}),
        "hypervisors.trop 5: 'trop 5' is not accepted; allowed: a letter, then up to 62 letters, digits and hyphens",
        id="a name that is no host name",
    ),
    pytest.param(
        put(f"{TROP02}.number", "2"),
        f"{TROP02}.number: '2' is not accepted; allowed: a valid integer",
        id="a wrong type",
    ),
    pytest.param(
        put(TROP02, {}),
        f"{TROP02}.number: is missing; allowed: a value",
        id="a missing key",
    ),
    pytest.param(
        put(f"{TROP02}.slots", "Ulov"),
        f"{TROP02}.slots: 'Ulov' is not accepted; allowed: a mapping of keys to values",
        id="text where a mapping belongs",
    ),
]

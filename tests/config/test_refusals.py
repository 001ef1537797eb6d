"""What the declarations are refused for: each breach with the one line that it gives."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import config
from tests.config import fleets
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


@pytest.mark.parametrize(("edit", "line"), BREACHES)
def test_a_breach_in_the_fleet_gives_its_line(
    tmp_path: Path, edit: Callable[[Facts], None], line: str | None
) -> None:
    lines = fleets.refusal(tmp_path, edit)

    assert (f"fleet.yaml: {line}" in lines) if line else (lines == [])


ONCE = ["two VMs on one slot", "slot 256", "one number twice", "one MAC in two letter cases"]


@pytest.mark.parametrize(("edit", "line"), [b for b in BREACHES if b.id in ONCE])
def test_one_fault_is_told_once(tmp_path: Path, edit: Callable[[Facts], None], line: str) -> None:
    assert fleets.refusal(tmp_path, edit) == [f"fleet.yaml: {line}"]


HOLDER: dict[str, Any] = {"Acilamwen": {}}  # of float1
SETTINGS = [
    pytest.param(
        {"vms": {"Gwendolen": {}}},
        "Pulumi.trop02.yaml: trop:vms.Gwendolen: fleet.yaml has no slot for Gwendolen on trop02; allowed: Araybwyn, "
        "Lothigometh, Ulov, Dwiema, Ibalehar, Eterathiel, Siamond, Acilamwen",
        id="a VM without a slot",
    ),
    pytest.param(
        {"vms": {"Ulov": {"memry": 1}}},
        "Pulumi.trop02.yaml: trop:vms.Ulov.memry: unknown key; "
        "allowed: autostart, baseImage, description, disks, domain, family, guest, memory, nic, overlay, protect, "
        "running, seedDisk, services, size, vcpu",
        id="an unknown key of a VM",
    ),
    pytest.param(
        {"vms": {"Ulov": {"domain": "a/b"}}},
        "Pulumi.trop02.yaml: trop:vms.Ulov.domain: 'a/b' is not accepted; "
        "allowed: a name, not empty, without slashes and line breaks",
        id="a domain's name with a slash",
    ),
    pytest.param(
        {"vms": {"Ulov": {"domain": "a\nb"}}},
        "Pulumi.trop02.yaml: trop:vms.Ulov.domain: 'a\\nb' is not accepted; "
        "allowed: a name, not empty, without slashes and line breaks",
        id="a domain's name of two lines",
    ),
    pytest.param(
        {"vms": {"Ulov": {"domain": " "}}},
        "Pulumi.trop02.yaml: trop:vms.Ulov.domain: ' ' is not accepted; "
        "allowed: a name, not empty, without slashes and line breaks",
        id="a domain's name of nothing",
    ),
    pytest.param(
        {"vms": {"Ulov": {"domain": "Dwiema"}, "Dwiema": {}, **HOLDER}},
        "Pulumi.trop02.yaml: trop:vms.Ulov.domain: 'Dwiema' is the domain of Dwiema; allowed: a domain of its own",
        id="a domain's name that is another VM's",
    ),
    pytest.param(
        {"vms": {"Ulov": {"seedDisk": False, "guest": "cloud-init"}, **HOLDER}},
        "Pulumi.trop02.yaml: trop:vms.Ulov.guest: without a seed disk the guest reads nothing of cloud-init; "
        "allowed: agent or none, beside seedDisk: false",
        id="cloud-init without a seed disk",
    ),
    pytest.param(
        {"vms": {"Ulov": {"memory": "lots"}}},
        "Pulumi.trop02.yaml: trop:vms.Ulov.memory: 'lots' is not accepted; allowed: a valid integer",
        id="a wrong type",
    ),
    pytest.param(
        {"vms": {"Ulov": {"vcpu": 0}}},
        "Pulumi.trop02.yaml: trop:vms.Ulov.vcpu: 0 is not accepted; allowed: greater than or equal to 1",
        id="no processor",
    ),
    pytest.param(
        {"vms": {"Ulov": {"protect": "yes"}}},
        "Pulumi.trop02.yaml: trop:vms.Ulov.protect: 'yes' is not accepted; allowed: a valid boolean",
        id="text for yes",
    ),
    pytest.param(
        {"vms": "Ulov"},
        "Pulumi.trop02.yaml: trop:vms: 'Ulov' is not accepted; allowed: a mapping of keys to values",
        id="text for VMs",
    ),
    pytest.param(
        {"emulation": {"domainType": "xen"}},
        "Pulumi.trop02.yaml: trop:emulation.domainType: 'xen' is not accepted; allowed: 'kvm' or 'qemu'",
        id="a domain type that is none",
    ),
    pytest.param(
        {"vm": {}},
        "Pulumi.trop02.yaml: trop:vm: unknown key; allowed: emulation, fleet, secrets, vms",
        id="an unknown key",
    ),
]


@pytest.mark.parametrize(("settings", "line"), SETTINGS)
def test_a_breach_in_the_stacks_file_gives_its_line(
    tmp_path: Path, settings: dict[str, Any], line: str
) -> None:
    assert line in fleets.refusal(tmp_path, settings=settings)


def test_a_hypervisor_that_the_fleet_lacks_is_refused(tmp_path: Path) -> None:
    assert fleets.refusal(tmp_path, stack="trop05", settings={}) == [
        "Pulumi.trop05.yaml: stack: fleet.yaml has no hypervisor trop05; allowed: trop01, trop02, trop03, trop04"
    ]


def test_all_problems_of_both_files_are_told_at_once(tmp_path: Path) -> None:
    def edit(facts: Facts) -> None:
        put(f"{TROP02}.slots.Ulov", 15)(facts)
        put(f"{MEMBERS}.float2.holder", "Nobody")(facts)

    lines = fleets.refusal(tmp_path, edit, settings={"vms": {"Ulov": {"memory": "lots"}}})

    assert [line.split(": ")[1] for line in lines] == [
        "trop:vms.Ulov.memory",
        f"{TROP02}.slots.Acilamwen",
        f"{MEMBERS}.float2.holder",
    ]


FILES = [
    pytest.param("hypervisors: [", "fleet.yaml: line 1, column 15: ", id="cut in half"),
    pytest.param(
        "floats:\n  float1: 1\n  float1: 2\n",
        "fleet.yaml: line 3, column 3: float1 is declared twice; allowed: YAML, each key once",
        id="a float declared twice",
    ),
    pytest.param(
        "- 1\n", "fleet.yaml: the file: is no mapping; allowed: a mapping of keys to values", id="a list"
    ),
    pytest.param("", "fleet.yaml: the file: is no mapping; allowed: a mapping of keys to values", id="empty"),
    pytest.param("a: \x01\n", "fleet.yaml: the file: ", id="control characters"),
]


@pytest.mark.parametrize(("text", "line"), FILES)
def test_a_fleet_file_that_can_not_be_read_gives_one_line(tmp_path: Path, text: str, line: str) -> None:
    (tmp_path / "fleet.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(config.ConfigError) as refused:
        config.load("trop02", {"fleet": "fleet.yaml"}, tmp_path, "Pulumi.trop02.yaml")

    assert str(refused.value).startswith(line)
    assert len(str(refused.value).splitlines()) == 1


def test_a_fleet_file_that_is_not_there_gives_one_line(tmp_path: Path) -> None:
    with pytest.raises(config.ConfigError) as refused:
        config.load("trop02", {"fleet": "gone.yaml"}, tmp_path, "Pulumi.trop02.yaml")

    assert str(refused.value) == (
        "gone.yaml: the fleet's file: No such file or directory; allowed: a readable YAML file"
    )


def test_no_line_names_a_source_file_or_a_traceback(tmp_path: Path) -> None:
    lines = [line for b in BREACHES for line in fleets.refusal(tmp_path, b.values[0])]

    assert lines
    assert not [line for line in lines if "Traceback" in line or ".py" in line or str(tmp_path) in line]

"""The plan of trop02 says what the sources say; plans of other fleets follow the same rules."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest
from netaddr import EUI, IPNetwork

import config
from config.read import stack_file
from tests.config import fleets

SAMPLES = Path(__file__).parent / "samples"


@pytest.fixture(scope="module")
def trop02() -> config.Plan:
    return config.load("trop02", stack_file(fleets.ROOT / fleets.STACK_FILE), fleets.ROOT, fleets.STACK_FILE)


def test_the_default_network_is_what_the_page_has_as_xml(trop02: config.Plan) -> None:
    xml, net = ET.parse(SAMPLES / "default.xml").getroot(), trop02.networks.default

    assert net.name == xml.findtext("name")
    assert net.ipv6 == (xml.get("ipv6") == "yes")
    assert xml.find("forward").attrib == {"mode": "nat"}
    assert {k: int(v) for k, v in xml.find("forward/nat/port").attrib.items()} == {
        "start": net.nat_ports[0],
        "end": net.nat_ports[1],
    }
    assert xml.find("bridge").attrib == {
        "name": net.bridge,
        "stp": "on" if net.stp else "off",
        "delay": str(net.delay),
    }
    assert EUI(net.mac) == EUI(xml.find("mac").get("address"))
    ip = xml.find("ip")
    assert net.gateway == ip.get("address")
    assert IPNetwork(net.network) == IPNetwork(f"{ip.get('address')}/{ip.get('netmask')}").cidr
    assert net.dhcp_range == (ip.find("dhcp/range").get("start"), ip.find("dhcp/range").get("end"))
    assert [(EUI(r.mac), r.address, r.name) for r in net.reservations] == [
        (EUI(h.get("mac")), h.get("ip"), h.get("name")) for h in ip.findall("dhcp/host")
    ]


def test_the_bridged_network_is_what_the_page_has_as_xml(trop02: config.Plan) -> None:
    xml, net = ET.parse(SAMPLES / "bridged.xml").getroot(), trop02.networks.bridged

    assert (net.name, net.bridge) == (xml.findtext("name"), xml.find("bridge").get("name"))
    assert net.ipv6 == (xml.get("ipv6") == "yes")


def test_the_bridges_of_trop02_are_those_of_its_interfaces_file(trop02: config.Plan) -> None:
    stanzas = (SAMPLES / "interfaces").read_text(encoding="utf-8").strip().split("\n\n")
    written = [dict(line.split(maxsplit=1) for line in stanza.splitlines()) for stanza in stanzas]

    for facts, bridge in zip(written, trop02.hypervisor.bridges, strict=True):
        network = IPNetwork(f"{bridge.address}/{bridge.prefix}")
        assert facts == {
            "auto": bridge.name,
            "iface": f"{bridge.name} inet static",
            "address": bridge.address,
            "netmask": str(network.netmask),
            "network": str(network.network),
            "broadcast": str(network.broadcast),
            "bridge_ports": bridge.port,
            "bridge_fd": str(bridge.forward_delay),
            "bridge_stp": "on" if bridge.stp else "off",
            "bridge_maxwait": str(bridge.max_wait),
            **({"gateway": bridge.gateway} if bridge.gateway else {}),
            **({"dns-nameservers": " ".join(bridge.resolvers)} if bridge.resolvers else {}),
            **({"dns-search": " ".join(bridge.search)} if bridge.search else {}),
        }
    assert [b.mac for b in trop02.hypervisor.bridges] == ["0c:c4:7a:35:12:06", "0c:c4:7a:35:12:07"]


def test_the_five_vms_of_trop02_have_the_macs_and_addresses_of_their_slots(trop02: config.Plan) -> None:
    assert [(vm.name, vm.slot, vm.mac, vm.address) for vm in trop02.vms] == [
        ("Acilamwen", 15, "52:54:00:02:02:0f", "192.168.202.15"),
        ("Lothigometh", 9, "52:54:00:02:02:09", "192.168.202.9"),
        ("Ulov", 10, "52:54:00:02:02:0a", "192.168.202.10"),
        ("Eterathiel", 13, "52:54:00:02:02:0d", "192.168.202.13"),
        ("Ibalehar", 12, "52:54:00:02:02:0c", "192.168.202.12"),
    ]


def test_overlays_and_their_base_image_are_where_the_page_shows_them(trop02: config.Plan) -> None:
    assert trop02.storage.path == "/libvirt/storage/live"
    assert {vm.base_image for vm in trop02.vms} == {
        "/var/lib/libvirt/images/base/fedora-28-32G-docker-base-20181016.qcow"
    }


def test_acilamwen_holds_float1_with_its_own_mac_and_no_other_floats(trop02: config.Plan) -> None:
    (held,) = trop02.floats

    assert (held.label, held.holder, held.mac, held.address) == (
        "float1",
        "Acilamwen",
        "52:54:00:00:01:00",
        "129.215.175.100",
    )
    assert (held.prefix, held.gateway) == (24, "129.215.175.126")
    assert held.forbidden_macs == ("52:54:00:00:01:01", "52:54:00:00:01:02", "52:54:00:00:01:03")


@pytest.mark.parametrize("number", [1, 3, 4])
def test_the_other_hypervisors_have_networks_by_rule_and_nothing_invented(number: int) -> None:
    stack = f"trop0{number}"
    file = f"Pulumi.{stack}.yaml"
    plan = config.load(stack, stack_file(fleets.ROOT / file), fleets.ROOT, file)

    net = plan.networks.default
    assert (net.mac, net.network) == (f"52:54:00:02:0{number}:01", f"192.168.20{number}.0/24")
    assert net.dhcp_range == (f"192.168.20{number}.8", f"192.168.20{number}.15")
    assert (plan.vms, plan.floats, net.reservations, plan.hypervisor.bridges) == ((), (), (), ())
    assert plan.networks.bridged.gateway is None


def test_emulation_chooses_the_type_of_all_vms_and_the_memory_of_those_that_state_none(
    tmp_path: Path,
) -> None:
    settings = {"vms": {"Acilamwen": {"memory": 4096, "vcpu": 4, "protect": False}, "Ulov": {}}}
    plain = fleets.load(tmp_path, fleets.rack_facts(), "trop02", settings).vms[0]
    emulated, silent = fleets.load(
        tmp_path,
        fleets.rack_facts(),
        "trop02",
        {**settings, "emulation": {"domainType": "qemu", "memory": 96}},
    ).vms

    assert (plain.memory, plain.vcpu, plain.protect, plain.domain_type) == (4096, 4, False, None)
    assert (emulated.memory, emulated.vcpu, emulated.protect, emulated.domain_type) == (
        4096,
        4,
        False,
        "qemu",
    )
    assert (silent.memory, silent.domain_type) == (96, "qemu")


@pytest.mark.reports("G2")
@pytest.mark.parametrize(
    ("fleet", "own", "kind", "planned"),
    [
        (None, None, None, None),  # the provider's to choose, for a new one
        ("host-model", None, None, "host-model"),
        ("host-model", "maximum", None, "maximum"),
        ("host-model", False, None, None),
        (None, "host-passthrough", "kvm", "host-passthrough"),
        ("host-passthrough", None, "qemu", "maximum"),
        ("host-model", None, "qemu", "host-model"),
    ],
)
def test_a_vms_cpu_is_its_own_else_the_fleets_and_one_that_can_be_emulated(
    tmp_path: Path, fleet: str | None, own: Any, kind: str | None, planned: str | None
) -> None:
    facts = fleets.rack_facts()
    facts["virtualMachines"] |= {"cpu": fleet} if fleet else {}
    vm = {} if own is None else {"cpu": own}
    settings = {"vms": {"Acilamwen": vm}, "emulation": {"domainType": kind} if kind else {}}
    assert fleets.load(tmp_path, facts, "trop02", settings).vms[0].cpu == planned


def test_trop03_with_two_vms_follows_its_own_numbers(tmp_path: Path) -> None:
    facts = fleets.rack_facts()
    facts["hypervisors"]["trop03"]["slots"] = {"one": 8, "two": 15}
    plan = fleets.load(tmp_path, facts, "trop03", {"vms": {"one": {}, "two": {}}})

    assert [(vm.mac, vm.address) for vm in plan.vms] == [
        ("52:54:00:02:03:08", "192.168.203.8"),
        ("52:54:00:02:03:0f", "192.168.203.15"),
    ]
    assert plan.floats == ()


def test_a_float_given_to_another_vm_is_planned_where_that_vm_is(tmp_path: Path) -> None:
    facts = fleets.rack_facts()
    facts["hypervisors"]["trop03"]["slots"] = {"one": 8}
    facts["floats"]["members"]["float2"]["holder"] = "one"
    plan = fleets.load(tmp_path, facts, "trop03", {"vms": {"one": {}}})

    assert [(f.label, f.mac, f.holder) for f in plan.floats] == [("float2", "52:54:00:00:01:01", "one")]


def test_one_vm_may_hold_two_floats_and_then_neither_mac_is_forbidden_to_it(tmp_path: Path) -> None:
    facts = fleets.rack_facts()
    facts["floats"]["members"]["float2"]["holder"] = "Acilamwen"
    plan = fleets.load(tmp_path, facts, "trop02", {"vms": {"Acilamwen": {}}})

    assert [f.label for f in plan.floats_of("Acilamwen")] == ["float1", "float2"]
    assert {f.forbidden_macs for f in plan.floats} == {("52:54:00:00:01:02", "52:54:00:00:01:03")}


@pytest.mark.parametrize(("hypervisors", "vms"), [(4, 10), (10, 100)])
def test_larger_fleets_are_planned_by_the_same_rules(tmp_path: Path, hypervisors: int, vms: int) -> None:
    facts = fleets.sized(hypervisors, vms)
    name = f"host{hypervisors:02d}"
    plan = fleets.load(tmp_path, facts, name, {"vms": {vm: {} for vm in facts["hypervisors"][name]["slots"]}})

    last = plan.vms[-1]
    assert (len(plan.vms), len(plan.networks.default.reservations)) == (vms, vms)
    assert last.mac == f"52:54:00:02:{hypervisors:02x}:{7 + vms:02x}"
    assert last.address == f"192.168.2{hypervisors:02d}.{7 + vms}"


def test_plans_can_not_be_changed(trop02: config.Plan) -> None:
    with pytest.raises(ValueError, match="frozen"):
        trop02.vms[0].mac = "52:54:00:00:01:00"  # type: ignore[misc]


def test_a_vm_is_whole_and_named_as_in_the_plan_unless_the_stack_says_otherwise(tmp_path: Path) -> None:
    vms = {
        "Acilamwen": {},
        "Ulov": {
            "domain": "ulov – 2018",
            "size": False,
            "memory": 4096,
            "autostart": False,
            "overlay": False,
        },
    }
    plan = config.load("trop02", {"vms": vms}, fleets.ROOT, fleets.STACK_FILE)
    whole, other = plan.vms

    assert (whole.domain, whole.memory, whole.overlay, whole.seed_disk, whole.nic) == (
        "Acilamwen", 2048, True, True, True,
    )  # fmt: skip
    assert (whole.autostart, whole.running) == (True, True)
    assert (other.domain, other.memory, other.vcpu) == ("ulov – 2018", None, None)
    assert (other.autostart, other.overlay, other.nic) == (False, False, True)

"""A guest on the stand-in image takes its name and addresses from outside, by MAC, and is reached as one would."""

from collections.abc import Iterator

import pytest

from lab.hypervisor import Lab
from tests.lab.lab_guest import AGENT, Guest, channel, guest, nic, page, seed, virsh, wait_for

pytestmark = pytest.mark.lab

# Names, MACs and addresses of nobody: that the fleet's work as well is what the end-to-end tests are for.
SEEDED, UNSEEDED = "Seeded", "unseeded"
LEASED_MAC, STATIC_MAC, PLUGGED_MAC, OTHER_MAC = (
    f"52:54:00:aa:00:{last}" for last in ("0a", "0b", "0c", "0d")
)
STATIC, PLUGGED = "129.215.175.200", "129.215.175.201"
NETWORK = f"""
<network><name>guests</name><forward mode='nat'/><bridge name='virbr9' stp='off' delay='0'/>
<ip address='10.9.8.1' netmask='255.255.255.0'><dhcp><range start='10.9.8.2' end='10.9.8.9'/>
<host mac='{LEASED_MAC}' ip='10.9.8.5' name='told-by-dhcp'/><host mac='{OTHER_MAC}' ip='10.9.8.6' name='{UNSEEDED}'/>
</dhcp></ip></network>
"""


def network_config(lab: Lab) -> str:
    gateway = str(lab.facts.gateway).split("/")[0]
    return f"""\
version: 2
ethernets:
  default:
    match:
      macaddress: {LEASED_MAC.upper()}
    dhcp4: true
  one:
    match: {{macaddress: '{STATIC_MAC}'}}
    addresses: [{STATIC}/24]
    routes:
    - to: 0.0.0.0/0
      via: {gateway}
      metric: 50
  two:
    match:
      macaddress: {PLUGGED_MAC}
    addresses:
    - {PLUGGED}/24
"""


@pytest.fixture(scope="module")
def network(lab: Lab) -> Iterator[None]:
    path = lab.state / "network.xml"
    path.write_text(NETWORK)
    virsh(lab, "net-define", str(path))
    virsh(lab, "net-start", "guests")
    yield
    virsh(lab, "net-destroy", "guests")
    virsh(lab, "net-undefine", "guests")


@pytest.fixture(scope="module")
def seeded(lab: Lab, network: None) -> Iterator[Guest]:
    disc = seed(
        meta_data=f"instance-id: x\nlocal-hostname: {SEEDED}\n",
        user_data="#cloud-config\nhostname: other\n",
        network_config=network_config(lab),
    )
    nics = nic(LEASED_MAC, "guests") + nic(STATIC_MAC, "br0", "bridge")
    with guest(lab, SEEDED, nics, disc) as made:
        wait_for(lambda: page(lab, STATIC, campus=True))
        yield made


def test_it_answers_at_its_reserved_address_from_the_hypervisor(lab: Lab, seeded: Guest) -> None:
    lines = wait_for(lambda: page(lab, "10.9.8.5", campus=False))
    assert lines[0] == f"I am {SEEDED}"
    assert lines[1].startswith("boot ")
    assert lines[2].startswith("This is a stand-in for ")
    assert [each.leases for each in lab.status().guests if each.name == SEEDED] == [("10.9.8.5",)]


def test_it_answers_at_its_static_address_to_the_public(lab: Lab, seeded: Guest) -> None:
    assert page(lab, STATIC, campus=True)[0] == f"I am {SEEDED}"
    route = lab.campus(["ip", "route", "get", STATIC], capture_output=True).stdout
    assert f"src {lab.facts.public.split('/')[0]}" in route


def test_the_static_default_route_goes_before_that_of_dhcp(lab: Lab, seeded: Guest) -> None:
    def defaults() -> list[str] | None:
        lines = seeded.agent("/bin/ip", "route").splitlines()
        return two if len(two := [line for line in lines if line.startswith("default ")]) == 2 else None

    routes = wait_for(defaults)
    first, second = sorted(routes, key=lambda route: int(route.split("metric ")[1].split()[0]))
    assert str(lab.facts.gateway).split("/")[0] in first
    assert "10.9.8.1" in second


def test_a_nic_plugged_in_later_is_set_up_by_its_mac(lab: Lab, seeded: Guest) -> None:
    seeded.virsh(
        "attach-interface", SEEDED, "bridge", "br0", "--model", "virtio", "--mac", PLUGGED_MAC, "--live"
    )
    assert wait_for(lambda: page(lab, PLUGGED, campus=True))[0] == f"I am {SEEDED}"
    seeded.virsh("detach-interface", SEEDED, "bridge", "--mac", PLUGGED_MAC, "--live")
    wait_for(lambda: PLUGGED_MAC not in seeded.virsh("domiflist", SEEDED))
    wait_for(lambda: not seeded.agent("/bin/ls", "/sys/class/net").count("eth2"))


def test_a_mac_that_the_seed_names_only_since_it_was_written_anew_is_set_up_too(
    lab: Lab, seeded: Guest
) -> None:
    changed = seed(
        meta_data=f"local-hostname: {SEEDED}\n",
        network_config=network_config(lab)
        .replace(PLUGGED_MAC, OTHER_MAC)
        .replace(PLUGGED, "129.215.175.202"),
    )
    with (lab.state / "live" / f"{SEEDED}.iso").open("r+b") as disc:
        disc.write(changed)
    seeded.virsh(
        "attach-interface", SEEDED, "bridge", "br0", "--model", "virtio", "--mac", OTHER_MAC, "--live"
    )
    assert wait_for(lambda: page(lab, "129.215.175.202", campus=True))[0] == f"I am {SEEDED}"
    seeded.virsh("detach-interface", SEEDED, "bridge", "--mac", OTHER_MAC, "--live")


def test_the_power_button_turns_it_off(lab: Lab, seeded: Guest) -> None:
    seeded.virsh("shutdown", SEEDED, "--mode", "acpi")
    wait_for(lambda: seeded.virsh("domstate", SEEDED) == "shut off")


def test_without_a_seed_it_takes_name_and_address_from_dhcp_and_its_agent_turns_it_off(
    lab: Lab, network: None
) -> None:
    with guest(lab, UNSEEDED, nic(OTHER_MAC, "guests")) as made:
        wait_for(lambda: page(lab, "10.9.8.6", campus=False)[:1] == [f"I am {UNSEEDED}"])
        made.virsh("shutdown", UNSEEDED, "--mode", "agent")
        wait_for(lambda: made.virsh("domstate", UNSEEDED) == "shut off")


def test_its_agent_answers_though_the_port_for_it_has_come_late(lab: Lab, network: None) -> None:
    with guest(lab, UNSEEDED, nic(OTHER_MAC, "guests"), port="org.example.other") as made:
        wait_for(lambda: page(lab, "10.9.8.6", campus=False)[:1] == [f"I am {UNSEEDED}"])
        file = lab.state / "channel.xml"
        file.write_text(channel(AGENT))
        made.virsh("attach-device", UNSEEDED, str(file), "--live")
        wait_for(lambda: "state='connected'" in made.virsh("dumpxml", UNSEEDED))
        assert made.agent("/bin/hostname").strip() == UNSEEDED


def test_a_lab_started_again_is_a_hypervisor_that_was_rebooted(lab: Lab, network: None) -> None:
    virsh(lab, "net-autostart", "guests")
    with guest(lab, UNSEEDED, nic(OTHER_MAC, "guests")) as made:
        made.virsh("autostart", UNSEEDED)
        lab.down()
        lab.up()
        wait_for(lambda: [each.state for each in lab.status().guests if each.name == UNSEEDED] == ["running"])

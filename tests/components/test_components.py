"""Each component by itself: its children, their inputs, what they hang from, and what is protected."""

from __future__ import annotations

import dataclasses
from importlib.metadata import version

import pulumi
import pytest
import yaml

import config
from components import resources
from components.docker_host_vm import GET_NIC_SETUP, DockerHostVM, DockerHostVMArgs
from components.floating_ip import FloatingIP, FloatingIPArgs
from components.hypervisor_networks import HypervisorNetworks, HypervisorNetworksArgs
from components.hypervisor_storage import HypervisorStorage, HypervisorStorageArgs
from config.read import stack_file
from tests.components.engine_mock import Recording, run
from tests.config import fleets

PLAN = config.load("trop02", stack_file(fleets.ROOT / fleets.STACK_FILE), fleets.ROOT, fleets.STACK_FILE)
ACILAMWEN, LOTHIGOMETH = PLAN.vms[0], PLAN.vms[1]


def networks() -> Recording:
    return run(lambda: HypervisorNetworks("trop02", HypervisorNetworksArgs(PLAN.networks)))


def storage() -> Recording:
    return run(lambda: HypervisorStorage("trop02", HypervisorStorageArgs(PLAN.storage)))


def machine(vm: config.VirtualMachine = ACILAMWEN) -> Recording:
    return run(
        lambda: DockerHostVM(vm.name, DockerHostVMArgs(vm, PLAN.floats_of(vm.name), "live", "net-uuid"))
    )


def floating() -> Recording:
    return run(lambda: FloatingIP("float1", FloatingIPArgs(PLAN.floats[0], "Acilamwen-id", "bridged")))


EACH = pytest.mark.parametrize(
    ("make", "kind"),
    [
        (networks, "HypervisorNetworks"),
        (storage, "HypervisorStorage"),
        (machine, "DockerHostVM"),
        (floating, "FloatingIP"),
    ],
)


@EACH
def test_every_child_hangs_from_its_component(make, kind: str) -> None:
    recording = make()
    component = recording.one(kind)
    children = [r for r in recording.resources if r.type.startswith("libvirt:")]

    assert component.type == f"trop:index:{kind}"
    assert children
    assert {child.parent for child in children} == {component.urn}


@EACH
def test_every_component_registers_its_outputs_once(make, kind: str) -> None:
    recording = make()

    assert len(recording.outputs[recording.one(kind).urn]) == 1


@EACH
def test_every_resource_asks_for_the_same_default_provider(make, kind: str) -> None:
    children = [r for r in make().resources if r.type.startswith("libvirt:")]

    assert {child.version for child in children} == {resources.PROVIDER_VERSION}


def test_our_own_resources_have_the_version_of_the_sdk_beside_them() -> None:
    assert version("pulumi-libvirt") == resources.PROVIDER_VERSION


@pytest.mark.parametrize(
    "args", [HypervisorNetworksArgs, HypervisorStorageArgs, DockerHostVMArgs, FloatingIPArgs]
)
def test_arguments_are_frozen_dataclasses(args: type) -> None:
    assert args.__dataclass_params__.frozen  # type: ignore[attr-defined]
    assert dataclasses.is_dataclass(args)


def test_the_default_network_declares_every_attribute_of_the_page() -> None:
    assert networks().of("Network")["trop02-default"].inputs == {
        "name": "default",
        "mode": "nat",
        "bridge": "virbr0",
        "autostart": True,
        "ipv6": True,
        "addresses": ["192.168.202.0/24"],
        "dhcp": {"enabled": True},
        "natPorts": {"start": 1024, "end": 65535},
        "stp": False,
        "delay": 0,
        "mac": "52:54:00:02:02:01",
        "dhcpRanges": [{"start": "192.168.202.8", "end": "192.168.202.15"}],
        "dhcpHosts": [
            {"mac": f"52:54:00:02:02:{slot:02x}", "ip": f"192.168.202.{slot}", "name": name}
            for slot, name in enumerate(
                [
                    "Araybwyn",
                    "Lothigometh",
                    "Ulov",
                    "Dwiema",
                    "Ibalehar",
                    "Eterathiel",
                    "Siamond",
                    "Acilamwen",
                ],
                start=8,
            )
        ],
    }


def test_the_bridged_network_declares_the_bridge_and_nothing_that_it_has_not() -> None:
    assert networks().of("Network")["trop02-bridged"].inputs == {
        "name": "bridged",
        "mode": "bridge",
        "bridge": "br0",
        "autostart": True,
        "ipv6": True,
    }


def test_the_pool_is_the_directory_of_the_overlays() -> None:
    assert storage().one("Pool").inputs == {"name": "live", "type": "dir", "path": "/libvirt/storage/live"}


def test_the_volume_is_an_overlay_of_the_base_image() -> None:
    assert machine().one("Volume").inputs == {
        "name": "Acilamwen.qcow",
        "pool": "live",
        "format": "qcow2",
        "baseVolumeId": "/var/lib/libvirt/images/base/fedora-28-32G-docker-base-20181016.qcow",
    }


def test_the_domain_has_the_overlay_one_nic_and_the_seed_disk() -> None:
    assert machine().one("Domain").inputs == {
        "name": "Acilamwen",
        "description": "Front-end Apache HTTP proxy",
        "memory": 2048,
        "vcpu": 2,
        "autostart": True,
        "running": True,
        "disks": [{"volumeId": "Acilamwen-id"}],
        "networkInterfaces": [{"networkId": "net-uuid", "mac": "52:54:00:02:02:0f"}],
        "cloudinit": "Acilamwen-id",
    }


def test_what_is_not_declared_of_a_vm_is_not_sent() -> None:
    assert "description" not in machine(LOTHIGOMETH).one("Domain").inputs
    assert (
        machine(ACILAMWEN.model_copy(update={"domain_type": "qemu"})).one("Domain").inputs["type"] == "qemu"
    )


@pytest.mark.reports("G2")
def test_a_cpu_is_sent_only_where_it_is_declared() -> None:
    assert "cpu" not in machine().one("Domain").inputs
    declared = machine(ACILAMWEN.model_copy(update={"cpu": "host-model"}))
    assert declared.one("Domain").inputs["cpu"] == {"mode": "host-model"}


def test_a_vm_that_was_made_by_other_means_has_only_the_children_that_are_declared() -> None:
    own = {"overlay": False, "seed_disk": False, "nic": False, "autostart": False, "running": False}
    other = {**own, "domain": "acilamwen (old)", "memory": None, "vcpu": None, "description": None}
    recording = machine(ACILAMWEN.model_copy(update=other))

    assert [r.type for r in recording.resources if r.type.startswith("libvirt:")] == [
        "libvirt:index/domain:Domain"
    ]
    assert recording.one("Domain").inputs == {"name": "acilamwen (old)"}


@pytest.mark.parametrize(
    ("field", "lost"),
    [
        ("overlay", {"disks"}),
        ("seed_disk", {"cloudinit"}),
        ("nic", {"networkInterfaces"}),
        ("autostart", {"autostart"}),
        ("running", {"running"}),
    ],
)
def test_each_part_is_left_undeclared_by_a_word_of_its_own(field: str, lost: set[str]) -> None:
    whole = machine(ACILAMWEN).one("Domain").inputs

    assert (
        whole.keys() - machine(ACILAMWEN.model_copy(update={field: False})).one("Domain").inputs.keys()
        == lost
    )


@pytest.mark.parametrize("protect", [True, False])
def test_protect_covers_volume_and_domain_and_nothing_else(protect: bool) -> None:
    recording = machine(ACILAMWEN.model_copy(update={"protect": protect}))

    assert {
        r.type.split(":")[-1]: r.protect for r in recording.resources if r.type.startswith("libvirt:")
    } == {
        "Volume": protect,
        "CloudInitDisk": False,
        "Domain": protect,
    }


@pytest.mark.reports("G3")
def test_the_seed_disk_names_the_guest_and_no_nic() -> None:
    inputs = machine().one("CloudInitDisk").inputs

    assert (inputs["name"], inputs["pool"]) == ("Acilamwen-seed.iso", "live")
    assert inputs["userData"].startswith("#cloud-config\n")
    assert yaml.safe_load(inputs["userData"])["hostname"] == "Acilamwen"
    assert yaml.safe_load(inputs["metaData"]) == {"instance-id": "Acilamwen", "local-hostname": "Acilamwen"}
    assert "networkConfig" not in inputs


@pytest.mark.reports("G3", "G4")
@pytest.mark.parametrize(("guest", "asked"), [("cloud-init", 1), ("agent", 0), ("none", 0)])
def test_a_float_is_in_the_seed_disk_as_a_script_where_the_guest_takes_it_from_there(
    guest: str, asked: int
) -> None:
    recording = machine(ACILAMWEN.model_copy(update={"guest": guest}))
    calls = [args for token, args in recording.calls if token == GET_NIC_SETUP]
    user_data = yaml.safe_load(recording.one("CloudInitDisk").inputs["userData"])

    wanted = {
        "mac": "52:54:00:00:01:00",
        "addresses": ["129.215.175.100/24"],
        "gateway": "129.215.175.126",
        "metric": 50,
    }
    assert calls == [wanted] * asked
    assert user_data["runcmd"][:-1] == [["/bin/sh", "-c", "the script of 52:54:00:00:01:00"]] * asked


@pytest.mark.reports("G1")
def test_a_guest_makes_itself_a_machine_id_once_where_its_image_has_one() -> None:
    (once,) = yaml.safe_load(machine().one("CloudInitDisk").inputs["userData"])["bootcmd"]

    assert once[:5] == ["cloud-init-per", "instance", "own-machine-id", "/bin/sh", "-c"]
    assert "systemd-machine-id-setup" in once[5]


def test_a_float_is_one_nic_that_forbids_the_other_floats_macs() -> None:
    assert floating().one("Interface").inputs == {
        "domain": "Acilamwen-id",
        "network": "bridged",
        "mac": "52:54:00:00:01:00",
        "model": "virtio",
        "forbiddenMacs": ["52:54:00:00:01:01", "52:54:00:00:01:02", "52:54:00:00:01:03"],
        "guest": "agent",
        "addresses": ["129.215.175.100/24"],
        "gateway": "129.215.175.126",
        "metric": 50,
    }


def test_options_given_to_a_component_reach_it() -> None:
    recording = run(
        lambda: HypervisorStorage(
            "trop02", HypervisorStorageArgs(PLAN.storage), pulumi.ResourceOptions(protect=True)
        )
    )

    assert recording.one("HypervisorStorage").protect


@pytest.mark.reports("H4", "W5")
def test_the_summary_has_the_address_that_a_vm_has_beside_the_planned_one() -> None:
    def told(leased: dict[str, str] | None) -> dict[str, object]:
        args = DockerHostVMArgs(ACILAMWEN, (), "live", "net-uuid", leased)
        recording = run(lambda: DockerHostVM("Acilamwen", args))
        (outputs,) = recording.outputs[recording.one("DockerHostVM").urn]
        return dict(outputs["vm"])

    planned = {"address": ACILAMWEN.address, "mac": ACILAMWEN.mac, "state": "running"}
    assert told(None) == told({}) == told({LOTHIGOMETH.mac: "192.168.202.25"}) == planned
    assert told({ACILAMWEN.mac: "192.168.202.25"}) == {**planned, "leased": "192.168.202.25"}

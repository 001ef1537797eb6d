"""A domain's XML: what is made of declared properties, and what is read from what libvirt has made of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from lxml import etree

from provider.domain import read as domain_read
from provider.domain import seen as domain_seen
from provider.domain import xml as domain_xml
from provider.domain.xml import Disk
from provider.errors import OperatorError
from provider.nic import nic

SAMPLES = Path(__file__).parents[1] / "samples"
DISK = "/libvirt/storage/live/Acilamwen.qcow"
SEED = "/libvirt/storage/live/seed.iso"
METADATA = "<z xmlns='urn:z'><w/></z>"
NETWORKS = {"aaaaaaaa-0000-4000-8000-000000000001": "default"}


def build(
    disks: tuple[Disk, ...] = (Disk(DISK, "qcow2"),), nics: tuple[nic.Wanted, ...] = (), **inputs: object
) -> str:
    given = {"name": "Acilamwen", "memory": 96, "vcpu": 2, **inputs}
    return domain_xml.build(given, "u", "qemu", disks, SEED, nics)


def built(disks: tuple[Disk, ...] = (Disk(DISK, "qcow2"),), **inputs: object) -> etree._Element:
    return etree.fromstring(build(disks, **inputs))  # type: ignore[arg-type]


def observed(name: str = "Acilamwen", running: bool = True) -> domain_read.Domain:
    config = (SAMPLES / f"domain-{name}-persistent.xml").read_text()
    live = (SAMPLES / f"domain-{name}-live.xml").read_text()
    return domain_read.Domain(
        seen=domain_seen.see(config),
        live=tuple(nic.nics(live)) if running else None,
        config=tuple(nic.nics(config)),
        autostart=True,
    )


def test_a_new_domain_has_virtio_disks_a_serial_console_an_agent_channel_and_can_be_asked_to_shut_down() -> (
    None
):
    root = built(disks=(Disk(DISK, "qcow2"), Disk("/b.raw", "raw")))
    disks = root.findall("devices/disk[@device='disk']")
    assert [d.find("target").get("dev") for d in disks] == ["vda", "vdb"]
    assert [d.find("driver").get("type") for d in disks] == ["qcow2", "raw"]
    assert root.find("devices/serial[@type='pty']") is not None
    assert root.find("devices/channel/target").get("name") == "org.qemu.guest_agent.0"
    assert root.find("features/acpi") is not None


def test_the_seed_is_an_ide_cd_on_pc_and_a_sata_cd_on_q35() -> None:
    assert built().find("devices/disk[@device='cdrom']/target").get("bus") == "ide"
    assert built(machine="q35").find("devices/disk[@device='cdrom']/target").get("bus") == "sata"


def test_a_q35_machine_gets_root_ports_to_plug_nics_into() -> None:
    ports = built(machine="q35").findall("devices/controller[@model='pcie-root-port']")
    assert [p.get("index") for p in ports] == [str(n) for n in range(1, 17)]


def test_a_new_nic_has_its_mac_the_virtio_model_and_an_alias_of_ours() -> None:
    found = nic.nics(build(nics=(nic.Wanted("52:54:00:02:02:0F", network="default"),)))
    assert [(n.mac, n.network, n.model, n.alias) for n in found] == [
        ("52:54:00:02:02:0f", "default", "virtio", "ua-52540002020f")
    ]


def test_metadata_of_an_operator_stays_within_its_elements() -> None:
    root = built(metadata=METADATA, title="<i>&", description="<b>&")
    assert root.findtext("title") == "<i>&"
    assert root.find("metadata/{urn:z}z/{urn:z}w") is not None
    assert root.findtext("description") == "<b>&"


@pytest.mark.parametrize(
    "text", ["<z/>", "<a xmlns='u'/><b xmlns='u'/>", "<a xmlns='u'>", "</metadata><os/><metadata>"]
)
def test_metadata_that_libvirt_would_drop_or_that_breaks_out_is_refused(text: str) -> None:
    with pytest.raises(OperatorError, match="metadata"):
        domain_xml.metadata_elements(text)


def test_a_domain_that_is_as_declared_reads_in_its_declared_spelling() -> None:
    declared = {
        "name": "Acilamwen",
        "type": "qemu",
        "machine": "pc",
        "memory": 64,
        "vcpu": 1,
        "running": True,
        "description": "a <b>",
        "metadata": METADATA,
        "disks": [{"volumeId": DISK}],
        "cloudinit": SEED,
        "bootDevices": [{"devs": ["hd"]}],
        "consoles": [{"type": "pty", "targetPort": "0", "targetType": "serial"}],
        "networkInterfaces": [
            {"networkId": "aaaaaaaa-0000-4000-8000-000000000001", "mac": "52:54:00:02:02:0F"},
            {"networkName": "bridged", "mac": "52:54:00:00:02:00"},
            {"bridge": "br0", "mac": "52:54:00:00:03:00"},
        ],
    }
    assert domain_read.as_read(declared, observed(), NETWORKS.get) == declared


@pytest.mark.parametrize(
    ("declared", "read"),
    [
        ({"memory": 96}, {"memory": 64}),
        ({"machine": "q35"}, {"machine": "pc-i440fx-7.2"}),
        ({"type": "kvm"}, {"type": "qemu"}),
        ({"cpu": {"mode": "host-model"}}, {"cpu": {"mode": "custom"}}),
        ({"description": "other"}, {"description": "a <b>"}),
        ({"title": "other"}, {}),
        ({"title": ""}, {"title": ""}),
        ({"firmware": "/usr/share/OVMF.fd"}, {}),
        ({"disks": [{"volumeId": "/other"}]}, {"disks": [{"volumeId": DISK}]}),
        ({"disks": [{"volumeId": DISK}, {"volumeId": "/more"}]}, {"disks": [{"volumeId": DISK}]}),
        ({"cloudinit": "/other.iso"}, {"cloudinit": SEED}),
        ({"graphics": {"type": "vnc"}}, {}),
    ],
)
def test_what_differs_reads_as_it_is_and_what_is_not_there_is_left_out(
    declared: dict[str, object], read: dict[str, object]
) -> None:
    assert domain_read.as_read(declared, observed(), NETWORKS.get) == read


def test_a_domain_that_is_shut_off_reads_as_not_running_and_its_nics_by_its_definition() -> None:
    declared = {
        "running": True,
        "networkInterfaces": [{"networkName": "default", "mac": "52:54:00:02:02:0f"}],
    }
    assert domain_read.as_read(declared, observed(running=False), NETWORKS.get) == declared | {
        "running": False
    }


def test_an_import_reads_what_is_worth_declaring() -> None:
    read = domain_read.imported(observed("Siamond"))
    assert read["name"] == "Siamond"
    assert read["memory"] == 64
    assert read["machine"] == "pc-q35-7.2"
    assert read["disks"] == [{"file": DISK}]
    assert [n["mac"] for n in read["networkInterfaces"]] == [
        "52:54:00:02:02:0f",
        "52:54:00:00:02:00",
        "52:54:00:00:03:00",
    ]
    assert read["networkInterfaces"][2] == {"mac": "52:54:00:00:03:00", "bridge": "br0"}
    assert (read["running"], read["autostart"]) == (True, True)


def test_a_disk_declared_by_pool_and_volume_is_known_by_its_file() -> None:
    config = (SAMPLES / "domain-Acilamwen-persistent.xml").read_text()
    by_volume = config.replace(
        "<disk type='file' device='disk'>", "<disk type='volume' device='disk'>"
    ).replace(f"<source file='{DISK}'/>", "<source pool='live' volume='Acilamwen.qcow'/>")
    seen = domain_seen.see(by_volume, lambda pool, volume: f"/{pool}/{volume}")
    assert seen.disks == ("/live/Acilamwen.qcow",)

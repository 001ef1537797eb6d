"""The lab's Debian guest: what its image is built from; and on a lab that it reads its seed and runs Docker."""

import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from components import cloud_init
from lab import apt, boot_disk, container_image, debian
from lab.facts import HostFacts, LabError
from lab.hypervisor import Lab
from provider.guest import at_boot
from provider.guest.config import Setup
from tests import needs
from tests.lab.lab_guest import Guest, guest, nic, page, seed, virsh, wait_for
from tests.lab.stage import short_folder
from tests.services import stand_ins

TARGETS = """\
http://deb.debian.org/debian/|bookworm|main|Debian
http://deb.debian.org/debian/|bookworm-updates|main|Debian
http://deb.debian.org/debian/|bookworm-updates|main|Debian
https://elsewhere.example/apt|nodistro|main|Else
https://unread.example/apt|bookworm|main|$(ORIGIN)
"""


def test_only_the_distributions_own_sources_are_built_from_each_once() -> None:
    assert apt.sources(TARGETS) == [
        "deb http://deb.debian.org/debian/ bookworm main",
        "deb http://deb.debian.org/debian/ bookworm-updates main",
    ]


def test_of_the_machines_settings_only_how_apt_reaches_its_sources_is_taken() -> None:
    told = [
        'Acquire::http::Proxy "http://cache:3142";',
        'Acquire::https::Proxy::deb.debian.org "DIRECT";',
        'Acquire::Check-Valid-Until "false";',
        'Acquire::Languages:: "none";',
        'Acquire::http::Proxy "";',
        'DPkg::Post-Invoke:: "rm -f /var/cache/apt/*.bin";',
    ]
    assert apt.reach("\n".join(told)) == told[:3]


def test_a_lab_tells_which_guests_there_are_and_does_not_change_those_it_has(
    facts: HostFacts, tmp_path: Path
) -> None:
    lab = Lab("trop02", facts, root=tmp_path, cache=tmp_path)
    with pytest.raises(LabError, match="no guest 'fedora' for a lab: tiny or debian"):
        lab.up("fedora")
    lab.state.mkdir()
    (lab.state / "lab.json").write_text('{"guest": "debian"}')
    assert lab.guest == "debian"
    with pytest.raises(LabError, match=r"has debian guests; .*--purge"):
        lab.up("tiny")


def test_a_file_is_put_where_the_third_partition_begins_and_more_than_there_is_room_for_is_refused(
    tmp_path: Path,
) -> None:
    needs.tool("qemu-img")
    image = tmp_path / "image"
    boot_disk.do("qemu-img", "create", "-q", "-f", "qcow2", str(image), "32G")
    debian.give_images(image, b"ustar, or so")
    boot_disk.do("qemu-img", "convert", "-O", "raw", str(image), str(tmp_path / "raw"))
    with (tmp_path / "raw").open("rb") as raw:
        raw.seek((1 + 30 + 4096) << 20)
        assert raw.read(16) == b"ustar, or so\0\0\0\0"
    assert not list(tmp_path.glob("*.given"))
    with pytest.raises(LabError, match="there is room for 64 MiB"):
        debian.give_images(image, bytes((64 << 20) + 1))


NAME, MAC = "Seeded", "52:54:00:aa:00:0a"
NETWORK = f"""
<network><name>guests</name><forward mode='nat'/><bridge name='virbr9' stp='off' delay='0'/>
<ip address='10.9.8.1' netmask='255.255.255.0'><dhcp><range start='10.9.8.2' end='10.9.8.9'/>
<host mac='{MAC}' ip='10.9.8.5' name='told-by-dhcp'/></dhcp></ip></network>
"""
FLOAT = Setup("52:54:00:aa:00:0b", ("10.9.7.5/24",), "10.9.7.1", 50, "virtio_net")
USER_DATA = f"""\
#cloud-config
hostname: {NAME}
users: [{{name: somebody, ssh_authorized_keys: [ssh-ed25519 AAAA some-key]}}]
timezone: Europe/London
packages: [tcpdump, docker.io]
write_files: [{{path: /etc/some-file, content: something}}]
runcmd: [[touch, /run/was-run], [/bin/sh, -c, {json.dumps(at_boot.script(FLOAT))}]]
bootcmd: {json.dumps([cloud_init.OWN_MACHINE_ID])}
"""
IMAGE = "some/page:1"
BOOT = 1800  # seconds until its agent answers, on cores that many others use too


@pytest.fixture(scope="module")
def booted(facts: HostFacts) -> Iterator[Guest]:
    """A Debian guest that has read a seed, in a lab of its own."""
    with short_folder() as folder:
        lab = Lab("trop02", facts, root=folder)
        try:
            lab.up("debian")
            files = stand_ins.layer(
                stand_ins.busybox(lab.cache).read_bytes(), ["sh", "httpd", "hostname", "mkdir", "wget"]
            )
            given = dataclasses.replace(stand_ins.image("firethorn", "1", files), tag=IMAGE)
            debian.give_images(lab.base, container_image.archive([given]))
            (lab.state / "network.xml").write_text(NETWORK)
            virsh(lab, "net-define", str(lab.state / "network.xml"))
            virsh(lab, "net-start", "guests")
            disc = seed(
                meta_data=f"instance-id: x\nlocal-hostname: {NAME}\n",
                user_data=USER_DATA,
            )
            with guest(lab, NAME, nic(MAC, "guests"), disc, memory=1024) as made:
                wait_for(made.answers, BOOT)
                assert "status: done" in made.agent("/usr/bin/cloud-init", "status", "--wait", patience=BOOT)
                yield made
        finally:
            lab.down(purge=True)


def inside(made: Guest, text: str) -> str:
    return made.agent("/bin/sh", "-c", text, patience=BOOT)


def again(made: Guest, before: str) -> None:
    """Its next boot; ``before`` is done in it first."""
    inside(made, f"{before}; touch -d 2020-01-01 /etc/machine-id; sync")
    made.virsh("shutdown", NAME, "--mode", "acpi")
    wait_for(lambda: made.virsh("domstate", NAME) == "shut off", BOOT)
    made.virsh("start", NAME)
    wait_for(made.answers, BOOT)
    inside(made, "cloud-init status --wait")


@pytest.mark.lab
@pytest.mark.soak
class TestBooted:
    """One guest serves all of these."""

    def test_its_name_address_user_zone_files_and_commands_are_the_seeds(self, booted: Guest) -> None:
        told = booted.agent(
            "/bin/sh",
            "-c",
            "hostname; ip -br addr show | grep -o 10.9.8.5; grep -o some-key ~somebody/.ssh/authorized_keys;"
            "readlink /etc/localtime; cat /etc/some-file; echo; ls /run/was-run; systemctl --failed -q --no-legend",
        )
        assert told.split() == [
            NAME, "10.9.8.5", "some-key", "/usr/share/zoneinfo/Europe/London", "something", "/run/was-run",
        ]  # fmt: skip

    def test_a_float_that_comes_after_the_boot_is_set_up_by_the_file_of_the_seeds_script(
        self, booted: Guest
    ) -> None:
        file = booted.lab.state / "float.xml"
        file.write_text(nic(FLOAT.mac, "guests"))
        booted.virsh("attach-device", NAME, str(file), "--live", "--config")
        wait_for(lambda: "10.9.7.5/24" in inside(booted, "ip -br addr") or None)
        routes = inside(booted, "ip route show default")
        assert "via 10.9.7.1" in routes.splitlines()[0]
        assert "metric 50" in routes.splitlines()[0]

    def test_a_machine_id_that_is_older_than_the_boot_is_not_kept_and_its_own_is(self, booted: Guest) -> None:
        first = inside(booted, "cat /etc/machine-id")
        again(booted, "true")
        assert inside(booted, "cat /etc/machine-id") == first
        again(booted, "cloud-init clean")  # as a base image that was booted before it became one
        assert inside(booted, "cat /etc/machine-id") != first
        wait_for(lambda: "10.9.8.5" in inside(booted, "ip -br addr") or None)
        assert "10.9.7.5/24" in inside(booted, "ip -br addr")

    def test_it_runs_a_container_of_an_image_that_was_given_as_a_file(self, booted: Guest) -> None:
        told = booted.agent(
            "/bin/sh",
            "-c",
            f"docker run -d -p 80:8080 --pull never --name page --hostname inside {IMAGE} > /dev/null;"
            "for try in $(seq 60); do curl -s http://127.0.0.1 && break; sleep 2; done",
            patience=BOOT,
        )
        assert told == "I am firethorn 1 on inside\n"
        assert page(booted.lab, "10.9.8.5", campus=False) == ["I am firethorn 1 on inside"]

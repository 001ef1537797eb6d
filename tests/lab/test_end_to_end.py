"""The main job on a lab's hypervisor: trop02 from nothing, looked at from every side, meddled with, and destroyed.

One lab and one `up` serve the tests of this file in their order; the last takes everything away.
"""

import json
import os
import re
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from xml.etree import ElementTree as Xml

import pytest

from cli import ROOT
from cli.as_found.by_hand import SEEDS
from cli.demo import fetch
from tests.lab.stage import ENGINES, Stage, rows, stage

pytestmark = [pytest.mark.lab, pytest.mark.endtoend]

BASE = "/var/lib/libvirt/images/base/fedora-28-32G-docker-base-20181016.qcow"
LIVE = "/libvirt/storage/live"
ADDRESSES = {
    "Lothigometh": "192.168.202.9",
    "Ulov": "192.168.202.10",
    "Ibalehar": "192.168.202.12",
    "Eterathiel": "192.168.202.13",
    "Acilamwen": "192.168.202.15",
}
FLOAT1, FLOAT1_MAC, FLOAT2_MAC = "129.215.175.100", "52:54:00:00:01:00", "52:54:00:00:01:01"
PATIENCE = 240  # seconds, for guests that are emulated on busy cores


@pytest.fixture(scope="module", params=ENGINES)
def trop02(request: pytest.FixtureRequest) -> Iterator[Stage]:
    """trop02, up on a lab, every guest booted."""
    with stage("trop02", request.param) as made:
        made.base = digest(made)
        made.bring_up()
        wait_until(lambda: all(leased(made, vm) for vm in ADDRESSES))
        yield made


def wait_until(met: object) -> None:
    end = time.monotonic() + PATIENCE
    while not met():  # type: ignore[operator]
        assert time.monotonic() < end, f"not so after {PATIENCE} s"
        time.sleep(0.5)


def leased(made: Stage, vm: str) -> bool:
    return f"{ADDRESSES[vm]}/" in made.virsh("net-dhcp-leases", "default")


def digest(made: Stage) -> str:
    done = made.lab.run(["sha256sum", BASE], stdout=subprocess.PIPE)
    return str(done.stdout).split()[0]


def same_xml(one: Xml.Element, other: Xml.Element) -> bool:
    """Element by element; neither the order of attributes nor the letter case of MACs matters, nor a uuid."""

    def attributes(element: Xml.Element) -> dict[str, str]:
        return {k: v.lower() if k in ("mac", "address") else v for k, v in element.attrib.items()}

    def children(element: Xml.Element) -> list[Xml.Element]:
        return [child for child in element if child.tag != "uuid"]

    return (
        one.tag == other.tag
        and attributes(one) == attributes(other)
        and (one.text or "").strip() == (other.text or "").strip()
        and len(children(one)) == len(children(other))
        and all(same_xml(a, b) for a, b in zip(children(one), children(other), strict=True))
    )


@pytest.mark.parametrize("network", ["default", "bridged"])
def test_the_networks_are_the_seeds(trop02: Stage, network: str) -> None:
    made = trop02.xml("net-dumpxml", "--inactive", network)
    assert same_xml(made, Xml.parse(SEEDS / f"{network}.xml").getroot()), Xml.tostring(
        made, encoding="unicode"
    )


def test_the_comparison_sees_a_difference() -> None:
    """The test above is worth something only if this holds."""
    seed = Xml.parse(SEEDS / "default.xml").getroot()
    for path, attribute in ((".", "ipv6"), (".//host[8]", "mac"), (".//port", "end"), ("ip", "netmask")):
        other = Xml.parse(SEEDS / "default.xml").getroot()
        found = other.find(path)
        assert found is not None
        found.set(attribute, "other")
        assert not same_xml(seed, other)


def test_every_guest_has_its_reserved_address_and_its_name_from_dhcp(trop02: Stage) -> None:
    leases = rows(trop02.virsh("net-dhcp-leases", "default"))
    assert {(row[-2], row[4].split("/")[0]) for row in leases} == {
        (vm.lower(), ip) for vm, ip in ADDRESSES.items()
    }


@pytest.mark.parametrize("vm", ADDRESSES)
def test_a_disk_is_an_overlay_of_the_base_image(trop02: Stage, vm: str) -> None:
    disks = [row for row in rows(trop02.virsh("domblklist", vm)) if row[0] == "vda"]
    assert disks == [["vda", f"{LIVE}/{vm}.qcow"]]
    chain = trop02.xml("dumpxml", vm).find("devices/disk[@device='disk']")
    assert chain is not None
    assert [chain.find("driver").get("type"), chain.find("source").get("file")] == [
        "qcow2",
        f"{LIVE}/{vm}.qcow",
    ]
    behind = chain.find("backingStore")
    assert behind.find("format").get("type") == "qcow2"
    assert behind.find("source").get("file") == BASE
    assert list(behind.find("backingStore")) == []


@pytest.mark.reports("G2", "G6")
def test_what_nobody_has_declared_of_a_guest_is_what_is_good_today(trop02: Stage) -> None:
    guest = trop02.xml("dumpxml", "Acilamwen", "--inactive")
    (cpu,) = guest.iterfind("cpu")
    assert cpu.get("mode") in ("maximum", "host-model")  # the latter with a libvirt before 7.1
    assert guest.findtext("devices/rng/backend") == "/dev/urandom"
    drivers = {d.get("device"): d.find("driver").get("discard") for d in guest.iterfind("devices/disk")}  # type: ignore[union-attr]
    assert drivers == {"disk": "unmap", "cdrom": None}
    trop02.unchanged()


def test_acilamwen_has_exactly_two_nics(trop02: Stage) -> None:
    macs = sorted(row[-1] for row in rows(trop02.virsh("domiflist", "Acilamwen")))
    assert macs == ["52:54:00:00:01:00", "52:54:00:02:02:0f"]
    for vm in ADDRESSES.keys() - {"Acilamwen"}:
        assert len(rows(trop02.virsh("domiflist", vm))) == 1


def test_the_serial_console_of_a_guest_is_reached(trop02: Stage) -> None:
    """Typed there: a sum, so that its echo alone is no answer."""
    ours, theirs = os.openpty()
    words = [sys.executable, "-P", "-m", "cli", "lab", "console", "Acilamwen"]
    with subprocess.Popen(
        words,
        cwd=ROOT,
        env=trop02.environment,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    ) as console:
        os.close(theirs)
        shown = b""
        until = time.monotonic() + PATIENCE
        while b"on Acilamwen: 42" not in shown and time.monotonic() < until and console.poll() is None:
            os.write(ours, b"\necho on $(hostname): $((6*7))\n")
            while select.select([ours], [], [], 2)[0]:
                shown += os.read(ours, 4096)
        os.write(ours, b"\x1d")  # Ctrl-]
    os.close(ours)
    assert b"on Acilamwen: 42" in shown, shown.decode(errors="replace")
    assert console.returncode == 0


def test_the_float_is_answered_by_acilamwen_and_no_other(trop02: Stage) -> None:
    wait_until(lambda: fetch(trop02.lab, FLOAT1))
    assert {fetch(trop02.lab, FLOAT1) for _ in range(5)} == {fetch(trop02.lab, FLOAT1)}
    assert "Acilamwen" in fetch(trop02.lab, FLOAT1)
    for free in ("129.215.175.101", "129.215.175.102", "129.215.175.103"):
        assert fetch(trop02.lab, free) == ""


def test_the_outputs_say_what_an_operator_asks(trop02: Stage) -> None:
    done = trop02.must("stack", "output", "--json")
    outputs = json.loads(done.out)
    assert {name: vm["address"] for name, vm in outputs["vms"].items()} == ADDRESSES
    assert {vm["state"] for vm in outputs["vms"].values()} == {"running"}
    assert outputs["floats"] == {
        "float1": {"address": FLOAT1, "mac": "52:54:00:00:01:00", "holder": "Acilamwen"}
    }
    assert outputs["networks"]["default"] == {"bridge": "virbr0", "gateway": "192.168.202.1"}
    assert outputs["networks"]["bridged"] == {"bridge": "br0", "gateway": "129.215.175.126"}


def everything(made: Stage) -> dict[str, str]:
    """All definitions, live and persistent, and all processes of dnsmasq and QEMU: what an `up` could have touched."""
    seen = {"processes": str(made.lab.run(["pgrep", "-a", "dnsmasq|qemu"], stdout=subprocess.PIPE).stdout)}
    for vm in made.names("list", "--all"):
        xml = made.virsh("dumpxml", vm) + made.virsh("dumpxml", "--inactive", vm)
        seen[f"domain {vm}"] = re.sub(
            r" state='(dis)?connected'", "", xml
        )  # the agent's, when its guest has booted
    for network in made.names("net-list", "--all"):
        seen[f"network {network}"] = made.virsh("net-dumpxml", network) + made.virsh("net-info", network)
        seen[f"network {network}"] += made.virsh("net-dumpxml", "--inactive", network)
    for file in sorted((made.lab.state / "etc").rglob("*.xml")):
        seen[str(file)] = str(file.lstat().st_mtime_ns)  # a definition that is given again is written again
    for file in sorted((made.lab.state / "live").iterdir()):
        if file.suffix == ".iso":
            seen[str(file)] = str(file.stat().st_mtime_ns)
    return seen


def test_a_second_up_touches_nothing(trop02: Stage) -> None:
    before = everything(trop02)
    with subprocess.Popen(
        ["virsh", "-c", trop02.lab.uri, "event", "--all", "--loop"], stdout=subprocess.PIPE, text=True
    ) as watcher:
        trop02.bring_up()
        watcher.terminate()
        events, _ = watcher.communicate(timeout=30)
    assert [line for line in events.splitlines() if line.startswith("event")] == []
    assert everything(trop02) == before
    trop02.unchanged()


def test_what_was_done_by_hand_is_shown_by_a_plain_preview_and_mended(trop02: Stage) -> None:
    trop02.virsh("destroy", "Ulov")
    trop02.virsh("undefine", "Lothigometh")
    trop02.virsh("autostart", "--disable", "Ibalehar")
    reservation = "<host mac='52:54:00:02:02:0b' ip='192.168.202.11' name='Dwiema'/>"
    trop02.virsh("net-update", "default", "delete", "ip-dhcp-host", reservation, "--live", "--config")
    trop02.virsh("net-autostart", "bridged", "--disable")
    for where in ("--live", "--config"):
        trop02.virsh("attach-interface", "Acilamwen", "network", "bridged", "--mac", FLOAT2_MAC, where)
    plain = trop02.on_stack("preview")
    assert plain.code == 0, plain.text
    touched = {"Ulov", "Lothigometh", "Ibalehar", "trop02-default", "trop02-bridged", "float1"}
    assert set(re.findall(r"^ ~ +libvirt:\S+ (\S+) update", plain.out, re.MULTILINE)) == touched, plain.out
    assert "~ 6 to update" in plain.out
    trop02.bring_up()
    trop02.unchanged()
    assert trop02.names("list") == sorted(ADDRESSES)
    assert trop02.names("list", "--persistent") == sorted(ADDRESSES)
    assert trop02.names("list", "--autostart") == sorted(ADDRESSES)
    assert FLOAT2_MAC not in trop02.virsh("domiflist", "Acilamwen")
    assert FLOAT2_MAC not in trop02.virsh("domiflist", "--inactive", "Acilamwen")
    mended, seed = (
        trop02.xml("net-dumpxml", "--inactive", "default"),
        Xml.parse(SEEDS / "default.xml").getroot(),
    )
    for network in (mended, seed):  # libvirt puts a reservation that comes back at the end
        dhcp = network.find("ip/dhcp")
        assert dhcp is not None
        dhcp[:] = sorted(dhcp, key=lambda entry: entry.get("mac", "").lower())
    assert same_xml(mended, seed)


def test_a_network_and_a_pool_that_are_gone_are_made_again_in_one_up_under_running_guests(
    trop02: Stage,
) -> None:
    guests = trop02.lab.run(["pgrep", "-a", "qemu"], stdout=subprocess.PIPE).stdout
    for kind, where in (("bridge", "--live"), ("network", "--config")):
        trop02.virsh("detach-interface", "Acilamwen", kind, "--mac", FLOAT1_MAC, where)
    wait_until(lambda: FLOAT1_MAC not in trop02.virsh("domiflist", "Acilamwen"))
    for words in (
        ("net-destroy", "bridged"),
        ("net-undefine", "bridged"),
        ("pool-destroy", "live"),
        ("pool-undefine", "live"),
    ):
        trop02.virsh(*words)
    trop02.must("preview")
    trop02.must("up", "--yes")
    trop02.unchanged()
    assert "Acilamwen" in fetch(trop02.lab, FLOAT1)
    assert trop02.lab.run(["pgrep", "-a", "qemu"], stdout=subprocess.PIPE).stdout == guests


def test_destroy_is_refused_while_vms_are_protected(trop02: Stage) -> None:
    before, records = everything(trop02), trop02.records()
    done = trop02.on_stack("destroy", "--yes", "--skip-preview")
    assert done.code == 1
    assert "protect" in done.text
    assert "Traceback" not in done.text
    assert everything(trop02) == before
    assert trop02.records() == records


def test_destroy_leaves_nothing_of_ours_and_the_base_image_as_it_was(trop02: Stage) -> None:
    trop02.declare(vms={vm: {"protect": False} for vm in ADDRESSES})
    trop02.bring_up()
    wait_until(lambda: all(leased(trop02, vm) for vm in ADDRESSES))
    trop02.must("destroy", "--yes", "--skip-preview")
    assert trop02.names("list", "--all") == []
    assert trop02.names("net-list", "--all") == []
    assert trop02.names("pool-list", "--all") == ["base"]
    assert list((trop02.lab.state / "live").iterdir()) == []
    left = trop02.lab.run(["sh", "-c", "cat /var/lib/libvirt/dnsmasq/*.status"], stdout=subprocess.PIPE)
    assert "192.168.202" not in str(left.stdout)
    assert digest(trop02) == trop02.base

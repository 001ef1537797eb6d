"""What a running guest has a place for, on real libvirt; and what in a guest has the MAC of its NIC beside it."""

from __future__ import annotations

import base64
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import libvirt
import pytest

from lab import debs, kernel_modules
from provider.guest.config import Setup, file_for
from provider.host import ports
from provider.nic import refusals
from tests.lab.catalogue_terms import ADDRESSES, FLOATS
from tests.lab.lab_guest import Guest, nic, page, wait_for
from tests.lab.stage import Stage, stage
from tests.lab.test_audit import UP, _answers, audit, clean, told
from tests.lab.test_end_to_end_others import fleet

pytestmark = [pytest.mark.lab, pytest.mark.adopt, pytest.mark.one_turn]

FLOAT1, FLOAT2 = FLOATS["float1"], FLOATS["float2"]
BRIDGE = "<controller type='pci' index='0' model='pcie-root'/>" + "".join(
    f"<controller type='pci' index='{n}' model='{model}'/>"
    for n, model in enumerate(["pcie-root-port", "pcie-to-pci-bridge", *["pcie-root-port"] * 4], 1)
)
OFF = "".join(
    f"<controller type='pci' index='{n}' model='pcie-root-port'><target hotplug='{so}'/></controller>"
    for n, so in ((1, "off"), (2, "off"), (3, "on"), (4, "on"))
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fleet")


@pytest.fixture(scope="module")
def made(folder: Path) -> Iterator[Stage]:
    with two(folder) as made:
        yield made


@contextmanager
def two(folder: Path) -> Iterator[Stage]:
    """Two VMs of the fleet that answer, the first of which has float1."""
    declared = fleet(folder, {"float1": "Acilamwen"})
    with stage("trop02", "embedded", fleet=declared, vms={"Acilamwen": {}, "Ulov": {}}) as made:
        made.bring_up()
        for name in ("Acilamwen", "Ulov"):
            ready(made, name)
        yield made


def ready(made: Stage, name: str) -> None:
    wait_for(lambda: _answers(made, name) or None)


def shell(made: Stage, name: str, script: str) -> str:
    return Guest(made.lab, name).agent("/bin/sh", "-c", f"PATH=/usr/sbin:/usr/bin:/sbin:/bin; {script}")


def name_at(made: Stage, address: str) -> str:
    return (page(made.lab, address, campus=True) or ["I am nobody"])[0].removeprefix("I am ")


def nics(made: Stage, name: str, *flags: str) -> list[str]:
    return [
        mac.get("address", "") for mac in made.xml("dumpxml", name, *flags).iterfind("devices/interface/mac")
    ]


def live_source(made: Stage, name: str, mac: str) -> str | None:
    for each in made.xml("dumpxml", name).iterfind("devices/interface"):
        if each.find(f"mac[@address='{mac}']") is not None:
            source = each.find("source")
            assert source is not None
            return source.get("network")
    return None


@pytest.mark.reports("N3")
@pytest.mark.parametrize(
    ("machine", "devices", "features", "model"),
    [
        ("q35", "", "<acpi/>", "virtio"),
        ("q35", BRIDGE, "<acpi/>", "virtio"),
        ("q35", BRIDGE, "<acpi/>", "e1000"),
        ("q35", OFF, "<acpi/>", "virtio"),
        ("pc", "<video><model type='cirrus'/></video>", "<acpi/>", "virtio"),
        ("pc", "<controller type='pci' index='1' model='pci-expander-bus'/>", "<acpi/>", "virtio"),
        ("pc", "", "", "virtio"),
    ],
    ids=["q35", "bridge", "bridge e1000", "off", "pc", "expander", "no ACPI"],
)
def test_the_judge_says_what_libvirt_says_at_each_nic_that_is_plugged_in(
    made: Stage, machine: str, devices: str, features: str, model: str
) -> None:
    conn = libvirt.open(made.lab.uri)
    domain = conn.defineXML(
        f"<domain type='qemu'><name>judged</name><memory unit='MiB'>32</memory><os><type arch='x86_64' "
        f"machine='{machine}'>hvm</type></os><features>{features}</features><devices>{devices}</devices></domain>"
    )
    try:
        domain.createWithFlags(libvirt.VIR_DOMAIN_START_PAUSED)
        for number in range(32):
            why, said = ports.why_not(domain.XMLDesc(), model), ""
            try:
                device = nic(f"52:54:00:bb:00:{number:02x}", "default").replace("virtio", model)
                domain.attachDeviceFlags(device, libvirt.VIR_DOMAIN_AFFECT_LIVE)
            except libvirt.libvirtError as error:
                said = str(error)
            assert bool(why) == bool(said), (number, why, said)
            assert not said or ports.refused(said), said
            if said:
                break
        else:
            pytest.fail("libvirt never refused")
    finally:
        domain.destroy()
        domain.undefine()
        conn.close()


@pytest.mark.reports("N3")
def test_a_float_for_a_guest_without_a_slot_waits_and_one_that_works_elsewhere_stays_there(
    made: Stage, folder: Path
) -> None:
    file = made.lab.state / "scsi.xml"
    file.write_text("<controller type='scsi' model='virtio-scsi'/>")
    full = 0
    while "No more available PCI slots" not in plugged(made, file):
        full += 1
    assert full > 10
    fleet(folder, {"float1": "Acilamwen", "float2": "Ulov"})
    boots = {name: page(made.lab, ADDRESSES[name], campus=False) for name in ("Acilamwen", "Ulov")}

    seen = made.must("preview").text
    assert (
        f"NIC {FLOAT2[1]} goes into the definition of Ulov; the running guest has it once it was shut down"
        in seen
    )
    assert "it has no free PCI slot" in seen
    ((_, line),) = {(f["kind"], f["mend"]) for f in audit(made)[1] if f["level"] == "fault"}
    assert line.startswith(f"{UP}, which leaves it to the next start (it has no free PCI slot), and ")
    made.must("up", "--yes")
    assert FLOAT2[1] not in nics(made, "Ulov")
    assert FLOAT2[1] in nics(made, "Ulov", "--inactive")
    seen = made.must("preview", "--expect-no-changes").text
    assert f"NIC {FLOAT2[1]} waits for the next start of guest Ulov: it has no free PCI slot" in seen
    code, findings = audit(made)
    assert (code, told(findings)) == (1, [("float-unplugged", "Ulov")])
    assert findings[0]["mend"].endswith(f"shutdown Ulov, and {UP} once it is off")

    fleet(folder, {"float1": "Ulov", "float2": "Ulov"})
    for verb in (("preview",), ("up", "--yes", "--skip-preview")):
        done = made.on_stack(*verb)
        assert done.code != 0
        assert (
            f"NIC {FLOAT1[1]} stays in Acilamwen, and nothing was changed: guest Ulov could have it"
            in done.text
        )
    assert name_at(made, FLOAT1[0]) == "Acilamwen"
    assert boots == {name: page(made.lab, ADDRESSES[name], campus=False) for name in boots}

    # As it is printed: shut it down, start it, and run this again.
    said = " ".join(done.text.split())
    for verb in ("shutdown", "start"):
        found = re.search(rf"\((virsh -c '[^']*' {verb} Ulov)\)", said)
        assert found is not None, said
        subprocess.run(found[1], shell=True, check=True, capture_output=True)
        state = "shut off" if verb == "shutdown" else "running"
        wait_for(lambda state=state: made.virsh("domstate", "Ulov") == state or None)  # type: ignore[misc]
    ready(made, "Ulov")
    made.must("up", "--yes")
    for address in (FLOAT1[0], FLOAT2[0]):
        wait_for(lambda address=address: name_at(made, address) == "Ulov" or None)  # type: ignore[misc]
    made.unchanged()
    clean(made)
    assert page(made.lab, ADDRESSES["Acilamwen"], campus=False) == boots["Acilamwen"]


def plugged(made: Stage, file: Path) -> str:
    """What libvirt says against another controller in the running Ulov."""
    done = subprocess.run(
        ["virsh", "-q", "-c", made.lab.uri, "attach-device", "Ulov", str(file), "--live"],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stderr


@pytest.mark.reports("N3")
def test_the_line_that_gives_a_definition_a_place_does_so(made: Stage) -> None:
    """Of a q35 guest with all its ports in use, and of one without ACPI."""
    conn = libvirt.open(made.lab.uri)
    try:
        for features, model in (("<acpi/>", "virtio"), ("<acpi/>", "e1000"), ("", "virtio")):
            ports_ = "".join(f"<controller type='pci' index='{n}' model='pcie-root-port'/>" for n in (1, 2))
            domain = conn.defineXML(
                f"<domain type='qemu'><name>full</name><memory unit='MiB'>32</memory><os><type arch='x86_64' "
                f"machine='q35'>hvm</type></os><features>{features}</features><devices>{ports_}</devices></domain>"
            )
            before = domain.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE)
            assert ports.why_not(before, model)
            line = refusals.place_made(made.lab.uri, "full", before, model)
            subprocess.run(line, shell=True, check=True, capture_output=True)
            domain.createWithFlags(libvirt.VIR_DOMAIN_START_PAUSED)
            domain.attachDeviceFlags(nic("52:54:00:bb:00:01", "default").replace("virtio", model), 1)
            domain.destroy()
            domain.undefine()
    finally:
        conn.close()


@pytest.mark.reports("W10")
def test_a_link_that_was_taken_down_comes_up_by_the_line_and_the_nic_is_on_its_network(made: Stage) -> None:
    boot = page(made.lab, ADDRESSES["Ulov"], campus=False)
    made.virsh("domif-setlink", "Ulov", FLOAT1[1], "down")
    made.virsh("domif-setlink", "Ulov", FLOAT1[1], "down", "--config")
    code, findings = audit(made)
    assert (code, told(findings)) == (1, [("float-unplugged", "Ulov")])
    lines = findings[0]["mend"].split(" && ")
    for line in lines:
        if line == UP:
            made.must("up", "--yes")
        else:
            subprocess.run(line, shell=True, check=True, capture_output=True)
    assert live_source(made, "Ulov", FLOAT1[1]) == "bridged"
    wait_for(lambda: name_at(made, FLOAT1[0]) == "Ulov" or None)
    made.unchanged()
    clean(made)
    assert page(made.lab, ADDRESSES["Ulov"], campus=False) == boot


@pytest.mark.reports("N2")
def test_a_vlan_with_the_nics_mac_gets_nothing_of_what_the_float_is_set_up_with(
    made: Stage, tmp_path: Path
) -> None:
    _insert(made, "Ulov", tmp_path, "8021q")
    find = f"for n in /sys/class/net/*; do grep -qi {FLOAT1[1]} $n/address && echo ${{n##*/}}; done"
    name = shell(made, "Ulov", find).split()[0]
    vlan = f"{name}.7"
    shell(made, "Ulov", f"ip link add link {name} name {vlan} type vlan id 7 && ip link set {vlan} up")
    assert shell(made, "Ulov", find).split() == [name, vlan]
    made.unchanged()
    clean(made)

    file = file_for("ifcfg", Setup(FLOAT1[1], (f"{FLOAT1[0]}/24",))).path
    shell(made, "Ulov", f"rm {file}; ip addr del {FLOAT1[0]}/24 dev {name}")
    assert "is not set up inside the guest" in made.must("preview").text
    made.must("up", "--yes")
    assert shell(made, "Ulov", f"ip -4 -o addr show dev {vlan}") == ""
    assert FLOAT1[0] in shell(made, "Ulov", f"ip -4 -o addr show dev {name}")
    assert vlan not in shell(made, "Ulov", "ip route")
    clean(made)

    shell(made, "Ulov", f"ip addr add {FLOAT1[0]}/24 dev {vlan}")
    code, findings = audit(made)
    assert (code, told(findings)) == (1, [("float-twice", "Ulov")])
    typed = re.search(r"ip addr del \S+ dev [\w.]+", findings[0]["mend"])
    assert typed is not None
    shell(made, "Ulov", typed[0])
    clean(made)
    shell(made, "Ulov", f"ip link del {vlan}")
    made.unchanged()


def _insert(made: Stage, vm: str, folder: Path, module: str) -> None:
    """A module of the guest's kernel, with what it depends on, brought into it by its agent."""
    packages = folder / "packages"
    debs.unpack(debs.kernel(), made.lab.cache / "debs", packages)
    _, tree = debs.kernel_files(packages)
    guest = Guest(made.lab, vm)
    for name in kernel_modules.copy([module], tree, folder / "modules"):
        content = (folder / f"modules/{name}.ko").read_bytes()
        path = f"/run/{name}.ko"
        for begin in range(0, len(content), 48_000):
            opened = {
                "execute": "guest-file-open",
                "arguments": {"path": path, "mode": "ab" if begin else "wb"},
            }
            handle = guest._ask(opened)
            part = base64.b64encode(content[begin : begin + 48_000]).decode()
            guest._ask({"execute": "guest-file-write", "arguments": {"handle": handle, "buf-b64": part}})
            guest._ask({"execute": "guest-file-close", "arguments": {"handle": handle}})
        assert shell(made, vm, f"insmod {path} 2>&1") == "", name

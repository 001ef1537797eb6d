"""Faults made by hand on a running stack: an audit finds just these, changes nothing, and says what mends each."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as Xml

import pytest

from tests.lab import lab_guest
from tests.lab.catalogue_terms import ADDRESSES, FLOAT2, FLOATS
from tests.lab.lab_guest import Guest, wait_for
from tests.lab.stage import Stage, stage
from tests.lab.typed import well

pytestmark = [pytest.mark.lab, pytest.mark.adopt, pytest.mark.other_turn]

SAMPLES = Path(__file__).parent.parent / "cli/audit/samples"
SCRIPTS = "/etc/sysconfig/network-scripts"
IFCFG = f"{SCRIPTS}/ifcfg-ens5"
FLOAT1 = FLOATS["float1"][1]
STRAY, ULOV = "52:54:00:77:00:01", "52:54:00:02:02:0a"
PAGE_ATTACHES = (
    "attach-interface",
    "Acilamwen",
    "network",
    "bridged",
    "--model",
    "virtio",
    "--live",
    "--config",
)
UP = "./trop up trop02 --lab"

Found = list[dict[str, Any]]


@pytest.fixture(scope="module")
def made() -> Iterator[Stage]:
    """Two VMs of the fleet, one with float1, up as declared; their agents answer."""
    with stage("trop02", "embedded", vms={"Acilamwen": {}, "Ulov": {}}) as made:
        made.bring_up()
        for name in ("Acilamwen", "Ulov"):
            wait_for(lambda name=name: _answers(made, name) or None)  # type: ignore[misc]
        yield made


def _answers(made: Stage, name: str) -> bool:
    return Guest(made.lab, name).answers()


def audit(made: Stage, *words: str) -> tuple[int, Found]:
    done = made.trop("audit", "trop02", *words, "--lab", "--json")
    assert done.err == ""
    return done.code, json.loads(done.out)


def told(findings: Found, level: str = "fault") -> list[tuple[str, str]]:
    return sorted((f["kind"], f["where"]) for f in findings if f["level"] == level)


def clean(made: Stage) -> Found:
    """The notes of an audit that finds no fault."""
    code, findings = audit(made)
    assert (code, told(findings)) == (0, []), findings
    return findings


def everything(made: Stage) -> list[str]:
    """All XML that libvirt has."""
    found = [
        made.virsh("dumpxml", *flags, name)
        for name in made.names("list", "--all")
        for flags in ((), ("--inactive",))
    ]
    for kind in ("net", "pool"):
        names = made.names(f"{kind}-list", "--all")
        found += [made.virsh(f"{kind}-dumpxml", *flags, n) for n in names for flags in ((), ("--inactive",))]
    return found


def shell(made: Stage, script: str) -> str:
    return Guest(made.lab, "Acilamwen").agent("/bin/sh", "-c", script)


def write(made: Stage, sample: str) -> None:
    """One of the page's ifcfg files, as it stands there."""
    text = (SAMPLES / sample).read_text(encoding="utf-8")
    shell(made, f"cat > {IFCFG} << EOF\n{text}EOF\n")


def boot_id(made: Stage) -> list[str]:
    return lab_guest.page(made.lab, ADDRESSES["Acilamwen"], campus=False)


def mend(made: Stage, lines: set[str]) -> None:
    """What the audit says: the virsh lines as they stand, then one `up`."""
    for line in sorted(lines - {UP}):
        well(made, line)
    if UP in lines:
        made.must("up", "--yes")


def test_the_instructions_of_2021_are_found_to_name_a_mac_that_no_nic_has(made: Stage) -> None:
    before = clean(made)
    shell(made, f"rm {SCRIPTS}/ifcfg-ua-*")
    write(made, "ifcfg-ens5-2021")
    there = everything(made)

    code, findings = audit(made)

    assert (code, told(findings)) == (1, [("guest-file", "Acilamwen")])
    assert f"{IFCFG} is for a NIC 52:54:00:00:00:01" in findings[0]["what"]
    assert f"float1's address 129.215.175.100, whose MAC is {FLOAT1}" in findings[0]["what"]
    assert findings[0]["mend"] == f"in Acilamwen, {IFCFG}: 52:54:00:00:00:01 is to be {FLOAT1}"
    assert everything(made) == there
    shell(made, f"sed -i s/52:54:00:00:00:01/{FLOAT1}/ {IFCFG}")
    assert clean(made) == before


def test_a_base_image_that_is_taken_away_is_missed_at_once(made: Stage) -> None:
    base = made.lab.state / "base" / made.lab.facts.base_image
    aside = base.rename(made.lab.state / "aside")
    try:
        code, findings = audit(made)
    finally:
        aside.rename(base)

    assert (code, told(findings)) == (1, [("base-missing", "Acilamwen"), ("base-missing", "Ulov")])
    clean(made)


def test_acilamwen_of_2023_gives_what_its_author_found_and_an_up_mends_it(made: Stage) -> None:
    boot = boot_id(made)
    made.virsh("detach-interface", "Acilamwen", "bridge", "--mac", FLOAT1, "--live")
    made.virsh("detach-interface", "Acilamwen", "network", "--mac", FLOAT1, "--config")
    write(made, "ifcfg-ens5-2023")
    for _ in range(4):
        made.virsh(*PAGE_ATTACHES, "--mac", FLOAT2)
    wait_for(lambda: "129.215.175.100" in shell(made, "ip -4 -o addr") or None)
    there = everything(made)

    code, findings = audit(made)

    assert (code, told(findings)) == (1, [("float-address", "Acilamwen"), ("mac-repeated", "Acilamwen")])
    texts = {f["kind"]: f["what"] for f in findings}
    assert "4 times in the running guest and 4 times in its definition" in texts["mac-repeated"]
    assert f"float2's MAC {FLOAT2} has float1's address 129.215.175.100" in texts["float-address"]
    assert f"(asked: its agent and its file {IFCFG})" in texts["float-address"]
    assert {f["mend"] for f in findings if f["level"] == "fault"} == {UP}
    assert everything(made) == there
    mend(made, {UP})
    (note,) = [found for found in clean(made) if found["kind"] == "guest-file-left"]
    assert note["mend"] == f"in Acilamwen: rm {IFCFG}"
    shell(made, note["mend"].removeprefix("in Acilamwen: "))
    assert boot_id(made) == boot


def test_what_is_done_with_virsh_by_hand_is_found_and_mended_by_the_lines_that_are_told(made: Stage) -> None:
    boot, base = boot_id(made), made.lab.state / "base" / made.lab.facts.base_image
    written = base.stat()
    _spoil(made)
    subprocess.run(
        ["qemu-img", "create", "-q", "-f", "qcow2", str(base.with_name("old.qcow")), "1M"], check=True
    )
    made.virsh("pool-refresh", "base")
    os.utime(base, (written.st_atime, written.st_mtime + 86400))
    there = everything(made)

    code, findings = audit(made, "trop03")

    assert code == 1
    assert told(findings) == [
        ("autostart-off", "Ulov"),
        ("autostart-off", "network default"),
        ("base-unused", "pool base"),
        ("base-written", "Acilamwen"),
        ("base-written", "Ulov"),
        ("float-mac", "tenant"),
        ("float-not-set-up", "Acilamwen"),
        ("float-unplugged", "Acilamwen"),
        ("mac-shared", "copy"),
        ("network-waits", "network default"),
        ("no-reservation", "Ulov"),
        ("stray-reservation", "network default"),
        ("unreachable", "hypervisor"),
        ("vm-stopped", "Ulov"),
        ("vm-waits", "Ulov"),
    ]
    assert everything(made) == there
    os.utime(base, ns=(written.st_atime_ns, written.st_mtime_ns))
    lines = {f["mend"] for f in findings if f["level"] == "fault" and f["hypervisor"] == "trop02"}
    mend(made, {line for line in lines if line.startswith("virsh ")} | {UP})
    assert told(clean(made), "note") == [("slot-unused", "network default")]
    made.unchanged()
    assert boot_id(made) == boot
    for name in ("tenant", "copy"):
        assert made.xml("dumpxml", name).find("devices/interface") is None
        made.virsh("undefine", name)


def _spoil(made: Stage) -> None:
    float_nic = "ip -4 -o addr | sed -n 's/.*: \\([^ ]*\\) .*129.215.175.100.*/\\1/p'"
    shell(made, f"rm {SCRIPTS}/ifcfg-ua-*; ip addr del 129.215.175.100/24 dev $({float_nic})")
    made.virsh("autostart", "Ulov", "--disable")
    made.virsh("net-autostart", "default", "--disable")
    made.virsh("setmem", "Ulov", "64M", "--config")
    made.virsh("domif-setlink", "Acilamwen", FLOAT1, "down")
    for verb, host in (
        ("delete", f"<host mac='{ULOV}'/>"),
        ("add", f"<host mac='{STRAY}' ip='192.168.202.99' name='old'/>"),
    ):
        made.virsh("net-update", "default", verb, "ip-dhcp-host", host, "--live", "--config")
    definition = made.xml("net-dumpxml", "--inactive", "default")
    bridge = definition.find("bridge")
    assert bridge is not None
    bridge.set("stp", "on")
    _define(made, "net-define", Xml.tostring(definition, encoding="unicode"))
    for name, source, mac in (("tenant", "bridged", FLOAT2), ("copy", "default", ULOV)):
        _define(
            made,
            "define",
            f"<domain type='qemu'><name>{name}</name><memory unit='MiB'>32</memory><os><type>hvm</type></os><devices>"
            f"<interface type='network'><mac address='{mac}'/><source network='{source}'/></interface>"
            "</devices></domain>",
        )
    made.virsh("suspend", "Ulov")


def _define(made: Stage, verb: str, xml: str) -> None:
    path = made.folder / "by-hand.xml"
    path.write_text(xml, encoding="utf-8")
    made.virsh(verb, str(path))

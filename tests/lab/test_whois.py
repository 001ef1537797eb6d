"""What a hypervisor says of a NIC that is plugged into the wrong VM; nothing on it is changed by asking."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator

import libvirt
import pytest

from cli import ROOT
from lab.hypervisor import Lab

pytestmark = pytest.mark.lab

FLOAT1, STRAY = "52:54:00:00:01:00", "52:54:00:77:00:07"
ULOV = f"""<domain type='qemu'><name>Ulov</name><memory unit='MiB'>16</memory>
  <os><type arch='x86_64'>hvm</type></os><devices><memballoon model='none'/>
  <interface type='bridge'><mac address='{FLOAT1}'/><source bridge='br0'/></interface>
  <interface type='bridge'><mac address='{STRAY}'/><source bridge='br0'/></interface></devices></domain>"""


@pytest.fixture(scope="module")
def ulov(lab: Lab) -> Iterator[libvirt.virDomain]:
    conn = libvirt.open(lab.uri)
    domain = conn.defineXML(ULOV)
    try:
        domain.create()
        yield domain
    finally:
        if domain.isActive():
            domain.destroy()
        domain.undefine()
        conn.close()


def trop(lab: Lab, *words: str, given: str = "") -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"TROP_LAB_ROOT": str(lab.root)}
    return subprocess.run(
        [sys.executable, "-m", "cli", *words],
        cwd=ROOT,
        env=environment,
        input=given,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_float_in_the_wrong_vm_is_seen_there_by_address_mac_and_tap(
    lab: Lab, ulov: libvirt.virDomain
) -> None:
    before = ulov.XMLDesc(), ulov.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE)
    (tap,) = (line.split()[0] for line in taps(lab) if FLOAT1 in line)

    done = trop(lab, "whois", "129.215.175.100", "5254.0000.0100", tap, "--live", "--lab", "--json")

    assert done.returncode == 0, done.stderr
    answers = json.loads(done.stdout)["answers"]
    for answer in answers:
        assert [o["name"] for o in answer["declared"]] == ["float1"]
        assert [(s["domain"], s["tap"], s["link"]) for s in answer["seen"]] == [("Ulov", tap, "up")]
        assert answer["declared"][0]["status"] == (
            "differs: declared on Acilamwen (trop02, network bridged), seen on Ulov (trop02, bridge br0)"
        )
    assert (ulov.XMLDesc(), ulov.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE)) == before


def test_a_trace_says_what_is_seen(lab: Lab, ulov: libvirt.virDomain) -> None:
    done = trop(lab, "annotate", "-", "--lab", given=f"{FLOAT1} > {STRAY}, fe:54:00:77:00:07")

    assert done.stdout == (
        f"{FLOAT1}(float1@trop02;seen:Ulov@trop02) > {STRAY}(seen:Ulov@trop02), "
        "fe:54:00:77:00:07(tap:seen:Ulov@trop02)"
    )


def taps(lab: Lab) -> list[str]:
    words = ["virsh", "-c", lab.uri, "domiflist", "Ulov"]
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout.splitlines()

"""What the fuzzing feeds to the provider: XML of libvirt's, stylesheets, properties, seed disks.

Nothing here can reach a hypervisor: the provider's parts are pure, or are given a host whose connection fails the case.
"""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Callable
from random import Random
from typing import Any

from provider.domain import new as domain_new
from provider.domain import read as domain_read
from provider.domain import seen as domain_seen
from provider.domain import stage as domain_stage
from provider.errors import OperatorError, plain
from provider.host.disk_files import files, pool_volumes
from provider.host.host import Host
from provider.network import change as network_change
from provider.network import seen as network_seen
from provider.network import xml as network_xml
from provider.nic import nic
from provider.protocol.resources import RESOURCES
from provider.resource import shape, xslt, xslt_child
from provider.resource.base import Call, Checked
from provider.storage import pool_xml, seed_iso, seed_texts, volume_xml
from tests.config.fleets import ROOT
from tests.fuzz import loop, mutate
from tests.fuzz.common import spoiled_bytes
from tests.fuzz.loop import Target
from tests.provider.fakes.storage_world import BRIDGED, DEFAULT

SAMPLES = ROOT / "tests" / "provider" / "samples"
NETWORKS = [f.read_text() for f in sorted(SAMPLES.glob("network-*.xml"))]
DOMAINS = [f.read_text() for f in sorted(SAMPLES.glob("domain-*.xml"))]
VOLUMES = [f.read_text() for f in sorted(SAMPLES.glob("volume-*.xml"))]
POOLS = [f.read_text() for f in sorted(SAMPLES.glob("pool-*.xml"))]
SHEET = """<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform">
<xsl:param name="p" select="1"/><xsl:output method="xml"/>
<xsl:template match="@*|node()"><xsl:copy><xsl:apply-templates select="@*|node()"/></xsl:copy></xsl:template>
<xsl:template match="bridge"><bridge name="{concat(@name, 'x')}">
<xsl:value-of select="count(//ip)"/></bridge></xsl:template>
</xsl:stylesheet>"""
DOMAIN: dict[str, Any] = {
    "name": "Acilamwen", "type": "qemu", "memory": 2048, "vcpu": 2, "autostart": True, "running": True,
    "description": "a VM", "metadata": "<a xmlns='urn:a'>x</a>", "disks": [{"volumeId": "/p/a.qcow"}],
    "networkInterfaces": [{"networkName": "default", "mac": "52:54:00:02:02:0f"}], "cloudinit": "/p/a.iso",
    "consoles": [{"type": "pty", "targetType": "virtio"}],
    "graphics": {"type": "vnc", "autoport": True, "websocket": 1},
    "video": {"type": "vga"}, "bootDevices": [{"devs": ["hd"]}], "cpu": {"mode": "host-model"}, "machine": "q35",
    "arch": "x86_64", "emulator": "/usr/bin/qemu", "firmware": "/f",
}  # fmt: skip
INPUTS: dict[str, list[dict[str, Any]]] = {
    "Network": [
        DEFAULT, BRIDGED, {**DEFAULT, "dns": {"enabled": True, "hosts": [{"hostname": "a", "ip": "10.0.0.1"}]}}],
    "Pool": [{"name": "live", "type": "dir", "path": "/libvirt/storage/live"}],
    "Volume": [{"name": "a.qcow", "pool": "live", "format": "qcow2", "baseVolumeId": "/b.qcow", "size": 10}],
    "CloudInitDisk": [{"name": "a.iso", "pool": "live", "userData": "#cloud-config\n{}", "metaData": "a: b"}],
    "Domain": [DOMAIN],
    "Interface": [
        {
            "domain": "d3b0a1d4-0000-4000-8000-000000000000", "network": "bridged", "mac": "52:54:00:00:01:00",
            "forbiddenMacs": ["52:54:00:00:01:01"], "guest": "agent", "addresses": ["129.215.175.100/24"],
            "gateway": "129.215.175.126", "metric": 50,
        }
    ],
}  # fmt: skip


class Reached(BaseException):
    """A hypervisor was asked for something that can be known without it."""


def no_host() -> Host:
    def opener(_: str) -> Any:
        raise Reached

    return Host("qemu:///system", opener=opener)


def network(xml: str) -> None:
    network_seen.view(xml)
    network_seen.subnets(xml)
    network_seen.rest(xml)
    network_seen.view(network_xml.render(DEFAULT, xml))
    network_xml.render(BRIDGED, xml)


def network_pair(case: tuple[str, str]) -> None:
    both = network_change.Sides(*case)
    network_change.plan(DEFAULT, both)
    network_change.waits_now(DEFAULT, both)


def domain(xml: str) -> None:
    seen = domain_seen.see(xml)
    domain_seen.written_disks(xml)
    nics = tuple(nic.nics(xml))
    for each in nics:
        nic.with_link(each, "down")
    files(xml)
    pool_volumes(xml)
    both = domain_read.Domain(seen, nics, nics, True, seen, xml)
    domain_read.as_read(DOMAIN, both, lambda uuid: uuid)
    domain_read.imported(both)
    domain_read.started_with_less(seen)


def domain_staged(xml: str) -> None:
    keys = domain_stage.STAGED & DOMAIN.keys()
    domain_stage.unfit(xml, DOMAIN, keys)
    domain_stage.staged(xml, DOMAIN, keys)


def storage(xml: str) -> None:
    volume_xml.view(xml)
    pool_xml.view(xml)


def _xml(*seeds: str) -> Callable[[Random], str]:
    def make(rng: Random) -> str:
        seed = rng.choice(seeds)
        if rng.random() < 0.3:
            return mutate.of_bytes(rng, seed.encode()).decode(errors="replace")
        return mutate.of_xml(rng, seed)

    return make


def _pair(rng: Random) -> tuple[str, str]:
    make = _xml(*[n for n in NETWORKS if "default" in n])
    return make(rng), make(rng)


def sheet(case: tuple[str, str]) -> None:
    """In this process: in its own, each takes a hundred times as long."""
    with contextlib.suppress(xslt_child.Unfit):
        xslt_child.transform(*case)


def sheet_apart(case: tuple[str, str]) -> None:
    xslt.apply(*case)


def _sheets(rng: Random) -> tuple[str, str]:
    spoiled = mutate.of_bytes(rng, SHEET.encode()).decode(errors="replace")
    if rng.random() < 0.4:
        spoiled = mutate.of_xml(rng, SHEET)
    return rng.choice(NETWORKS), spoiled


_HANDLERS = {kind.token.rsplit(":", 1)[1]: kind() for kind in RESOURCES}


def properties(case: tuple[str, Any]) -> None:
    """What the check lets pass can be written as XML: nothing that only libvirt would refuse, or that breaks here."""
    kind, inputs = case
    handler = _HANDLERS[kind]
    call = Call(no_host(), f"urn:pulumi:trop02::trop::{handler.token}::x")
    wrong = shape.failures(handler.token, handler.schema, inputs)
    checked = Checked(inputs, wrong) if wrong else handler.check(call, {}, inputs)
    for failure in checked.failures:
        loop.check_words(plain(f"{failure.path}: {failure.reason}"))
    if checked.failures:
        return
    if kind == "Network":
        network_seen.view(
            network_change.fresh({"mode": "nat", **checked.inputs}, "d3b0a1d4-0000-4000-8000-000000000000")
        )
    elif kind == "Domain":
        domain_seen.see(domain_new.build(checked.inputs))
    elif kind == "Pool":
        pool_xml.render(checked.inputs["name"], "u", checked.inputs.get("path", "/x"))
    elif kind == "Volume":
        volume_xml.render(checked.inputs["name"], "qcow2", checked.inputs.get("size", 1), None)
    elif kind == "CloudInitDisk":
        volume_xml.render(checked.inputs["name"], "raw", 1, None)
    else:
        nic.to_plug(nic.Wanted(checked.inputs["mac"], network=checked.inputs["network"]))


def _properties(rng: Random) -> tuple[str, Any]:
    kind = rng.choice(list(INPUTS))
    made = mutate.of_document(rng, rng.choice(INPUTS[kind]))
    return kind, copy.deepcopy(made) if isinstance(made, dict) else {}


_SEED = seed_iso.build(
    {"userData": "#cloud-config\n{}\n", "metaData": "a: b\n", "networkConfig": "version: 2\n"}
)


def seed_disk(data: bytes) -> None:
    seed_iso.extract(data)


_TEXTS = {
    "userData": "#cloud-config\nusers: &u\n- {name: core, ssh_authorized_keys: [a, b]}\nruncmd: [*u, {<<: {a: 1}}]\n",
    "metaData": "instance-id: a\nlocal-hostname: b\n",
    "networkConfig": "version: 2\nethernets: {a: {dhcp4: true, match: {macaddress: '52:54:00:02:02:0f'}}}\n",
}


def seeds(case: dict[str, str]) -> None:
    for failure in seed_texts.failures(case):
        loop.check_words(plain(failure.reason))


def _seeds(rng: Random) -> dict[str, str]:
    key = rng.choice(list(_TEXTS))
    text = _TEXTS[key]
    if rng.random() < 0.05:
        text += "z: " + rng.choice("[{") * rng.choice((10, 60, 600))
    return {key: mutate.of_bytes(rng, text.encode()).decode(errors="replace")}


_OPERATORS = (OperatorError,)
TARGETS = (
    (Target("network XML", _xml(*NETWORKS), network, _OPERATORS), 100_000),
    (Target("network pair", _pair, network_pair, _OPERATORS), 50_000),
    (Target("domain XML", _xml(*DOMAINS), domain, _OPERATORS), 60_000),
    (Target("domain staging", _xml(*DOMAINS), domain_staged, _OPERATORS), 50_000),
    (Target("storage XML", _xml(*VOLUMES, *POOLS), storage, _OPERATORS), 50_000),
    (Target("stylesheet", _sheets, sheet, ()), 50_000),
    (Target("stylesheet's process", _sheets, sheet_apart, _OPERATORS), 5_000),
    (Target("properties", _properties, properties, ()), 100_000),
    (Target("cloud-init texts", _seeds, seeds, ()), 20_000),
    (Target("seed disk", spoiled_bytes(_SEED), seed_disk, ()), 20_000),
)

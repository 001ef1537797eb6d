"""What the fuzzing feeds: each target with real inputs to spoil, and the error type of its layer.

Nothing here can reach a hypervisor: the provider's parts are pure, or are given a host whose connection fails the case.
"""

from __future__ import annotations

import contextlib
import copy
import json
import socket
import tempfile
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any
from unittest import mock

import yaml

import config
from config import read
from config.errors import ConfigError
from config.fleet import Fleet
from config.settings import from_pulumi
from engine import checkpoint, context, history, imports, locks, project, stackfile
from engine.backend import Backend
from engine.errors import CommandError
from engine.options import UnsupportedError
from engine.verbs import deployments, histories
from provider.errors import OperatorError, plain
from provider.resources import RESOURCES, seed_texts, shape
from provider.resources.base import Call, Checked
from provider.virt import (
    domain_new,
    domain_read,
    domain_seen,
    domain_stage,
    network_change,
    network_seen,
    network_xml,
    nic,
    pool_xml,
    seed_iso,
    volume_xml,
    xslt,
    xslt_child,
)
from provider.virt.host import Host
from tests.engine.shell.conftest import RECORDINGS
from tests.fuzz import loop, mutate
from tests.fuzz.loop import Target
from tests.provider.storage_world import BRIDGED, DEFAULT
from tests.unit.fleets import ROOT

SAMPLES = ROOT / "tests" / "provider" / "samples"
_OWN_FOLDER = tempfile.TemporaryDirectory(prefix="trop-fuzz-")  # gone with the process
FOLDER = Path(_OWN_FOLDER.name)
FLEET = (ROOT / "config" / "fleet.yaml").read_bytes()
STACK = (ROOT / "Pulumi.trop02.yaml").read_bytes()
SECRETS = (RECORDINGS / "00-stack-init" / "Pulumi.trop02.yaml").read_bytes()
PROJECT = (ROOT / "Pulumi.yaml").read_bytes()
IMPORTS = [f.read_bytes() for f in sorted(RECORDINGS.rglob("*resources.json"))]
STATES = [json.loads(f.read_bytes()) for f in sorted(RECORDINGS.glob("*/*state.disk.json"))]
NETWORKS = [f.read_text() for f in sorted(SAMPLES.glob("network-*.xml"))]
DOMAINS = [f.read_text() for f in sorted(SAMPLES.glob("domain-*.xml"))]
VOLUMES = [f.read_text() for f in sorted(SAMPLES.glob("volume-*.xml"))]
POOLS = [f.read_text() for f in sorted(SAMPLES.glob("pool-*.xml"))]
FACTS, OWN = yaml.safe_load(FLEET), read.stack_file(ROOT / "Pulumi.trop02.yaml")
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


def _bytes(*seeds: bytes) -> Callable[[Random], bytes]:
    return lambda rng: mutate.of_bytes(rng, rng.choice(seeds))


def _file(name: str, data: bytes) -> Path:
    path = FOLDER / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


# config: the fleet file and the stack's settings, as texts and as documents.


def fleet_text(data: bytes) -> None:
    _file("fleet.yaml", data)
    config.load("trop02", {**OWN, "fleet": "fleet.yaml"}, FOLDER, "Pulumi.trop02.yaml")


def stack_text(data: bytes) -> None:
    settings = read.stack_file(_file("Pulumi.trop02.yaml", data))
    with _facts(FACTS):
        config.load("trop02", settings, ROOT, "Pulumi.trop02.yaml")


def plan_of(case: tuple[dict[str, Any], dict[str, Any]]) -> None:
    facts, own = case
    with _facts(facts):
        config.load("trop02", own, ROOT, "Pulumi.trop02.yaml")


def _facts(facts: Any) -> Any:
    """Instead of reading the fleet file: these facts are in it."""
    return mock.patch.object(read, "fleet_file", lambda _root, file: read.checked(Fleet, facts, file, ""))


def _plan_case(rng: Random) -> tuple[Any, Any]:
    kind = rng.random()
    facts = mutate.of_document(rng, FACTS) if kind < 0.7 else FACTS
    own = mutate.of_document(rng, OWN) if kind > 0.6 else OWN
    return facts if isinstance(facts, dict) else {}, own if isinstance(own, dict) else {}


def settings_of(values: dict[str, str]) -> None:
    plan_of((FACTS, from_pulumi(values)))


def _values(rng: Random) -> dict[str, str]:
    text = json.dumps(OWN.get("vms", {}))
    data = mutate.of_bytes(rng, text.encode()).decode(errors="replace")
    return {"trop:vms": data, **({"trop:fleet": mutate.text(rng)} if rng.random() < 0.1 else {})}


# engine: the project file, the stack file and edits of it, import files, states.


def project_text(data: bytes) -> None:
    project.read(_file("Pulumi.yaml", data))


def stack_edit(case: tuple[bytes, str, Any]) -> None:
    data, where, new = case
    path = _file("Pulumi.edit.yaml", data)
    file = stackfile.StackFile.read(path, "trop")
    list(file.values())
    _ = file.secret_keys, file.salt
    file.texts(lambda sealed: sealed)
    key, steps = stackfile.split_path(where, "trop")
    file.remove(key, steps)
    with contextlib.suppress(KeyError):
        file.get(key, steps)
    file.set(key, steps, new)
    file.salt = "v1:a:b"
    file.save()
    stackfile.StackFile.read(path, "trop")


_PLACES = (
    "trop:vms",
    "vms.Acilamwen.memory",
    'trop:a["b"][0]',
    "a[0]",
    "a[1]",
    "libvirt:uri",
    "vms",
    "vms[0]",
    "a.b.c",
)


def _edits(rng: Random) -> tuple[bytes, str, Any]:
    place = rng.choice(_PLACES)
    if rng.random() < 0.4:
        place = mutate.of_bytes(rng, place.encode()).decode(errors="replace")
    return (
        mutate.of_bytes(rng, rng.choice((STACK, SECRETS))),
        place,
        rng.choice(("x", {"secure": "v1:a:b"}, 3, True)),
    )


def places(text: str) -> None:
    stackfile.split_path(text, "trop")


def _place(rng: Random) -> str:
    return mutate.of_bytes(rng, rng.choice(_PLACES).encode()).decode(errors="replace")


def import_text(data: bytes) -> None:
    plan = imports.parse(data, "resources.json")
    imports.resolve(plan, "trop02", "trop", True, lambda _: "0.5.4", "resources.json")


def _written(document: Any) -> bytes:
    return json.dumps(document, ensure_ascii=True).encode()


def _imports(rng: Random) -> bytes:
    seed = rng.choice(IMPORTS)
    if rng.random() < 0.3:
        return mutate.of_bytes(rng, seed)
    return _written(mutate.of_document(rng, json.loads(seed)))


def state_text(data: bytes) -> None:
    document = checkpoint.parse(data)
    _load(document)
    context.resources_of(document)
    context.salt_of(document)


def deployment_text(data: bytes) -> None:
    deployment = checkpoint.parse(data, under="deployment")["deployment"]
    deployments.deployment_faults(deployment, "trop02")
    _load({"checkpoint": {"stack": "organization/trop/trop02", "latest": deployment}})


def _load(document: Any) -> None:
    codec = checkpoint.Codec("organization/trop/trop02", lambda text: text, lambda sealed: '"x"')
    codec.dump(codec.load(document))


def _states(rng: Random) -> bytes:
    document = rng.choice(STATES)
    if rng.random() < 0.3:
        return mutate.of_bytes(rng, _written(document))
    return _written(mutate.of_document(rng, document))


def _deployments(rng: Random) -> bytes:
    deployment = {"version": 3, "deployment": rng.choice(STATES)["checkpoint"]["latest"]}
    if rng.random() < 0.3:
        return mutate.of_bytes(rng, _written(deployment))
    return _written(mutate.of_document(rng, deployment))


# provider: XML of libvirt's, stylesheets, properties, seed disks.


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
    volume_xml.files(xml)
    volume_xml.pool_volumes(xml)
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
        domain_seen.see(domain_new.build(domain_new._of_inputs(checked.inputs)))
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


_LOCK = {
    "pid": 4711,
    "username": "op",
    "hostname": socket.gethostname(),
    "timestamp": "2026-11-23T04:22:58.75Z",
}
_RECORD = json.loads((RECORDINGS / "31-backend-folder" / "last.history.json").read_bytes())
_STAMPS = (
    "2026-11-23T04:22:58.755862466-05:00",
    "2026-11-23",
    "9999-12-31T23:59:59-12:00",
    "0001-01-01T00:00:00+14:00",
)


def lock_file(data: bytes) -> None:
    """One that is not understood is still a lock, of an owner that is never judged."""
    _file("locks/a.json", data)
    (lock,) = locks.found(FOLDER / "locks")
    loop.check_words(str(lock))
    locks.is_dead(lock)


def _locks(rng: Random) -> bytes:
    if rng.random() < 0.3:
        return mutate.of_bytes(rng, _written(_LOCK))
    if rng.random() < 0.3:
        return _written(
            {
                **_LOCK,
                "timestamp": mutate.of_bytes(rng, rng.choice(_STAMPS).encode()).decode(errors="replace"),
            }
        )
    return _written(mutate.of_document(rng, _LOCK))


def record_file(data: bytes) -> None:
    file = _file(".pulumi/history/trop/trop02/trop02-1.history.json", data)
    (run,) = history.past(Backend(FOLDER, "trop"), "trop02")
    assert run.checkpoint.parent == file.parent
    histories._lines(run, True)
    histories._lines(run, False)
    histories._stamp(run.record["endTime"])


def _records(rng: Random) -> bytes:
    if rng.random() < 0.3:
        return mutate.of_bytes(rng, _written(_RECORD))
    return _written(mutate.of_document(rng, _RECORD))


_ENGINE = (CommandError, UnsupportedError)
_STATE = (checkpoint.Malformed, *_ENGINE)
_MANY = 400  # lines of a message that lists all that is wrong

# Target, and how many cases of a million are its own: the slow ones get fewer.
ALL: tuple[tuple[Target, int], ...] = (
    (Target("fleet file", _bytes(FLEET), fleet_text, (ConfigError,), _MANY), 5_000),
    (Target("stack settings", _bytes(STACK), stack_text, (ConfigError,), _MANY), 15_000),
    (Target("plan", _plan_case, plan_of, (ConfigError,), _MANY), 80_000),
    (Target("settings from Pulumi", _values, settings_of, (ConfigError,), _MANY), 50_000),
    (Target("project file", _bytes(PROJECT), project_text, _ENGINE), 15_000),
    (Target("stack file", _edits, stack_edit, _ENGINE), 15_000),
    (Target("configuration path", _place, places, _ENGINE), 120_000),
    (Target("import file", _imports, import_text, _ENGINE, _MANY), 120_000),
    (Target("state", _states, state_text, _STATE), 100_000),
    (Target("deployment", _deployments, deployment_text, _STATE), 80_000),
    (Target("network XML", _xml(*NETWORKS), network, (OperatorError,)), 100_000),
    (Target("network pair", _pair, network_pair, (OperatorError,)), 50_000),
    (Target("domain XML", _xml(*DOMAINS), domain, (OperatorError,)), 60_000),
    (Target("domain staging", _xml(*DOMAINS), domain_staged, (OperatorError,)), 50_000),
    (Target("storage XML", _xml(*VOLUMES, *POOLS), storage, (OperatorError,)), 50_000),
    (Target("stylesheet", _sheets, sheet, ()), 50_000),
    (Target("stylesheet's process", _sheets, sheet_apart, (OperatorError,)), 1_500),
    (Target("properties", _properties, properties, ()), 100_000),
    (Target("cloud-init texts", _seeds, seeds, ()), 20_000),
    (Target("seed disk", _bytes(_SEED), seed_disk, ()), 5_000),
    (Target("lock file", _locks, lock_file, ()), 40_000),
    (Target("record of a run", _records, record_file, _ENGINE), 20_000),
)

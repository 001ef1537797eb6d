"""trop02 with two VMs on a hypervisor in memory, and beside it what strangers have: where odd hosts begin."""

from __future__ import annotations

import os
import pickle
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from unittest.mock import patch

import config
from cli.adopt import declared
from cli.adopt.declared import Key
from engine.state import urns
from provider.host.host import Host
from provider.survey import sweep
from tests.config import fleets
from tests.crash.operations import UP
from tests.crash.stand import PASSPHRASE, Ended, Start, run_words
from tests.crash.world import World, servicer
from tests.lab.catalogue_stage import STACK, Declared
from tests.provider.protocol import cli_order

URI: Final = "qemu+ssh://root@trop02/system"  # not here: nobody is asked by ARP
VMS: Final = ("Acilamwen", "Ulov")
NEW: Final = "Ibalehar"  # a VM that an edit declares beside them
SETTINGS: Final = {"vms": {vm: {} for vm in VMS}, "emulation": {"domainType": "qemu", "memory": 96}}
PLAN: Final = config.load(STACK, SETTINGS, fleets.ROOT, fleets.STACK_FILE)


@dataclass(frozen=True)
class Record:
    """A resource as a state has it; ``what`` in an operator's words."""

    what: str
    urn: str
    id: str


@dataclass(frozen=True)
class Told:
    """What a preview says of the object ``of``; ``needs``: the objects without which it can't be known."""

    of: str
    words: str
    needs: set[str]


@dataclass
class Place:
    """``spoilt``: declared objects, as `Declared.what` calls them."""

    conn: World
    records: dict[Key, Record]
    spoilt: set[str] = field(default_factory=set)
    unsure: set[str] = field(default_factory=set)  # seen, and not to be previewed: it needs what is not known
    found: dict[tuple[str, str], Told] = field(
        default_factory=dict
    )  # what an audit finds more: kind and where
    nameless: bool = False  # it does not tell its name, or not its UUID
    baseless: bool = False  # nothing new can be made: the base image, or what else is there, can't be seen
    twin: bool = False  # another hypervisor gives the same UUID, and another name

    def vm(self, name: str) -> set[str]:
        """What is declared of a VM's domain."""
        return {f"VM {name}", *(f"{held.label} of {name}" for held in PLAN.floats_of(name))}

    def every(self, *kinds: str) -> set[str]:
        return {record.what for record in self.records.values() if record.what.startswith(kinds or "")}


@dataclass(frozen=True)
class Whole:
    """The stack's files and state, its project after an edit, and the host with all that is declared, as bytes."""

    start: Start
    edited: Path
    place: bytes

    def clean(self) -> Place:
        made: Place = pickle.loads(self.place)
        return made

    def typed(self, conn: Any, words: Sequence[str], edited: bool = False) -> Ended:
        """One command line of the embedded engine on this host."""
        return _typed(self.start, conn, words, self.edited if edited else self.start.project)


def _typed(start: Start, conn: Any, words: Sequence[str], project: Path) -> Ended:
    variables = {
        "PULUMI_BACKEND_URL": f"file://{start.state}",
        "PULUMI_CONFIG_PASSPHRASE": PASSPHRASE,
        "PULUMI_HOME": str(start.folder / "home"),
    }
    stack = () if words[0] == "stack" else ("--stack", STACK)
    with patch.dict(os.environ, variables), patch.object(sys, "dont_write_bytecode", True):
        return run_words([*words, *stack, "--cwd", str(project)], lambda: servicer(conn))


def whole(folder: Path) -> Whole:
    """All of it is made by an `up`."""
    start, conn, edited = Start(folder, b""), World(), Start(folder / "edited", b"")
    start.write(Declared(fleets.rack_facts(), SETTINGS, {}))
    start.state.mkdir()
    for words in (("stack", "init", STACK), UP):
        done = _typed(start, conn, words, start.project)
        assert done.code == 0, done.text
    _strangers(conn)
    shutil.copytree(start.project, edited.project)
    edited.write(Declared(fleets.rack_facts(), {**SETTINGS, "vms": {**SETTINGS["vms"], NEW: {}}}, {}))
    records = _records(start.state / f".pulumi/stacks/trop/{STACK}.json")
    return Whole(start, edited.project, pickle.dumps(Place(conn, records)))


def _records(state: Path) -> dict[Key, Record]:
    told = {(urns.type_of(each.urn), urns.name_of(each.urn)): each for each in cli_order.records(state)}
    ids = {key: each.id for key, each in told.items()}
    what = {each.key: each.what for each in declared.resources(PLAN, ids)}
    return {key: Record(what[key], r.urn, r.id) for key, r in told.items()}


def _strangers(conn: World) -> None:
    """A guest, a network and a pool of ISO images that nobody declares."""
    conn.networkDefineXML(
        "<network><name>theirs</name><uuid>u-theirs</uuid><bridge name='virbr9'/><mac address='52:54:00:99:00:01'/>"
        "<ip address='10.9.0.1' netmask='255.255.255.0'/></network>"
    ).create()
    pool = conn.storagePoolDefineXML(
        "<pool type='dir'><name>iso</name><uuid>u-iso</uuid><target><path>/iso</path></target></pool>"
    )
    pool.build()
    pool.create()
    for name in ("current.qcow2", "old.qcow2"):
        pool.createXML(
            f"<volume><name>{name}</name><capacity>1073741824</capacity><target><format type='qcow2'/></target>"
            "</volume>"
        )
    conn.defineXML(
        "<domain type='qemu'><name>stranger</name><uuid>99999999-0000-4000-8000-000000000000</uuid>"
        "<memory>98304</memory><currentMemory>98304</currentMemory><vcpu>1</vcpu>"
        "<os><type arch='x86_64'>hvm</type></os><devices>"
        "<disk type='file' device='disk'><source file='/iso/old.qcow2'/><target dev='vda' bus='virtio'/></disk>"
        "<interface type='network'><mac address='52:54:00:99:00:02'/><source network='theirs'/></interface>"
        "</devices></domain>"
    ).create()


def survey(conn: Any) -> Any:
    return sweep.survey(Host(URI, lambda _: conn))

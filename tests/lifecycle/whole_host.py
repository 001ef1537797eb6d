"""trop02 with two VMs on a hypervisor in memory, and beside it what strangers have: where odd hosts begin."""

from __future__ import annotations

import functools
import pickle
from dataclasses import dataclass, field
from typing import Any, Final

from pulumi.runtime.proto import provider_pb2 as pb

import config
from cli.adopt import declared
from cli.adopt.declared import Key
from provider.host.host import Host
from provider.protocol import wire
from provider.survey import sweep
from tests.config import fleets
from tests.crash.world import World, servicer
from tests.provider.fakes.failing_calls import LOOP, Context

URI: Final = "qemu+ssh://root@trop02/system"  # not here: nobody is asked by ARP
VMS: Final = ("Acilamwen", "Ulov")
SETTINGS: Final = {"vms": {vm: {} for vm in VMS}, "emulation": {"domainType": "qemu", "memory": 96}}
PLAN: Final = config.load("trop02", SETTINGS, fleets.ROOT, fleets.STACK_FILE)


@dataclass(frozen=True)
class Record:
    """A resource as a state has it; ``what`` in an operator's words."""

    what: str
    urn: str
    id: str
    inputs: Any
    outputs: Any


@dataclass
class Place:
    """``spoilt``: declared objects, as `Declared.what` calls them."""

    conn: World
    records: dict[Key, Record]
    spoilt: set[str] = field(default_factory=set)
    unsure: set[str] = field(default_factory=set)  # seen, and not to be previewed: it needs what is not known
    nameless: bool = False  # it does not tell its name, or not its UUID
    baseless: bool = False  # nothing new can be made: the base image, or what else is there, can't be seen
    twin: bool = False  # another hypervisor gives the same UUID, and another name

    def vm(self, name: str) -> set[str]:
        """What is declared of a VM's domain."""
        return {f"VM {name}", *(f"{held.label} of {name}" for held in PLAN.floats_of(name))}

    def every(self, *kinds: str) -> set[str]:
        return {record.what for record in self.records.values() if record.what.startswith(kinds)}


def ask(plugin: Any, method: str, request: Any) -> Any:
    """One call of the plugin; `Told` where it refuses."""
    return LOOP.run_until_complete(getattr(plugin, method)(request, Context()))


def reached(conn: Any) -> Any:
    plugin = servicer(conn)
    plugin.report = lambda *_: None
    ask(plugin, "Configure", pb.ConfigureRequest(args=wire.dump({"uri": URI}, set())))
    return plugin


@functools.cache
def _whole() -> bytes:
    """The host with all that is declared, and what strangers have; and the records of the stack."""
    conn, records = World(), dict[Key, Record]()
    plugin = reached(conn)
    for token in (
        declared.NETWORK,
        declared.POOL,
        declared.VOLUME,
        declared.SEED,
        declared.DOMAIN,
        declared.INTERFACE,
    ):
        ids = {key: record.id for key, record in records.items()}
        for each in declared.resources(PLAN, ids):
            if each.key[0] == token:
                records[each.key] = _made(plugin, each)
    _strangers(conn)
    return pickle.dumps(Place(conn, records))


def _made(plugin: Any, each: declared.Declared) -> Record:
    urn = f"urn:pulumi:trop02::trop::{each.parent[0]}${each.key[0]}::{each.key[1]}"
    news = wire.dump(each.inputs, set())
    inputs = ask(plugin, "Check", pb.CheckRequest(urn=urn, news=news)).inputs
    made = ask(plugin, "Create", pb.CreateRequest(urn=urn, properties=inputs))
    return Record(each.what, urn, made.id, wire.load(inputs)[0], wire.load(made.properties)[0])


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


def clean() -> Place:
    made: Place = pickle.loads(_whole())
    return made


def survey(conn: Any) -> Any:
    return sweep.survey(Host(URI, lambda _: conn))

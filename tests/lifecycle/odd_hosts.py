"""Hosts as they are met: trop02 with two VMs and what strangers have beside it, with oddities in any mixture.

A function marked `oddity` makes one: it is given the place and a way to choose, and notes in ``place.spoilt`` each
declared object of which nothing is to be known or done any more.  Whatever it does not note is to be judged, taken over
and previewed as on the host without it.
"""

from __future__ import annotations

import functools
import pickle
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from errno import EACCES
from typing import Any, Final, TypeVar

from lxml import etree

import config
from cli.adopt import declared
from cli.adopt.declared import Key
from provider.host.host import Host
from provider.protocol import wire
from provider.survey import sweep
from tests.config import fleets
from tests.crash.world import World, servicer
from tests.provider.fakes.basics import error
from tests.provider.fakes.failing_calls import LOOP, Context
from tests.provider.host.test_optional_looks import REFUSALS

T = TypeVar("T")
Choose = Callable[[Sequence[Any]], Any]
Oddity = Callable[["Place", Choose], None]

URI: Final = "qemu+ssh://root@trop02/system"  # not here: nobody is asked by ARP
VMS: Final = ("Acilamwen", "Ulov")
SETTINGS: Final = {"vms": {vm: {} for vm in VMS}, "emulation": {"domainType": "qemu", "memory": 96}}
PLAN: Final = config.load("trop02", SETTINGS, fleets.ROOT, fleets.STACK_FILE)
UNREADABLE: Final = ("", "<", "<other/>", "\x00")
ODDITIES: Final[dict[str, Oddity]] = {}


def oddity(make: Oddity) -> Oddity:
    ODDITIES[make.__name__] = make
    return make


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
    from pulumi.runtime.proto import provider_pb2 as pb

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
    from pulumi.runtime.proto import provider_pb2 as pb

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


def _raises(choose: Choose) -> Callable[..., Any]:
    """Any error but that of a lost connection."""
    code, said, domain = REFUSALS[choose(sorted(REFUSALS))]
    number = choose([-1, EACCES])

    def fails(*_: Any) -> Any:
        raise error(code, said, domain, number)

    return fails


def _unread(thing: Any, choose: Choose) -> None:
    """Its XML can't be had, or is not understood."""
    name = choose(["raises", "garbage"])
    if name == "raises":
        thing.XMLDesc = _raises(choose)
    else:
        xml = choose(UNREADABLE)
        thing.XMLDesc = lambda _flags=0: xml


@oddity
def domain_unread(place: Place, choose: Choose) -> None:
    domain = choose(sorted(place.conn.domains.values(), key=lambda d: d.name()))
    _unread(domain, choose)
    place.spoilt |= place.vm(domain.name()) if domain.name() in VMS else set()


@oddity
def network_unread(place: Place, choose: Choose) -> None:
    network = choose(sorted(place.conn.networks, key=lambda n: n.name()))
    _unread(network, choose)
    place.spoilt |= {f"network {network.name()}"}


@oddity
def pool_unread(place: Place, choose: Choose) -> None:
    pool = choose(sorted(place.conn.pools, key=lambda p: p.name()))
    _unread(pool, choose)
    place.spoilt |= _of_pool(place, pool)


def _of_pool(place: Place, pool: Any) -> set[str]:
    place.baseless = place.baseless or pool.name() == "base"
    return place.every("pool", "overlay", "seed") if pool.name() == PLAN.storage.name else set()


@oddity
def volume_unread(place: Place, choose: Choose) -> None:
    volumes = sorted((v for pool in place.conn.pools for v in pool.volumes.values()), key=lambda v: v.path())
    volume = choose(volumes)
    _unread(volume, choose)
    place.baseless = place.baseless or volume.pool.name() == "base"
    place.spoilt |= {f"overlay {volume.name()}", f"seed disk {volume.name()}"}


@oddity
def volumes_not_listed(place: Place, choose: Choose) -> None:
    pool = choose(sorted(place.conn.pools, key=lambda p: p.name()))
    pool.listAllVolumes = _raises(choose)
    place.spoilt |= _of_pool(place, pool) - {f"pool {pool.name()}"}


@oddity
def dangling_file(place: Place, choose: Choose) -> None:
    """A pool lists what is not there any more."""
    pool = next(pool for pool in place.conn.pools if pool.name() == "iso")
    place.conn.files.discard(choose(sorted(volume.path() for volume in pool.volumes.values())))


@oddity
def leases_unknown(place: Place, choose: Choose) -> None:
    choose(sorted(place.conn.networks, key=lambda n: n.name())).DHCPLeases = _raises(choose)


@oddity
def not_listed(place: Place, choose: Choose) -> None:
    what = choose(["listAllDomains", "listAllNetworks", "listAllStoragePools"])
    setattr(place.conn, what, _raises(choose))
    guests = set().union(*map(place.vm, VMS))
    spoilt = {
        "listAllDomains": guests,
        "listAllNetworks": place.every("network"),
        "listAllStoragePools": place.every("pool", "overlay", "seed"),
    }
    place.spoilt |= spoilt[what]
    place.unsure |= guests if what == "listAllNetworks" else set()
    place.baseless = True


@oddity
def question_not_known(place: Place, choose: Choose) -> None:
    """A driver that has no answer to what only adds to what is told."""
    what = choose(["interfaceLookupByName", "getHostname", "getCapabilities"])
    if what != "interfaceLookupByName" and place.nameless:
        return  # of a host without both of them it can't be told which it is
    place.nameless = place.nameless or what != "interfaceLookupByName"
    setattr(place.conn, what, _raises(choose))


@oddity
def ports_not_listed(place: Place, choose: Choose) -> None:
    choose(sorted(place.conn.networks, key=lambda n: n.name())).listAllPorts = _raises(choose)


@oddity
def stranger_saved(place: Place, choose: Choose) -> None:
    stranger = place.conn.lookupByName("stranger")
    if stranger.persistent:
        stranger.live, stranger.saved = None, True


@oddity
def stranger_paused(place: Place, choose: Choose) -> None:
    place.conn.lookupByName("stranger").paused = True


@oddity
def stranger_transient(place: Place, choose: Choose) -> None:
    stranger = place.conn.lookupByName("stranger")
    stranger.persistent = stranger.live is None


@oddity
def snapshot_of_anothers_disk(place: Place, choose: Choose) -> None:
    """A file upon a stranger's, as an external snapshot leaves it."""
    pool = next(pool for pool in place.conn.pools if pool.name() == "iso")
    if "snapshot" not in pool.volumes:
        pool.createXML(
            "<volume><name>snapshot</name><capacity>1073741824</capacity><target><format type='qcow2'/></target>"
            "<backingStore><path>/iso/old.qcow2</path><format type='qcow2'/></backingStore></volume>"
        )


@oddity
def foreign_children(place: Place, choose: Choose) -> None:
    """What no property speaks of, in the stranger's own, and in a declared domain's."""
    roots = [d.config for d in place.conn.domains.values() if d.config is not None]
    child = choose(
        ["<lease expiry='7'/>", "<title>x</title>", "<x:y xmlns:x='urn:x' z='1'/>", "<!-- note -->"]
    )
    root = choose(sorted(roots, key=lambda root: str(root.findtext("name"))))
    metadata = root.find("metadata")
    holder = etree.SubElement(root, "metadata") if metadata is None else metadata
    holder.append(etree.fromstring(f"<o xmlns='urn:other'>{child}</o>"))


@oddity
def uuid_of_another(place: Place, choose: Choose) -> None:
    place.twin = True

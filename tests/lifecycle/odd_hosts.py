"""Hosts as they are met: trop02 with two VMs and what strangers have beside it, with oddities in any mixture.

A function marked `oddity` makes one: it is given the place and a way to choose, and notes in ``place.spoilt`` each
declared object of which nothing is to be known or done any more.  Whatever it does not note is to be judged, taken over
and previewed as on the host without it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from errno import EACCES
from typing import Any, Final

from lxml import etree

from tests.lifecycle.whole_host import PLAN, VMS, Place, Told
from tests.provider.fakes import domain_disks
from tests.provider.fakes.basics import error
from tests.provider.fakes.domain_xml import fill, get, nics
from tests.provider.host.test_optional_looks import REFUSALS

Choose = Callable[[Sequence[Any]], Any]
Oddity = Callable[[Place, Choose], None]

UNREADABLE: Final = ("", "<", "<other/>", "\x00")
ODDITIES: Final[dict[str, Oddity]] = {}


def oddity(make: Oddity) -> Oddity:
    ODDITIES[make.__name__] = make
    return make


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
    place.spoilt |= place.vm(domain.name())


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
    guests = set().union(*map(place.vm, (*VMS, "stranger")))
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
    if stranger.persistent and stranger.isActive():
        stranger.managedSave()


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
def snapshot_of_our_disk(place: Place, choose: Choose) -> None:
    """A VM of ours goes on in another file upon its declared one, which its pool has looked at or not."""
    name = choose(VMS)
    domain = place.conn.lookupByName(name)
    _, path = domain.disks()[0]
    file = f"{path}.s{len(place.conn.files)}"
    domain_disks.snapshot(domain, file, recorded=choose([True, False]), known=choose([True, False]))
    needs = place.vm(name) | {f"overlay {name}.qcow"}
    place.found["snapshot", name] = Told(
        f"VM {name}", f"on the declared {PLAN.storage.path}/{name}.qcow", needs
    )


@oddity
def no_free_port(place: Place, choose: Choose) -> None:
    """A running VM of ours has no place for another device; a float that it holds may wait for its next start."""
    name = choose(VMS)
    live, floats = place.conn.lookupByName(name).live, PLAN.floats_of(name)
    if floats and choose([True, False]):
        for nic in [nic for nic in nics(live) if get(nic, "mac", "address") == floats[0].mac]:
            nic.getparent().remove(nic)
        words = f"waits for the next start of guest {name}: it has no free PCI slot"
        place.found["float-unplugged", name] = Told(f"{floats[0].label} of {name}", words, place.vm(name))
    fill(live)


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

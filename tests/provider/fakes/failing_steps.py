"""The steps of which every libvirt call is made to fail, each from a hypervisor in memory."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

from provider.domain.resource import Domain
from provider.guest.tools import Tools
from provider.network.resource import Network
from provider.nic.resource import Interface
from provider.resource.base import Props
from provider.storage.cloud_init_disk import CloudInitDisk
from provider.storage.pool import Pool
from provider.storage.volume import Volume
from tests.provider.fakes import domain_world, libvirt, storage_world
from tests.provider.fakes.failing_calls import Life
from tests.provider.storage.declared import qcow2_head

MAC, FLOAT1, FLOAT2 = "52:54:00:02:02:0f", "52:54:00:00:01:00", "52:54:00:00:01:01"


@dataclass(frozen=True)
class Step:
    """``prepare`` makes a life and brings it to where the step begins; ``act`` is the step, and may be repeated."""

    title: str
    prepare: Callable[[], Life]
    act: Callable[[Life], object]
    gone: bool = False  # the step deletes it
    holds: Callable[[Life], bool] = lambda _life: True  # once it has ended well


def network(**inputs: Any) -> Callable[[], Life]:
    """A network as declared first; then declared with ``inputs``, which the step is to apply."""

    def prepare() -> Life:
        world = storage_world.World()
        life = Life(world.conn, Network(), "trop02-default", dict(storage_world.DEFAULT))
        if inputs:
            life.apply()
            life.inputs = {**life.inputs, **inputs}
        return life

    return prepare


def beside_another() -> Life:
    """A network to be made on a host that has one already, of somebody else's."""
    life = network()()
    xml = (
        "<network><name>theirs</name><uuid>c</uuid><ip address='10.9.8.1' netmask='255.255.255.0'/></network>"
    )
    life.conn.networkDefineXML(xml)
    return life


def bridged() -> Life:
    return Life(storage_world.World().conn, Network(), "trop02-bridged", dict(storage_world.BRIDGED))


def with_guest() -> Life:
    """A network with a running guest on it, of which STP waits for a restart."""
    life = network(stp=True)()
    life.conn.domains = [libvirt.Domain(RUNNING, None, life.conn)]
    life.apply()
    return life


def pool(made: bool = False) -> Callable[[], Life]:
    def prepare() -> Life:
        world = storage_world.World()
        folder = storage_world.LIVE
        life = Life(world.conn, Pool(), "live", {"name": "live", "type": "dir", "path": folder})
        if made:
            life.apply()
        return life

    return prepare


def pool_beside_another() -> Life:
    life = pool()()
    life.conn.storagePoolDefineXML(
        "<pool type='dir'><name>theirs</name><uuid>c</uuid><target><path>/theirs</path></target></pool>"
    )
    return life


def stopped_pool() -> Life:
    life = pool(made=True)()
    found = life.conn.storagePoolLookupByName("live")
    found.active = found.starts_with_host = 0
    return life


def seed(**inputs: Any) -> Callable[[], Life]:
    def prepare() -> Life:
        world = storage_world.World().with_base()
        declared = {"name": "seed.iso", "pool": "live", "userData": "#cloud-config", "metaData": "a: b"}
        life = Life(world.conn, CloudInitDisk(), "seed", declared)
        if inputs:
            life.apply()
            life.inputs = {**life.inputs, **inputs}
        return life

    return prepare


def volume(runs: bool = False, **inputs: Any) -> Callable[[], Life]:
    """An overlay; with ``inputs`` it is made, and they are declared next.  ``runs``: a guest has it by then."""

    def prepare() -> Life:
        world = storage_world.World().with_base()
        for pool in world.conn.pools:
            _makes_blank_files(pool)
        declared: Props = {
            "name": "Acilamwen.qcow",
            "pool": "live",
            "format": "qcow2",
            "baseVolumeId": storage_world.BASE,
        }
        life = Life(world.conn, Volume(), "Acilamwen", declared)
        if inputs:
            life.apply()
            life.inputs = {**life.inputs, **inputs}
        if runs:
            world.conn.domains = [libvirt.Domain(RUNNING, None, world.conn)]
        return life

    return prepare


def _makes_blank_files(pool: Any) -> None:
    """As libvirt does: what a qcow2 file that nobody has written to begins with."""
    create = pool.createXML

    def made(xml: str, flags: int = 0) -> Any:
        volume = create(xml, flags)
        volume.data = qcow2_head()
        return volume

    pool.createXML = made


def domain(**inputs: Any) -> Callable[[], Life]:
    def prepare() -> Life:
        world = domain_world.World()
        world.conn.add_volume(f"{domain_world.POOL}/data.qcow")
        life = Life(world.conn, Domain(world.conn.clock), "Acilamwen", domain_world.declared())
        if inputs:
            life.apply()
            life.inputs = {**life.inputs, **inputs}
        return life

    return prepare


def not_said(**inputs: Any) -> Callable[[], Life]:
    """A domain that runs, and of which nothing says whether it is to."""

    def prepare() -> Life:
        life = domain(description="")()
        del life.inputs["running"]
        life.inputs |= inputs
        return life

    return prepare


def stubborn() -> Life:
    """A guest that does not shut down when it is asked to."""
    life = domain(running=True)()
    for each in life.conn.domains.values():
        each.acpi = False
    return life


def half_awake() -> Life:
    """A guest of whose two vCPUs somebody has taken one away."""
    life = domain()()
    life.inputs["vcpu"] = 2
    life.apply()
    for each in life.conn.domains.values():
        for side in (each.live, each.config):
            side.find("vcpu").set("current", "1")
    return life


def where_allowed(words: str, act: Callable[[Life], object]) -> Callable[[Life], None]:
    def acts(life: Life) -> None:
        with patch.dict(os.environ, LIBVIRT_ALLOW=words):
            act(life)

    return acts


def runs(life: Life) -> bool:
    return all(each.isActive() for each in life.conn.domains.values())


def no_agent(domain: Any, text: str, seconds: int) -> str:
    raise libvirt.error(86, "Guest agent is not responding: QEMU guest agent is not connected")


def interface(plugged: bool = False, moved: bool = False, copies: int = 0) -> Callable[[], Life]:
    def prepare() -> Life:
        world = domain_world.World()
        holder, other = world.made("Acilamwen"), world.made("Siamond")
        declared = {"domain": holder.id, "network": "bridged", "mac": FLOAT1, "forbiddenMacs": [FLOAT2]}
        life = Life(world.conn, Interface(tools=Tools(world.conn.clock, no_agent)), "float1", declared)
        if plugged:
            life.apply()
        for _ in range(copies):
            holder.attach_by_hand(FLOAT2, 1)
        if moved:
            life.inputs = {**declared, "domain": other.id}
        return life

    return prepare


def with_addresses() -> Life:
    """A NIC to be moved, of which somebody could be asked whether its addresses are taken."""
    life = interface(plugged=True, moved=True)()
    life.inputs |= {"guest": "none", "addresses": ["129.215.175.100/24"]}
    return life


GROWN = 40 * (1 << 30)
RUNNING = storage_world.sample("domain-overlay-live.xml")
HOSTS = [host for host in storage_world.DEFAULT["dhcpHosts"] if host["name"] != "Ulov"]
OTHERS = [{**host, "name": f"{host['name']}2"} for host in HOSTS]
RANGES = [{"start": "192.168.202.8", "end": "192.168.202.31"}]
TWO_DISKS = [{"volumeId": f"{domain_world.POOL}/{name}.qcow"} for name in ("Acilamwen", "data")]
STEPS = (
    Step("a network is made", network(), Life.apply),
    Step("a network is made beside another", beside_another, Life.apply),
    Step("a network's reservations change", network(dhcpHosts=OTHERS), Life.apply),
    Step("a network's DHCP range changes", network(dhcpRanges=RANGES), Life.apply),
    Step("a network's NAT ports wait for its restart", network(natPorts={"start": 2048, "end": 65535}), Life.apply),
    Step("a network starts with the host no more", network(autostart=False), Life.apply),
    Step("a network is deleted", network(autostart=True), Life.delete, gone=True),
    Step("a bridged network is made", bridged, Life.apply),
    Step("a network is restarted", with_guest, where_allowed("default=network outage", Life.apply)),
    Step("a pool is made", pool(), Life.apply),
    Step("a pool is made beside another", pool_beside_another, Life.apply),
    Step("a stopped pool is started", stopped_pool, Life.apply),
    Step("a pool is deleted", pool(made=True), Life.delete, gone=True),
    Step("a seed is made", seed(), Life.apply),
    Step("a seed is written anew", seed(userData="#cloud-config\nusers: []"), Life.apply),
    Step("a seed is deleted", seed(made=True), Life.delete, gone=True),
    Step("a volume grows", volume(size=GROWN), Life.apply),
    Step("a volume grows under a guest", volume(runs=True, size=GROWN), Life.apply),
    Step("an overlay is made", volume(), Life.apply),
    Step("an overlay is deleted", volume(made=True), Life.delete, gone=True),
    Step("a domain is made", domain(), Life.apply),
    Step("a domain changes what is live", domain(title="new", description="new", autostart=False), Life.apply),
    Step("a domain changes at its next boot", domain(memory=128, vcpu=2), Life.apply),
    Step("a domain gets a NIC", domain(networkInterfaces=[
        {"networkName": "default", "mac": MAC}, {"networkName": "default", "mac": "52:54:00:02:02:aa"}]), Life.apply),
    Step("a domain gets a disk", domain(disks=TWO_DISKS), Life.apply),
    Step("a domain changes its memory while it runs", domain(memory=64), Life.apply),
    Step("a domain loses a NIC", domain(networkInterfaces=[]), Life.apply),
    Step("a domain is shut down", domain(running=False), Life.apply),
    Step("a domain is restarted", not_said(cpu={"mode": "host-model"}),
         where_allowed("Acilamwen=restart", Life.apply), holds=runs),
    Step("a domain's vCPUs come back", half_awake, Life.apply),
    Step("a domain is stopped hard", stubborn, where_allowed("Acilamwen=restart", Life.delete), gone=True),
    Step("a domain is deleted", domain(running=True), Life.delete, gone=True),
    Step("a NIC is plugged in", interface(), Life.apply),
    Step("a NIC moves to another domain", interface(plugged=True, moved=True), Life.apply),
    Step("a NIC with addresses moves", with_addresses, Life.apply),
    Step("four copies of a NIC are unplugged", interface(plugged=True, copies=4), Life.apply),
    Step("a NIC is unplugged", interface(plugged=True), Life.delete, gone=True),
)  # fmt: skip

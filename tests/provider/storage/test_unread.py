"""What of a host can't be read keeps no volume from being made or deleted, unless it may need the one that goes."""

from __future__ import annotations

from errno import EACCES, ENOENT
from typing import Any

import libvirt
import pytest

from provider.domain import sweep
from provider.errors import OperatorError
from provider.network import host as network_host
from provider.storage import storage
from provider.storage.cloud_init_disk import CloudInitDisk
from provider.storage.pool import Pool
from provider.storage.volume import Volume
from tests.provider.fakes import domain_world, typed
from tests.provider.fakes.basics import error
from tests.provider.fakes.libvirt import Domain
from tests.provider.fakes.storage_world import DEFAULT, LIVE, World
from tests.provider.storage.declared import OVERLAY, PATH, SEED

ISO = "/iso/current.qcow2"
OTHER = "<domain type='qemu'><name>theirs</name><uuid>u-theirs</uuid><memory>1</memory><devices/></domain>"
GONE = error(38, f"cannot open volume '{ISO}': No such file or directory", number=ENOENT)
DENIED = error(38, f"cannot open volume '{ISO}': Permission denied", number=EACCES)
BROKEN = error(1, f"internal error: Invalid qcow2 header in {ISO}")
SEED_PATH = f"{LIVE}/{SEED['name']}"


def fails(raised: Exception) -> Any:
    def call(*_: Any) -> Any:
        raise raised

    return call


@pytest.fixture
def isos(overlay: World) -> Any:
    """A pool that nobody declares, with one image."""
    overlay.create("CloudInitDisk", "Acilamwen", SEED)
    overlay.create("Pool", "iso", {"name": "iso", "type": "dir", "path": "/iso"})
    overlay.create("Volume", "current", {"name": "current.qcow2", "pool": "iso", "size": 1 << 30})
    pool = overlay.conn.storagePoolLookupByName("iso")
    pool.world = overlay
    return pool


def image(pool: Any) -> Any:
    return pool.volumes["current.qcow2"]


def there(world: World, path: str) -> bool:
    return path in world.conn.files


@pytest.mark.reports("H2")
def test_a_link_whose_target_is_gone_keeps_nothing_from_being_deleted(isos: Any) -> None:
    world = isos.world
    image(isos).XMLDesc = fails(GONE)
    Volume().refuse_delete(world.call("Volume", "x"), PATH, OVERLAY)
    for kind, path, inputs in (("Volume", PATH, OVERLAY), ("CloudInitDisk", SEED_PATH, SEED)):
        world.delete(kind, path, inputs)
        assert not there(world, path)


@pytest.mark.reports("H2")
@pytest.mark.parametrize("raised", [DENIED, BROKEN, error(3, "this function is not supported")])
def test_a_volume_that_may_stand_on_the_one_that_goes_is_named_and_nothing_is_deleted(
    isos: Any, raised: libvirt.libvirtError
) -> None:
    world = isos.world
    image(isos).XMLDesc = fails(raised)
    for refused in (Volume().refuse_delete, Volume().delete):
        with pytest.raises(OperatorError) as told:
            refused(world.call("Volume", "x"), PATH, OVERLAY)
        line = str(told.value)
        assert line.startswith(
            "volume Acilamwen.qcow is not deleted: whether something stands on it is not known: volume current.qcow2 "
            f"of storage pool iso could not be looked at: {raised}"
        )
        assert there(world, PATH)
    typed.virsh(world.conn, *typed.lines(line))
    world.delete("Volume", PATH, OVERLAY)
    assert not there(world, PATH)


@pytest.mark.reports("H2")
def test_a_pool_whose_volumes_are_not_listed_may_have_one_that_stands_on_it(isos: Any) -> None:
    isos.listAllVolumes = fails(DENIED)
    with pytest.raises(OperatorError, match="the volumes of storage pool iso could not be looked at"):
        isos.world.delete("Volume", PATH, OVERLAY)
    isos.listAllVolumes = fails(error(49, "Storage pool not found"))  # gone meanwhile
    isos.world.delete("Volume", PATH, OVERLAY)


@pytest.mark.reports("H2")
@pytest.mark.parametrize("raised", [DENIED, BROKEN])
def test_a_seed_holds_nothing_that_could_be_lost_and_goes(isos: Any, raised: Exception) -> None:
    image(isos).XMLDesc = fails(raised)
    CloudInitDisk().refuse_delete(isos.world.call("CloudInitDisk", "x"), SEED_PATH, SEED)
    isos.world.delete("CloudInitDisk", SEED_PATH, SEED)
    assert not there(isos.world, SEED_PATH)


@pytest.mark.reports("H2")
def test_what_can_not_be_read_goes_itself_and_beside_others_that_go(isos: Any) -> None:
    image(isos).XMLDesc = fails(BROKEN)
    call = isos.world.call("Volume", "x")
    call.condemned = {ISO, PATH}
    Volume().refuse_delete(call, PATH, OVERLAY)
    isos.world.delete("Volume", ISO, {"pool": "iso"})
    isos.world.delete("Volume", PATH, OVERLAY)


@pytest.mark.reports("H2")
@pytest.mark.parametrize("what", ["volume", "volumes", "domain", "pool"])
def test_new_volumes_and_seeds_are_made_beside_what_can_not_be_read(isos: Any, what: str) -> None:
    world = isos.world
    world.conn.domains.append(Domain(OTHER, OTHER))
    broken = {
        "volume": (image(isos), "XMLDesc"),
        "volumes": (isos, "listAllVolumes"),
        "pool": (isos, "XMLDesc"),
    }
    setattr(*broken.get(what, (world.conn.domains[0], "XMLDesc")), fails(DENIED))
    for preview in (True, False):
        world.create("Volume", "Nova", OVERLAY | {"name": "Nova.qcow"}, preview)
        world.create("CloudInitDisk", "Nova", SEED | {"name": "Nova-seed.iso"}, preview)
    assert there(world, f"{LIVE}/Nova.qcow")


@pytest.mark.reports("H1", "H2")
def test_a_domain_that_can_not_be_read_may_have_the_volume_and_is_named(
    overlay: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs = Domain(OTHER, OTHER)
    overlay.conn.domains.append(theirs)
    theirs.XMLDesc = fails(BROKEN)  # type: ignore[method-assign]
    with pytest.raises(
        OperatorError, match="whether a domain has it is not known: domain theirs could not be"
    ):
        overlay.delete("Volume", PATH, OVERLAY)
    pool = overlay.conn.storagePoolLookupByName("live").UUIDString()
    said = "pool live is not deleted: whether a domain has disks in it is not"
    with pytest.raises(OperatorError, match=said):
        Pool().refuse_delete(overlay.call("Pool", "x"), pool, {"path": LIVE})
    call = overlay.call("Volume", "x")
    call.condemned = {"u-theirs"}
    Volume().refuse_delete(call, PATH, OVERLAY)
    overlay.conn.files.discard(PATH)
    with pytest.raises(OperatorError, match="is missing, and whether a domain has it is not known") as told:
        overlay.read("Volume", PATH, OVERLAY)
    monkeypatch.setenv("LIBVIRT_ALLOW", typed.allow(told.value))
    assert overlay.read("Volume", PATH, OVERLAY) is None


@pytest.mark.reports("H1")
def test_a_connection_that_is_lost_is_no_unread_object(isos: Any) -> None:
    lost = error(1, "internal error: client socket is closed", libvirt.VIR_FROM_RPC)
    image(isos).XMLDesc = fails(lost)
    with pytest.raises(libvirt.libvirtError, match="socket is closed"):
        isos.world.delete("Volume", PATH, OVERLAY)


@pytest.mark.reports("H1")
def test_a_volume_grows_beside_a_guest_that_can_not_be_read_and_not_under_what_may_stand_on_it(
    isos: Any,
) -> None:
    world = isos.world
    theirs = Domain(OTHER, OTHER)
    world.conn.domains.append(theirs)
    theirs.XMLDesc = fails(BROKEN)
    pool = world.conn.storagePoolLookupByName("live")
    world.create("Volume", "data", {"name": "data.qcow2", "pool": "live", "size": 1 << 30})
    old = {"name": "data.qcow2", "pool": "live", "size": 1 << 30, "format": "qcow2"}
    world.update("Volume", f"{LIVE}/data.qcow2", old, old | {"size": 2 << 30})
    assert pool.volumes["data.qcow2"].root.findtext("capacity") == str(2 << 30)
    image(isos).XMLDesc = fails(DENIED)
    world.host.backings.clear()  # as some seconds later
    with pytest.raises(OperatorError, match="is not grown: whether something stands on it is not known"):
        world.update("Volume", f"{LIVE}/data.qcow2", old | {"size": 2 << 30}, old | {"size": 3 << 30})


@pytest.mark.reports("H1")
def test_a_network_stays_while_a_domain_may_be_plugged_in_that_can_not_be_read(world: World) -> None:
    id, _ = world.create("Network", "trop02-default", dict(DEFAULT))
    theirs = Domain(OTHER, OTHER)
    world.conn.domains.append(theirs)
    assert network_host.plugged(world.host, "default") == []
    theirs.XMLDesc = fails(BROKEN)  # type: ignore[method-assign]
    with pytest.raises(
        OperatorError, match="domain theirs could not be looked at, so whether it is plugged into"
    ):
        world.delete("Network", id, dict(DEFAULT))
    assert network_host.plugged(world.host, "default", ["u-theirs"]) == []


@pytest.mark.reports("H1")
def test_a_vm_is_made_beside_a_domain_that_can_not_be_read_which_is_told() -> None:
    world = domain_world.World()
    theirs = world.made("Siamond")
    theirs.fake.XMLDesc = fails(BROKEN)  # type: ignore[method-assign]
    vm = world.made("Acilamwen")
    said = [str(note) for note in vm.call.notes]
    assert any(
        s.startswith("domain Siamond could not be looked at, so whether another domain ") for s in said
    )
    assert storage.unread_domains(world.host) == [f"domain Siamond could not be looked at: {BROKEN}"]
    assert list(sweep.everybody(world.host, lambda _line: None)) == [vm.id]


@pytest.mark.reports("H1")
def test_a_float_stays_is_plugged_in_and_moves_beside_a_domain_that_can_not_be_read_which_is_told() -> None:
    world = domain_world.World()
    world.conn.add_volume(f"{domain_world.POOL}/Ulov.qcow")
    theirs, vm = world.made("Siamond"), world.made("Acilamwen")
    other = world.made(
        "Ulov", networkInterfaces=[], cloudinit=None, disks=[{"volumeId": f"{domain_world.POOL}/Ulov.qcow"}]
    )
    plug = world.plugged(vm)
    theirs.fake.XMLDesc = fails(BROKEN)  # type: ignore[method-assign]
    assert plug.drift().changes == {}
    unread = f"domain Siamond could not be looked at, so whether it has {domain_world.FLOAT1} is not known: {BROKEN}"
    assert unread in [str(note) for note in plug.call.notes]
    assert domain_world.FLOAT1 in vm.macs()[0]
    second = world.plugged(vm, mac=domain_world.FLOAT2)
    assert unread.replace(domain_world.FLOAT1, domain_world.FLOAT2) in [str(n) for n in second.call.notes]
    plug.up(domain=other.id)
    assert domain_world.FLOAT1 in other.macs()[0]
    assert domain_world.FLOAT1 not in vm.macs()[0]

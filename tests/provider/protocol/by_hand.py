"""What an operator takes away by hand of a stack that is up, in memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

FLOAT: Final = "52:54:00:00:01:00"
World = Any


def unplug_float(world: World) -> None:
    domain = world.lookupByName("Acilamwen")
    for flags in (1, 2):
        domain.detachDeviceFlags(f"<interface><mac address='{FLOAT}'/><source/></interface>", flags)


def no_network(name: str) -> Callable[[World], None]:
    def act(world: World) -> None:
        network = world.networkLookupByName(name)
        network.destroy()
        network.undefine()

    return act


def stop_network(name: str) -> Callable[[World], None]:
    return lambda world: world.networkLookupByName(name).destroy()


def no_pool(world: World) -> None:
    pool = world.storagePoolLookupByName("live")
    pool.destroy()
    pool.undefine()


def no_domain(world: World) -> None:
    domain = world.lookupByName("Acilamwen")
    if domain.isActive():
        domain.destroy()
    domain.undefineFlags(0)


def no_files(world: World) -> None:
    """The files of the pool, as of a disk that was replaced by an empty one."""
    pool = world.storagePoolLookupByName("live")
    for volume in pool.listAllVolumes():
        volume.delete()


def several(*acts: Callable[[World], None]) -> Callable[[World], None]:
    def act(world: World) -> None:
        for one in acts:
            one(world)

    return act


BRIDGED, DEFAULT = no_network("bridged"), no_network("default")
TAKEN: Final[dict[str, Callable[[World], None]]] = {
    "the bridged network, and the float's NIC": several(BRIDGED, unplug_float),
    "the bridged network": BRIDGED,
    "the float's NIC, and the bridged network is stopped": several(unplug_float, stop_network("bridged")),
    "the network of the reservations": DEFAULT,
    "both networks, and the float's NIC": several(BRIDGED, DEFAULT, unplug_float),
    "the domain": no_domain,
    "the domain, and both networks": several(no_domain, BRIDGED, DEFAULT),
    "the pool": no_pool,
    "the pool, and the domain": several(no_pool, no_domain),
    "the domain, and its files": several(no_domain, no_files),
    "the domain, its files, and their pool": several(no_domain, no_files, no_pool),
    "all of it": several(no_domain, no_files, no_pool, BRIDGED, DEFAULT),
}

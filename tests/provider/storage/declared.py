"""What the tests of storage declare: a pool, an overlay of the base image, a cloud-init disk."""

from __future__ import annotations

import struct

from provider.resource.base import Props
from tests.provider.fakes.libvirt import Domain
from tests.provider.fakes.storage_world import BASE, LIVE, World, sample

POOL: Props = {"name": "live", "type": "dir", "path": LIVE}
OVERLAY: Props = {"name": "Acilamwen.qcow", "pool": "live", "format": "qcow2", "baseVolumeId": BASE}
PATH = f"{LIVE}/Acilamwen.qcow"
SEED: Props = {
    "name": "Acilamwen-seed.iso",
    "pool": "live",
    "userData": "#cloud-config\nhostname: Acilamwen\n",
    "metaData": "instance-id: Acilamwen\n",
    "networkConfig": "version: 2\n",
}


def qcow2_head(first_cluster: int = 0, snapshots: int = 0) -> bytes:
    """A version 2 header with a table of four entries at 64 KiB, of which the first is as given."""
    header = struct.pack(
        ">4sIQIIQIIQQIIQ", b"QFI\xfb", 2, 0, 0, 16, 1 << 31, 0, 4, 65536, 131072, 1, snapshots, 0
    )
    return header.ljust(65536, b"\0") + struct.pack(">QQQQ", first_cluster, 0, 0, 0)


def using(world: World) -> World:
    world.conn.domains = [Domain(sample("domain-overlay-live.xml"), None)]
    return world

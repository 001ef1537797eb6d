"""What the tests of storage declare: a pool, an overlay of the base image, a cloud-init disk."""

from __future__ import annotations

from provider.resource.base import Props
from tests.provider.fakes.libvirt import Domain
from tests.provider.fakes.qcow2 import head
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


def qcow2_head(first_cluster: int = 0, snapshots: int = 0, backing: str | None = BASE) -> bytes:
    return head(34359738368, backing, first_cluster=first_cluster, snapshots=snapshots)


def using(world: World) -> World:
    world.conn.domains = [Domain(sample("domain-overlay-live.xml"), None)]
    return world

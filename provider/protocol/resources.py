"""The resource types that this provider implements."""

from __future__ import annotations

from provider.domain.resource import Domain
from provider.guest.resource import GuestFiles
from provider.network.resource import Network
from provider.nic.resource import Interface
from provider.resource.base import Resource
from provider.storage.cloud_init_disk import CloudInitDisk
from provider.storage.pool import Pool
from provider.storage.volume import Volume

RESOURCES: tuple[type[Resource], ...] = (Network, Pool, Volume, CloudInitDisk, Domain, Interface, GuestFiles)

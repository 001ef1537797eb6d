"""The resource types that this provider implements."""

from __future__ import annotations

from provider.resource.base import Resource
from provider.resources.cloud_init_disk import CloudInitDisk
from provider.resources.domain import Domain
from provider.resources.guest_files import GuestFiles
from provider.resources.interface import Interface
from provider.resources.network import Network
from provider.resources.pool import Pool
from provider.resources.volume import Volume

RESOURCES: tuple[type[Resource], ...] = (Network, Pool, Volume, CloudInitDisk, Domain, Interface, GuestFiles)

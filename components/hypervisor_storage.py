"""The storage pool of a hypervisor, in which its VMs' overlays are."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_libvirt as libvirt
from pulumi import ResourceOptions

from config.plan import Pool


@dataclass(frozen=True)
class HypervisorStorageArgs:
    pool: Pool


class HypervisorStorage(pulumi.ComponentResource):
    """A pool over a directory that is there already; the base images are the host's, and not in it."""

    pool: libvirt.Pool

    def __init__(self, name: str, args: HypervisorStorageArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("trop:index:HypervisorStorage", name, None, opts)
        self.pool = libvirt.Pool(
            f"{name}-{args.pool.name}",
            name=args.pool.name,
            type="dir",
            path=args.pool.path,
            opts=ResourceOptions(parent=self),
        )
        self.register_outputs({"path": args.pool.path})

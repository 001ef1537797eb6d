"""The properties of pools, volumes and cloud-init disks, as Pulumi's schema has them."""

from __future__ import annotations

from typing import Final

from provider.resource import xslt
from provider.resource.specs import STRING, Spec, boolean, integer, record, resource, said, string

_NAME: Final = string("The file's name in the pool; the resource's own name when not given.")
_POOL: Final = string("The storage pool; default when not given.")
_PATH: Final = string("The file, absolute: also the resource's ID.")

POOL: Final[Spec] = resource(
    "A storage pool over a directory of the host; it starts with the host.",
    {
        "name": string("The pool's name in libvirt; the resource's own name when not given."),
        "type": string("dir, the only kind that is implemented."),
        "path": string("The directory, absolute; made if it is not there."),
        "target": said(record({"path": STRING}), "The same as path."),
    },
    {
        "active": boolean("Whether it runs; started again by the next up."),
        "persistent": boolean("Whether it is defined; defined again by the next up."),
        "autostart": boolean("Whether it starts with the host; always set."),
    },
    given=["type"],
    told=["name", "type", "path", "active", "persistent", "autostart"],
)

VOLUME: Final[Spec] = resource(
    "A volume: blank, or an overlay of a base image, which is only ever read.",
    {
        "name": _NAME,
        "pool": _POOL,
        "format": string("qcow2 (the default) or raw."),
        "size": integer("Bytes; that of the base image when not given."),
        "baseVolumeId": string("Path of the base image, which must be in an active pool."),
        "baseVolumeName": string("Name of the base image, in place of baseVolumeId."),
        "baseVolumePool": string("The base image's pool; that of the volume when not given."),
        "xml": xslt.SPEC,
    },
    {"path": _PATH, "backing": string("Path of the base image.")},
    told=["name", "pool", "format", "path"],
)

SEED: Final[Spec] = resource(
    "A NoCloud disk for cloud-init, rewritten in place when it changes; guests read it at boot.",
    {
        "name": _NAME,
        "pool": _POOL,
        "userData": string(
            "cloud-init's user-data, of any kind that it reads: #cloud-config, a script, a MIME message."
        ),
        "metaData": string("cloud-init's meta-data."),
        "networkConfig": string("cloud-init's network-config."),
    },
    {"path": _PATH},
    told=["name", "pool", "path"],
)

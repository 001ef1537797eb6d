"""The properties of volumes and of cloud-init disks, as Pulumi's schema has them."""

from __future__ import annotations

from typing import Any, Final

from provider.resource.xslt import STYLESHEET

_STRING: Final = {"type": "string"}
_INTEGER: Final = {"type": "integer"}

_NAME: Final = {
    **_STRING,
    "description": "The file's name in the pool; the resource's own name when not given.",
}
_POOL: Final = {**_STRING, "description": "The storage pool; default when not given."}
_OUTPUTS: Final = {
    "path": {**_STRING, "description": "The file, absolute: also the resource's ID."},
}

_INPUTS: Final[dict[str, Any]] = {
    "name": _NAME,
    "pool": _POOL,
    "format": {**_STRING, "description": "qcow2 (the default) or raw."},
    "size": {**_INTEGER, "description": "Bytes; that of the base image when not given."},
    "baseVolumeId": {**_STRING, "description": "Path of the base image, which must be in an active pool."},
    "baseVolumeName": {**_STRING, "description": "Name of the base image, in place of baseVolumeId."},
    "baseVolumePool": {**_STRING, "description": "The base image's pool; that of the volume when not given."},
    "xml": {
        "type": "object",
        "properties": {"xslt": {**_STRING, "description": STYLESHEET}},
    },
}

SCHEMA: Final[dict[str, Any]] = {
    "description": "A volume: blank, or an overlay of a base image, which is only ever read.",
    "inputProperties": _INPUTS,
    "requiredInputs": [],
    "properties": {
        **_INPUTS,
        **_OUTPUTS,
        "backing": {**_STRING, "description": "Path of the base image."},
    },
    "required": ["name", "pool", "format", "path"],
}

_SEED_INPUTS: Final[dict[str, Any]] = {
    "name": _NAME,
    "pool": _POOL,
    "userData": {
        **_STRING,
        "description": "cloud-init's user-data, of any kind that it reads: #cloud-config, a script, a MIME message.",
    },
    "metaData": {**_STRING, "description": "cloud-init's meta-data."},
    "networkConfig": {**_STRING, "description": "cloud-init's network-config."},
}

SEED_SCHEMA: Final[dict[str, Any]] = {
    "description": "A NoCloud disk for cloud-init, rewritten in place when it changes; guests read it at boot.",
    "inputProperties": _SEED_INPUTS,
    "requiredInputs": [],
    "properties": {**_SEED_INPUTS, **_OUTPUTS},
    "required": ["name", "pool", "path"],
}

"""The package's schema document: exactly what is implemented, generated from the handlers' own schemas."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from provider.protocol import functions
from provider.resource.base import Resource
from provider.resource.specs import string

NAME = "libvirt"
VERSION = "0.5.4"  # of pulumi-libvirt, whose tokens and property names these are: SDKs ask for it

CONFIG = {
    "uri": string(
        "The hypervisor, as libvirt writes it: qemu:///system, qemu+ssh://root@host/system, "
        "qemu+unix:///system?socket=/path."
    )
}
# Of every resource; added to its outputs by the plugin.
HOST = {
    "hostUuid": string("The host that it is on."),
    "hostName": string(
        "What that host calls itself, by which it is known again should its UUID not be stable."
    ),
}


def document(handlers: Mapping[str, Resource]) -> str:
    """The schema as JSON.  Objects within properties become named types (``libvirt:index/NetworkDns:NetworkDns``)."""
    types: dict[str, Any] = {}
    resources = {
        token: _resource(handler.schema, token.rsplit(":", 1)[1], types)
        for token, handler in sorted(handlers.items())
    }
    return json.dumps(
        {
            "name": NAME,
            "version": VERSION,
            "config": {"variables": CONFIG, "defaults": ["uri"]},
            "provider": {"inputProperties": CONFIG, "requiredInputs": ["uri"]},
            "types": types,
            "resources": resources,
            "functions": {token: _function(spec, types) for token, spec in functions.SCHEMAS.items()},
        }
    )


def _function(spec: Mapping[str, Any], types: dict[str, Any]) -> dict[str, Any]:
    made = _resource(spec, "GetHost", types)
    inputs = {"type": "object", "properties": made["inputProperties"], "required": made["requiredInputs"]}
    outputs = {"type": "object", "properties": made["properties"], "required": made["required"]}
    return {"description": made["description"], "inputs": inputs, "outputs": outputs}


def _resource(schema: Mapping[str, Any], name: str, types: dict[str, Any]) -> dict[str, Any]:
    def named(properties: Mapping[str, Any]) -> dict[str, Any]:
        return {
            key: _spec(value, f"{name}{key[0].upper()}{key[1:]}", types) for key, value in properties.items()
        }

    return {
        "description": schema.get("description", ""),
        "inputProperties": named(schema["inputProperties"]),
        "requiredInputs": sorted(schema.get("requiredInputs", ())),
        "properties": named({**schema["properties"], **HOST}),
        "required": sorted((*schema.get("required", ()), "hostUuid")),
    }


def _spec(spec: Mapping[str, Any], name: str, types: dict[str, Any]) -> dict[str, Any]:
    if spec["type"] == "array":
        return {**spec, "items": _spec(spec["items"], name.removesuffix("s"), types)}
    if spec["type"] != "object" or "properties" not in spec:
        return dict(spec)
    token = f"{NAME}:index/{name}:{name}"
    members = {
        key: _spec(value, f"{name}{key[0].upper()}{key[1:]}", types)
        for key, value in spec["properties"].items()
    }
    types[token] = {"type": "object", "properties": members, "required": sorted(spec.get("required", ()))}
    described = {"description": spec["description"]} if "description" in spec else {}
    return {"$ref": f"#/types/{token}", **described}

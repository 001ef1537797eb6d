"""Good inputs of each resource type, and a value put into them at a path, which asks no hypervisor."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from google.protobuf import struct_pb2
from pulumi.runtime.proto import provider_pb2 as pb

from provider.host.host import Host
from provider.protocol.plugin import Servicer

UUID = "d3b0a1d4-0000-4000-8000-000000000000"
NAT: dict[str, Any] = {"name": "n", "addresses": ["192.168.202.0/24"], "dhcp": {"enabled": True}}
GOOD: dict[str, dict[str, Any]] = {
    "network:Network": NAT,
    "pool:Pool": {"name": "live", "type": "dir", "path": "/p"},
    "volume:Volume": {"name": "v", "pool": "live", "size": 1},
    "cloudInitDisk:CloudInitDisk": {"name": "c", "pool": "live"},
    "domain:Domain": {"name": "d"},
    "interface:Interface": {"domain": UUID, "network": "bridged", "mac": "52:54:00:00:01:00"},
}


class Asked(BaseException):
    """A hypervisor was asked for what can be known without it."""


def no_host(uri: str) -> Host:
    def opener(_: str) -> Any:
        raise Asked

    return Host(uri, opener=opener)


def refused(kind: str, inputs: dict[str, Any]) -> dict[str, str]:
    """Path -> reason of each failure, by the call that both engines make."""
    news = struct_pb2.Struct()
    news.update(inputs)
    urn = f"urn:pulumi:trop02::trop::libvirt:index/{kind}::x"

    async def ask() -> Any:
        return await Servicer(no_host).Check(pb.CheckRequest(urn=urn, news=news), None)

    failures = asyncio.run(ask()).failures
    for failure in failures:
        assert failure.reason.isprintable()
        assert len(failure.reason) < 1000
    return {failure.property: failure.reason for failure in failures}


NO_XML = {"a NUL": r"has '\x00' in it, a character that no XML can hold",
          "an escape sequence": r"has '\x1b' in it, a character that no XML can hold"}  # fmt: skip


def with_value(kind: str, path: str, value: Any) -> dict[str, Any]:
    """The good inputs of a type with one value put at a path: ``a``, ``a.b``, ``a[0]`` or ``a[0].b``."""
    head, _, tail = path.partition("[0]")
    top, _, inner = head.partition(".")
    if "[0]" in path:
        key = tail.removeprefix(".")
        other = {"mac": "52:54:00:02:02:09", "ip": "192.168.202.9"} if top == "dhcpHosts" else {}
        if top == "dns":
            return {**GOOD[kind], "dns": {"hosts": [{"ip": "10.0.0.1", key: value}]}}
        if top == "networkInterfaces" and key == "mac":
            other = {"bridge": "br0"}
        return {**GOOD[kind], top: [{**other, key: value} if key else value]}
    return {**GOOD[kind], top: {inner: value} if inner else value}


def cases(places: list[tuple[str, ...]], hostile: dict[str, str], skip: tuple[str, ...] = ()) -> list[Any]:
    return [
        pytest.param(*place, what, value, id=f"{place[0].split(':')[1]} {place[1]}: {what}")
        for place in places
        for what, value in hostile.items()
        if what not in skip
    ]

"""Hostile values in the inputs of each resource type: the check refuses them at their path, and asks no hypervisor."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from google.protobuf import struct_pb2
from pulumi.runtime.proto import provider_pb2 as pb

from provider.errors import plain
from provider.protocol.plugin import Servicer
from tests.hostile import values
from tests.hostile.inputs import GOOD, NO_XML, cases, no_host, refused, with_value
from tests.hostile.values import cut


def test_what_is_good_is_not_refused() -> None:
    for kind, inputs in GOOD.items():
        assert refused(kind, inputs) == {}


BRIDGES = [("network:Network", "bridge"), ("domain:Domain", "networkInterfaces[0].bridge")]


@pytest.mark.parametrize(("kind", "path", "what", "value"), cases(BRIDGES, values.NAMES, tuple(NO_XML)))
def test_a_bridge_that_linux_could_not_have(kind: str, path: str, what: str, value: str) -> None:
    assert refused(kind, with_value(kind, path, value))[path] == plain(
        f"{cut(value)!r} is no name of an interface: 1 to 15 characters, each a letter, a digit, '.', '_' or '-'"
    )


MACS = [
    ("network:Network", "mac"),
    ("network:Network", "dhcpHosts[0].mac"),
    ("domain:Domain", "networkInterfaces[0].mac"),
    ("interface:Interface", "mac"),
    ("interface:Interface", "forbiddenMacs[0]"),
]
NO_MAC = {  # of networks, and of NICs
    "a multicast MAC": (
        "01:00:5e:00:00:01 is a group's address, not one interface's: its first byte must be even",
        '"01:00:5e:00:00:01" is a multicast address, and no NIC can have it',
    ),
    "the broadcast MAC": (
        "ff:ff:ff:ff:ff:ff is a group's address, not one interface's: its first byte must be even",
        '"ff:ff:ff:ff:ff:ff" is a multicast address, and no NIC can have it',
    ),
    "nobody's MAC": (
        "00:00:00:00:00:00 is nobody's address, and no NIC can have it",
        '"00:00:00:00:00:00" is nobody\'s address, and no NIC can have it',
    ),
}


@pytest.mark.parametrize(("kind", "path", "what", "value"), cases(MACS, values.MACS))
def test_a_mac_that_no_nic_can_have(kind: str, path: str, what: str, value: str) -> None:
    is_network = kind.startswith("network")
    of_network = f"{cut(value)!r} is no MAC address: six pairs of hex digits, as in 52:54:00:02:02:01"
    of_nic = f"{cut(value)!r} is no MAC; an example is 52:54:00:00:01:00"
    known = NO_MAC.get(what, (plain(of_network), plain(of_nic)))
    assert refused(kind, with_value(kind, path, value))[path] == known[0 if is_network else 1]


SUBNETS = {
    **{
        what: f"{value} is no subnet that guests can be in: loopback, multicast and the like are not"
        for what, value in values.NETWORKS.items()
        if "network " not in what and what.startswith(("every", "the host", "a part", "multicast", "a reserved"))
    },
    **{
        what: plain(f"{cut(value)!r} is no subnet: an address and its prefix, as in 192.168.202.0/24")
        for what, value in values.NETWORKS.items()
        if what.startswith(("no address", "octets", "a prefix", "a network with", "markup", "300"))
    },
    "one address": "192.168.202.1/32 has no room for a gateway and a guest",
}  # fmt: skip


@pytest.mark.parametrize(("what", "why"), SUBNETS.items(), ids=SUBNETS)
def test_a_subnet_that_no_guests_can_be_in(what: str, why: str) -> None:
    said = refused("network:Network", {"name": "n", "addresses": [values.NETWORKS[what]]})
    assert said["addresses[0]"] == why


@pytest.mark.parametrize(("what", "value"), values.NAMES.items(), ids=values.NAMES)
def test_a_domain_of_an_interface_that_is_no_uuid(what: str, value: str) -> None:
    said = refused("interface:Interface", {**GOOD["interface:Interface"], "domain": value})["domain"]
    assert said == NO_XML.get(what) or said == plain(
        f"{cut(value)!r} is no UUID; allowed: that of a domain, which is its resource's ID"
    )


@pytest.mark.parametrize(("what", "uri"), values.URIS.items(), ids=values.URIS)
def test_a_uri_that_is_none_is_not_asked(what: str, uri: str) -> None:
    args = struct_pb2.Struct()
    args.update({"uri": uri})

    class Context:
        async def abort(self, code: Any, line: str) -> None:
            raise Aborted(line)

    async def ask() -> Any:
        servicer = Servicer(no_host)
        checked = await servicer.CheckConfig(pb.CheckRequest(news=args), None)
        with pytest.raises(Aborted) as error:
            await servicer.Configure(pb.ConfigureRequest(args=args), Context())
        return checked.failures, str(error.value)

    (failure,), line = asyncio.run(ask())
    wanted = plain(f"is no libvirt URI: {cut(uri)!r}; an example is qemu+ssh://root@host/system")
    assert (failure.property, failure.reason) == ("uri", wanted)
    assert line == f"libvirt:uri {wanted}"


class Aborted(Exception):
    pass


LARGE = [
    ("domain:Domain", "memory", 2**70),
    ("domain:Domain", "vcpu", 10**300),
    ("volume:Volume", "size", -(2**80)),
    ("interface:Interface", "metric", 2**64),
]


@pytest.mark.parametrize(("kind", "path", "value"), LARGE)
def test_a_number_that_pulumi_cannot_hold(kind: str, path: str, value: int) -> None:
    said = refused(kind, {**GOOD[kind], path: float(value)})[path]
    shown = str(int(float(value)))
    shown = shown if len(shown) <= 40 else shown[:37] + "..."
    assert said == f"must be from -9007199254740991 to 9007199254740991, not {shown}"

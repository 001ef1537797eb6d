"""Hostile values in the inputs of each resource type: the check refuses them at their path, and asks no hypervisor."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from google.protobuf import struct_pb2
from pulumi.runtime.proto import provider_pb2 as pb

from provider.errors import plain
from provider.host.host import Host
from provider.protocol.plugin import Servicer
from tests.hostile import values
from tests.hostile.values import cut

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


def test_what_is_good_is_not_refused() -> None:
    for kind, inputs in GOOD.items():
        assert refused(kind, inputs) == {}


WHY = {
    "nothing": "it is empty",
    "a blank": "it is empty",
    "a slash": "it has a '/' in it",
    "a way up": "it has a '/' in it",
    "two dots": "it is a folder's",
    "two lines": r"it has '\n' in it, which does not show",
    "a line break at the end": "it begins or ends with a blank",
    "an escape sequence": r"it has '\x1b' in it, which does not show",
    "300 characters": "it is too long",
    "a Cyrillic look-alike": "Cyrillic and Latin letters, which look alike, are mixed in it",
    "a full-width look-alike": "it looks like 'Acilamwen', and is another",
    "an invisible character": r"it has '\u200b' in it, which does not show",
    "text turned around": r"it has '\u202e' in it, which does not show",
    "a byte order mark": r"it has '\ufeff' in it, which does not show",
    "a line separator": r"it has '\u2028' in it, which does not show",
}
NO_XML = {"a NUL": r"has '\x00' in it, a character that no XML can hold",
          "an escape sequence": r"has '\x1b' in it, a character that no XML can hold"}  # fmt: skip
NAMED = [
    ("network:Network", "name", "a network"),
    ("pool:Pool", "name", "a pool"),
    ("volume:Volume", "name", "a volume"),
    ("volume:Volume", "pool", "a pool"),
    ("volume:Volume", "baseVolumeName", "a volume"),
    ("cloudInitDisk:CloudInitDisk", "name", "a volume"),
    ("cloudInitDisk:CloudInitDisk", "pool", "a pool"),
    ("domain:Domain", "name", "a domain"),
    ("domain:Domain", "networkInterfaces[0].networkName", "a network"),
    ("interface:Interface", "network", "a network"),
]


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


@pytest.mark.parametrize(("kind", "path", "noun", "what", "value"), cases(NAMED, values.NAMES, values.SHOWN))
def test_a_name_that_no_object_can_have(kind: str, path: str, noun: str, what: str, value: str) -> None:
    why = NO_XML.get(what) or (
        f"{plain(repr(cut(value)))} can't be {noun}'s name: {WHY[what]}; "
        "allowed: up to 200 bytes of printable text, without '/'"
    )
    assert refused(kind, with_value(kind, path, value))[path] == why


@pytest.mark.parametrize(
    "name",
    ["Ulov", "web-1.example.org", "Сервер 1", "база-db1", "日本", "naïve", "a 'b' \"c\" <&>", "名前-vm"],
)
def test_names_that_look_like_no_other_are_taken_in_every_script(name: str) -> None:
    for kind, path, _ in NAMED:
        assert path not in refused(kind, with_value(kind, path, name))


FILES = [
    ("pool:Pool", "path"),
    ("volume:Volume", "baseVolumeId"),
    ("domain:Domain", "emulator"),
    ("domain:Domain", "firmware"),
    ("domain:Domain", "cloudinit"),
    ("domain:Domain", "disks[0].file"),
    ("domain:Domain", "disks[0].volumeId"),
]
PATHS = {
    **{what: value for what, value in values.NAMES.items() if what not in NO_XML},
    "a way up in the middle": "/var/lib/../../etc/shadow",
    "two lines after a slash": "/a\nb",
    "5,000 characters": "/" + "x" * 5000,
}


@pytest.mark.parametrize(("kind", "path", "what", "value"), cases(FILES, PATHS))
def test_a_path_that_is_none(kind: str, path: str, what: str, value: str) -> None:
    assert refused(kind, with_value(kind, path, value))[path] == plain(
        f"must be absolute, not {cut(value)!r}; allowed: up to 4000 bytes of printable text that begins with '/', "
        "without '..'"
    )


WORDS = [
    ("domain:Domain", "arch"),
    ("domain:Domain", "machine"),
    ("domain:Domain", "cpu.mode"),
    ("domain:Domain", "video.type"),
    ("domain:Domain", "graphics.type"),
    ("domain:Domain", "graphics.listenType"),
    ("interface:Interface", "model"),
]


@pytest.mark.parametrize(
    ("kind", "path", "what", "value"), cases(WORDS, values.NAMES, (*NO_XML, "two dots", "a slash"))
)
def test_a_word_that_libvirt_has_not(kind: str, path: str, what: str, value: str) -> None:
    said = refused(kind, with_value(kind, path, value))[path]
    assert said == plain(
        f"{cut(value)!r} is no word of libvirt's; allowed: letters, digits, '.', '_', '+' and '-'"
    )


HOST_NAMES = [
    ("network:Network", "domain"),
    ("network:Network", "dhcpHosts[0].name"),
    ("network:Network", "dns.hosts[0].hostname"),
]
LINES = {**values.NAMES, "a setting of dnsmasq's": "x\ndhcp-script=/tmp/x", "a comma": "x,set:y"}


@pytest.mark.parametrize(("kind", "path", "what", "value"), cases(HOST_NAMES, LINES, tuple(NO_XML)))
def test_a_host_name_that_would_be_another_setting(kind: str, path: str, what: str, value: str) -> None:
    assert refused(kind, with_value(kind, path, value))[path] == plain(
        f"{cut(value)!r} is no name that DNS can have; allowed: parts of up to 63 letters, digits, '-' and '_', with "
        "dots between them"
    )


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

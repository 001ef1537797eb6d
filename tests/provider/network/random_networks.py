"""Random networks: what runs, what is defined, what is declared; and the update between them on the fake."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hypothesis import assume
from hypothesis import strategies as st
from lxml import etree

from provider.errors import OperatorError
from provider.host.host import Host
from provider.host.kernel import Kernel
from provider.impact.kinds import Note
from provider.network.resource import Network
from provider.network.seen import view
from provider.network.xml import render, skeleton
from provider.resource.base import Call, Props
from tests.provider.fakes.basics import written
from tests.provider.fakes.failing_calls import Remote, Wire, changes
from tests.provider.fakes.libvirt import Connection
from tests.provider.fakes.network import Network as FakeNetwork
from tests.provider.network.random_foreign import stays as foreign_stays
from tests.provider.network.random_foreign import strangers

UUID = "77777777-0000-4000-8000-000000000001"
URN = f"urn:pulumi:trop02::trop::{Network.token}::default"
SERVED = ("dhcpHosts", "dhcpRanges")
OPTIONAL = (
    "mode",
    "bridge",
    "mac",
    "stp",
    "delay",
    "ipv6",
    "natPorts",
    "dhcpRanges",
    "dhcpHosts",
    "dns",
    "autostart",
)


@st.composite
def properties(draw: st.DrawFn) -> Props:
    """All properties of a network on one of two subnets."""
    subnet = draw(st.sampled_from(["10.5.0", "10.5.0", "10.5.0", "10.6.0"]))
    mode = draw(st.sampled_from(["nat", "nat", "nat", "route"]))
    numbers = draw(st.lists(st.integers(2, 7), unique=True, max_size=4))
    macs = draw(st.permutations(range(1, 7)))
    names = draw(st.permutations("abcdef"))
    hosts = [
        {"mac": f"52:54:00:00:00:0{macs[i]}", "ip": f"{subnet}.{n}", "name": names[i]}
        for i, n in enumerate(numbers)
    ]
    limits = sorted(draw(st.lists(st.integers(10, 60), unique=True, min_size=2, max_size=4)))
    pairs = [(limits[i], limits[i + 1]) for i in range(0, len(limits) - 1, 2)]
    zones = draw(st.dictionaries(st.sampled_from(["10.5.0.2", "10.5.0.3"]), st.sampled_from(["one", "two"])))
    return {
        "name": "default",
        "mode": mode,
        "bridge": draw(st.sampled_from(["virbr0", "virbr1"])),
        "mac": draw(st.sampled_from(["52:54:00:00:00:aa", "52:54:00:00:00:bb"])),
        "stp": draw(st.booleans()),
        "delay": draw(st.integers(0, 2)),
        "ipv6": draw(st.booleans()),
        "addresses": [f"{subnet}.0/24"],
        "dhcp": {"enabled": True},
        "dhcpRanges": [{"start": f"{subnet}.{a}", "end": f"{subnet}.{b}"} for a, b in pairs],
        "dhcpHosts": hosts,
        "dns": {"hosts": [{"ip": ip, "hostname": name} for ip, name in zones.items()]},
        "autostart": draw(st.booleans()),
        **(
            {"natPorts": {"start": 1024, "end": draw(st.sampled_from([4000, 65535]))}}
            if mode == "nat"
            else {}
        ),
    }


@dataclass
class Case:
    """One network on the fake, and what is declared of it."""

    wanted: Props
    conn: Connection
    wire: Wire
    host: Host
    handler: Network

    @property
    def network(self) -> FakeNetwork:
        return self.conn.networks[0]

    def call(self) -> Call:
        return Call(self.host, URN)

    def xmls(self) -> tuple[str | None, str | None]:
        live, config = self.network.live, self.network.config
        return tuple(None if one is None else written(one) for one in (live, config))  # type: ignore[return-value]

    def read(self, inputs: Props) -> Any:
        return self.handler.read(self.call(), UUID, inputs, inputs)

    def diff(self) -> dict[str, str]:
        found = self.read(self.wanted)
        return dict(self.handler.diff(self.call(), UUID, found.outputs, found.inputs, self.wanted).changes)

    def update(self, preview: bool) -> set[str]:
        """The impacts that it tells of."""
        found, call = self.read(self.wanted), self.call()
        self.wire.begin()
        self.handler.update(call, UUID, found.outputs, found.inputs, self.wanted, preview)
        return {note.impact for note in call.notes if isinstance(note, Note)}

    def changing(self) -> list[str]:
        return [call for call in self.wire.calls if changes(call)]


@st.composite
def cases(draw: st.DrawFn) -> Case:
    live, persistent, wanted = draw(properties()), draw(properties()), draw(properties())
    undeclared = draw(st.sets(st.sampled_from(OPTIONAL)))
    assume("mode" not in undeclared or wanted["mode"] == persistent["mode"] == live["mode"])
    sides = draw(st.sampled_from(["both", "both", "both", "both", "inactive", "transient"]))
    conn, wire = Connection(), Wire()
    defined, runs = (draw(strangers(render(one, skeleton(UUID)))) for one in (persistent, live))
    network = FakeNetwork(conn, defined)
    network.starts_with_host = int(persistent["autostart"]) if sides != "transient" else 0
    if sides != "inactive":
        network.live = etree.fromstring(runs.encode())
    if sides == "transient":
        network.config = None
    conn.networks.append(network)
    host = Host("test:///fake", opener=lambda _uri: Remote(wire, conn))
    declared = {key: value for key, value in wanted.items() if key not in undeclared}
    case = Case(declared, conn, wire, host, Network(look=lambda _uri: Kernel()))
    assume(not case.handler.check(case.call(), {}, declared).failures)
    return case


def ends_as_wanted(case: Case) -> None:
    """The update of a case, from every side.  What is refused must have changed nothing."""
    before = case.xmls()
    try:
        told = case.update(preview=True)
    except OperatorError:
        assert case.xmls() == before
        assume(False)
        return
    assert case.changing() == []
    assert case.xmls() == before
    assert told <= {"live", "next boot"}
    assert case.update(preview=False) == told
    assert case.diff() == {}
    _both_sides(case, before)
    case.update(preview=False)
    assert case.changing() == []


def _both_sides(case: Case, before: tuple[str | None, str | None]) -> None:
    for old, new in zip((before[0], before[1] or before[0]), case.xmls(), strict=True):
        if old is not None and new is not None:
            foreign_stays(etree.fromstring(old), etree.fromstring(new), case.wanted)
    live_before, persistent_before = (None if xml is None else view(xml) for xml in before)
    live, persistent = (view(xml or "") for xml in case.xmls())
    for key in set(case.wanted) - {"autostart", "dhcp", "dns"}:
        assert same(persistent[key], case.wanted[key]), key
    old = persistent_before or live_before or {}
    kept = set(OPTIONAL) - set(case.wanted) - {"autostart"}
    if persistent["mode"] != old["mode"]:
        kept -= {"natPorts"}  # a network that is not nat has none
    if persistent["addresses"] != old["addresses"]:
        kept -= set(SERVED)  # they lie in the subnet
    for key in kept:
        assert same(persistent.get(key), old.get(key)), f"{key} is not declared, and was changed"
    assert case.network.autostart() == int(case.wanted.get("autostart", case.network.starts_with_host))
    if live_before is None:
        return
    stays = live_before["addresses"] == case.wanted["addresses"]
    for key in set(OPTIONAL) - {"autostart", "dns"}:
        expected: Any = live_before.get(key)
        if key in SERVED and key in case.wanted and stays:
            expected = case.wanted[key]
        assert same(live.get(key), expected), f"{key} of the running network"
    if "dns" in case.wanted:
        assert names(live) == names(persistent) == names(case.wanted)


def names(props: Props) -> set[tuple[str, str]]:
    return {(host["ip"], host["hostname"]) for host in props["dns"]["hosts"]}


def same(one: Any, other: Any) -> bool:
    order: Callable[[Any], Any] = lambda v: sorted(v, key=repr) if isinstance(v, list) else v  # noqa: E731
    return bool(order(one) == order(other))

"""What a running network can't take: staged, shown as waiting, and done by a restart where that is allowed."""

from __future__ import annotations

from typing import Any

import pytest
from lxml import etree

from provider.errors import OperatorError
from provider.network.replug import aside_name
from provider.resource.base import Props
from tests.provider.fakes import typed
from tests.provider.fakes.basics import error, written
from tests.provider.fakes.libvirt import Connection, Domain
from tests.provider.fakes.network import Network
from tests.provider.fakes.storage_world import DEFAULT, HANDLERS, World, sample

ALLOWED = "default=network outage"


@pytest.fixture
def made() -> tuple[World, str, Any]:
    world = World()
    id, _ = world.create("Network", "default", DEFAULT)
    return world, id, world.conn.networks[0]


@pytest.fixture
def guest(made: tuple[World, str, Any]) -> Domain:
    """A running guest that no stack declares, with its tap on the network's bridge."""
    world, id, _ = made
    world.conn.domains = [Domain(sample("domain-overlay-live.xml"), None, world.conn)]
    world.update("Network", id, DEFAULT, DEFAULT)
    return world.conn.domains[0]


def told(world: World, id: str, new: Props, old: Props = DEFAULT, preview: bool = False) -> list[str]:
    call = world.call("Network", "x")
    HANDLERS["Network"].update(call, id, old, old, new, preview)
    return [str(note) for note in call.notes]


STAGED: list[tuple[Props, str]] = [
    ({"stp": True}, "stp: off -> on"),
    ({"delay": 3}, "delay: 0 -> 3"),
    ({"natPorts": {"start": 2000, "end": 65535}}, "natPorts.start: 1024 -> 2000"),
    ({"mac": "52:54:00:02:02:02"}, "mac: 52:54:00:02:02:01 -> 52:54:00:02:02:02"),
    ({"ipv6": False}, "ipv6: on -> off"),
    ({"mtu": 1400}, "mtu: none -> 1400"),
    ({"domain": "lab.example"}, "domain: none -> lab.example"),
    ({"mode": "open", "natPorts": None}, "mode: nat -> open"),
    ({"bridge": "virbr7"}, "bridge: virbr0 -> virbr7"),
    ({"dns": {"enabled": False}}, "dns.enabled: on -> off"),
    ({"addresses": ["10.9.0.0/24"], "dhcpRanges": [], "dhcpHosts": []}, "addresses[0]: 192.168.202.0/24"),
]


@pytest.mark.parametrize(("change", "said"), STAGED)
def test_what_a_running_network_cannot_take_is_staged_and_waits(
    made: tuple[World, str, Any], change: Props, said: str
) -> None:
    world, id, network = made
    new = {key: value for key, value in {**DEFAULT, **change}.items() if value is not None}
    before, running = world.everything(), written(network.live)
    expected = told(world, id, new, preview=True)
    assert world.everything() == before
    assert told(world, id, new) == expected
    assert written(network.live) == running
    assert world.conn.networks == [network]
    assert network.log == []
    first = next(line for line in expected if said in line)
    assert first.startswith("impact next boot: ")
    assert "waits for the network's restart" in first
    assert "--allow" in first
    found = world.read("Network", id, new)
    assert found.inputs == new
    assert {path.split(".")[0] for path in change} & set(found.outputs["pendingRestart"])
    assert world.drift("Network", id, new) == {}


@pytest.mark.parametrize(("change", "said"), STAGED)
def test_a_restart_that_is_allowed_gives_the_network_all_that_waits(
    made: tuple[World, str, Any], guest: Domain, monkeypatch: pytest.MonkeyPatch, change: Props, said: str
) -> None:
    world, id, network = made
    new = {key: value for key, value in {**DEFAULT, **change}.items() if value is not None}
    waits = told(world, id, new, preview=True)
    monkeypatch.setenv("LIBVIRT_ALLOW", typed.allow(*waits))
    foretold = told(world, id, new, preview=True)
    assert any("the network is restarted: guest Acilamwen is cut off" in line for line in foretold)
    notes = told(world, id, new)
    assert any(line.startswith("impact network outage: ") and said in line for line in notes)
    assert notes[-1].startswith(
        "impact network outage: the network was restarted: guest Acilamwen was cut off"
    )
    found = world.read("Network", id, new)
    assert (found.id, found.inputs) == (id, new)
    assert found.outputs.get("mac", "").lower() == new["mac"]
    assert "pendingRestart" not in found.outputs
    assert world.drift("Network", id, new) == {}
    assert world.conn.networks == [network]
    assert told(world, id, new, new) == []


def test_a_change_of_the_mac_says_what_guests_miss(
    made: tuple[World, str, Any], guest: Domain, monkeypatch: pytest.MonkeyPatch
) -> None:
    world, id, _ = made
    monkeypatch.setenv("LIBVIRT_ALLOW", ALLOWED)
    new = {**DEFAULT, "mac": "52:54:00:02:02:02"}
    for preview in (True, False):
        assert "up to 20 s more" in told(world, id, new, preview=preview)[-1]


def test_what_was_staged_before_is_had_by_an_up_that_is_allowed(
    made: tuple[World, str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    world, id, network = made
    new = {**DEFAULT, "stp": True}
    told(world, id, new)
    assert world.drift("Network", id, new) == {}
    monkeypatch.setenv("LIBVIRT_ALLOW", ALLOWED)
    assert world.drift("Network", id, new) == {"pendingRestart": "delete"}
    assert told(world, id, new, new)[0].startswith(
        "impact network outage: stp: waits for the network's restart, which is now"
    )
    assert network.live.find("bridge").get("stp") == "on"


def test_nothing_is_restarted_that_nothing_waits_for(
    made: tuple[World, str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    world, id, network = made
    monkeypatch.setenv("LIBVIRT_ALLOW", ALLOWED)
    monkeypatch.setattr(network, "destroy", lambda: pytest.fail("it was stopped"))
    told(world, id, {**DEFAULT, "dhcpHosts": [], "autostart": False})


def test_a_network_that_does_not_start_with_its_new_definition_runs_with_the_old_one(
    made: tuple[World, str, Any], guest: Domain, monkeypatch: pytest.MonkeyPatch
) -> None:
    world, id, network = made
    monkeypatch.setenv("LIBVIRT_ALLOW", ALLOWED)
    create = network.create

    def only_without_stp() -> int:
        if network.config.find("bridge").get("stp") == "on":
            raise error(1, "internal error: no")
        return create()

    monkeypatch.setattr(network, "create", only_without_stp)
    with pytest.raises(OperatorError, match=r"runs with the old one again, after .*: internal error: no"):
        told(world, id, {**DEFAULT, "stp": True})
    assert network.isActive()
    assert world.drift("Network", id, DEFAULT) == {}


def test_guests_that_a_killed_restart_left_aside_are_shown_and_brought_back(
    made: tuple[World, str, Any], guest: Domain
) -> None:
    world, id, network = made
    aside = world.conn.networkCreateXML(
        f"<network><name>{aside_name(network)}</name><bridge stp='off'/></network>"
    )
    guest.updateDeviceFlags(on(guest, aside.name()), 1)
    assert world.drift("Network", id, DEFAULT) == {"unplugged": "update", "leftOver": "delete"}
    told(world, id, DEFAULT)
    assert world.drift("Network", id, DEFAULT) == {}
    assert world.conn.networks == [network]


def test_an_empty_network_that_was_left_is_shown_and_removed(made: tuple[World, str, Any]) -> None:
    world, id, network = made
    world.conn.networkCreateXML(f"<network><name>{aside_name(network)}</name></network>")
    assert world.drift("Network", id, DEFAULT) == {"leftOver": "delete"}
    told(world, id, DEFAULT)
    assert world.conn.networks == [network]


def test_a_guest_that_fails_is_named_and_the_others_are_plugged_in(
    made: tuple[World, str, Any], guest: Domain, monkeypatch: pytest.MonkeyPatch
) -> None:
    world, id, _ = made
    xml = sample("domain-overlay-live.xml").replace("Acilamwen", "Other")
    mac = etree.fromstring(on(guest, "default")).find("mac").get("address")
    other = Domain(xml.replace(mac, "52:54:00:02:02:0e"), None, world.conn)
    world.conn.domains.append(other)
    told(world, id, DEFAULT)

    def broken(xml: str, flags: int = 0) -> int:
        raise error(38, "Unable to read from monitor")

    monkeypatch.setattr(guest, "updateDeviceFlags", broken)
    monkeypatch.setenv("LIBVIRT_ALLOW", ALLOWED)
    with pytest.raises(OperatorError, match="but Acilamwen could not be plugged in again: Unable to read"):
        told(world, id, {**DEFAULT, "stp": True})
    assert world.read("Network", id, DEFAULT).outputs["unplugged"] == ["Acilamwen"]


def test_an_edit_that_a_restart_would_bring_is_listed(made: tuple[World, str, Any]) -> None:
    world, id, network = made
    network.config.append(etree.fromstring("<bandwidth><inbound average='100'/></bandwidth>"))
    network.config.find("bridge").set("delay", "2")
    less = {key: value for key, value in DEFAULT.items() if key != "delay"}
    found = world.read("Network", id, less)
    assert found.outputs["pendingRestart"] == ["delay", "xml"]
    assert world.drift("Network", id, less) == {}


def on(guest: Domain, network: str) -> str:
    nic = etree.fromstring(guest.XMLDesc().encode()).find("devices/interface/source[@network='default']/..")
    nic.find("source").attrib.clear()
    nic.find("source").set("network", network)
    return written(nic)


class Killed(BaseException):
    """The end of the program, wherever it is."""


@pytest.mark.parametrize("done_before", [True, False])
def test_a_restart_that_is_killed_at_any_call_is_mended_by_the_next_update(
    monkeypatch: pytest.MonkeyPatch, done_before: bool
) -> None:
    """After each of its calls, and before each: then the call was never made."""
    new, ended = {**DEFAULT, "stp": True}, False
    number = 0
    while not ended:
        world = World()
        id, _ = world.create("Network", "default", DEFAULT)
        world.conn.domains = [Domain(sample("domain-overlay-live.xml"), None, world.conn)]
        world.update("Network", id, DEFAULT, DEFAULT)
        with monkeypatch.context() as patched:
            patched.setenv("LIBVIRT_ALLOW", ALLOWED)
            die_at(number, done_before, patched)
            try:
                told(world, id, new)
                ended = True
            except Killed:
                number += 1
        told(world, id, new)
        assert world.drift("Network", id, new) == {}
        assert [network.name() for network in world.conn.networks] == ["default"]
        assert "source network='default'" in world.conn.domains[0].XMLDesc().replace('"', "'")
    assert number == 8


def die_at(number: int, done_before: bool, patched: pytest.MonkeyPatch) -> None:
    made = []

    def dying(call: Any) -> Any:
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            made.append(call)
            mine = len(made) == number + 1
            if mine and not done_before:
                raise Killed
            result = call(*args, **kwargs)
            if mine:
                raise Killed
            return result

        return wrapped

    for kind, name in (
        (Connection, "networkDefineXML"),
        (Connection, "networkCreateXML"),
        (Network, "destroy"),
        (Network, "create"),
        (Domain, "updateDeviceFlags"),
    ):
        patched.setattr(kind, name, dying(getattr(kind, name)))

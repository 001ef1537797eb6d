"""A restart that fails all the same: what was done is told, nobody is left behind, and nothing is called unchanged."""

from __future__ import annotations

import re
from typing import Any

import pytest

from provider.errors import OperatorError, Unfinished
from provider.network.replug import aside_name
from provider.resource.base import Props
from tests.provider.fakes.basics import error, written
from tests.provider.fakes.libvirt import Domain
from tests.provider.fakes.storage_world import BRIDGED, DEFAULT, HANDLERS, World, sample

NEW = {**DEFAULT, "natPorts": {"start": 2000, "end": 65535}}
Made = tuple[World, str, Any]
pytestmark = pytest.mark.reports("H7")


@pytest.fixture
def guest(made: Made, monkeypatch: pytest.MonkeyPatch) -> Domain:
    world, id, _ = made
    world.conn.domains = [Domain(sample("domain-overlay-live.xml"), None, world.conn)]
    world.update("Network", id, DEFAULT, DEFAULT)
    monkeypatch.setenv("LIBVIRT_ALLOW", "default=network outage")
    return world.conn.domains[0]


def up(world: World, id: str, new: Props = NEW) -> list[str]:
    call = world.call("Network", "x")
    HANDLERS["Network"].update(call, id, DEFAULT, DEFAULT, new, False)
    return [str(note) for note in call.notes]


def fails(network: Any, monkeypatch: pytest.MonkeyPatch, times: int) -> None:
    """Its next starts."""
    left, create = [times], network.create

    def failing() -> int:
        if left[0]:
            left[0] -= 1
            raise error(1, "internal error: dnsmasq: no")
        return int(create())

    monkeypatch.setattr(network, "create", failing)


def test_with_the_former_definition_again_everybody_is_plugged_in_and_the_line_says_since_when_they_were_not(
    made: Made, guest: Domain, monkeypatch: pytest.MonkeyPatch
) -> None:
    world, id, network = made
    before = written(network.config)
    fails(network, monkeypatch, 1)
    with pytest.raises(Unfinished) as told:
        up(world, id)
    assert re.fullmatch(
        r"network default: it could not be started with its new definition, so it runs with the old one again, after "
        r"\d\.\d\d s: internal error: dnsmasq: no; stopped at 20\d\d-\d\d-\d\d \d\d:\d\d:\d\d; guest Acilamwen cut off "
        r"meanwhile",
        str(told.value),
    )
    assert network.isActive()
    assert written(network.config) == before
    assert world.conn.networks == [network]
    assert world.drift("Network", id, DEFAULT) == {}


def test_that_does_not_start_at_all_it_says_that_it_is_down_who_is_cut_off_since_when_and_how_to_go_on(
    made: Made, guest: Domain, monkeypatch: pytest.MonkeyPatch
) -> None:
    world, id, network = made
    before = written(network.config)
    fails(network, monkeypatch, 2)
    with pytest.raises(Unfinished) as told:
        up(world, id)
    assert re.fullmatch(
        r"network default does not run since 20\d\d-\d\d-\d\d \d\d:\d\d:\d\d: it was stopped to be restarted, and does "
        r"not start with its new definition: internal error: dnsmasq: no; nor with its former one; guest Acilamwen cut "
        r"off since then; when what keeps it from starting is gone, the next update starts it and plugs them in again",
        str(told.value),
    )
    assert "not changed" not in str(told.value)
    assert world.conn.networks == [network], "no empty network is left"
    assert written(network.config) == before
    notes = up(world, id)
    assert network.isActive()
    assert any("natPorts" in line for line in notes)
    assert world.drift("Network", id, NEW) == {}


def test_what_was_staged_by_hand_before_is_still_there(
    made: Made, guest: Domain, monkeypatch: pytest.MonkeyPatch
) -> None:
    world, id, network = made
    network.config.find("bridge").set("zone", "trusted")
    fails(network, monkeypatch, 1)
    with pytest.raises(Unfinished):
        up(world, id)
    assert network.config.find("bridge").get("zone") == "trusted"
    assert network.live.find("bridge").get("zone") is None


def test_a_guest_that_can_not_be_plugged_in_again_is_named_with_since_when(
    made: Made, guest: Domain, monkeypatch: pytest.MonkeyPatch
) -> None:
    world, id, network = made

    def broken(xml: str, flags: int = 0) -> int:
        raise error(38, "Unable to read from monitor")

    monkeypatch.setattr(guest, "updateDeviceFlags", broken)
    with pytest.raises(
        Unfinished, match=r"Acilamwen could not be plugged in again: .*; they are cut off since 20\d\d-"
    ):
        up(world, id)
    assert world.conn.networks == [network], "no empty network is left"


def test_a_bridge_of_the_host_keeps_its_guests_so_nobody_is_called_cut_off(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    id, _ = world.create("Network", "bridged", BRIDGED)
    network = world.conn.networks[0]
    network.config.append(network.config.makeelement("portgroup", {"name": "one"}))
    monkeypatch.setenv("LIBVIRT_ALLOW", "bridged=network outage")
    fails(network, monkeypatch, 2)
    with pytest.raises(Unfinished, match="no guest is cut off by that"):
        HANDLERS["Network"].update(world.call("Network", "x"), id, BRIDGED, BRIDGED, BRIDGED, False)


@pytest.mark.parametrize(
    ("change", "failing", "said"),
    [
        (
            {"dhcpHosts": DEFAULT["dhcpHosts"][2:]},
            ("update", 1),
            "network default: internal error: no; done before it: a reservation removed",
        ),
        ({"stp": True, "autostart": False}, ("setAutostart", 0), "done before it: its definition"),
    ],
)
def test_an_update_whose_later_step_fails_names_what_was_done_before(
    made: Made, monkeypatch: pytest.MonkeyPatch, change: Props, failing: tuple[str, int], said: str
) -> None:
    world, id, network = made
    name, good = failing
    call, made_calls = getattr(network, name), []

    def some(*args: Any) -> Any:
        made_calls.append(args)
        if len(made_calls) > good:
            raise error(1, "internal error: no")
        return call(*args)

    monkeypatch.setattr(network, name, some)
    with pytest.raises(Unfinished) as told:
        up(world, id, {**DEFAULT, **change})
    assert said in str(told.value)


def test_an_update_whose_first_step_fails_has_changed_nothing_and_is_libvirts_own_error(
    made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    world, id, network = made
    monkeypatch.setattr(network, "update", lambda *_: (_ for _ in ()).throw(error(1, "internal error: no")))
    with pytest.raises(Exception, match="internal error: no") as told:
        up(world, id, {**DEFAULT, "dhcpHosts": []})
    assert not isinstance(told.value, OperatorError)


def test_what_a_failed_start_leaves_is_told(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    world, id, network = made
    network.destroy()
    fails(network, monkeypatch, 1)
    with pytest.raises(Unfinished, match="dnsmasq: no; done before it: its definition"):
        up(world, id)
    assert aside_name(network) not in [one.name() for one in world.conn.networks]

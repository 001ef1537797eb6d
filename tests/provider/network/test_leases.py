"""Who has the addresses that are reserved: a plan is told as one, and what is there beside it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from provider.host.kernel import Kernel
from provider.resource.base import Props
from tests.provider.fakes import typed
from tests.provider.fakes.basics import error
from tests.provider.fakes.libvirt import Domain
from tests.provider.fakes.storage_world import DEFAULT, HANDLERS, World, sample

Made = tuple[World, str, Any]
STRANGER, NOVA = "52:54:00:aa:bb:cc", "52:54:00:02:02:10"
SLOT = {"mac": NOVA, "ip": "192.168.202.16", "name": "Nova"}
NEW = {**DEFAULT, "dhcpHosts": [*DEFAULT["dhcpHosts"], SLOT]}
LATER = time.time() + 3600
UNTIL = time.strftime("until %Y-%m-%d %H:%M", time.localtime(int(LATER)))


def lease(mac: str, address: str, expires: float = LATER) -> dict[str, Any]:
    return {"mac": mac, "ipaddr": address, "expirytime": int(expires), "hostname": None}


def told(world: World, id: str, new: Props = NEW, old: Props = DEFAULT, preview: bool = True) -> list[str]:
    """The lines that are no change."""
    call = world.call("Network", "x")
    HANDLERS["Network"].update(call, id, old, old, new, preview)
    return [note for note in call.notes if isinstance(note, str)]


@pytest.mark.reports("H4")
@pytest.mark.parametrize("preview", [True, False])
def test_an_address_that_a_stranger_has_leased_is_told_with_who_and_until_when(
    made: Made, preview: bool
) -> None:
    world, id, network = made
    network.leases = [lease(STRANGER.upper(), "192.168.202.16"), lease("52:54:00:02:02:08", "192.168.202.8")]
    xml = (
        sample("domain-overlay-live.xml")
        .replace("Acilamwen", "stranger")
        .replace("52:54:00:02:02:0f", STRANGER)
    )
    world.conn.domains = [Domain(xml.replace("52:54:00:02:02:0F", STRANGER), None, world.conn)]
    assert told(world, id, preview=preview) == [
        f"network default: 192.168.202.16 is leased to {STRANGER} (VM stranger) {UNTIL}; Nova gets it only after that"
    ]


@pytest.mark.reports("H4")
def test_a_lease_that_has_run_out_and_one_of_the_slot_itself_are_nothing_to_tell(made: Made) -> None:
    world, id, network = made
    network.leases = [lease(STRANGER, "192.168.202.16", time.time() - 1), lease(NOVA, "192.168.202.16")]
    assert told(world, id) == []


@pytest.mark.reports("H4")
def test_a_slot_whose_address_changes_while_its_vm_has_a_lease_is_told_with_what_the_vm_has(
    made: Made,
) -> None:
    world, id, network = made
    mac = "52:54:00:02:02:08"
    network.leases = [lease(mac, "192.168.202.8", 0)]
    moved = [{**DEFAULT["dhcpHosts"][0], "ip": "192.168.202.99"}, *DEFAULT["dhcpHosts"][1:]]
    assert told(world, id, {**DEFAULT, "dhcpHosts": moved}) == [
        f"network default: {mac} has 192.168.202.8 for ever; it gets 192.168.202.99 when it asks anew"
    ]


@pytest.mark.reports("H4")
def test_an_address_that_somebody_has_without_a_lease_is_told(
    made: Made, kernel: Callable[[Kernel | None], None]
) -> None:
    world, id, _ = made
    kernel(Kernel(neighbours={"192.168.202.16": STRANGER, "192.168.202.8": STRANGER}))
    assert told(world, id) == [
        f"network default: 192.168.202.16 is {STRANGER}'s, which has it without a lease; Nova would be a second"
    ]


@pytest.mark.reports("H4", "H9")
def test_leases_that_can_not_be_had_are_told_and_nothing_is_refused(
    made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    world, id, network = made

    def broken() -> list[Any]:
        raise error(1, "internal error: invalid json in file")

    monkeypatch.setattr(network, "DHCPLeases", broken)
    assert "whether somebody else has a reserved address is not known" in told(world, id)[0]
    assert world.read("Network", id, DEFAULT).outputs["otherLeases"] == {}


@pytest.mark.reports("H4", "W5")
def test_the_outputs_have_what_a_vm_has_beside_what_is_planned(made: Made) -> None:
    world, id, network = made
    network.leases = [
        lease("52:54:00:02:02:08", "192.168.202.25"),
        lease("52:54:00:02:02:09", "192.168.202.9"),
        lease("52:54:00:02:02:0a", "192.168.122.57"),
        lease("52:54:00:02:02:0a", "192.168.202.10", time.time() + 1),
        lease("52:54:00:02:02:0b", "192.168.202.77", time.time() - 1),
        lease(STRANGER, "192.168.202.11"),
    ]
    outputs = world.read("Network", id, DEFAULT).outputs
    assert outputs["otherLeases"] == {"52:54:00:02:02:08": "192.168.202.25"}
    network.leases = []
    assert world.update("Network", id, DEFAULT, DEFAULT)["otherLeases"] == {}


DEBIANS = {
    **DEFAULT,
    "addresses": ["192.168.122.0/24"],
    "dhcpRanges": [{"start": "192.168.122.2", "end": "192.168.122.254"}],
    "dhcpHosts": [],
}
HOW = '--allow "default=network outage" (with the Pulumi CLI: "LIBVIRT_ALLOW=default=network outage")'
WAITS = (
    "restart: until then guests, new ones too, are given addresses of 192.168.122.0/24, and no planned one of "
    f"192.168.202.0/24; to have it now: {HOW}"
)


@pytest.fixture
def debians(world: World) -> Made:
    """A network that is to move to another subnet, and runs."""
    id, _ = world.create("Network", "default", DEBIANS)
    return world, id, world.conn.networks[0]


@pytest.mark.reports("W5")
def test_a_subnet_that_waits_says_that_no_guest_gets_a_planned_address_before_the_restart(
    debians: Made,
) -> None:
    world, id, _ = debians
    call = world.call("Network", "x")
    HANDLERS["Network"].update(call, id, DEBIANS, DEBIANS, DEFAULT, True)
    said = "impact next boot: addresses[0]: 192.168.122.0/24 -> 192.168.202.0/24 waits for the network's "
    assert f"{said}{WAITS}" in [str(note) for note in call.notes]


@pytest.mark.reports("W5")
def test_as_long_as_it_waits_each_look_says_so_and_how_to_have_it(
    debians: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    world, id, network = debians
    network.leases = [lease("52:54:00:02:02:0a", "192.168.122.57")]
    world.update("Network", id, DEBIANS, DEFAULT)
    call = world.call("Network", "x")
    found = HANDLERS["Network"].read(call, id, DEFAULT, DEFAULT)
    assert call.notes == [f"network default: its subnet waits for its {WAITS}"]
    assert found is not None
    assert found.outputs["otherLeases"] == {"52:54:00:02:02:0a": "192.168.122.57"}
    assert world.drift("Network", id, DEFAULT) == {}
    monkeypatch.setenv("LIBVIRT_ALLOW", typed.allow(*call.notes))
    call.notes.clear()
    HANDLERS["Network"].update(world.call("Network", "x"), id, found.outputs, found.inputs, DEFAULT, False)
    HANDLERS["Network"].read(call, id, DEFAULT, DEFAULT)
    assert call.notes == []


@pytest.mark.reports("W5")
@pytest.mark.parametrize("preview", [True, False])
def test_a_restart_with_another_subnet_promises_no_second_and_says_how_guests_come_back(
    debians: Made, monkeypatch: pytest.MonkeyPatch, preview: bool
) -> None:
    world, id, _ = debians
    world.conn.domains = [Domain(sample("domain-overlay-live.xml"), None, world.conn)]
    monkeypatch.setenv("LIBVIRT_ALLOW", "default=network outage")
    call = world.call("Network", "x")
    HANDLERS["Network"].update(call, id, DEBIANS, DEBIANS, DEFAULT, preview)
    line = str(call.notes[-1])
    assert "until each asks for an address anew: they keep those of 192.168.122.0/24" in line
    assert "virsh domif-setlink DOMAIN MAC down, 6 s later up" in line
    assert "1.3 s" not in line

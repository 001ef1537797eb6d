"""A look that only checks something beforehand may fail with any code: it is told, and the result is the same.

Which calls are such looks is seen by where they are made: within `optional.look`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import libvirt
import pytest

from provider.connection import errors
from provider.host import optional
from provider.protocol import wire
from tests.faults.page import assert_is_on_the_page
from tests.provider.fakes import domain_world, failing_steps
from tests.provider.fakes.basics import error
from tests.provider.fakes.domain_connection import Pool as FakePool
from tests.provider.fakes.failing_calls import FAULT, Life, Told, changes
from tests.provider.fakes.failing_steps import STEPS, Step

RPC = libvirt.VIR_FROM_RPC
# From drivers and daemons as they are met: libvirt 7.0 with netcf, modular daemons, an older daemon, the test driver.
REFUSALS = {
    "internal error": (1, "internal error: couldn't find interface named 'br0': required entry missing", 18),
    "no support": (3, "this function is not supported by the connection driver: virInterfaceLookupByName", 0),
    "unknown to an older daemon": (3, "unknown procedure: 412", RPC),
    "no connection driver": (5, "no connection driver available for interface:///system", 0),
    "daemon not there": (
        38,
        "Failed to connect socket to '/run/libvirt/virtinterfaced-sock': No such file or directory",
        RPC,
    ),
    "unsupported": (84, "Operation not supported: not by this driver", 10),
    "access denied": (88, "access denied", 52),
}


class Inside:
    """Which calls of a life are made within an optional look, by their numbers."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.calls: dict[int, str] = {}
        self._look = optional.look
        self.life: Life | None = None
        monkeypatch.setattr(optional, "look", self._watched)

    def _watched(self, tell: Any, what: str, ask: Callable[[], Any], *rest: Any) -> Any:
        if self.life is None:
            return self._look(tell, what, ask, *rest)
        made = self.life.wire.calls
        began = len(made)
        found = self._look(tell, what, ask, *rest)
        self.calls |= {number: made[number] for number in range(began, len(made))}
        return found


@pytest.fixture
def inside(monkeypatch: pytest.MonkeyPatch) -> Inside:
    return Inside(monkeypatch)


def looks(step: Step, inside: Inside) -> dict[int, str]:
    """The optional looks of a step that nothing disturbs, the first and the last of each kind."""
    inside.life = None
    life = inside.life = step.prepare()
    inside.calls.clear()
    life.wire.begin()
    step.act(life)
    kinds: dict[str, list[int]] = {}
    for number, call in inside.calls.items():
        kinds.setdefault(call, []).append(number)
    return {number: call for call, numbers in kinds.items() for number in (numbers[0], numbers[-1])}


def acted(step: Step, inside: Inside, number: int, raised: Exception | None) -> Life:
    inside.life = None
    life = inside.life = step.prepare()
    life.told.clear()
    life.wire.begin(number, raised=raised)
    step.act(life)
    return life


def result(life: Life) -> tuple[Any, ...]:
    """What the engine has of it, and what is on the host; who the host is has tests of its own."""
    conn = life.conn
    outputs = {k: v for k, v in wire.load(life.outputs)[0].items() if k not in ("hostUuid", "hostName")}
    domains = conn.domains.values() if isinstance(conn.domains, dict) else conn.domains
    things = [*getattr(conn, "networks", ()), *getattr(conn, "pools", ()), *domains]
    return (
        life.id,
        outputs,
        [each if isinstance(each, str) else each.XMLDesc() for each in things],
        sorted(getattr(conn, "files", ())),
    )


@pytest.mark.parametrize("refusal", REFUSALS)
@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.title)
def test_a_look_that_fails_is_told_and_the_result_is_the_same(
    step: Step, refusal: str, inside: Inside
) -> None:
    code, said, domain = REFUSALS[refusal]
    calls = looks(step, inside)
    undisturbed = result(acted(step, inside, -1, None))
    for number, call in calls.items():
        life = acted(step, inside, number, error(code, said, domain))
        assert life.wire.failed == call
        assert result(life) == undisturbed, call
        assert [line for line in life.told if "could not be looked at" in line and said in line], call
        assert step.holds(life), call


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.title)
def test_a_connection_that_is_lost_under_a_look_is_lost(step: Step, inside: Inside) -> None:
    for number in looks(step, inside):
        with pytest.raises(Told, match="the connection to libvirt at test:///fake was lost"):
            acted(step, inside, number, error(38, FAULT))


def test_all_looks_are_among_them(inside: Inside) -> None:
    made = {call for step in STEPS for call in looks(step, inside).values()}
    assert not [call for call in made if changes(call)]
    assert made >= {
        "Connection.interfaceLookupByName", "Connection.listAllNetworks", "Connection.getCapabilities",
        "Connection.getDomainCapabilities",
        "Connection.getHostname", "Network.listAllPorts", "Network.XMLDesc", "Pool.XMLDesc",
        "Connection.networkLookupByName", "Connection.listAllDomains", "Domain.XMLDesc", "Network.isActive",
    }  # fmt: skip


@pytest.mark.parametrize("refusal", REFUSALS)
def test_a_bridge_that_the_interface_driver_does_not_know_is_taken_as_there(refusal: str) -> None:
    code, said, domain = REFUSALS[refusal]
    life = failing_steps.bridged()
    life.conn.interfaceLookupByName = fails(error(code, said, domain))
    assert life.apply()
    assert not life.apply()
    assert any(said in line for line in life.told)
    if refusal == "internal error":
        assert_is_on_the_page("\n".join(life.told))


@pytest.mark.parametrize("refusal", REFUSALS)
def test_a_pool_of_somebody_elses_that_cannot_be_refreshed_keeps_no_disk_from_being_found(
    refusal: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    code, said, domain = REFUSALS[refusal]
    world = domain_world.World()
    theirs, ours = FakePool(world.conn), FakePool(world.conn)
    theirs.refresh = fails(error(code, said, domain))  # type: ignore[method-assign]
    monkeypatch.setattr(world.conn, "listAllStoragePools", lambda: [theirs, ours])
    disk = world.conn.add_volume("/libvirt/storage/live/new.qcow", known=False)
    vm = world.made("Acilamwen", disks=[{"volumeId": disk}])
    assert disk in vm.fake.XMLDesc()
    (line,) = vm.call.notes
    assert (
        str(line)
        == f"storage pool live could not be looked at, so whether {disk} is in it is not known: {said}"
    )


@pytest.mark.parametrize("refusal", REFUSALS)
def test_a_host_that_does_not_say_what_it_can_run_gets_a_domain_that_runs_everywhere(refusal: str) -> None:
    code, said, domain = REFUSALS[refusal]
    world = domain_world.World()
    world.conn.getCapabilities = fails(error(code, said, domain))  # type: ignore[method-assign]
    inputs = {key: value for key, value in domain_world.declared().items() if key != "type"}
    call = world.call(world.domains, "Acilamwen")
    _, outputs = world.domains.create(call, inputs, False)
    assert outputs["type"] == "qemu"
    (line,) = call.notes
    assert "made as qemu, which runs everywhere and is slow: " + said in str(line)


def fails(raised: Exception) -> Any:
    def call(*_: Any) -> Any:
        raise raised

    return call


@pytest.mark.parametrize("refusal", REFUSALS)
def test_what_another_driver_refuses_is_no_lost_connection(refusal: str) -> None:
    code, said, domain = REFUSALS[refusal]
    assert errors.lost(error(code, said, domain)) is None


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (1, "internal error: client socket is closed"),
        (1, "internal error: connection closed due to keepalive timeout"),
        (38, "Cannot recv data: Connection reset by peer"),
    ],
)
def test_what_the_wire_says_is_a_lost_connection(code: int, said: str) -> None:
    assert errors.lost(error(code, said, RPC)) is not None

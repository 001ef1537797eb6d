"""Every libvirt call of a step is made to fail once: the line says whose step it was, and the next run ends well.

It fails in both ways: libvirt has not done it, and libvirt has done it but its answer is lost.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

import pytest

from provider.resources.base import Props
from provider.resources.domain import Domain
from provider.resources.interface import Interface
from provider.resources.network import Network
from provider.resources.volume import Volume
from tests.provider import domain_world, storage_world
from tests.provider.failing_calls import FAULT, Life, Told, changes
from tests.provider.test_storage import qcow2_head

MAC, FLOAT1, FLOAT2 = "52:54:00:02:02:0f", "52:54:00:00:01:00", "52:54:00:00:01:01"


@dataclass(frozen=True)
class Step:
    """``prepare`` makes a life and brings it to where the step begins; ``act`` is the step, and may be repeated."""

    title: str
    prepare: Callable[[], Life]
    act: Callable[[Life], object]
    gone: bool = False  # the step deletes it
    holds: Callable[[Life], bool] = lambda _life: True  # once it has ended well


def network(**inputs: Any) -> Callable[[], Life]:
    """A network as declared first; then declared with ``inputs``, which the step is to apply."""

    def prepare() -> Life:
        world = storage_world.World()
        life = Life(world.conn, Network(), "trop02-default", dict(storage_world.DEFAULT))
        if inputs:
            life.apply()
            life.inputs = {**life.inputs, **inputs}
        return life

    return prepare


def volume(**inputs: Any) -> Callable[[], Life]:
    def prepare() -> Life:
        world = storage_world.World().with_base()
        for pool in world.conn.pools:
            _makes_blank_files(pool)
        declared: Props = {
            "name": "Acilamwen.qcow",
            "pool": "live",
            "format": "qcow2",
            "baseVolumeId": storage_world.BASE,
        }
        life = Life(world.conn, Volume(), "Acilamwen", declared)
        if inputs:
            life.apply()
        return life

    return prepare


def _makes_blank_files(pool: Any) -> None:
    """As libvirt does: what a qcow2 file that nobody has written to begins with."""
    create = pool.createXML

    def made(xml: str, flags: int = 0) -> Any:
        volume = create(xml, flags)
        volume.data = qcow2_head()
        return volume

    pool.createXML = made


def domain(**inputs: Any) -> Callable[[], Life]:
    def prepare() -> Life:
        world = domain_world.World()
        world.conn.add_volume(f"{domain_world.POOL}/data.qcow")
        life = Life(world.conn, Domain(world.conn.clock), "Acilamwen", domain_world.declared())
        if inputs:
            life.apply()
            life.inputs = {**life.inputs, **inputs}
        return life

    return prepare


def not_said(**inputs: Any) -> Callable[[], Life]:
    """A domain that runs, and of which nothing says whether it is to."""

    def prepare() -> Life:
        life = domain(description="")()
        del life.inputs["running"]
        life.inputs |= inputs
        return life

    return prepare


def restarted(life: Life) -> None:
    with patch.dict(os.environ, LIBVIRT_ALLOW="Acilamwen=restart"):
        life.apply()


def runs(life: Life) -> bool:
    return all(each.isActive() for each in life.conn.domains.values())


def interface(plugged: bool = False, moved: bool = False, copies: int = 0) -> Callable[[], Life]:
    def prepare() -> Life:
        world = domain_world.World()
        holder, other = world.made("Acilamwen"), world.made("Siamond")
        declared = {"domain": holder.id, "network": "bridged", "mac": FLOAT1, "forbiddenMacs": [FLOAT2]}
        life = Life(world.conn, Interface(world.conn.clock), "float1", declared)
        if plugged:
            life.apply()
        for _ in range(copies):
            holder.attach_by_hand(FLOAT2, 1)
        if moved:
            life.inputs = {**declared, "domain": other.id}
        return life

    return prepare


HOSTS = [host for host in storage_world.DEFAULT["dhcpHosts"] if host["name"] != "Ulov"]
OTHERS = [{**host, "name": f"{host['name']}2"} for host in HOSTS]
RANGES = [{"start": "192.168.202.8", "end": "192.168.202.31"}]
TWO_DISKS = [{"volumeId": f"{domain_world.POOL}/{name}.qcow"} for name in ("Acilamwen", "data")]
STEPS = (
    Step("a network is made", network(), Life.apply),
    Step("a network's reservations change", network(dhcpHosts=OTHERS), Life.apply),
    Step("a network's DHCP range changes", network(dhcpRanges=RANGES), Life.apply),
    Step("a network's NAT ports wait for its restart", network(natPorts={"start": 2048, "end": 65535}), Life.apply),
    Step("a network starts with the host no more", network(autostart=False), Life.apply),
    Step("a network is deleted", network(autostart=True), Life.delete, gone=True),
    Step("an overlay is made", volume(), Life.apply),
    Step("an overlay is deleted", volume(made=True), Life.delete, gone=True),
    Step("a domain is made", domain(), Life.apply),
    Step("a domain changes what is live", domain(title="new", description="new", autostart=False), Life.apply),
    Step("a domain changes at its next boot", domain(memory=128, vcpu=2), Life.apply),
    Step("a domain gets a NIC", domain(networkInterfaces=[
        {"networkName": "default", "mac": MAC}, {"networkName": "default", "mac": "52:54:00:02:02:aa"}]), Life.apply),
    Step("a domain gets a disk", domain(disks=TWO_DISKS), Life.apply),
    Step("a domain changes its memory while it runs", domain(memory=64), Life.apply),
    Step("a domain loses a NIC", domain(networkInterfaces=[]), Life.apply),
    Step("a domain is shut down", domain(running=False), Life.apply),
    Step("a domain is restarted", not_said(cpu={"mode": "maximum"}), restarted, holds=runs),
    Step("a domain is deleted", domain(running=True), Life.delete, gone=True),
    Step("a NIC is plugged in", interface(), Life.apply),
    Step("a NIC moves to another domain", interface(plugged=True, moved=True), Life.apply),
    Step("four copies of a NIC are unplugged", interface(plugged=True, copies=4), Life.apply),
    Step("a NIC is unplugged", interface(plugged=True), Life.delete, gone=True),
)  # fmt: skip


def attempts(step: Step) -> list[str]:
    """The calls of a step that nothing disturbs."""
    life = step.prepare()
    life.wire.begin()
    step.act(life)
    return list(life.wire.calls)


def tried(calls: list[str]) -> list[int]:
    """Numbers of the calls that are made to fail in every run: each that changes something, and the first and the
    last of each kind that only asks."""
    asks: dict[str, list[int]] = {}
    for number, call in enumerate(calls):
        asks.setdefault(call, []).append(number)
    few = {
        number for call, numbers in asks.items() if not changes(call) for number in (numbers[0], numbers[-1])
    }
    return sorted(few | {number for number, call in enumerate(calls) if changes(call)})


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.title)
def test_each_call_fails_once_and_the_next_run_ends_well(step: Step) -> None:
    calls = attempts(step)
    assert calls
    for number in tried(calls):
        one_fails(step, calls, number)


@pytest.mark.soak
@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.title)
def test_each_call_fails_wherever_it_is_made(step: Step) -> None:
    calls = attempts(step)
    for number in range(len(calls)):
        one_fails(step, calls, number)


def one_fails(step: Step, calls: list[str], number: int) -> None:
    """One call of the step fails, libvirt having done it or not; the next run ends well all the same."""
    call = calls[number]
    for done_all_the_same in (False, True) if changes(call) else (False,):
        life = step.prepare()
        said = failing(life, step, number, done_all_the_same)
        assert life.wire.failed == call
        where = f"{call}, number {number} of {len(calls)}"
        if said is not None:
            good_line(said, life, where)
        life.wire.begin()
        step.act(life)
        if step.gone:
            life.delete()
        elif changes(call):
            assert not life.apply(), f"after {where}, the run after the next one still finds something to do"
        assert step.holds(life), where


def failing(life: Life, step: Step, number: int, done_all_the_same: bool) -> str | None:
    """The line with which the step failed; None where it did without that call's answer."""
    life.wire.begin(number, done_all_the_same)
    try:
        step.act(life)
    except Told as told:
        return str(told)
    return None


def good_line(line: str, life: Life, where: str) -> None:
    """One line with the object and what was being done; libvirt's own words alone would not say which of fifty."""
    name = life.urn.split("::")[-1]
    macs = [life.inputs.get("mac", name), *life.inputs.get("forbiddenMacs", ())]
    names = {name, str(life.inputs.get("name", name)), *macs}
    assert "\n" not in line, where
    assert "a fault of this provider" not in line, f"{where}: {line}"
    assert FAULT in line, f"{where}: {line}"
    assert any(each in line for each in names), f"{where}: {line}"
    assert not line.startswith("libvirt at"), f"{where}: {line}"


def test_every_call_that_changes_something_is_among_them() -> None:
    """The steps above are worth something only if they make the calls."""
    made = {call for step in STEPS for call in attempts(step)}
    number = sum(len(tried(attempts(step))) for step in STEPS)
    print(
        f"{number} calls of {len(made)} kinds fail, of {sum(len(attempts(step)) for step in STEPS)} that are made"
    )
    assert made >= {
        "Connection.networkDefineXML", "Network.create", "Network.update", "Network.setAutostart", "Network.destroy",
        "Network.undefine", "Pool.createXML", "Volume.delete", "Connection.defineXML", "Domain.create",
        "Domain.setAutostart", "Domain.setMetadata", "Domain.shutdown", "Domain.undefineFlags",
        "Domain.attachDeviceFlags", "Domain.detachDeviceFlags", "Domain.updateDeviceFlags",
        "Domain.setMemoryFlags",
    }  # fmt: skip

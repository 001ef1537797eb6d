"""Moves of a float that do not go well: cut off at any call, or with a holder that holds on or is no guest."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.lab import moves
from tests.lab.catalogue_stage import STACK, Declared, Scene, scene, wait_until
from tests.lab.catalogue_terms import FLOATS, gone
from tests.lab.moves import links, nics

pytestmark = [pytest.mark.lab, pytest.mark.one_turn]

# Not one of the fleet's floats: those are forbidden on the holders of others, by which they would be unplugged too.
ADDRESS, MAC = "129.215.175.109", "52:54:00:77:00:09"
SOON = {"create": "8s", "update": "8s", "delete": "8s"}
AUTOPROBE = "/sys/bus/virtio/drivers_autoprobe"


@pytest.fixture(scope="module")
def made() -> Iterator[Scene]:
    with scene(moves.start()) as stage:
        moves.ready(stage)
        yield stage


def test_killed_before_any_of_its_calls_the_next_up_ends_with_one_nic_and_one_answer(made: Scene) -> None:
    number, holder = 0, "Ulov"
    while True:
        made.edit(lambda d, holder=holder: d.hold("float1", holder))  # type: ignore[misc]
        if not moves.killed_before(made, number):
            break
        assert links(made, FLOATS["float1"][1]).count("up") <= 1, f"two links up, killed before call {number}"
        made.engine("cancel", "--yes", "--stack", STACK)
        done = moves.apply(made)
        assert done.code == 0, f"killed before call {number}: {done.text}"
        wait_until(lambda holder=holder: made.name_at(FLOATS["float1"][0]) == holder, holder)  # type: ignore[misc]
        assert links(made, FLOATS["float1"][1]) == ["up"], f"killed before call {number}"
        number, holder = number + 1, moves.HOLDERS[number % 2 == 0]
    print(f"killed before each of {number} calls of a move")
    assert number >= 4


def nic_at(holder: str, **props: Any) -> Any:
    """A NIC as a resource of its own, with little patience."""
    inputs = {
        "domain": f"${{{holder}.id}}", "network": "bridged", "mac": MAC, "model": "virtio", "guest": "agent",
        "addresses": [f"{ADDRESS}/24"], "gateway": "129.215.175.126", "metric": 53, "customTimeouts": SOON, **props,
    }  # fmt: skip
    # Last, behind the domain that it names.
    return lambda d: [d.extra.pop("nic", None), d.extra.update({"nic": ("Interface", inputs)})]


def bare(declared: Declared) -> None:
    """A VM without an operating system."""
    size = 1024 * 1024
    declared.extra |= {
        "bare-disk": ("Volume", {"name": "bare.qcow2", "pool": "live", "format": "qcow2", "size": size}),
        "bare": ("Domain", {"name": "bare", "type": "qemu", "memory": 64, "vcpu": 1, "running": True,
                            "disks": [{"volumeId": "${bare-disk.id}"}]}),
    }  # fmt: skip


def applied(made: Scene, change: Callable[[Declared], object]) -> None:
    made.edit(change)
    done = moves.apply(made)
    assert done.code == 0, done.text


def answered_by(made: Scene, name: str) -> None:
    wait_until(lambda: made.name_at(ADDRESS) == name, f"{ADDRESS} at {name}")


def stays_at_ulov(made: Scene, holder: str, why: str) -> None:
    """A move that does not come about: a clear line, and everything as it was."""
    made.edit(nic_at(holder))
    done = moves.apply(made)
    assert done.code != 0
    assert re.search(why, done.text), done.text
    assert "Traceback" not in done.text
    assert made.name_at(ADDRESS) == "Ulov"
    assert nics(made, "Ulov", MAC) == (["up"], ["up"])
    assert nics(made, holder, MAC) == ([], [])


def is_as_declared(made: Scene) -> None:
    found = made.preview("--diff", "--expect-no-changes")
    assert found.code == 0, found.text


def test_a_paused_old_holder_stays_fenced_and_is_drift_until_it_lets_go(made: Scene) -> None:
    applied(made, nic_at("Acilamwen"))
    answered_by(made, "Acilamwen")
    made.stage.virsh("suspend", "Acilamwen")
    try:
        applied(made, nic_at("Ulov"))
        answered_by(made, "Ulov")
        assert nics(made, "Acilamwen", MAC) == (["down"], [])
        drift = made.preview("--diff")
        assert f"{MAC} is still in the running guest Acilamwen, its link is down" in drift.text, drift.text
    finally:
        made.stage.virsh("resume", "Acilamwen")
    wait_until(lambda: moves.apply(made).code == 0 and nics(made, "Acilamwen", MAC) == ([], []), "let go")
    is_as_declared(made)
    assert made.name_at(ADDRESS) == "Ulov"


def test_a_new_holder_that_never_shows_the_nic_leaves_it_where_it_is(made: Scene) -> None:
    applied(made, nic_at("Ulov"))
    answered_by(made, "Ulov")
    made.agent("Acilamwen", f"echo 0 > {AUTOPROBE}")
    try:
        stays_at_ulov(made, "Acilamwen", f"guest Acilamwen does not show NIC {MAC} within 8 s")
    finally:
        made.agent("Acilamwen", f"echo 1 > {AUTOPROBE}")
    moves.apply(made)
    answered_by(made, "Acilamwen")
    assert links(made, MAC) == ["up"]
    is_as_declared(made)


def test_an_old_holder_whose_other_nic_answers_for_the_address_too_is_nobody_else(made: Scene) -> None:
    """Linux does so by itself, from the boot on, where a guest has two NICs on one network."""
    made.edit(lambda d: d.hold("float1", "Acilamwen"))
    applied(made, nic_at("Acilamwen"))
    answered_by(made, "Acilamwen")
    made.agent("Acilamwen", "for each in /proc/sys/net/ipv4/conf/*/arp_ignore; do echo 0 > $each; done")
    applied(made, nic_at("Ulov"))
    answered_by(made, "Ulov")
    is_as_declared(made)


def test_a_holder_without_an_operating_system_gets_nothing_and_lets_go_of_nothing(made: Scene) -> None:
    applied(made, nic_at("Ulov"))
    answered_by(made, "Ulov")
    applied(made, bare)
    stays_at_ulov(made, "bare", "agent of guest bare does not answer within 8 s")
    applied(made, gone("nic"))
    applied(made, nic_at("bare", guest="none"))
    assert nics(made, "bare", MAC) == (["up"], ["up"])
    applied(made, nic_at("Ulov"))
    answered_by(made, "Ulov")
    assert nics(made, "bare", MAC) == (["down"], [])
    made.stage.virsh("destroy", "bare")
    assert nics(made, "bare", MAC) == ([], [])
    applied(made, lambda d: [d.extra.pop(name) for name in ("nic", "bare", "bare-disk")])
    is_as_declared(made)

"""Floats in guests as people have them: each release of Debian, with each way to keep a network, with and without a
seed that is read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from lab import debian
from tests.guests import page
from tests.guests.cell import HOLDERS, OTHERS, OWN, Cell, cell, stays
from tests.lab.catalogue_terms import FLOATS
from tests.lab.lab_guest import wait_for

pytestmark = [pytest.mark.lab, pytest.mark.guests]

WAIT = 60  # seconds; NetworkManager takes away addresses that it does not know after 45
SEEN = 60  # seconds until the campus has the page of a float's new holder


def right(made: Cell, name: str) -> None:
    """All floats of a guest answer, and are in it as declared; of any other there is nothing in it."""
    for label in FLOATS:
        if made.held.get(label) == name:
            wait_for(lambda label=label: made.answers(label) == name or None, SEEN)  # type: ignore[misc]
        else:
            assert made.left(name, label) == ""
    assert made.wrong(name) == []


def named(made: Cell, name: str) -> None:
    """Each has its name from its seed; where it reads none, by hand: the page is to tell who answers."""
    if made.kinds[name].seeded:
        assert made.inside(name, "cat /proc/sys/kernel/hostname").strip() == name
    else:
        made.inside(name, f"echo {name} > /etc/hostname; hostname {name}")


def waited_for(made: Cell, name: str) -> None:
    assert stays(lambda: made.wrong(name), WAIT / len(HOLDERS)) == []


def moved(made: Cell) -> None:
    """Each float to the other one, and back."""
    made.move(OTHERS)
    for name in HOLDERS:
        right(made, name)
    made.move(OWN)


def together(made: Cell) -> None:
    """Both floats in either guest."""
    for name in HOLDERS:
        made.move(dict.fromkeys(OWN, name))
        right(made, name)
    made.move(OWN)


def with_vlans(made: Cell) -> None:
    """The floats' files are lost, and set up again beside a VLAN that has the NIC's MAC."""
    vlans = {}
    for label, name in OWN.items():
        nic, mac = made.nic(label), FLOATS[label][1].replace(":", "")
        vlan = f"ip link add link {nic} name {nic}.7 type vlan id 7 && ip link set {nic}.7 up"
        made.inside(name, f"modprobe 8021q; {vlan}; rm -f $(find /etc -name '*{mac}*')")
        vlans[name] = f"{nic}.7"
    made.stage.must("up", "--yes")
    for name, vlan in vlans.items():
        assert vlan in made.inside(name, "ip -o link")


def removed(made: Cell) -> None:
    made.stage.unchanged()
    made.move({})


def gone(made: Cell, name: str) -> None:
    right(made, name)
    for address, _ in FLOATS.values():
        assert address not in made.inside(name, "ip -o -4 addr show")


@dataclass(frozen=True)
class Step:
    """What is done, and what is then asked of each guest."""

    act: Callable[[Cell], object]
    ask: Callable[[Cell, str], object] = right


STEPS = {
    "first boot": Step(lambda made: None, named),
    "plugged in live": Step(lambda made: made.move(OWN)),
    "moved away and back": Step(moved),
    "60 s later": Step(lambda made: None, waited_for),
    "two floats": Step(together),
    "a VLAN on its NIC": Step(with_vlans),
    "rebooted from inside": Step(lambda made: made.boot_again("reboot")),
    "cold start": Step(lambda made: made.boot_again("cold")),
    "removed": Step(removed, gone),
}
SHORT = ("first boot", "plugged in live", "moved away and back", "rebooted from inside", "removed")


def play(first: str, second: str, *names: str) -> None:
    with cell(first, second) as made:
        seen = {name: page.Seen.of(made, name) for name in HOLDERS}
        try:
            for step in names:
                _step(made, seen, step)
        finally:
            for each in seen.values():
                each.write()


def _step(made: Cell, seen: dict[str, page.Seen], name: str) -> None:
    """Both guests are asked, also after the first was not right."""
    for each in seen.values():
        each.begin(name)
    STEPS[name].act(made)
    wrong = []
    for holder, each in seen.items():
        try:
            STEPS[name].ask(made, holder)
            each.has_done(made)
        except AssertionError as error:
            wrong.append(f"{made.kinds[holder].name}, {name}: {error}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.soak
@pytest.mark.parametrize(
    "kind", [name for name, kind in debian.KINDS.items() if f"{name}-seeded" in debian.KINDS]
)
def test_a_float_is_right_in_it_now_and_after_each_boot_with_a_seed_and_without(kind: str) -> None:
    play(kind, f"{kind}-seeded", *STEPS)


def test_a_float_is_right_in_two_ways_to_keep_a_network_also_after_a_reboot() -> None:
    play("debian13-networkd", "debian13-networkmanager", *SHORT)

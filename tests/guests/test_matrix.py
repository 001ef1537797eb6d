"""A float in guests as people have them: each release of Debian, with each way to keep a network, with and without a
seed that is read."""

from __future__ import annotations

import pytest

from lab import debian
from tests.guests import page
from tests.guests.cell import ADDRESS, HOLDERS, MAC, Cell, cell, stays

pytestmark = [pytest.mark.lab, pytest.mark.guests, pytest.mark.soak]

WAIT = 60  # seconds; NetworkManager takes away addresses that it does not know after 45
FIRST, SECOND = HOLDERS


def named(made: Cell) -> None:
    """Each has its name from its seed; where it reads none, by hand: the page is to tell who answers."""
    for name in HOLDERS:
        if made.kind.seeded:
            assert made.inside(name, "cat /proc/sys/kernel/hostname").strip() == name
        else:
            made.inside(name, f"echo {name} > /etc/hostname; hostname {name}")


def moved(made: Cell) -> None:
    """Away, which leaves nothing, and back."""
    made.move(SECOND)
    right(made, SECOND)
    assert made.left(FIRST) == ""
    made.move(FIRST)
    right(made, FIRST)


def right(made: Cell, holder: str = FIRST) -> None:
    made.has_it(holder)
    assert made.wrong(holder) == []


def waited_for(made: Cell) -> None:
    assert stays(lambda: made.wrong(FIRST), WAIT) == []


def with_a_vlan(made: Cell) -> None:
    """Its file is lost, and set up again beside a VLAN that has the NIC's MAC."""
    nic = made.nic(FIRST)
    vlan = f"ip link add link {nic} name {nic}.7 type vlan id 7 && ip link set {nic}.7 up"
    made.inside(FIRST, f"modprobe 8021q; {vlan}; rm -f $(find /etc -name '*{MAC.replace(':', '')}*')")
    made.stage.must("up", "--yes")
    assert f"{nic}.7" in made.inside(FIRST, "ip -o link")
    right(made)


def booted_again(made: Cell, how: str) -> None:
    made.boot_again(FIRST, how)
    right(made)


def removed(made: Cell) -> None:
    made.stage.must("preview", "--expect-no-changes")
    made.move(None)
    assert made.left(FIRST) == ""
    assert ADDRESS not in made.inside(FIRST, "ip -o -4 addr show")


STEPS = {
    "first boot": named,
    "plugged in live": lambda made: (made.move(FIRST), right(made)),
    "moved away and back": moved,
    "60 s later": waited_for,
    "a VLAN on its NIC": with_a_vlan,
    "rebooted from inside": lambda made: booted_again(made, "reboot"),
    "cold start": lambda made: booted_again(made, "cold"),
    "removed": removed,
}


@pytest.mark.parametrize("kind", [name for name in debian.KINDS if name != "debian"])
def test_a_float_is_right_in_it_now_and_after_each_boot(kind: str) -> None:
    with cell(kind) as made:
        seen = page.Seen.of(made)
        try:
            for name, step in STEPS.items():
                seen.begin(name)
                step(made)
                seen.has_done(made)
        finally:
            seen.write()

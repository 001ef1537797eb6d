"""A float in guests as people have them: each release of Debian, with each way to keep a network, with and without a
seed that is read."""

from __future__ import annotations

import pytest

from lab import debian
from tests.guests.cell import ADDRESS, MAC, Cell, cell, stays

pytestmark = [pytest.mark.lab, pytest.mark.guests, pytest.mark.soak]

KINDS = [name for name in debian.KINDS if name != "debian"]
WAIT = 60  # seconds; NetworkManager takes away addresses that it does not know after 45


def play(made: Cell) -> None:
    """Plugged in live, moved away and back, waited for, a VLAN on its NIC, a reboot, a cold start, taken away."""
    made.move("Acilamwen")
    made.has_it("Acilamwen")
    assert made.wrong("Acilamwen") == []
    made.move("Ulov")
    made.has_it("Ulov")
    assert (made.wrong("Ulov"), made.left("Acilamwen")) == ([], "")
    made.move("Acilamwen")
    made.has_it("Acilamwen")
    assert stays(lambda: made.wrong("Acilamwen"), WAIT) == []
    nic = made.nic("Acilamwen")
    made.inside(
        "Acilamwen",
        f"modprobe 8021q; ip link add link {nic} name {nic}.7 type vlan id 7; ip link set {nic}.7 up",
    )
    made.inside("Acilamwen", f"rm -f $(find /etc -name '*{MAC.replace(':', '')}*')")
    made.stage.must("up", "--yes")
    assert made.wrong("Acilamwen") == []
    made.boot_again("Acilamwen", "reboot")
    made.has_it("Acilamwen")
    assert made.wrong("Acilamwen") == []
    made.boot_again("Acilamwen", "cold")
    made.has_it("Acilamwen")
    assert made.wrong("Acilamwen") == []
    made.stage.must("preview", "--expect-no-changes")
    made.move(None)
    assert made.left("Acilamwen") == ""
    assert ADDRESS not in made.inside("Acilamwen", "ip -o -4 addr show")


@pytest.mark.parametrize("kind", KINDS)
def test_a_float_is_right_in_it_now_and_after_each_boot(kind: str) -> None:
    with cell(kind) as made:
        own = [made.inside(name, "cat /proc/sys/kernel/hostname").strip() for name in ("Acilamwen", "Ulov")]
        if made.kind.seeded:
            assert own == ["Acilamwen", "Ulov"]
        else:  # nothing says its name to it but DHCP; the page is to tell who answers
            for name in ("Acilamwen", "Ulov"):
                made.inside(name, f"echo {name} > /etc/hostname; hostname {name}")
        play(made)

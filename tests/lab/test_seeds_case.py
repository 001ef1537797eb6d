"""What the wiki page reports: Acilamwen, who has float1, with float2's MAC plugged in four times over."""

from __future__ import annotations

import time

import pytest

from tests.lab import moves
from tests.lab.catalogue_stage import scene
from tests.lab.catalogue_terms import ADDRESSES, FLOAT2, FLOATS, SEEDS_COMMAND
from tests.lab.pings import LATE

pytestmark = [pytest.mark.lab, pytest.mark.outage]


def test_four_copies_of_another_floats_nic_are_shown_by_a_plain_preview_and_unplugged_live() -> None:
    address, mac = FLOATS["float1"]
    with scene(moves.start()) as made:
        moves.ready(made)
        boot = made.boot_id(ADDRESSES["Acilamwen"])
        for _ in range(4):
            made.by_hand(SEEDS_COMMAND)
        assert made.stage.virsh("domiflist", "Acilamwen").count(FLOAT2) == 4
        plain = made.preview()
        assert plain.code == 0, plain.text
        told = [line for line in plain.out.splitlines() if FLOAT2 in line]
        assert told, plain.out
        assert any("4 times" in line or "(4" in line for line in told) or len(told) == 4, told
        assert made.stage.virsh("domiflist", "Acilamwen").count(FLOAT2) == 4
        with made.pinging([made.target("float1", address, campus=True)]) as pings:
            begin = time.monotonic()
            done = made.up()
            end = time.monotonic()
            time.sleep(LATE)
            assert pings.between("float1", begin, end).lost == 0
        assert done.code == 0, done.text
        for which in ((), ("--inactive",)):
            nics = made.stage.virsh("domiflist", "Acilamwen", *which)
            assert (nics.count(FLOAT2), nics.count(mac)) == (0, 1)
        assert made.preview("--expect-no-changes").code == 0
        assert made.boot_id(ADDRESSES["Acilamwen"]) == boot
        assert made.name_at(address) == "Acilamwen"

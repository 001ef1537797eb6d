"""A float moved between two running guests under a ping every 20 ms: what each move cost, and its parts."""

from __future__ import annotations

import os
import re
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as Xml

from engine.app import main
from provider.protocol.plugin import servicer
from tests.done import Done
from tests.lab import catalogue_terms
from tests.lab.catalogue_stage import STACK, Declared, Scene, load_average, recorded, wait_until
from tests.lab.pings import LATE, Pings

HOLDERS = ("Ulov", "Acilamwen")
FLOAT = catalogue_terms.FLOATS["float1"]
INTERVAL = 0.02
_PARTS = re.compile(r"moved from \S+ to \S+?: (.*)")


@dataclass
class Move:
    """``name``: who answered over HTTP right after it; ``outage`` in seconds from one answer to the next."""

    holder: str
    name: str
    begin: float
    end: float
    parts: str
    load: str
    outage: float = 0.0
    lost: int = 0


def start() -> Declared:
    """Two VMs of the fleet, the first of which has float1."""
    declared = catalogue_terms.start()
    declared.extra = {}
    return declared


def ready(made: Scene) -> None:
    """Up, every guest booted, the float answered."""
    done = made.up()
    assert done.code == 0, done.text
    for name in HOLDERS:
        wait_until(lambda name=name: made.boot_id(catalogue_terms.ADDRESSES[name]), name)  # type: ignore[misc]
    wait_until(lambda: made.name_at(FLOAT[0]) == "Acilamwen", "float1")


def apply(made: Scene) -> Done:
    return made.engine("up", "--yes", "--skip-preview", "--stack", STACK)


def move(made: Scene, times: int) -> list[Move]:
    """Moves float1 to and fro."""
    moves = []
    with made.pinging([made.target("float1", FLOAT[0], campus=True, interval=INTERVAL)], "moves") as pings:
        for number in range(times):
            holder = HOLDERS[number % 2]
            begin = time.monotonic()
            made.edit(lambda d, holder=holder: d.hold("float1", holder))  # type: ignore[misc]
            done = apply(made)
            assert done.code == 0, done.text
            name, end = made.name_at(FLOAT[0]), time.monotonic()
            found = _PARTS.search(done.text)
            moves.append(Move(holder, name, begin, end, found[1] if found else "", load_average()))
        time.sleep(LATE)
        for each in moves:
            _look_back(each, pings)
    return moves


def _look_back(each: Move, pings: Pings) -> None:
    loss = pings.between("float1", each.begin, each.end)
    each.outage, each.lost = loss.hole, loss.lost


def table(moves: Sequence[Move]) -> str:
    outages = [each.outage * 1000 for each in moves]
    lines = [
        f"{len(moves)} moves of a float between two running guests, a ping every 20 ms from the campus.  Outage: the "
        f"longest time between two answers: median {statistics.median(outages):.0f} ms, "
        f"maximum {max(outages):.0f} ms.",
        "",
        "| # | new holder | answers | outage ms | lost | load | parts |",
        "|---|---|---|---|---|---|---|",
        *(
            f"| {number} | {m.holder} | {m.name} | {m.outage * 1000:.0f} | {m.lost} | {m.load} | {m.parts} |"
            for number, m in enumerate(moves, 1)
        ),
    ]
    return "\n".join(lines) + "\n"


def links(made: Scene, mac: str) -> list[str]:
    """The link of each NIC with the MAC in a running guest."""
    return [link for name in made.stage.names("list") for link in nics(made, name, mac)[0]]


def nics(made: Scene, name: str, mac: str) -> tuple[list[str], list[str]]:
    """The links of a domain's NICs with the MAC: in the running guest, in the persistent definition."""
    return tuple(  # type: ignore[return-value]
        [
            "up" if (link := nic.find("link")) is None else link.get("state", "up")
            for nic in Xml.fromstring(made.stage.virsh("dumpxml", *flags, name)).iterfind("devices/interface")
            if nic.find(f"mac[@address='{mac}']") is not None
        ]
        for flags in ((), ("--inactive",))
    )


class Dying(list[Any]):
    """Notes calls, and is struck by SIGKILL in the moment before the one with this number."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self._number = number

    def append(self, call: Any) -> None:
        if len(self) == self._number:
            os.kill(os.getpid(), signal.SIGKILL)
        super().append(call)


def killed_before(made: Scene, number: int) -> bool:
    """An `up` in a process of its own that dies before its call ``number``; False when it makes less, and ends."""
    words = [sys.executable, "-m", "tests.lab.moves", str(number), str(made.folder)]
    done = subprocess.run(
        words, env=os.environ | made.environment(), capture_output=True, text=True, check=False
    )
    assert done.returncode in (0, -signal.SIGKILL), done.stdout + done.stderr
    return done.returncode != 0


def die(number: int, folder: Path) -> int:
    with recorded(Dying(number)):
        words = ["up", "--yes", "--skip-preview", "--stack", STACK, "--cwd", str(folder)]
        return main(words, providers={"libvirt": servicer})


if __name__ == "__main__":
    sys.exit(die(int(sys.argv[1]), Path(sys.argv[2])))

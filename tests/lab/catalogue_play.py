"""Playing the catalogue: each row's change, its previews, and what it cost the guests."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from tests.lab.catalogue_stage import Scene, impacts, load_average, scene, wait_until
from tests.lab.catalogue_terms import ADDRESSES, FLOATS, Row, start
from tests.lab.pings import LATE, Pings

AWAY = "198.51.100.10"  # beyond the gateway: what a guest reaches through NAT
FROM_INSIDE = "worker"  # the guest that pings it
INTERVAL = 0.05


@dataclass
class Played:
    """What came of a row.  ``wrong``: everything that was not as it should have been, a line each."""

    row: Row
    begin: float = 0.0
    end: float = 0.0
    impact: tuple[str, ...] = ()
    calls: tuple[str, ...] = ()
    booted: tuple[str, ...] = ()
    wrong: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()
    hole: float = 0.0  # seconds in which nothing of the guest came through the NAT


def play_all(rows: Sequence[Row]) -> list[Played]:
    """Every row in order on a lab of its own, with the pings of the whole time counted afterwards."""
    with scene(start()) as made:
        done = made.up()
        assert done.code == 0, done.text
        for name, address in ADDRESSES.items():
            wait_until(partial(made.boot_id, address), name)
        wait_until(lambda: made.name_at(FLOATS["float1"][0]) == "Acilamwen", "float1")
        made.agent(FROM_INSIDE, f"ping -i {INTERVAL} {AWAY} > /run/ping.log 2>&1 < /dev/null &")
        targets = [made.target(name, address, campus=False) for name, address in ADDRESSES.items()]
        targets.append(made.target("float1", FLOATS["float1"][0], campus=True))
        targets.append(made.target("away", AWAY, campus=True, interval=0))
        with made.pinging(targets) as pings:
            played = [play(made, row) for row in rows]
            time.sleep(LATE)
            answered = made.agent(FROM_INSIDE, "cat /run/ping.log")
        for each in played:
            look_back(each, pings, answered)
    return played


def play(made: Scene, row: Row) -> Played:
    """The change, a preview and an `up` of it, and a preview after it."""
    result = Played(row)
    wrong: list[str] = []
    before = {name: made.boot_id(address) for name, address in ADDRESSES.items()}
    for line in row.by_hand:
        try:
            made.by_hand(line)
        except AssertionError as error:
            wrong.append(str(error).splitlines()[0])
    if row.edit:
        made.edit(row.edit)
    made.calls.clear()
    result.begin = time.monotonic()
    done = made.up(row.allow)
    result.calls = tuple(sorted(set(made.calls)))
    result.impact = tuple(sorted(set(impacts(done.text))))
    if row.refused:
        if done.code == 0 or row.refused not in done.text:
            wrong.append(f"not refused in these words ({row.refused}): {last_lines(done.text)}")
    else:
        if done.code != 0:
            wrong.append(f"up ended with {done.code}: {last_lines(done.text)}")
        again = made.preview("--expect-no-changes")
        if again.code != 0:
            wrong.append(f"a second preview is not empty: {last_lines(again.text)}")
    result.end = time.monotonic()
    if result.impact != tuple(sorted(row.impact)):
        wrong.append(f"impact {', '.join(result.impact) or 'none'}, not {', '.join(row.impact) or 'none'}")
    if set(result.calls) != row.calls:
        wrong.append(
            f"calls {', '.join(result.calls) or 'none'}, not {', '.join(sorted(row.calls)) or 'none'}"
        )
    after = {name: made.boot_id(address) for name, address in ADDRESSES.items() if name not in row.boots}
    result.booted = tuple(name for name, boot in after.items() if boot != before[name])
    wrong += [f"{name} booted anew" for name in result.booted]
    result.wrong = tuple(wrong)
    return result


def last_lines(text: str) -> str:
    """What went wrong, or else what there was to do."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("error: ") and "failed" not in line[:30]]
    return " / ".join(
        errors or [line for line in lines if "[diff" in line or line.startswith(("+", "~", "-"))]
    )


def look_back(result: Played, pings: Pings, answered: str) -> None:
    """What the row cost the guests that it was not about, from all that was ever answered."""
    row, wrong = result.row, list(result.wrong)
    for name in (*ADDRESSES, "float1"):
        if name in row.changed or (name == "float1" and "Acilamwen" in row.changed):
            continue
        loss = pings.between(name, result.begin, result.end)
        if loss.lost:
            result.lost += (f"{name} {loss.lost} of {loss.sent}",)
    wrong += [f"lost packets: {each}" for each in result.lost]
    result.hole = hole(pings, answered, result.begin, result.end)
    if result.hole and not row.hole:
        wrong.append(f"a hole of {result.hole:.2f} s in forwarded traffic")
    result.wrong = tuple(wrong)


def hole(pings: Pings, answered: str, begin: float, end: float) -> float:
    """The length in seconds of the longest run of lost pings through the NAT; 0 when none was lost."""
    heard = pings.heard("away")
    back = {int(line.split("seq=")[1].split()[0]) for line in answered.splitlines() if "seq=" in line}
    known = sorted(number for number in heard if begin <= heard[number] <= end)
    if not known:
        return end - begin
    run = longest = 0
    for number in range(known[0], known[-1] + 1):
        run = 0 if number in heard and number in back else run + 1
        longest = max(longest, run)
    return longest * INTERVAL


def table(played: list[Played]) -> str:
    lines = [
        "# What everyday changes do to running guests",
        "",
        "Written by a run of `./trop test -m catalogue` with TROP_CATALOGUE=write: a throwaway hypervisor, three",
        f"guests booted once, {len(played)} changes one after the other; load average at the end {load_average()}.",
        "*Lost*: of one ping every 50 ms to each guest that is not meant to change, and to the float from the campus.",
        "*Hole*: the longest run of lost pings of a guest to the campus through the NAT (libvirt's, at DHCP updates).",
        "*Booted*: guests whose boot id changed.  After each row a second preview was empty, unless it was refused.",
        "",
        "| # | change | impact | libvirt calls | lost | hole | booted | |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for number, each in enumerate(played, 1):
        said = (
            "refused: " + each.row.refused
            if each.row.refused
            else ", ".join(each.impact) or "nothing running"
        )
        hole = f"{each.hole:.2f} s" if each.hole else "0"
        verdict = "as expected" if not each.wrong else "WRONG: " + "; ".join(each.wrong).replace("|", "/")
        booted = ", ".join((*each.booted, *each.row.boots)) or "none"
        lines.append(
            f"| {number} | {each.row.title.strip()} | {said} | {', '.join(each.calls) or 'none'} | "
            f"{', '.join(each.lost) or '0'} | {hole} | {booted} | {verdict} |"
        )
    return "\n".join(lines) + "\n"

"""What was measured, kept as docs/scale.json, and shown: a table on the terminal, a page and a picture in docs/.  Pure,
but for reading and writing these files."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

from cli.bench.measured import Used
from cli.scale.measure import NAMES, SDK
from cli.words.command_line import UsageError

COLUMNS: Final = ("seconds", "a VM, ms", "processor seconds", "memory, MiB")


@dataclass(frozen=True)
class Figure:
    """The medians of ``times`` rounds; ``load`` is the machine's mean over a minute when they began and ended;
    ``bytecode`` is what `cli.bytecode.state` said."""

    vms: int
    hypervisors: int
    started: bool
    times: int
    load: tuple[float, float]
    used: dict[str, Used]
    bytecode: str = ""

    def per_vm(self, step: str) -> float:
        """Seconds."""
        return self.used[step].seconds / self.vms

    def rows(self) -> list[tuple[str, ...]]:
        """Each step's name, and what it took, by `COLUMNS`."""
        return [
            (
                name,
                f"{used.seconds:.2f}",
                f"{self.per_vm(step) * 1000:.0f}",
                f"{used.cpu:.2f}",
                f"{used.memory:.0f}",
            )
            for step, name in NAMES.items()
            if (used := self.used.get(step)) is not None
        ]

    @property
    def what(self) -> str:
        state = "started" if self.started else "defined"
        where = "one hypervisor" if self.hypervisors == 1 else f"{self.hypervisors} hypervisors"
        return f"{self.vms:,} VMs, {state}, on {where}"


@dataclass(frozen=True)
class Target:
    """A ratio that is to be at most ``most``; ``found`` is None where it was not measured."""

    text: str
    most: float
    found: float | None
    cpu: float | None = None  # the same of processor time, which other work on the machine does not lengthen

    @property
    def verdict(self) -> str:
        if self.found is None:
            return "not measured"
        return "met" if self.found <= self.most else "missed"


def targets(figures: Sequence[Figure]) -> list[Target]:
    up = _used(_find(figures, 100, started=True))
    small, large = _find(figures, 100), _find(figures, 1000)
    before, after = _used(small), _used(large)
    alone = min((after[way] for way in SDK if way in after), key=lambda used: used.seconds, default=None)
    return [
        _target(
            "up of 100 VMs that are started, to the bare script's", 1.25, up.get("up"), up.get("bare up")
        ),
        _target("a preview with no changes of 1,000 VMs, to the SDK alone", 2.0, after.get("no-op"), alone),
        *(
            _target(
                f"{NAMES[step]}: a VM of 1,000 to a VM of 100", 1.2, after.get(step), before.get(step), 0.1
            )
            for step in ("preview", "up", "no-op", "change", "destroy")
        ),
    ]


def _target(text: str, most: float, one: Used | None, other: Used | None, times: float = 1.0) -> Target:
    """Of the one's time, so many times, to the other's."""
    if one is None or other is None:
        return Target(text, most, None)
    return Target(text, most, one.seconds / other.seconds * times, one.cpu / other.cpu * times)


def _used(figure: Figure | None) -> dict[str, Used]:
    return figure.used if figure else {}


def _find(figures: Sequence[Figure], vms: int, *, started: bool = False) -> Figure | None:
    """Where there are several, the one on the most hypervisors."""
    found = [f for f in figures if f.vms == vms and f.started == started]
    return max(found, key=lambda f: f.hypervisors, default=None)


def merged(known: Sequence[Figure], new: Sequence[Figure]) -> list[Figure]:
    """What is known, and anew what was measured again; by state, hypervisors and VMs."""
    by_key = {(f.started, f.hypervisors, f.vms): f for f in (*known, *new)}
    return [by_key[key] for key in sorted(by_key)]


def load(file: Path) -> list[Figure]:
    if not file.exists():
        return []
    try:
        return [_figure(each) for each in json.loads(file.read_text(encoding="utf-8"))]
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise UsageError(f"{file}: not what the bench has written ({error}); take it away") from error


def _figure(each: dict[str, Any]) -> Figure:
    used = {step: Used(**values) for step, values in each["used"].items() if step in NAMES}
    return Figure(**{**each, "load": tuple(each["load"]), "used": used})


def save(file: Path, figures: Sequence[Figure]) -> None:
    rounded = [asdict(replace(f, used={s: u.rounded() for s, u in f.used.items()})) for f in figures]
    file.write_text(json.dumps(rounded, indent=1) + "\n", encoding="utf-8")


PICTURE: Final = "![Time and memory over the number of VMs](scale.svg)"
NO_PICTURE: Final = (
    "Of VMs that are only defined, of which the picture would be, nothing has been measured yet."
)
HEAD: Final = """\
# Many VMs on several hypervisors

Written by `./trop bench scale --write`; what it has measured is in `scale.json`.

{picture}

## How it is measured

- Each hypervisor is a lab: a libvirtd of its own in namespaces, with QEMU's driver, real pools, overlays, seed disks
  and networks. The VMs are those of the repository's program, with a fleet file of the bench's, each an overlay, a seed
  disk and a domain of 32 MiB. "Defined" ones are shut off; "started" ones run, with nothing on their disks to boot.
- Each step is a command of its own, start of Python included; the stacks go one after another, and what they take is
  added up. libvirtd works beside them, and its processor time is not in the figures.
- `up` and `destroy` go without their preview (`--skip-preview`); every preview and `up` reads what is there first.
- The bare script is libvirt-python alone (`cli/scale/bare.py`): it makes the same objects from the same XML and the
  same bytes, 16 calls at a time as the engine does, checks nothing and keeps nothing.
- The SDK alone is the same program under Pulumi's SDK with a monitor in the same process that answers each
  registration at once (`cli/scale/sdk.py`): no engine, no provider, no gRPC, nothing read. It is given the same turn of
  its event loop as by the embedded engine, without which it waits for the square of its outputs ("left to itself");
  the target is held against the faster one.
- All in one run, trop's steps and the others in turn on each hypervisor; medians of the rounds. The load is the
  machine's, of all that ran on its {cores} cores: one above that lengthens every time by the clock, and most that of
  one busy process (trop, the SDK) beside many (QEMU, what libvirtd starts).
"""


def page(figures: Sequence[Figure], cores: int) -> str:
    picture = PICTURE if any(not f.started for f in figures) else NO_PICTURE
    lines = [HEAD.format(cores=cores, picture=picture), "## The targets\n"]
    lines += ["| ratio | at most | by the clock | of processor time | |", "|---|---|---|---|---|"]
    lines += [
        f"| {t.text} | {t.most:g} | {_number(t.found)} | {_number(t.cpu)} | {t.verdict} |"
        for t in targets(figures)
    ]
    lines += [
        "",
        "Of the bare script's steps the processor time is next to nothing, since libvirtd does the work: there only",
        "the clock says something.  A VM is one of all the VMs; at 1,000 each of ten hypervisors has 100 of them.",
        "",
    ]
    for figure in figures:
        lines += [*_table(figure), ""]
    return "\n".join(lines)


def _table(figure: Figure) -> list[str]:
    rounds = "one round" if figure.times == 1 else f"{figure.times} rounds"
    began, ended = figure.load
    return [
        f"## {figure.what}",
        "",
        f"{rounds.capitalize()}; load {began:.1f} when they began, {ended:.1f} when they ended; {figure.bytecode}.",
        "",
        f"| | {' | '.join(COLUMNS)} |",
        "|---|---|---|---|---|",
        *(f"| {' | '.join(row)} |" for row in figure.rows()),
    ]


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"

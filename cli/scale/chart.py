"""The bench's picture: time and memory over the number of VMs, as SVG.  Lengths in pixels."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from cli import svg
from cli.scale.figures import Figure
from cli.scale.measure import NAMES, Used

COLORS: Final[Mapping[str, str]] = {
    "preview": "#0969da",
    "up": "#cf222e",
    "no-op": "#1a7f37",
    "change": "#9a6700",
    "destroy": "#8250df",
    "bare up": "#cf222e",
    "bare destroy": "#8250df",
    "sdk": "#1a7f37",
}
BARE: Final = frozenset({"bare up", "bare destroy", "sdk"})  # drawn in dashes
GRID: Final = svg.Look("none", "#d8dee4")
WIDTH, HEIGHT, LEFT, TOP, GAP = 420.0, 260.0, 70.0, 60.0, 90.0
LEGEND: Final = 22.0


@dataclass(frozen=True)
class Axis:
    """From 0 to ``most``, over ``length``."""

    most: float
    length: float

    def at(self, value: float) -> float:
        return value / self.most * self.length if self.most else 0.0

    def ticks(self) -> list[float]:
        step = round_step(self.most / 4)
        return [step * i for i in range(int(self.most / step) + 1)]


def round_step(least: float) -> float:
    """The smallest of 1, 2, 5, 10, … (and their tenths) that is not less."""
    if least <= 0:
        return 1.0
    power = 10.0 ** (len(str(int(least))) - 1) if least >= 1 else 0.1
    while power * 10 <= least:
        power *= 10
    return next(power * factor for factor in (0.1, 0.2, 0.5, 1, 2, 5, 10) if power * factor >= least)


def picture(figures: Sequence[Figure]) -> str:
    """Of the VMs that are only defined; those on the most hypervisors make the lines."""
    most = max((f.hypervisors for f in figures if not f.started), default=0)
    line = sorted((f for f in figures if not f.started and f.hypervisors == most), key=lambda f: f.vms)
    panels: list[tuple[str, Callable[[Used], float]]] = [
        ("seconds", lambda u: u.seconds),
        ("processor seconds", lambda u: u.cpu),
        ("memory of the largest process, MiB", lambda u: u.memory),
    ]
    shapes: list[str] = [
        svg.text(LEFT, 28, f"VMs defined on {most} hypervisors, one stack each", size=16, bold=True)
    ]
    for number, (title, value) in enumerate(panels):
        shapes += _panel(LEFT + number * (WIDTH + GAP), title, line, value)
    shapes += _legend(line)
    width = LEFT + len(panels) * (WIDTH + GAP)
    return svg.document(
        width, TOP + HEIGHT + 70 + 4 * LEGEND, "Time and memory over the number of VMs", shapes
    )


def _panel(left: float, title: str, line: Sequence[Figure], value: Callable[[Used], float]) -> Iterator[str]:
    x = Axis(max((f.vms for f in line), default=0), WIDTH)
    y = Axis(max((value(u) for f in line for s, u in f.used.items() if s in COLORS), default=0), HEIGHT)
    floor = TOP + HEIGHT
    yield svg.text(left, TOP - 10, title, color=svg.MUTED)
    for tick in y.ticks():
        yield svg.path([(left, floor - y.at(tick)), (left + WIDTH, floor - y.at(tick))], GRID)
        yield svg.text(left - 8, floor - y.at(tick) + 4, f"{tick:g}", size=11, color=svg.MUTED, anchor="end")
    for figure in line:
        yield svg.text(
            left + x.at(figure.vms), floor + 18, f"{figure.vms:,}", size=11, color=svg.MUTED, anchor="middle"
        )
    for step, color in COLORS.items():
        points = [(left + x.at(f.vms), floor - y.at(value(f.used[step]))) for f in line if step in f.used]
        if points:
            yield svg.path(points, svg.Look("none", color, 2, "5 4" if step in BARE else ""))
            yield from (svg.dot(px, py, color, 3) for px, py in points)


def _legend(line: Sequence[Figure]) -> Iterator[str]:
    steps = [step for step in COLORS if any(step in f.used for f in line)]
    for number, step in enumerate(steps):
        left = LEFT + (number % 2) * 640
        top = TOP + HEIGHT + 55 + (number // 2) * LEGEND
        look = svg.Look("none", COLORS[step], 2, "5 4" if step in BARE else "")
        yield svg.path([(left, top - 4), (left + 34, top - 4)], look)
        yield svg.text(left + 44, top, NAMES[step])

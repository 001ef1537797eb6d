"""The bench's picture: time and memory over the number of VMs, as SVG.  Lengths in pixels."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

from cli.bench.measured import Used
from cli.map import svg
from cli.scale.figures import Figure
from cli.scale.measure import NAMES

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
WIDTH, HEIGHT, LEFT, TOP, GAP = 460.0, 240.0, 70.0, 70.0, 75.0
LEGEND: Final = 22.0


Value = Callable[[Figure, Used], float]
PANELS: Final[tuple[tuple[str, Value], ...]] = (
    ("seconds", lambda _, used: used.seconds),
    (
        "milliseconds a VM; level where it grows as they do",
        lambda figure, used: used.seconds / figure.vms * 1000,
    ),
    ("processor seconds", lambda _, used: used.cpu),
    ("memory of the largest process, MiB", lambda _, used: used.memory),
)


def round_step(least: float) -> float:
    """The smallest of 1, 2, 5, 10, … (and their tenths) that is not less."""
    if least <= 0:
        return 1.0
    power = 10.0 ** (len(str(int(least))) - 1) if least >= 1 else 0.1
    return next(power * factor for factor in (0.1, 0.2, 0.5, 1, 2, 5, 10) if power * factor >= least)


def picture(figures: Sequence[Figure]) -> str:
    """Of the VMs that are only defined; of several with as many, the ones on the most hypervisors."""
    defined = sorted((f for f in figures if not f.started), key=lambda f: (f.vms, f.hypervisors))
    line = list({f.vms: f for f in defined}.values())
    sizes = ", ".join(f"{f.vms:,} on {f.hypervisors}" for f in line)
    title = f"VMs that are defined, by hypervisors with a stack each: {sizes}"
    shapes: list[str] = [svg.text(LEFT, 28, title, size=16, bold=True)]
    for number, (what, value) in enumerate(PANELS):
        row, column = divmod(number, 2)
        shapes += _panel(LEFT + column * (WIDTH + GAP), TOP + row * (HEIGHT + GAP), what, line, value)
    under = TOP + 2 * (HEIGHT + GAP)
    shapes += _legend(line, under)
    return svg.document(
        LEFT + 2 * (WIDTH + GAP), under + 5 * LEGEND, "Time and memory over the number of VMs", shapes
    )


def _panel(left: float, top: float, title: str, line: Sequence[Figure], value: Value) -> Iterator[str]:
    widest = max((f.vms for f in line), default=0)
    most = max((value(f, u) for f in line for s, u in f.used.items() if s in COLORS), default=0)
    floor = top + HEIGHT

    def at(vms: int, amount: float) -> tuple[float, float]:
        return left + vms / (widest or 1) * WIDTH, floor - amount / (most or 1) * HEIGHT

    yield svg.text(left, top - 10, title, color=svg.MUTED)
    step = round_step(most / 4)
    for tick in (step * i for i in range(int(most / step) + 1)):
        _, y = at(0, tick)
        yield svg.path([(left, y), (left + WIDTH, y)], GRID)
        yield svg.text(left - 8, y + 4, f"{tick:g}", size=11, color=svg.MUTED, anchor="end")
    for figure in line:
        x, _ = at(figure.vms, 0)
        yield svg.text(x, floor + 18, f"{figure.vms:,}", size=11, color=svg.MUTED, anchor="middle")
    for name, color in COLORS.items():
        points = [at(f.vms, value(f, f.used[name])) for f in line if name in f.used]
        if points:
            yield svg.path(points, _look(name))
            yield from (svg.dot(px, py, color, 3) for px, py in points)


def _look(step: str) -> svg.Look:
    return svg.Look("none", COLORS[step], 2, "5 4" if step in BARE else "")


def _legend(line: Sequence[Figure], under: float) -> Iterator[str]:
    steps = [step for step in COLORS if any(step in f.used for f in line)]
    for number, step in enumerate(steps):
        left, top = LEFT + (number % 2) * (WIDTH + GAP), under + (number // 2) * LEGEND
        yield svg.path([(left, top - 4), (left + 34, top - 4)], _look(step))
        yield svg.text(left + 44, top, NAMES[step])

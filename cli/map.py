"""A picture of the rack as it is declared: hypervisors, bridges, networks, VMs, and where each float is plugged in.

Drawn from the declarations alone: the same declarations give the same bytes.  Lengths are in pixels.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import config
from cli import rack, svg
from cli.svg import INK, MUTED, Look
from config.addresses import mac_text
from config.fleet import Fleet
from config.plan import HostBridge

WIDTH: Final = 1280
MARGIN: Final = 20
LEFT: Final = 100  # of the hypervisors' cards; to the left of them is the rail of the campus VLAN
RIGHT: Final = WIDTH - LEFT
RAIL: Final = 60  # from the edge of the picture
PAD: Final = 16
HEADER: Final = 40
BAR: Final = 26
UP: Final = 52  # between the bridged network and the VMs: room for a float's name
DOWN: Final = 22  # between the VMs and the default network
VM_HEIGHT: Final = 66
ROW: Final = BAR + UP + VM_HEIGHT + DOWN + BAR
CHIP: Final = 28  # of a bridge that no network of libvirt stands on
PER_ROW: Final = 8
COLUMN: Final = (RIGHT - LEFT - 2 * PAD) / PER_ROW
TOP: Final = 60  # of the panels: VLANs and floats
PANEL: Final = 84
STEP: Final = PANEL + 10  # from a panel to the one beneath
FLOATS_PER_ROW: Final = 4

CAMPUS, DEFAULT, FLOAT, INSIDE = "#1f5fa8", "#2b7a4b", "#c2570c", "#6f4fa3"
NONE: Final = "none"


@dataclass(frozen=True)
class Line:
    """A line of a VLAN or a network."""

    color: str
    dashed: bool = False

    def look(self) -> Look:
        return Look(NONE, self.color, 2.5, self.dashed)


def rack_svg(root: Path) -> str:
    """The picture of the project in ``root``: its fleet file, and every stack file of a hypervisor."""
    declared = rack.load(root)
    return draw(declared.fleet, declared.plans)


def draw(fleet: Fleet, stacks: Mapping[str, config.Plan]) -> str:
    """The picture of a fleet; ``stacks`` are the plans by hypervisor, in the order of the rack."""
    shapes: list[str] = []
    y = TOP + _panels(fleet) * STEP + 22.0
    for plan in stacks.values():
        shapes += [*_card(plan, y), *_rails(fleet, plan, y)]
        y += _height(plan) + PAD
    title = "The rack: hypervisors, their networks, VMs and floats, as declared"
    return svg.document(WIDTH, y + 40, title, [*shapes, *_top(fleet), *_legend(y + 18)])


def _inside(fleet: Fleet) -> list[str]:
    """The VLANs on which no floats are: at the right."""
    return [name for name in fleet.vlans if name != fleet.floats.vlan]


def _panels(fleet: Fleet) -> int:
    """How many panels are above each other at the top."""
    return max(1, -(-len(fleet.floats.members) // FLOATS_PER_ROW), len(_inside(fleet)))


def _rows(plan: config.Plan) -> list[tuple[config.Reservation, ...]]:
    slots = plan.networks.default.reservations
    return [slots[i : i + PER_ROW] for i in range(0, len(slots), PER_ROW)]


def _header(plan: config.Plan) -> float:
    return HEADER + max(0, len(_others(plan)) - 1) * CHIP


def _height(plan: config.Plan) -> float:
    return _header(plan) + (len(_rows(plan)) * (ROW + PAD) or 2 * (BAR + PAD))


def _top(fleet: Fleet) -> Iterator[str]:
    """The VLANs at both ends, and between them the floats, held or free."""
    yield svg.text(MARGIN, 38, "The rack, as declared", size=20, bold=True)
    yield from _vlan(fleet, fleet.floats.vlan, MARGIN, TOP, CAMPUS)
    for i, name in enumerate(_inside(fleet)):
        yield from _vlan(fleet, name, WIDTH - MARGIN - 230, TOP + i * STEP, INSIDE)
    for i, label in enumerate(fleet.floats.members):
        row, column = divmod(i, FLOATS_PER_ROW)
        yield from _float(fleet, label, MARGIN + 230 + PAD + column * 190, TOP + row * STEP)


def _vlan(fleet: Fleet, name: str, x: float, y: float, color: str) -> Iterator[str]:
    vlan = fleet.vlans[name]
    yield svg.box(x, y, 230, PANEL, Look("#ffffff", color, 2))
    yield svg.text(x + 14, y + 22, f"VLAN {name}", size=14, bold=True, color=color)
    yield svg.text(x + 14, y + 46, str(vlan.network), mono=True)
    way_out = f"gateway {vlan.gateway}" if vlan.gateway is not None else "no gateway"
    yield svg.text(x + 14, y + 66, way_out, size=11, mono=vlan.gateway is not None, color=MUTED)


def _float(fleet: Fleet, label: str, x: float, y: float) -> Iterator[str]:
    member = fleet.floats.members[label]
    held = member.holder is not None
    yield svg.box(
        x, y, 182, PANEL, Look("#fff4ea" if held else "#ffffff", FLOAT, 1.5 if held else 1, not held)
    )
    yield svg.text(x + 12, y + 22, label, size=13, bold=True, color=FLOAT)
    who = f"→ {_fitting(str(member.holder))}" if held else "free"
    yield svg.text(x + 168, y + 22, who, bold=held, color=INK if held else MUTED, anchor="end")
    yield svg.text(x + 12, y + 46, str(member.address), mono=True)
    mac = mac_text(fleet.floats.macs.mac(0, member.index))
    yield svg.text(x + 12, y + 66, mac, size=11, mono=True, color=MUTED)


def _beneath(plan: config.Plan) -> HostBridge | None:
    """The facts of the bridge on which the bridged network stands, if they are declared."""
    name = plan.networks.bridged.bridge
    return next((b for b in plan.hypervisor.bridges if b.name == name), None)


def _others(plan: config.Plan) -> list[HostBridge]:
    return [b for b in plan.hypervisor.bridges if b.name != plan.networks.bridged.bridge]


def _rails(fleet: Fleet, plan: config.Plan, top: float) -> Iterator[str]:
    """From the VLANs at the top to this hypervisor's bridges."""
    y = top + _header(plan) + BAR / 2
    yield svg.path([(RAIL, TOP + PANEL), (RAIL, y)], Line(CAMPUS).look())
    yield svg.path([(RAIL, y), (LEFT + PAD, y)], Line(CAMPUS, dashed=_beneath(plan) is None).look())
    yield svg.dot(RAIL, y, CAMPUS)
    for i, bridge in enumerate(_others(plan)):
        vlan = fleet.hypervisors[plan.hypervisor.name].bridges[bridge.name].vlan
        if vlan in _inside(fleet):
            x, y = WIDTH - RAIL + 14 * _inside(fleet).index(vlan), top + HEADER / 2 + i * CHIP
            yield svg.path([(x, TOP + PANEL), (x, y), (RIGHT - PAD, y)], Line(INSIDE).look())
            yield svg.dot(x, y, INSIDE)


def _card(plan: config.Plan, top: float) -> Iterator[str]:
    """One hypervisor: its name and rule, its two networks, and its VMs between them."""
    host, net = plan.hypervisor, plan.networks.default
    yield svg.box(LEFT, top, RIGHT - LEFT, _height(plan), Look("#f6f8fa", "#c9d1d9"), 10)
    yield svg.text(LEFT + PAD, top + 26, host.name, size=17, bold=True)
    rule = f"{len(plan.vms) or 'no'} VMs · MACs {net.mac.rsplit(':', 1)[0]}:xx · addresses {net.network}"
    yield svg.text(LEFT + PAD + 90, top + 26, rule, color=MUTED)
    for i, bridge in enumerate(_others(plan)):
        y = top + (HEADER - CHIP) / 2 + i * CHIP
        yield svg.box(RIGHT - PAD - 290, y + 1, 290, CHIP - 2, Look("#f4effa", INSIDE))
        words = f"{bridge.name} · {bridge.address}/{bridge.prefix} · port {bridge.port}"
        yield svg.text(RIGHT - PAD - 145, y + 18, words, size=11.5, anchor="middle", color=INSIDE)
    y = top + _header(plan)
    rows = _rows(plan)
    if not rows:
        yield from _bar(y, _bridged_words(plan), CAMPUS, _beneath(plan) is not None)
        yield from _bar(y + BAR + PAD, _default_words(plan), DEFAULT)
    for i, row in enumerate(rows):
        yield from _row(plan, row, y + i * (ROW + PAD))


def _row(plan: config.Plan, row: tuple[config.Reservation, ...], top: float) -> Iterator[str]:
    """The VMs of up to eight slots: plugged into `default` below, and with a float into `bridged` above."""
    runs = {vm.name for vm in plan.vms}
    below = top + ROW - BAR
    for i, slot in enumerate(row):
        x = LEFT + PAD + (i + 0.5) * COLUMN
        if slot.name in runs:
            yield svg.path([(x, top + BAR + UP + VM_HEIGHT), (x, below)], Line(DEFAULT).look())
        if plan.floats_of(slot.name):
            yield from _plug(plan.floats_of(slot.name), x, top + BAR)
        yield from _vm(slot, x, top + BAR + UP, slot.name in runs)
    yield from _bar(top, _bridged_words(plan), CAMPUS, _beneath(plan) is not None)
    yield from _bar(below, _default_words(plan), DEFAULT)


def _plug(held: tuple[config.Float, ...], x: float, top: float) -> Iterator[str]:
    """The NICs of the floats that a VM holds: from the holder up to the bridged network, one line each."""
    for n in range(len(held)):
        at = x + 10 * (n - (len(held) - 1) / 2)
        yield svg.path([(at, top), (at, top + UP)], Line(FLOAT).look())
    yield svg.box(x - 60, top + 8, 120, 36, Look("#fff4ea", FLOAT, 1.5))
    labels = ", ".join(f.label for f in held)
    last_octets = ", ".join("." + f.address.rsplit(".", 1)[1] for f in held)
    yield svg.text(x, top + 23, _fitting(labels), size=11, bold=True, color=FLOAT, anchor="middle")
    words = held[0].address if len(held) == 1 else _fitting(last_octets)
    yield svg.text(x, top + 38, words, size=11, mono=True, anchor="middle")


def _fitting(words: str) -> str:
    """What has room in a VM's box; the rest is left to the table of outputs."""
    return words if len(words) <= 15 else words[:14] + "…"


def _vm(slot: config.Reservation, x: float, top: float, runs: bool) -> Iterator[str]:
    width = COLUMN - 10
    look = Look("#ffffff", INK, 1.5) if runs else Look(NONE, "#9aa4ae", dashed=True)
    ink = INK if runs else MUTED
    yield svg.box(x - width / 2, top, width, VM_HEIGHT, look)
    yield svg.text(x, top + 20, _fitting(slot.name), size=13, bold=runs, color=ink, anchor="middle")
    yield svg.text(x, top + 39, slot.address, size=11, mono=True, color=ink, anchor="middle")
    yield svg.text(x, top + 55, slot.mac, size=10, mono=True, color=MUTED, anchor="middle")


def _bar(top: float, words: tuple[str, str], color: str, known: bool = True) -> Iterator[str]:
    """A network, as a bar from side to side: its name, and what is to be known of it."""
    look = Look(color, color) if known else Look("#ffffff", color, 1.5, dashed=True)
    ink = "#ffffff" if known else color
    yield svg.box(LEFT + PAD, top, RIGHT - LEFT - 2 * PAD, BAR, look, 5)
    yield svg.text(LEFT + PAD + 12, top + 17.5, words[0], bold=True, color=ink)
    yield svg.text(LEFT + PAD + 90, top + 17.5, words[1], size=11, mono=True, color=ink)


def _bridged_words(plan: config.Plan) -> tuple[str, str]:
    net, bridge = plan.networks.bridged, _beneath(plan)
    if bridge is None:
        return net.name, f"{net.bridge} · address, MAC and port of this hypervisor are not declared"
    return net.name, f"{bridge.name} · {bridge.address}/{bridge.prefix} · {bridge.mac} · port {bridge.port}"


def _default_words(plan: config.Plan) -> tuple[str, str]:
    net = plan.networks.default
    first, last = net.dhcp_range
    ports = f"NAT ports {net.nat_ports[0]}–{net.nat_ports[1]}"
    dhcp = f"DHCP {first}–{last.rsplit('.', 1)[1]}"
    return net.name, f"{net.bridge} · {net.gateway} · {net.mac} · {dhcp} · {ports}"


def _legend(y: float) -> Iterator[str]:
    yield svg.box(LEFT, y - 11, 26, 14, Look("#ffffff", INK, 1.5), 3)
    yield svg.text(LEFT + 34, y, "VM, declared to run", size=11, color=MUTED)
    yield svg.box(LEFT + 190, y - 11, 26, 14, Look(NONE, "#9aa4ae", dashed=True), 3)
    yield svg.text(LEFT + 224, y, "slot reserved by name, no VM", size=11, color=MUTED)
    yield svg.path([(LEFT + 430, y - 4), (LEFT + 456, y - 4)], Line(FLOAT).look())
    yield svg.text(LEFT + 464, y, "NIC of a float", size=11, color=MUTED)
    yield svg.path([(LEFT + 580, y - 4), (LEFT + 606, y - 4)], Line(CAMPUS, dashed=True).look())
    yield svg.text(LEFT + 614, y, "by rule; facts of the host not declared", size=11, color=MUTED)

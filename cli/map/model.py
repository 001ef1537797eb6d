"""What a map shows: hypervisors, networks, VMs, floats and where each is plugged in, with each difference marked."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final

from cli.rack import FloatFact
from config.fleet import Fleet
from config.plan_host import HostBridge

NOWHERE: Final = "on no network"


class Mark(Enum):
    """How a part differs from what is declared; the value is what the legend says of it."""

    SAME = "as declared"
    MISSING = "declared, but not there"
    EXTRA = "there, but not declared"
    OTHER = "there, but otherwise than declared"
    STOPPED = "not running"
    UNKNOWN = "not known: not reached, or not read"


SIGN: Final = {
    Mark.MISSING: "\N{MINUS SIGN}",
    Mark.EXTRA: "+",
    Mark.OTHER: "≠",
    Mark.STOPPED: "!",
    Mark.UNKNOWN: "?",
}


@dataclass(frozen=True)
class Plug:
    """NICs of one MAC that a VM has in one place; ``label`` is the float's, or empty; ``bar`` a network's name."""

    label: str
    mac: str
    address: str
    bar: str
    mark: Mark = Mark.SAME
    copies: int = 1
    notes: tuple[str, ...] = ()

    @property
    def lines(self) -> list[str]:
        """What is said of it: whose NIC and how many, its address (its MAC where it is no float's), the notes."""
        copies = f" ×{self.copies}" if self.copies > 1 else ""
        nowhere = [NOWHERE] if self.bar == NOWHERE else []
        where = self.address if self.label else self.mac
        return [(self.label or "NIC") + copies, where, *nowhere, *self.notes]


@dataclass(frozen=True)
class Box:
    """A VM, or a slot that is reserved for one (``vm`` false).  ``state`` is virsh's word, where it is no other."""

    name: str
    address: str
    mac: str
    vm: bool
    mark: Mark = Mark.SAME
    state: str = ""
    plugs: tuple[Plug, ...] = ()

    def plain(self, plug: Plug) -> bool:
        """Whether a line is enough for a NIC of this VM, since the VM itself says all else."""
        alike = plug.mark in (Mark.SAME, Mark.UNKNOWN, self.mark) and plug.copies == 1
        return alike and plug.mac == self.mac and not (plug.label or plug.notes) and plug.bar != NOWHERE


@dataclass(frozen=True)
class Bar:
    """A network, or a bridge without one that a VM is plugged into; ``known``: whether its facts are declared."""

    name: str
    words: str
    known: bool = True
    mark: Mark = Mark.SAME
    note: str = ""


@dataclass(frozen=True)
class Card:
    """A hypervisor; ``reason`` says why it could not be looked at, ``unread`` what of it could not be, a line each.

    The first bar is the bridged network.
    """

    name: str
    words: str
    bars: tuple[Bar, ...]
    boxes: tuple[Box, ...]
    bridges: tuple[HostBridge, ...]  # those on which no network of libvirt stands
    reason: str = ""
    unread: tuple[str, ...] = ()

    @property
    def differences(self) -> int:
        """How many parts are not as declared."""
        marks = [b.mark for b in self.bars]
        for box in self.boxes:
            marks.append(box.mark)
            marks += [p.mark for p in box.plugs if box.mark in (Mark.SAME, Mark.STOPPED)]
        return sum(mark not in (Mark.SAME, Mark.UNKNOWN) for mark in marks)


@dataclass(frozen=True)
class Float:
    """``seen`` says where it is plugged, if that is not as declared."""

    fact: FloatFact
    mark: Mark = Mark.SAME
    seen: str = ""


@dataclass(frozen=True)
class Picture:
    live: bool
    fleet: Fleet
    cards: tuple[Card, ...]
    floats: tuple[Float, ...]

    @property
    def title(self) -> str:
        return "The rack, as declared and as seen" if self.live else "The rack, as declared"

    @property
    def vlans(self) -> list[str]:
        """The VLAN of the floats first."""
        first = self.fleet.floats.vlan
        return [first, *(name for name in self.fleet.vlans if name != first)]

    def vlan_of(self, card: Card, bridge: HostBridge) -> str:
        return self.fleet.hypervisors[card.name].bridges[bridge.name].vlan

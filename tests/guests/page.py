"""docs/guests.md: what was seen in each kind of guest, kept beside it in docs/guests.json.

TROP_GUESTS_SEEN=FOLDER ./trop test -m guests    a file for each kind
python -m tests.guests.page FOLDER               takes them into both
"""

from __future__ import annotations

import json
import os
import re
import sys
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

from cli import ROOT
from lab import debian
from tests.guests.cell import Cell

FOLDER: Final = "TROP_GUESTS_SEEN"
PAGE, KEPT = ROOT / "docs/guests.md", ROOT / "docs/guests.json"
_ASKED: Final = (
    "systemd",
    "network-manager",
    "netplan.io",
    "ifupdown",
    "isc-dhcp-client",
    "dhcpcd-base",
    "cloud-init",
)
_NAMES: Final = f"{' '.join(_ASKED)} qemu-guest-agent"
_VERSIONS: Final = f"dpkg-query -W -f '${{Package}} ${{Version}}\\n' {_NAMES} 2> /dev/null; true"
_HEAD: Final = """# Guests

For whoever wants to know what becomes of a float inside a guest: an emulated guest of each kind beside another one on
one hypervisor of the lab, each with a float, and what was seen. Written by `python -m tests.guests.page` from what
`./trop test -m guests` saw; the kinds are those of `lab/debian.py`. **Right** is: the page at the float comes from its
holder, over HTTP from the campus; the address is on the NIC alone, its default route goes by its gateway at its metric,
and what leaves the guest goes that way. "seed": the guest reads a cloud-init seed of ours, which names no NIC
([adr/0007](adr/0007-a-seed-names-no-nic.md)); "image": the image has every NIC ask DHCP.
"""


@dataclass
class Seen:
    kind: str
    holder: str
    packages: list[str]
    file: str = ""
    steps: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, made: Cell, holder: str) -> Seen:
        """Of a guest that has booted."""
        lines = made.inside(holder, _VERSIONS).splitlines()
        kind = made.kinds[holder].name
        return cls(kind, holder, [line for line in lines if len(line.split()) == 2])

    def begin(self, step: str) -> None:
        self.steps[step] = "not as declared"

    def has_done(self, made: Cell) -> None:
        self.steps[next(reversed(self.steps))] = "right"
        for label, holder in made.held.items():
            if not self.file and holder == self.holder:
                self.file = made.left(holder, label).partition("\n")[0]

    def write(self) -> None:
        if FOLDER in os.environ:
            file = Path(os.environ[FOLDER]) / f"{self.kind}.json"
            file.write_text(json.dumps(asdict(self), indent=1) + "\n", encoding="utf-8")


def text(kept: dict[str, Any]) -> str:
    """A row for each kind that was seen; the others by name."""
    steps = list(dict.fromkeys(step for seen in kept.values() for step in seen["steps"]))
    rows = [["guest", "network", *steps, "file in the guest", "versions"], ["---"] * (len(steps) + 4)]
    for name, kind in debian.KINDS.items():
        if seen := kept.get(name):
            told = [seen["steps"].get(step, "not reached") for step in steps]
            file = f"`{re.sub('5254[0-9a-f]{8}', 'MAC', seen['file'])}`"
            rows.append([*_called(kind), *told, file, ", ".join(seen["packages"])])
    unseen = [k for name, k in debian.KINDS.items() if name not in kept and k is not debian.DOCKER_HOST]
    beside = "; ".join(" ".join(_called(kind)) for kind in unseen)
    last = f"\nNot seen yet: {beside}.\n" if unseen else ""
    return _HEAD + "\n" + "".join(f"| {' | '.join(row)} |\n" for row in rows) + last


def _called(kind: debian.Kind) -> tuple[str, str]:
    return kind.suite, f"{kind.keeper}, {'seed' if kind.seeded else 'image'}"


def main(folder: str) -> None:
    kept = json.loads(KEPT.read_text(encoding="utf-8")) if KEPT.exists() else {}
    kept |= {
        path.stem: json.loads(path.read_text(encoding="utf-8"))
        for path in sorted(Path(folder).glob("*.json"))
    }
    kept = dict(sorted(kept.items()))  # the steps stay in the order in which they were made
    KEPT.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
    PAGE.write_text(text(kept), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])

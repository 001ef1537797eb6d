"""A cell of the matrix: two VMs of the fleet, of two kinds of guest, each with a float; and what is asked of them."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from config.plan import FLOAT_METRIC
from lab import debian
from tests.lab import lab_guest
from tests.lab.catalogue_terms import ADDRESSES, FLOATS
from tests.lab.lab_guest import Guest, wait_for
from tests.lab.stage import Stage, short_folder
from tests.lab.test_end_to_end_others import fleet

BOOT = 900.0  # seconds until an emulated guest answers, on cores that others use too
GATEWAY: Final = "129.215.175.126"
METRICS: Final = {label: FLOAT_METRIC + number for number, label in enumerate(FLOATS)}
HOLDERS: Final = ("Acilamwen", "Ulov")
OWN: Final = {"float1": "Acilamwen", "float2": "Ulov"}
OTHERS: Final = {"float1": "Ulov", "float2": "Acilamwen"}


@dataclass
class Cell:
    """``kinds``: by holder.  ``held``: the floats that are declared now, with their holders."""

    stage: Stage
    kinds: Mapping[str, debian.Kind]
    held: Mapping[str, str]

    def guest(self, name: str) -> Guest:
        return Guest(self.stage.lab, name)

    def inside(self, name: str, text: str) -> str:
        return self.guest(name).agent("/bin/sh", "-c", text, patience=BOOT)

    def booted(self, name: str) -> None:
        """Its agent answers, and it has its own lease."""
        wait_for(self.guest(name).answers, BOOT)
        ping = ["ping", "-c", "1", "-W", "1", ADDRESSES[name]]
        wait_for(lambda: self.stage.lab.run(ping, capture_output=True).returncode == 0 or None, BOOT)

    def move(self, held: Mapping[str, str]) -> None:
        self.held = held
        fleet(self.stage.folder, dict(held))
        self.stage.must("up", "--yes")

    def answers(self, label: str) -> str:
        """Who does at the float's address over HTTP from the campus, by its hostname; "" for nobody."""
        lines = lab_guest.page(self.stage.lab, FLOATS[label][0], campus=True)
        return next(iter(lines), "").removeprefix("I am ")

    def nic(self, label: str) -> str:
        """The name of the float's NIC in its holder: of several interfaces with its MAC the one with a device."""
        grep = f"grep -l {FLOATS[label][1]} /sys/class/net/*/address | xargs -n1 dirname"
        found = self.inside(self.held[label], f"for d in $({grep}); do ls -d $d/device; done").split("/")
        return found[4] if len(found) > 4 else ""

    def wrong(self, name: str) -> list[str]:
        """What is not as declared of the floats of a guest."""
        floats = [label for label, holder in self.held.items() if holder == name]
        found = [text for label in floats for text in self._wrong(name, label)]
        if floats:
            out, nic = self.inside(name, "ip -4 route get 192.0.2.1"), self.nic(min(floats, key=METRICS.get))
            if f"via {GATEWAY} dev {nic}" not in out:
                found.append(f"{name}: what leaves goes another way: {' '.join(out.split())}")
        return found

    def _wrong(self, name: str, label: str) -> list[str]:
        """Its address is on its NIC alone, and there is a default route by its gateway at its metric."""
        nic, address = self.nic(label), FLOATS[label][0]
        having = self.inside(name, f"ip -o -4 addr show | grep -F ' {address}/' | awk '{{print $2}}'").split()
        found = [] if having == [nic] else [f"{name}: {address} is on {having}, and the NIC is {nic!r}"]
        routes = self.inside(name, "ip -4 route show default").splitlines()
        by_nic = [route for route in routes if nic in route.split()]
        if not any(f"via {GATEWAY}" in route and f"metric {METRICS[label]}" in route for route in by_nic):
            found.append(f"{name}: the default route by {nic} is {by_nic}")
        return found

    def left(self, name: str, label: str) -> str:
        """Files of ours for a float's NIC in a guest."""
        mac = FLOATS[label][1].replace(":", "")
        return self.inside(name, f"find /etc /run/systemd/network -name '*{mac}*' 2> /dev/null; true").strip()

    def boot_again(self, how: str) -> None:
        """Both.  ``how``: "reboot" from inside, or "cold": off, and started."""
        before = {name: self.inside(name, "cat /proc/sys/kernel/random/boot_id") for name in HOLDERS}
        for name in HOLDERS:
            if how == "reboot":
                self.inside(name, "(sleep 1; systemctl reboot) > /dev/null 2>&1 & exit 0")
            else:
                self.stage.virsh("shutdown", name, "--mode", "acpi")
        if how == "cold":
            for name in HOLDERS:
                wait_for(self._is_off(name), BOOT)
                self.stage.virsh("start", name)
        for name in HOLDERS:
            wait_for(self._boots(name, before[name]), BOOT)
            self.booted(name)

    def _is_off(self, name: str) -> Callable[[], bool | None]:
        return lambda: self.stage.virsh("domstate", name) == "shut off" or None

    def _boots(self, name: str, before: str) -> Callable[[], bool | None]:
        def anew() -> bool:
            with suppress(AssertionError):  # its agent is on its way down, or up
                return self.inside(name, "cat /proc/sys/kernel/random/boot_id") != before
            return False

        return anew


@contextmanager
def cell(first: str, second: str, prepare: Callable[[Cell], object] = id) -> Iterator[Cell]:
    """Both VMs up and booted, each of its kind; nobody holds a float.  ``prepare`` is called before they are made."""
    with short_folder() as folder:
        settings = {"vms": {name: {} for name in HOLDERS}, "fleet": fleet(folder, {})}
        stage = Stage(Path(folder), "trop02", "embedded", settings, guest=first)
        kinds = dict(zip(HOLDERS, (debian.KINDS[first], debian.KINDS[second]), strict=True))
        made = Cell(stage, kinds, {})
        try:
            stage.up()
            if second != first:
                _stand_on(stage, HOLDERS[1], kinds[HOLDERS[1]])
            prepare(made)
            stage.must("up", "--yes", "--skip-preview")
            for name in HOLDERS:
                made.booted(name)
            yield made
        finally:
            stage.lab.down(purge=True)


def _stand_on(stage: Stage, name: str, kind: debian.Kind) -> None:
    """A VM on a base image of its own, beside the one of the others."""
    own = stage.lab.base.with_name(f"{kind.name}.qcow2")
    shutil.copyfile(kind.build(stage.lab.cache), own)
    image = {"baseImage": f"{stage.lab.facts.base_folder}/{own.name}"}
    stage.declare(vms=stage.settings["vms"] | {name: image})


def stays(look: Callable[[], list[str]], seconds: float) -> list[str]:
    """What was found wrong while it was looked at for so long."""
    end, found = time.monotonic() + seconds, list[str]()
    while time.monotonic() < end and not found:
        found = look()
        time.sleep(3)
    return found

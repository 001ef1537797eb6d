"""One cell of the matrix: two VMs of the fleet on one kind of guest, and what is asked of a float in them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab import debian
from tests.lab import lab_guest
from tests.lab.catalogue_terms import ADDRESSES, FLOATS
from tests.lab.lab_guest import Guest, wait_for
from tests.lab.stage import Stage, short_folder
from tests.lab.test_end_to_end_others import fleet

BOOT = 900.0  # seconds until an emulated guest answers, on cores that others use too
ADDRESS, MAC = FLOATS["float1"]
GATEWAY, METRIC = "129.215.175.126", 50
HOLDERS = ("Acilamwen", "Ulov")


@dataclass
class Cell:
    stage: Stage
    kind: debian.Kind

    def guest(self, name: str) -> Guest:
        return Guest(self.stage.lab, name)

    def inside(self, name: str, text: str) -> str:
        return self.guest(name).agent("/bin/sh", "-c", text, patience=BOOT)

    def booted(self, name: str) -> None:
        """Its agent answers, and it has its own lease."""
        wait_for(self.guest(name).answers, BOOT)
        wait_for(lambda: lab_guest.page(self.stage.lab, ADDRESSES[name], campus=False) or None, BOOT)

    def hold(self, holder: str | None) -> None:
        fleet(self.stage.folder, {} if holder is None else {"float1": holder})

    def move(self, holder: str | None) -> str:
        self.hold(holder)
        return str(self.stage.must("up", "--yes").text)

    def at_float(self) -> str:
        """Who answers over HTTP at the float's address from the campus, by its hostname; "" for nobody."""
        return next(iter(lab_guest.page(self.stage.lab, ADDRESS, campus=True)), "").removeprefix("I am ")

    def has_it(self, holder: str, seconds: float = 60) -> None:
        wait_for(lambda: self.at_float() == holder or None, seconds)

    def nic(self, holder: str) -> str:
        """The name of the float's NIC in the guest: of several interfaces with its MAC the one with a device."""
        look = f"for d in $(grep -l {MAC} /sys/class/net/*/address | xargs -n1 dirname); do ls -d $d/device; done"
        found = self.inside(holder, look).split("/")
        return found[4] if len(found) > 4 else ""

    def wrong(self, holder: str) -> list[str]:
        """What is not as declared: the float's address on its NIC alone, and the default route by its gateway."""
        nic = self.nic(holder)
        having = self.inside(
            holder, f"ip -o -4 addr show | grep -F ' {ADDRESS}/' | awk '{{print $2}}'"
        ).split()
        routes = [
            line
            for line in self.inside(holder, "ip -4 route show default").splitlines()
            if nic in line.split()
        ]
        out = self.inside(holder, "ip -4 route get 192.0.2.1")
        found = [] if having == [nic] else [f"{ADDRESS} is on {having}, and the NIC is {nic!r}"]
        if not any(f"via {GATEWAY}" in route and f"metric {METRIC}" in route for route in routes):
            found.append(f"the default route by {nic} is {routes}")
        if f"via {GATEWAY} dev {nic}" not in out:
            found.append(f"what leaves goes another way: {' '.join(out.split())}")
        return found

    def left(self, name: str) -> str:
        """Files of ours for the NIC in a guest."""
        mac = MAC.replace(":", "")
        return self.inside(name, f"find /etc /run/systemd/network -name '*{mac}*' 2> /dev/null; true").strip()

    def boot_again(self, name: str, how: str) -> None:
        """``how``: "reboot" from inside, or "cold": off, and started."""
        before = self.inside(name, "cat /proc/sys/kernel/random/boot_id")
        if how == "reboot":
            self.inside(name, "(sleep 1; systemctl reboot) > /dev/null 2>&1 & exit 0")
        else:
            self.stage.virsh("shutdown", name, "--mode", "acpi")
            wait_for(lambda: self.stage.virsh("domstate", name) == "shut off" or None, BOOT)
            self.stage.virsh("start", name)

        def anew() -> bool:
            with suppress(AssertionError):  # its agent is on its way down, or up
                return self.inside(name, "cat /proc/sys/kernel/random/boot_id") != before
            return False

        wait_for(anew, BOOT)
        self.booted(name)


@contextmanager
def cell(kind: str) -> Iterator[Cell]:
    """Both VMs up and booted; nobody holds a float."""
    with short_folder() as folder:
        vms: dict[str, Any] = {name: {} for name in HOLDERS}
        settings = {"vms": vms, "fleet": fleet(folder, {})}
        made = Cell(Stage(Path(folder), "trop02", "embedded", settings, guest=kind), debian.KINDS[kind])
        try:
            made.stage.up()
            made.stage.must("up", "--yes", "--skip-preview")
            for name in HOLDERS:
                made.booted(name)
            yield made
        finally:
            made.stage.lab.down(purge=True)


def stays(look: Any, seconds: float) -> list[str]:
    """What was found wrong while it was looked at for so long."""
    end, found = time.monotonic() + seconds, list[str]()
    while time.monotonic() < end and not found:
        found = look()
        time.sleep(3)
    return found

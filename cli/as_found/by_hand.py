"""The steps of the wiki page's author, as he typed them; the XML beside this file is what he gave to virsh."""

from __future__ import annotations

import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from lab import guests
from lab.facts import LabError
from lab.hypervisor import Lab
from provider.errors import OperatorError
from provider.guest.agent import Agent
from provider.host.clock import SystemClock

SEEDS: Final = Path(__file__).parent
FLOAT1, FLOAT2 = "129.215.175.100", "52:54:00:00:01:01"  # the address of the one, the MAC of the other
IFCFG: Final = "/etc/sysconfig/network-scripts/ifcfg-ens5"
COPIES: Final = 4  # how often the author has run the command that plugs a NIC
PATIENCE: Final = 240.0  # seconds for guests under emulation, all at once, on two busy cores
PAUSE: Final = 0.5  # seconds between two looks

# The VMs that the page lists, and of them the slots that default.xml has.
VMS: Final = {"Lothigometh": 9, "Ulov": 10, "Ibalehar": 12, "Eterathiel": 13, "Acilamwen": 15}
DESCRIPTIONS: Final = {
    "Acilamwen": "Front-end Apache HTTP proxy",
    "Eterathiel": "Back-end components of the Firethorn webservice",
}


@dataclass(frozen=True)
class ByHand:
    """A lab's hypervisor.  What virsh or a guest refuses is a `LabError`."""

    lab: Lab

    def virsh(self, *words: str, stdin: str = "") -> str:
        done = subprocess.run(
            ["virsh", "-q", "-c", self.lab.uri, *words],
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE,
        )
        if done.returncode != 0:
            raise LabError(f"virsh {' '.join(words)}: {done.stderr.strip()}")
        return done.stdout.strip("\n")

    def host(self, *words: str) -> None:
        """A command on the hypervisor itself."""
        done = self.lab.run(words, capture_output=True)
        if done.returncode != 0:
            raise LabError(f"{' '.join(words)}: {done.stderr.strip()}")

    def networks(self) -> None:
        for name in ("bridged", "default"):
            self.virsh("net-define", str(SEEDS / f"{name}.xml"))
            self.virsh("net-start", name)
            self.virsh("net-autostart", name)

    def pool(self) -> None:
        self.virsh("pool-define-as", "live", "dir", "--target", self.lab.facts.live_folder)
        self.virsh("pool-start", "live")
        self.virsh("pool-autostart", "live")

    def overlay(self, name: str) -> None:
        facts = self.lab.facts
        base = ("-F", "qcow2", "-b", f"{facts.base_folder}/{facts.base_image}")
        self.host("qemu-img", "create", "-q", "-f", "qcow2", *base, f"{facts.live_folder}/{name}.qcow")

    def machines(self) -> None:
        definition = (SEEDS / "domain.xml").read_text(encoding="utf-8")
        for name, slot in VMS.items():
            self.overlay(name)
            said = DESCRIPTIONS.get(name)
            description = f"<description>{said}</description>" if said else ""
            live = self.lab.facts.live_folder
            xml = definition.format(name=name, slot=slot, live=live, description=description)
            self.virsh("define", "/dev/stdin", stdin=xml)
        self.virsh("pool-refresh", "live")
        for name in VMS:
            self.virsh("start", name)
            self.virsh("autostart", name)

    def float_four_times(self) -> None:
        """The ifcfg file inside, and then the page's command, run again and again, with the MAC that was found."""
        with guests.connection(self.lab.uri) as host:
            for name in VMS:
                if not Agent(host.lookupByName(name), SystemClock()).answers(PATIENCE):
                    raise LabError(f"guest {name} did not come up within {PATIENCE:g} s")
            acilamwen = Agent(host.lookupByName("Acilamwen"), SystemClock())
            text = (SEEDS / "ifcfg-ens5").read_text(encoding="utf-8")
            acilamwen.run(f"cat > {IFCFG}", stdin=text)
            for _ in range(COPIES):
                self.virsh(
                    "attach-interface", "Acilamwen", "network", "bridged", "--model", "virtio", "--mac", FLOAT2,
                    "--live", "--config",
                )  # fmt: skip
            end = time.monotonic() + PATIENCE
            while not _has(acilamwen, FLOAT1):
                if time.monotonic() > end:
                    raise LabError(f"there is no {FLOAT1} in Acilamwen after {PATIENCE:g} s")
                time.sleep(PAUSE)

    def everything(self) -> None:
        try:
            self.networks()
            self.pool()
            self.machines()
            self.float_four_times()
        except OperatorError as error:
            raise LabError(str(error)) from error


def _has(agent: Agent, address: str) -> bool:
    return any(each.startswith(f"{address}/") for _, nic in agent.interfaces() for each in nic.addresses)

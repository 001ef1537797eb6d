"""Three hypervisors with a VM each, and a verb run on all of their stacks without running any."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import yaml
from rich.console import Console

from cli.fleet import command as fleet
from cli.fleet import stacks as fleet_stacks
from cli.fleet.children import Ended
from cli.fleet.plugged import Sight
from cli.fleet.stacks import Fleet
from provider.errors import OperatorError
from provider.survey.survey import HostSeen
from tests.cli.map import hosts as map_hosts
from tests.cli.map.hosts import domain, nic
from tests.config import fleets

MAC = {"float1": "52:54:00:00:01:00", "float2": "52:54:00:00:01:01"}
VMS = {"trop02": "Acilamwen", "trop03": "Wanderer", "trop04": "Third"}
GONE = OperatorError("cannot reach libvirt at qemu+ssh://root@trop02/system: no route to host")
SUMMARY = "Previewing update (x):\n\nResources:\n    + 2 to create\n    ~ 1 to update\n    3 changes. 28 unchanged\n"


@dataclass
class World:
    """Three hypervisors with a VM each; an `up` gives a stack the floats that its fleet file says, and no others."""

    folder: Path
    holds: dict[str, str | None]
    at: dict[str, list[str]]  # MACs that are plugged in, by stack
    unreached: dict[str, OperatorError] = field(default_factory=dict)
    codes: dict[str, int] = field(default_factory=dict)
    stubborn: set[str] = field(default_factory=set)  # stacks whose run does not take out what it should
    batches: list[dict[str, list[str]]] = field(default_factory=list)
    history: list[dict[str, list[str]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        facts = fleets.rack_facts()
        for stack in ("trop03", "trop04"):
            facts["hypervisors"][stack]["slots"] = {VMS[stack]: 8}
        members = facts["floats"]["members"]
        members["float1"].pop("holder")
        for label, stack in self.holds.items():
            members[label]["holder"] = VMS[stack] if stack else None
        path = self.folder / "fleet.yaml"
        path.write_text(yaml.safe_dump(facts), encoding="utf-8")
        self.fleet = Fleet()
        for stack, vm in VMS.items():
            file = self.folder / f"Pulumi.{stack}.yaml"
            settings = {"libvirt:uri": f"qemu://{stack}", "trop:fleet": str(path), "trop:vms": {vm: {}}}
            file.write_text(yaml.safe_dump({"config": settings}), encoding="utf-8")
            self.fleet.files[stack], self.fleet.uris[stack] = file, f"qemu://{stack}"
        self.plans = fleet_stacks.plans(self.fleet, self.folder)

    def look(self, _fleet: Fleet) -> Sight:
        def host(stack: str) -> HostSeen:
            return map_hosts.host([domain(VMS[stack], [nic(mac) for mac in self.at.get(stack, [])])], [])

        return {stack: self.unreached.get(stack) or host(stack) for stack in VMS}

    def children(self, jobs: Mapping[str, Sequence[str]]) -> Mapping[str, Ended]:
        self.batches.append({stack: list(words) for stack, words in jobs.items()})
        ended = {}
        for stack, words in jobs.items():
            ended[stack] = Ended(self.codes.get(stack, 0), SUMMARY, 1.0)
            if words[0] == "up" and not self.codes.get(stack):
                self._apply(stack, words)
                self.history.append({s: list(macs) for s, macs in self.at.items()})
        return ended

    def _apply(self, stack: str, words: Sequence[str]) -> None:
        file = (
            Path(words[words.index("--config-file") + 1])
            if "--config-file" in words
            else self.fleet.files[stack]
        )
        facts = fleet_stacks.plans(Fleet(files={stack: file}), self.folder)[stack]
        kept = self.at.get(stack, []) if stack in self.stubborn else []
        self.at[stack] = [*kept, *(held.mac for held in facts.floats)]

    def run(self, *words: str, answer: str = "yes") -> tuple[int, str]:
        console = Console(file=io.StringIO(), width=200)
        order = fleet.parse(list(words), set(VMS))
        made = fleet.Run(
            order,
            self.fleet,
            self.plans,
            console,
            self.folder,
            self.children,
            self.look,
            lambda _question: answer,
        )
        code = made.go()
        assert isinstance(console.file, io.StringIO)
        return code, console.file.getvalue()

    def twice(self) -> list[dict[str, list[str]]]:
        """Moments at which a MAC was plugged in on two hypervisors."""
        return [
            at
            for at in self.history
            if any(sum(mac in macs for macs in at.values()) > 1 for mac in MAC.values())
        ]


def words_of(batch: Mapping[str, Sequence[str]]) -> dict[str, bool]:
    """Which stacks ran, and whether without some float."""
    return {stack: "--config-file" in words for stack, words in batch.items()}

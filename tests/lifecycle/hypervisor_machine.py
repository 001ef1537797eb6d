"""trop02 on a hypervisor in memory, at random: the real provider, real files, and processes that really end.

This is a process of its own: it loads everything once and forks, as `tests.crash.play` does.
"""

from __future__ import annotations

import copy
import json
import pickle
import shutil
import sys
from collections import Counter
from pathlib import Path
from random import Random
from typing import Any, ClassVar

import libvirt
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from engine.state import checkpoint, urns
from engine.state.records import Resource, Snapshot
from provider.nic import nic
from tests.crash.compare import files
from tests.crash.operations import CATNET, SCRATCH, UP, Operation, two
from tests.crash.play import cut_off
from tests.crash.stand import PASSPHRASE, Ended, Stand, Start, _alone, engine_run, folder
from tests.crash.world import BASE, World
from tests.lab.catalogue_stage import STACK, Declared
from tests.lab.catalogue_terms import FLOATS
from tests.lifecycle.integrity import verify
from tests.lifecycle.other_engine import as_the_cli_writes
from tests.lifecycle.shares import live
from tests.provider.fakes.failing_calls import Remote, Wire

ONE = ("--parallel", "1")
WORDS = {
    "up": UP,
    "up refreshed": (*UP, "--refresh"),
    "refresh": ("refresh", "--yes", "--skip-preview"),
    "destroy": ("destroy", "--yes", "--skip-preview"),
}
VMS, MAC = ("Acilamwen", "Ulov"), FLOATS["float1"][1]
SETTLED = ("preview", "--refresh", "--expect-no-changes")


def names(records: list[Resource]) -> set[str]:
    return {str(r.inputs.get("name")) for r in records}


def toggled(settings: dict[str, Any], name: str, value: Any) -> None:
    if settings.pop(name, None) is None:
        settings[name] = value


def edited(declared: Declared, what: str, vm: str) -> None:
    """One thing that an operator may want; the float is held by a VM that is there, or by none."""
    vms = declared.stack["vms"]
    if what == "vm":
        toggled(vms, vm, {"protect": False})
    elif what == "text" and vm in vms:
        toggled(vms[vm], "description", "another")
    elif what == "memory" and vm in vms:
        toggled(vms[vm], "memory", 128)
    elif what == "reservation":
        toggled(declared.slots(), "Siamond", 14)
    elif what == "network":
        toggled(declared.extra, "catnet", ("Network", dict(CATNET)))
    elif what == "volume":
        toggled(declared.extra, "scratch", ("Volume", SCRATCH | {"pool": "base"}))
    holder = declared.fleet["floats"]["members"]["float1"].get("holder")
    if what == "float":
        holder = None if holder == vm else vm
    declared.hold("float1", holder if holder in vms else None)


def by_hand(world: World, what: str, which: int) -> None:
    """Something that somebody does to the hypervisor, as far as libvirt lets them."""
    there: list[Any] = list(world.networks if what == "network stopped" else world.domains.values())
    if not there:
        return
    chosen = there[which % len(there)]
    try:
        if what == "autostart":
            chosen.setAutostart(0)
        elif what == "saved":
            chosen.managedSave()
        else:
            chosen.destroy()
        if what == "domain gone":
            chosen.undefineFlags(0)
    except libvirt.libvirtError:
        return


class Hypervisor(RuleBasedStateMachine):
    count: ClassVar[Counter[str]] = Counter()
    stand: ClassVar[Stand]

    def __init__(self) -> None:
        super().__init__()
        empty = self.stand.empty
        self.start = Start(self.stand.root / "life", empty.world)
        shutil.rmtree(self.start.folder, ignore_errors=True)
        shutil.copytree(empty.folder, self.start.folder)
        self.world: World = pickle.loads(empty.world)
        self.bare = self.world.seen()
        self.declared = two()
        self.failed: set[str] = set()  # names of what creates that failed may have left

    @property
    def file(self) -> Path:
        return self.start.state / f".pulumi/stacks/trop/{STACK}.json"

    @initialize(vms=st.sets(st.sampled_from(VMS)))
    def begin(self, vms: set[str]) -> None:
        for vm in set(VMS) - vms:
            edited(self.declared, "vm", vm)

    @rule(
        edits=st.lists(
            st.tuples(
                st.sampled_from(["vm", "float", "text", "memory", "reservation", "network", "volume"]),
                st.sampled_from(VMS),
            ),
            min_size=1,
            max_size=3,
        ),
        drift=st.sampled_from(
            ["", "", "network stopped", "crash", "domain gone", "autostart", "saved", "saved"]
        ),
        carries=st.booleans(),
        trouble=st.sampled_from(["end", "call", "end", "call", ""]),
        at=st.sampled_from(range(120)),
        done=st.booleans(),
        kind=st.sampled_from(["up", "up", "up", "up refreshed", "refresh", "destroy"]),
    )
    def step(
        self, edits: list[tuple[str, str]], drift: str, carries: bool, trouble: str, at: int, done: bool, kind: str
    ) -> None:  # fmt: skip
        """Something else is wanted or has come about; the run that is to settle it ends early, or a call fails."""
        for what, vm in edits:
            edited(self.declared, what, vm)
        self.start.write(self.declared)
        if drift:
            by_hand(self.world, drift, at)
        if carries:
            self._carry(at)
        self.count.update({"edits": len(edits), "changes by hand": bool(drift), "runs": 1})
        if trouble == "end":
            self._ends(WORDS[kind], at)
        else:
            self._fails(WORDS[kind], at if trouble == "call" else -1, done)
        self._is_valid()

    def _carry(self, number: int) -> None:
        """The other engine has had the stack: in place, or from an export of ours to an import of its own."""
        self.count["changes of the engine"] += 1
        if number % 4 < 2:
            self._rewrite(self.file, number)
            return
        exported = self.start.folder / "exported.json"
        for verb in ("export", "import"):
            words = ("stack", verb, "--stack", STACK, "--file", str(exported))
            ended = engine_run(self.world, self.start.project, self.start.state, words)
            assert ended.code == 0, ended.text
            if verb == "export":
                self._rewrite(exported, number)

    def _rewrite(self, file: Path, number: int) -> None:
        file.write_bytes(as_the_cli_writes(file.read_bytes(), Random(number), lambda text: text))

    def _ends(self, words: tuple[str, ...], at: int) -> None:
        _alone()
        (self.start.folder / "told").unlink(missing_ok=True)
        operation = Operation("life", two, words=words, steps=ONE)
        left = cut_off(self.world, self.start, operation, self.start.state, at)
        self.count["cut off"] += left.reached
        assert left.reached or left.code in (0, 1), left
        assert not self._untold() - self.failed, self._untold()

    def _fails(self, words: tuple[str, ...], at: int, done: bool) -> None:
        wire = Wire()
        wire.begin(at, done) if at >= 0 else wire.begin()
        ended = self._run(*words, conn=Remote(wire, self.world))
        self.count["faults"] += bool(wire.failed)
        if ended.code:
            self.failed |= self._untold()
        assert not self._untold() - self.failed, self._untold()
        assert ended.code in (0, 1), ended.text

    def _run(self, *words: str, conn: Any = None) -> Ended:
        return engine_run(conn or self.world, self.start.project, self.start.state, (*words, *ONE))

    def _must(self, *words: str) -> None:
        ended = self._run(*words)
        assert ended.code == 0, ended.text
        self.count["runs"] += 1

    def _state(self) -> Snapshot:
        plain = checkpoint.Codec(STACK, lambda text: text, lambda text: json.dumps(text))
        return plain.load(checkpoint.parse(self.file.read_bytes()))

    def _is_valid(self) -> None:
        verify(self._state())
        assert PASSPHRASE.encode() not in self.file.read_bytes()
        self._never_twice()

    def _never_twice(self) -> None:
        """No two guests are on the wire with one MAC."""
        live = [nic.nics(d.XMLDesc()) for d in self.world.domains.values() if d.isActive()]
        up = Counter(one.mac for nics in live for one in nics if one.link == "up")
        assert not [mac for mac, times in up.items() if times > 1]

    def _brought_back(self) -> None:
        """What is saved is started, as the line tells that refuses to take something from it."""
        for domain in list(self.world.domains.values()):
            if domain.hasManagedSaveImage():
                self.count["brought back"] += 1
                domain.create()
        self._never_twice()

    def _unknown(self) -> set[str]:
        """Names of what is there, or half made, and that no record has."""
        pending = {urns.name_of(o.resource.urn) for o in self._state().pending_operations}
        return self._there() - names(self._state().resources) | pending

    def _untold(self) -> set[str]:
        """Names of what is there, and of which the state says neither that it is nor that it was about to be made."""
        pending = [o.resource for o in self._state().pending_operations]
        return self._there() - names(self._state().resources) - names(pending)

    def _there(self) -> set[str]:
        there = [*self.world.networks, *self.world.domains.values(), *self.world._volumes()]
        return {each.name() for each in there} - {BASE}

    def _declare_again(self) -> None:
        """What a failed create has left is taken up by the next one: declare it once more, a float where its NIC is."""
        unknown, wanted = self._unknown(), copy.deepcopy(self.declared)
        for vm in set(VMS) - self.declared.stack["vms"].keys():
            edited(self.declared, "vm", vm)
        for what in ("network", "volume"):
            if {"network": "catnet", "volume": "scratch"}[what] not in self.declared.extra:
                edited(self.declared, what, "")
        if "float1" in unknown:
            having = (d.name() for d in self.world.domains.values() if MAC in nic.macs(d.XMLDesc()))
            self.declared.hold("float1", next(having, "Ulov"))
        self.start.write(self.declared)
        self._must(*WORDS["up refreshed"])
        self.declared = wanted
        self.start.write(wanted)

    def teardown(self) -> None:
        """What an operator does then: `up`, and in the end `destroy`."""
        for network in self.world.networks:
            if not network.isActive():
                network.create()
        self._brought_back()
        if self._unknown():
            self._declare_again()
        self._must(*WORDS["up refreshed"])
        self._is_valid()
        assert not self._unknown(), self._unknown()
        self._must(*SETTLED)
        assert not [name for name in files(self.start.state) if "locks/" in name or name.endswith(".tmp")]
        self._must(*WORDS["destroy"])
        assert self._state().resources == []
        assert self.world.seen() == self.bare
        self.count["lives"] += 1


def main(lives: int, seed: int) -> None:
    """One line of JSON: what was counted."""
    with folder() as root:
        Hypervisor.stand = Stand(root)
        Hypervisor.stand.up(two)  # what this process loads now, its forks have
        print(json.dumps(live(Hypervisor, lives, seed)))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))

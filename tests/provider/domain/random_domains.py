"""Random domains: what runs, what is defined, what is declared; and the update between them on the fake."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field

from hypothesis import assume
from hypothesis import strategies as st

from provider.errors import OperatorError
from provider.host.macs import same_mac
from provider.impact.kinds import Note
from provider.resource.base import Props
from tests.provider.domain import foreign
from tests.provider.fakes import domain_disks
from tests.provider.fakes.domain_world import POOL, Plug, Vm, World
from tests.provider.fakes.domain_xml import fill, free_places

MACS = [f"52:54:00:00:00:0{n}" for n in range(1, 6)]
FLOAT, FORBIDDEN = "52:54:00:00:01:00", "52:54:00:00:01:01"
NETWORKS = ["default", "bridged"]
LIVE, CONFIG = 1, 2
AMOUNTS = st.sampled_from([64, 96, 128])


@st.composite
def properties(draw: st.DrawFn) -> Props:
    macs = draw(st.lists(st.sampled_from(MACS), unique=True, max_size=3))
    disks = [{"volumeId": f"{POOL}/Acilamwen.qcow"}, {"volumeId": f"{POOL}/data.qcow"}]
    return {
        "memory": draw(AMOUNTS),
        "vcpu": draw(st.integers(1, 3)),
        "autostart": draw(st.booleans()),
        "title": draw(st.sampled_from(["", "one", "two"])),
        "description": draw(st.sampled_from(["", "one", "two"])),
        "disks": disks[: draw(st.integers(1, 2))],
        "networkInterfaces": [{"networkName": draw(st.sampled_from(NETWORKS)), "mac": mac} for mac in macs],
        "cpu": {"mode": draw(st.sampled_from(["host-model", "maximum"]))},
    }


@dataclass
class Case:
    """``strangers``: NICs of nobody's declaring, by MAC: in the running guest, in the persistent definition.

    ``full``: the running guest has two free PCI slots at most.
    ``foreign``: what nobody here knows, in each of the two, and ``had`` the NICs and disks there.
    """

    vm: Vm
    wanted: Props
    plug: Plug | None
    strangers: tuple[Counter[str], Counter[str]] = field(default_factory=lambda: (Counter(), Counter()))
    full: bool = False
    foreign: tuple[foreign.Marks, ...] = ()
    had: tuple[set[str], ...] = ()

    def xmls(self) -> tuple[object, ...]:
        fake = self.vm.fake
        image = fake.managedSaveGetXMLDesc() if fake.hasManagedSaveImage() else None
        return fake.XMLDesc(), fake.XMLDesc(2), image, fake.isActive(), fake.isPersistent(), fake.autostart()


@st.composite
def cases(draw: st.DrawFn) -> Case:
    world = World()
    world.conn.add_volume(f"{POOL}/data.qcow")
    vm = world.made(**draw(properties()))
    if draw(st.booleans()):
        staged = {key: value for key, value in draw(properties()).items() if key in ("memory", "vcpu", "cpu")}
        try:
            vm.up(**staged)
        except OperatorError:
            assume(False)
    plug = world.plugged(vm, mac=FLOAT, forbiddenMacs=[FORBIDDEN]) if draw(st.booleans()) else None
    declared = {same_mac(each["mac"]) for each in vm.inputs["networkInterfaces"]}
    for mac, flags, network in draw(
        st.lists(
            st.tuples(
                st.sampled_from([*MACS, FLOAT, FORBIDDEN]),
                st.sampled_from([LIVE, CONFIG, 3]),
                st.sampled_from(NETWORKS),
            ),
            max_size=4,
        )
    ):
        vm.attach_by_hand(mac, flags, network)
    room = draw(st.sampled_from([None, None, 0, 1, 2]))
    if room is not None and len(free_places(vm.fake.live)) > room:
        fill(vm.fake.live, leaving=room)
    for number in range(draw(st.integers(0, 2))):
        domain_disks.snapshot(vm.fake, f"{POOL}/snapshot{number}", known=draw(st.booleans()))
    kind = draw(st.sampled_from(["running"] * 4 + ["undefined", "saved"]))
    live, config = vm.macs()
    if kind == "undefined":
        vm.fake.undefineFlags(0)
    elif kind == "saved":  # and started again by the update
        vm.fake.managedSave()
        for mac in (
            draw(st.lists(st.sampled_from(sorted({*config})), unique=True, max_size=1)) if config else ()
        ):
            _forget(vm, mac)
    wanted = draw(properties())
    for key in draw(st.sets(st.sampled_from(sorted(wanted)))):
        wanted.pop(key)
    vm.fake.lets_go = draw(st.sampled_from([1, 2]))
    vm.inputs = {
        key: value for key, value in vm.inputs.items() if key in wanted or key in ("name", "type", "running")
    }
    world.conn.calls.clear()
    case = Case(vm, wanted, plug, full=room is not None)
    ours = declared | {each["mac"] for each in wanted.get("networkInterfaces", ())} | {FLOAT, FORBIDDEN}
    if kind == "saved":
        config = vm.macs()[1]
    if vm.fake.persistent:
        running = vm.fake.image if vm.fake.live is None else vm.fake.live
        roots = (running, vm.fake.config)
        chance = random.Random(draw(st.integers(0, 1 << 16)))
        case.foreign = tuple(foreign.scatter(chance, root) for root in roots)
        case.had = tuple(foreign.devices(root) for root in roots)
    case.strangers = tuple(Counter(mac for mac in side if mac not in ours) for side in (live, config))  # type: ignore[assignment]
    return case


def _forget(vm: Vm, mac: str) -> None:
    """Take one out of the definition of a domain that is saved with it."""
    for nic in list(vm.fake.config.iterfind("devices/interface")):
        if same_mac(nic.find("mac").get("address")) == mac:
            nic.getparent().remove(nic)


def ends_as_wanted(case: Case) -> None:
    """The update of a case, from every side.  What is refused must have changed nothing."""
    vm, before = case.vm, case.xmls()
    top = vm.fake.disks(live=vm.fake.live is not None)[0]
    vm.call.notes.clear()
    try:
        vm.up(preview=True, **case.wanted)
    except OperatorError:
        assert case.xmls() == before
        assume(False)
        return
    told = [str(note) for note in vm.call.notes]
    assert vm.world.conn.calls == []
    assert case.xmls() == before
    assert {note.impact for note in vm.call.notes if isinstance(note, Note)} <= {"live", "next boot"}
    vm.call.notes.clear()
    vm.up(**case.wanted)
    assert [str(note) for note in vm.call.notes] == told
    if case.full and vm.drift().changes:
        assert free_places(vm.fake.live)
        vm.up()  # what this very update has unplugged last leaves a place for what waits
    assert vm.drift().changes == {}
    assert vm.fake.disks()[0] == top, "a snapshot is nobody's, and was touched"
    _nics(case)
    _amounts(case)
    _foreign(case)
    vm.world.conn.calls.clear()
    vm.up()
    assert vm.world.conn.calls == []
    if case.plug is not None:
        case.plug.up()
        assert case.plug.drift().changes == {}
        live, config = vm.macs()
        assert (config.count(FLOAT), live.count(FORBIDDEN), config.count(FORBIDDEN)) == (1, 0, 0)
        assert live.count(FLOAT) == int("pendingRestart" not in case.plug.outputs)
        _room_is_used(vm, "pendingRestart" in case.plug.outputs)


def _foreign(case: Case) -> None:
    for marks, had, root in zip(
        case.foreign, case.had, (case.vm.fake.live, case.vm.fake.config), strict=False
    ):
        assert list(foreign.lost(marks, had, root)) == []


def _nics(case: Case) -> None:
    live, config = (Counter(side) for side in case.vm.macs())
    waits = "networkInterfaces" in case.vm.outputs.get("pendingRestart", [])
    sides = [(live[each["mac"]], config[each["mac"]]) for each in case.wanted.get("networkInterfaces", ())]
    assert set(sides) <= {(1, 1), (0, 1)}
    assert ((0, 1) in sides) == waits
    _room_is_used(case.vm, waits)
    for side, strangers in zip((live, config), case.strangers, strict=True):
        for mac, times in strangers.items():
            assert side[mac] == times, f"{mac} is nobody's, and was touched"


def _room_is_used(vm: Vm, waits: bool) -> None:
    """Nothing waits for a guest that has a place for it."""
    assert not waits or not free_places(vm.fake.live)


def _amounts(case: Case) -> None:
    """The definition has what is declared; the running guest too, or it is said to wait."""
    fake, waits = case.vm.fake, case.vm.outputs.get("pendingRestart", [])
    if "memory" in case.wanted:
        assert int(fake.config.findtext("currentMemory")) == case.wanted["memory"] * 1024
        assert ("memory" in waits) or int(fake.live.findtext("currentMemory")) == case.wanted["memory"] * 1024
    if "vcpu" in case.wanted:
        has, gets = (
            int(root.find("vcpu").get("current", root.findtext("vcpu"))) for root in (fake.live, fake.config)
        )
        assert gets == case.wanted["vcpu"]
        assert ("vcpu" in waits) or has == gets
    for key in ("autostart", "title", "description"):
        if key in case.wanted:
            now = bool(fake.autostart()) if key == "autostart" else fake.config.findtext(key) or ""
            assert now == case.wanted[key]

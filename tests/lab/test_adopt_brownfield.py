"""What was made in other ways, by others, is taken over as it is: an empty preview, and no byte of it changed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import yaml

from cli.as_found.by_hand import ByHand
from tests.config.fleets import rack_facts
from tests.done import Done
from tests.lab import brownfield, by_hand
from tests.lab.brownfield import DOMAINS, LIVE, OTHER, SLOTS, TENANTS, Found
from tests.lab.stage import Stage, short_folder

pytestmark = [pytest.mark.lab, pytest.mark.adopt, pytest.mark.other_turn]


@dataclass
class Field:
    stage: Stage
    done: dict[str, Done] = field(default_factory=dict)
    seen: dict[str, dict[str, str]] = field(default_factory=dict)
    vms: dict[str, Any] = field(default_factory=dict)
    records: dict[str, Any] = field(default_factory=dict)

    def adopt(self, *words: str) -> Done:
        return self.stage.on_stack("adopt", *words)

    def play(self) -> None:
        lab = self.stage.lab
        self.seen["made"] = by_hand.everything(lab)
        self.done["table"] = self.adopt()
        self.done["taken"] = self.adopt("--write", "--yes")
        self.done["preview"] = self.stage.on_stack("preview", "--expect-no-changes", "--diff")
        self.done["up"] = self.stage.on_stack("up", "--yes", "--skip-preview")
        self.done["settled"] = self.stage.on_stack("preview", "--expect-no-changes")
        self.done["again"] = self.adopt("--write", "--yes")
        self.seen["end"] = by_hand.everything(lab)
        file = lab.state / "project" / f"Pulumi.{self.stage.stack}.yaml"
        self.vms = yaml.safe_load(file.read_text(encoding="utf-8"))["config"]["trop:vms"]
        self.records = self.stage.records()


def given(hand: ByHand, command: str, xml: str, *words: str) -> None:
    """A virsh command that takes a file."""
    hand.virsh(command, "/dev/stdin", *words, stdin=xml)


def make(hand: ByHand) -> None:
    """Everything on the host, by virsh and qemu-img."""
    for name, xml in (("bridged", brownfield.bridged_network()), ("default", brownfield.default_network())):
        given(hand, "net-define", xml)
        hand.virsh("net-start", name)
        hand.virsh("net-autostart", name)
    for xml in brownfield.NETWORKS:
        given(hand, "net-define", xml)
    hand.virsh("net-start", "lan")
    hand.pool()
    for xml in brownfield.POOLS:
        given(hand, "pool-define", xml)
    hand.host("mkdir", "-p", OTHER)
    hand.host("qemu-img", "create", "-q", "-f", "qcow2", f"{OTHER}/base of 2016.qcow2", "1M")
    hand.host("qemu-img", "create", "-q", "-f", "qcow2", "-F", "qcow2", "-b", f"{OTHER}/base of 2016.qcow2",
              f"{LIVE}/Rebased.qcow")  # fmt: skip
    hand.host("qemu-img", "create", "-q", "-f", "raw", f"{LIVE}/somebody's.img", "1M")
    for found in DOMAINS:
        for path, kind in found.files:
            hand.host("qemu-img", "create", "-q", "-f", kind, path, "1M")
        if found.overlay:
            hand.overlay(found.name)
    hand.virsh("pool-refresh", "live")
    for xml in TENANTS:
        given(hand, "define", xml)
    for found in DOMAINS:
        settle(hand, found)
    hand.virsh("pool-refresh", "live")


def settle(hand: ByHand, found: Found) -> None:
    """One domain, left as it is to be found; those that run are paused, for they have nothing to do."""
    xml, name = found.xml(SLOTS[found.name]), found.libvirt or found.name
    if found.how == "transient":
        given(hand, "create", xml, "--paused")
        return
    given(hand, "define", xml)
    if found.autostart:
        hand.virsh("autostart", "--domain", name)
    if found.how in ("paused", "saved"):
        hand.virsh("start", "--domain", name, "--paused")
    if found.how == "saved":
        hand.virsh("managedsave", "--domain", name)
    if found.how == "snapshot":
        hand.virsh("snapshot-create-as", "--domain", name, "before the upgrade")
    if found.how == "forked":
        hand.virsh("snapshot-create-as", "--domain", name, "fork", "--disk-only")


@pytest.fixture(scope="module")
def place() -> Iterator[Field]:
    with short_folder() as folder:
        file = folder / "fleet.yaml"
        file.write_text(yaml.safe_dump(brownfield.fleet(rack_facts())), encoding="utf-8")
        # A lab's usual forcing would hide what the domains are like.
        outside = {"domain": "Outside the network"}  # it has nothing else to be known by
        settings = {"fleet": str(file), "vms": {"Holder": {}, "Outside": outside}, "emulation": {}}
        stage = Stage(folder, "trop02", "embedded", settings)
        try:
            stage.up()
            make(ByHand(stage.lab))
            made = Field(stage)
            made.play()
            yield made
        finally:
            stage.lab.down(purge=True)


def test_there_are_enough_of_them(place: Field) -> None:
    assert len(DOMAINS) >= 15
    assert len({found.devices + found.head + found.how + found.memory + found.os for found in DOMAINS}) >= 25


@pytest.mark.parametrize("found", DOMAINS, ids=lambda found: found.name)
def test_each_is_taken_over_in_its_form(place: Field, found: Found) -> None:
    assert place.vms[found.name] == found.taken
    urn = f"urn:pulumi:trop02::trop::trop:index:DockerHostVM$libvirt:index/domain:Domain::{found.name}"
    uuid = place.stage.virsh("domuuid", "--domain", found.libvirt or found.name)
    assert place.records[urn][0] == uuid


def test_the_preview_of_all_of_them_is_empty(place: Field) -> None:
    for step in ("table", "taken", "preview", "up", "settled", "again"):
        assert place.done[step].code == 0, (step, place.done[step].text)
    assert "warning" not in place.done["taken"].text
    assert "Nothing is left to import." in place.done["again"].out


def test_nothing_that_libvirt_has_is_another_by_a_byte(place: Field) -> None:
    made, end = place.seen["made"], place.seen["end"]
    assert made.keys() == end.keys()
    for key, before in made.items():
        assert end[key] == before, key


def test_what_is_not_declared_is_listed_once(place: Field) -> None:
    out = place.done["again"].out
    beside = out.partition("left alone:\n")[2].partition("\n\n")[0].splitlines()
    assert beside[:4] == [
        "  domains: tenant db, zabbix",
        "  networks: lan, macvtap, routed",
        "  pools: base, disk, iscsi, isos, nfs, vg",
        "  files in pool live: Forked.fork, Raw.qcow, elsewhere, somebody's.img",
    ]
    assert len(beside) == len(set(beside))
    assert any(line.startswith("  of network default: DNS names") for line in beside)
    assert any(line.startswith("  of VM ManyDisks: ") and "/dev/loop99" in line for line in beside)

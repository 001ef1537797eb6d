"""What a new domain is given that nobody has declared, and that one from before is left as it is."""

from __future__ import annotations

from typing import Any

import pytest
from lxml import etree

from provider.errors import Refused
from tests.provider.domain.live import DATA, ROOT, previewed, with_volumes
from tests.provider.fakes.basics import error
from tests.provider.fakes.domain_world import Vm, World

MODES = ("host-model", "host-passthrough", "maximum")


@pytest.fixture
def world() -> World:
    return with_volumes()


def mode(vm: Vm) -> Any:
    return vm.fake.config.find("cpu").get("mode")


def from_before(world: World) -> Vm:
    """As an older version of this program has made it, or another hand."""
    vm = world.made()
    root = etree.fromstring(vm.fake.XMLDesc(2))
    for element in (root.find("cpu"), root.find("devices/rng")):
        element.getparent().remove(element)
    for driver in root.iterfind("devices/disk/driver"):
        driver.attrib.pop("discard", None)
    vm.fake.destroy()
    world.conn.defineXML(etree.tostring(root, encoding="unicode"))
    vm.fake.create()
    world.conn.calls.clear()
    return vm


@pytest.mark.reports("G6")
def test_it_has_a_source_of_randomness_and_gives_back_what_it_frees_on_its_disks(world: World) -> None:
    vm = world.made(disks=[ROOT, DATA])
    assert vm.fake.live.findtext("devices/rng[@model='virtio']/backend[@model='random']") == "/dev/urandom"
    drivers = {d.get("device"): d.find("driver").get("discard") for d in vm.fake.live.iter("disk")}
    assert drivers == {"disk": "unmap", "cdrom": None}
    assert vm.drift().changes == {}


def test_so_does_a_disk_that_is_plugged_in_later(world: World) -> None:
    vm = world.made()
    vm.up(disks=[ROOT, DATA])
    for side in (vm.fake.live, vm.fake.config):
        assert [d.find("driver").get("discard") for d in side.iterfind("devices/disk[@device='disk']")] == [
            "unmap",
            "unmap",
        ]


@pytest.mark.reports("G2")
@pytest.mark.parametrize(
    ("type", "old", "best"),
    [
        ("kvm", False, "host-model"),
        ("kvm", True, "host-model"),
        ("qemu", False, "maximum"),
        ("qemu", True, "host-model"),
    ],
)
def test_its_cpu_is_the_best_that_its_host_has_and_no_difference_afterwards(
    world: World, type: str, old: bool, best: str
) -> None:
    world.conn.old = old
    vm = world.made(type=type)
    assert mode(vm) == best
    assert vm.drift().changes == {}
    assert "pendingRestart" not in vm.outputs


@pytest.mark.reports("G2")
@pytest.mark.parametrize("declared", MODES)
def test_a_declared_cpu_is_what_it_gets(world: World, declared: str) -> None:
    vm = world.made(type="kvm", cpu={"mode": declared})
    assert mode(vm) == declared
    assert vm.drift().changes == {}
    assert "pendingRestart" not in vm.outputs


@pytest.mark.reports("G2", "G6")
def test_one_from_before_shows_no_difference_and_is_left_as_it_is(world: World) -> None:
    vm = from_before(world)
    xmls = vm.fake.XMLDesc(), vm.fake.XMLDesc(2)
    assert vm.drift().changes == {}
    assert previewed(vm) == []
    assert (vm.fake.XMLDesc(), vm.fake.XMLDesc(2)) == xmls
    assert world.conn.calls == []


@pytest.mark.reports("G2")
@pytest.mark.parametrize("declared", ["host-model", "maximum"])
def test_one_from_before_gets_a_declared_cpu_at_its_next_boot_and_is_not_restarted(
    world: World, declared: str
) -> None:
    vm = from_before(world)
    live = vm.fake.XMLDesc()
    assert previewed(vm, cpu={"mode": declared}) == [("next boot", "cpu.mode")]
    assert (vm.fake.XMLDesc(), mode(vm)) == (live, declared)
    assert vm.outputs["pendingRestart"] == ["cpu"]
    vm.fake.destroy()
    vm.fake.create()
    assert vm.drift().changes == {}
    assert "pendingRestart" not in vm.outputs


@pytest.mark.reports("G2")
@pytest.mark.parametrize("preview", [True, False])
@pytest.mark.parametrize(
    ("declared", "old", "has"),
    [
        ("host-passthrough", False, "maximum, host-model, custom"),
        ("maximum", True, "host-model, custom"),
    ],
)
def test_a_cpu_that_the_host_has_not_is_refused_before_anything_is_made(
    world: World, declared: str, old: bool, has: str, preview: bool
) -> None:
    world.conn.old = old
    call = world.call(world.domains, "Acilamwen")
    inputs = {"name": "Acilamwen", "type": "qemu", "cpu": {"mode": declared}}
    with pytest.raises(Refused) as refused:
        world.domains.create(call, inputs, preview)
    assert str(refused.value) == (
        f"domain Acilamwen: test:///fake has no CPU {declared} for a domain of type qemu, but {has}"
    )
    assert world.conn.calls == []


def test_a_stylesheet_has_the_last_word_of_its_cpu(world: World) -> None:
    sheet = """<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform">
      <xsl:template match="@*|node()"><xsl:copy><xsl:apply-templates select="@*|node()"/></xsl:copy></xsl:template>
      <xsl:template match="/domain/clock"><xsl:copy-of select="."/>
        <cpu><topology sockets="1" cores="1" threads="1"/></cpu></xsl:template></xsl:stylesheet>"""
    vm = world.made(xml={"xslt": sheet})
    (cpu,) = vm.fake.config.iterfind("cpu")
    assert (cpu.get("mode"), [child.tag for child in cpu]) == (None, ["topology"])


def test_where_the_host_does_not_say_what_it_has_the_first_choice_is_taken_and_that_is_told(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unsupported(*_: object) -> str:
        raise error(3, "this function is not supported by the connection driver")

    monkeypatch.setattr(world.conn, "getDomainCapabilities", unsupported)
    vm = world.made()
    assert mode(vm) == "maximum"
    assert "what CPUs test:///fake has for domain Acilamwen could not be looked at" in str(vm.call.notes[0])

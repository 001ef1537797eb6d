"""What is edited in a definition by hand, or changed in its declaration, and the guest gets at its next start."""

from __future__ import annotations

from typing import Any

import pytest
from lxml import etree

from provider.errors import OperatorError
from tests.provider.fakes.basics import error
from tests.provider.fakes.domain_world import FLOAT1, Vm, World


@pytest.fixture
def world() -> World:
    return World()


def by_hand(vm: Vm, path: str, **values: str) -> None:
    """``virsh edit``: ``text`` is an element's text, anything else an attribute of it."""
    root = etree.fromstring(vm.fake.XMLDesc(2))
    for name, value in values.items():
        if name == "text":
            root.find(path).text = value
        else:
            root.find(path).set(name, value)
    vm.world.conn.defineXML(etree.tostring(root, encoding="unicode"))
    vm.world.conn.calls.clear()


def restarted(vm: Vm) -> None:
    vm.fake.destroy()
    vm.fake.create()
    vm.refresh()


@pytest.mark.parametrize(
    ("path", "values", "shown"),
    [
        ("currentMemory", {"text": "65536"}, "memory"),
        ("vcpu", {"text": "2", "current": "1"}, "vcpu"),
        ("cpu", {"mode": "maximum"}, "cpu.mode"),
        ("os/type", {"machine": "pc-i440fx-6.2"}, "machine"),
        ("os/boot", {"dev": "cdrom"}, "bootDevices[0].devs[0]"),
        ("devices/emulator", {"text": "/usr/bin/other"}, "emulator"),
    ],
)
def test_an_edit_of_the_definition_by_hand_shows_and_is_put_right_there_while_the_guest_goes_on(
    world: World, path: str, values: dict[str, str], shown: str
) -> None:
    vm = world.made(
        vcpu=2,
        machine="pc-i440fx-7.2",
        cpu={"mode": "custom"},
        emulator="/usr/bin/qemu-system-x86_64",
        bootDevices=[{"devs": ["hd"]}],
    )
    before, live = vm.fake.XMLDesc(2), vm.fake.XMLDesc()
    by_hand(vm, path, **values)
    assert list(vm.drift().changes) == [shown]
    vm.up()
    assert world.conn.calls == ["defineXML"]
    assert vm.drift().changes == {}
    assert vm.fake.XMLDesc() == live
    assert canonical(vm.fake.XMLDesc(2)) == canonical(before)
    assert "pendingRestart" not in vm.outputs


def test_a_maximum_that_was_raised_by_hand_is_not_ours_to_say(world: World) -> None:
    vm = world.made(vcpu=2)
    by_hand(vm, "memory", text="131072")
    by_hand(vm, "vcpu", text="4", current="2")
    assert vm.drift().changes == {}
    assert "pendingRestart" not in vm.outputs


def canonical(xml: str) -> str:
    return str(etree.canonicalize(xml, strip_text=True))


def test_more_memory_waits_in_the_definition_until_the_guest_was_started_again_by_anyone(
    world: World,
) -> None:
    vm = world.made()
    vm.up(memory=128, vcpu=2)
    assert vm.fake.live.findtext("memory") == str(96 * 1024)
    assert vm.fake.config.findtext("memory") == vm.fake.config.findtext("currentMemory") == str(128 * 1024)
    assert vm.outputs["pendingRestart"] == ["memory", "vcpu"]
    assert vm.drift().changes == {}
    assert vm.outputs["pendingRestart"] == ["memory", "vcpu"]
    restarted(vm)
    assert "pendingRestart" not in vm.outputs


def test_a_preview_says_what_will_wait_and_changes_nothing(world: World) -> None:
    vm = world.made()
    vm.refresh()
    news = vm.inputs | {"memory": 128}
    outputs = world.domains.update(vm.call, vm.id, vm.outputs, vm.read_inputs, news, True)
    assert outputs["pendingRestart"] == ["memory"]
    assert world.conn.calls == []
    vm.up(memory=128)
    outputs = world.domains.update(vm.call, vm.id, vm.outputs, vm.inputs, vm.inputs | {"memory": 96}, True)
    assert "pendingRestart" not in outputs


def test_nothing_waits_for_a_guest_that_is_shut_off_or_is_started_by_the_same_update(world: World) -> None:
    vm = world.made()
    vm.up(running=False, memory=64)
    assert "pendingRestart" not in vm.outputs
    vm.refresh()
    news = vm.inputs | {"running": True, "memory": 80}
    outputs = world.domains.update(vm.call, vm.id, vm.outputs, vm.read_inputs, news, True)
    assert "pendingRestart" not in outputs
    vm.up(running=True, memory=80)
    assert vm.fake.live.findtext("currentMemory") == str(80 * 1024)
    assert "pendingRestart" not in vm.outputs


def test_a_host_model_is_what_a_guest_has_that_runs_with_the_hosts_cpu(world: World) -> None:
    vm = world.made(cpu={"mode": "host-model"})
    assert "pendingRestart" not in vm.outputs
    other = world.made("Siamond", cpu={"mode": "custom"})
    other.up(cpu={"mode": "host-model"})
    assert other.outputs["pendingRestart"] == ["cpu"]
    restarted(other)
    assert "pendingRestart" not in other.outputs
    assert other.drift().changes == {}


def test_an_undefined_domain_is_defined_again_with_what_has_changed_in_its_declaration(world: World) -> None:
    vm = world.made()
    vm.attach_by_hand(FLOAT1)
    vm.fake.undefineFlags()
    vm.up(memory=128)
    assert vm.outputs["pendingRestart"] == ["memory"]
    assert vm.macs()[1][1] == FLOAT1
    assert vm.drift().changes == {}


def test_an_imported_guest_that_starts_with_less_than_it_may_have_goes_on_so(world: World) -> None:
    vm = world.made(vcpu=4)
    by_hand(vm, "currentMemory", text=str(48 * 1024))
    by_hand(vm, "vcpu", current="2")
    found = world.domains.read(vm.call, vm.id, {}, {})
    assert found is not None
    assert (found.inputs["memory"], found.inputs["vcpu"]) == (96, 4)
    vm.outputs = found.outputs
    assert vm.drift().changes == {}
    vm.up()
    assert world.conn.calls == []
    vm.up(memory=128)
    assert vm.fake.config.findtext("currentMemory") == str(128 * 1024)
    assert vm.fake.config.find("vcpu").get("current") == "2"
    by_hand(vm, "currentMemory", text=str(48 * 1024))
    assert vm.drift().changes == {"memory": "update"}


@pytest.mark.reports("D7")
def test_an_imported_guest_that_is_declared_with_what_it_starts_with_goes_on_so_and_can_be_given_more(
    world: World,
) -> None:
    vm = world.made(vcpu=4)
    by_hand(vm, "currentMemory", text=str(48 * 1024))
    by_hand(vm, "vcpu", current="2")
    vm.fake.destroy()
    vm.fake.create()
    world.conn.calls.clear()
    found = world.domains.read(vm.call, vm.id, {}, {})
    assert found is not None
    written = {"memory": 48, "vcpu": 2}
    assert world.domains.diff(vm.call, vm.id, found.outputs, found.inputs, vm.inputs | written).changes == {}
    vm.inputs, vm.outputs = vm.inputs | written, found.outputs
    assert vm.drift().changes == {}
    vm.up()
    assert world.conn.calls == []
    vm.up(vcpu=4, memory=96)
    assert vm.fake.config.findtext("currentMemory") == str(96 * 1024)
    assert vm.fake.config.find("vcpu").get("current") is None
    assert vm.drift().changes == {}


@pytest.mark.reports("D7")
def test_an_adopted_amount_that_was_changed_by_hand_since_is_adopted_no_more(world: World) -> None:
    vm = world.made()
    by_hand(vm, "currentMemory", text=str(48 * 1024))
    found = world.domains.read(vm.call, vm.id, {}, {})
    assert found is not None
    vm.outputs = found.outputs
    by_hand(vm, "currentMemory", text=str(64 * 1024))
    vm.refresh()
    news = vm.inputs | {"memory": 48}
    diff = world.domains.diff(vm.call, vm.id, vm.outputs, vm.read_inputs, news)
    assert diff.changes == {"memory": "update"}


def test_what_a_stylesheet_has_written_is_neither_a_difference_nor_written_over(world: World) -> None:
    sheet = """<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform">
      <xsl:template match="@*|node()"><xsl:copy><xsl:apply-templates select="@*|node()"/></xsl:copy></xsl:template>
      <xsl:template match="/domain/memory/text()">160</xsl:template></xsl:stylesheet>"""
    vm = world.made(xml={"xslt": sheet})
    assert vm.fake.config.findtext("memory") == str(160 * 1024)
    assert vm.drift().changes == {}
    vm.up(vcpu=2)
    assert vm.fake.config.findtext("memory") == str(160 * 1024)
    assert vm.fake.config.findtext("vcpu") == "2"


@pytest.mark.parametrize(
    ("cpu", "change", "said"),
    [
        (
            "<topology sockets='1' dies='1' cores='2' threads='1'/>",
            {"vcpu": 3},
            "its CPU topology is one of 2",
        ),
        (
            "<numa><cell id='0' cpus='0' memory='98304'/></numa>",
            {"memory": 128},
            "NUMA cells share the memory",
        ),
        ("<numa><cell id='0' cpus='0' memory='98304'/></numa>", {"vcpu": 3}, "NUMA cells share the vCPUs"),
    ],
)
def test_an_amount_that_the_rest_of_the_definition_contradicts_is_refused(
    world: World, cpu: str, change: dict[str, Any], said: str
) -> None:
    vm = world.made()
    vm.fake.config.find("cpu").append(etree.fromstring(cpu))
    with pytest.raises(OperatorError, match=said):
        vm.up(preview=True, **change)


def test_a_definition_that_libvirt_does_not_take_is_one_line_and_nothing_else_is_done(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    vm = world.made()

    def refuse(_xml: str) -> None:
        raise error(67, "unsupported configuration: machine type 'pc-i440fx-99.0' unknown")

    monkeypatch.setattr(world.conn, "defineXML", refuse)
    with pytest.raises(
        OperatorError, match=r"Acilamwen: machine cannot be changed, and nothing was: .*99\.0"
    ):
        vm.up(machine="pc-i440fx-99.0", description="new", autostart=False)
    assert world.conn.calls == []


def test_a_definition_that_libvirt_takes_but_changes_is_told(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    vm = world.made()
    monkeypatch.setattr(world.conn, "defineXML", lambda _xml: vm.fake)
    with pytest.raises(OperatorError, match="but does not have vcpu in it"):
        vm.up(vcpu=2)

"""A guest that runs on what it could not be started with is not stopped; one that is off is not promised to start."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from provider.errors import Refused
from tests.provider.domain.live import with_volumes
from tests.provider.fakes import qcow2
from tests.provider.fakes.basics import error
from tests.provider.fakes.domain_world import POOL, Vm, World

DISK, MID, BASE = f"{POOL}/Acilamwen.qcow", f"{POOL}/mid.qcow2", f"{POOL}/base.qcow2"


def unsaid(world: World) -> None:
    """An overlay on an overlay, without the format of that one in its header."""
    world.conn.add_volume(BASE)
    world.conn.add_volume(MID, backing=BASE)
    world.conn.volumes[DISK].data = qcow2.head(1 << 30, MID, None)


def base_gone(world: World) -> None:
    world.conn.volumes[DISK].data = qcow2.head(1 << 30, BASE)


def network_gone(world: World) -> None:
    world.conn.networks["default"].active = False


def too_much(world: World) -> None:
    world.conn.getInfo = lambda: ["x86_64", 64]  # type: ignore[method-assign]


def with_nic(world: World, kind: str, source: str) -> None:
    (vm,) = world.conn.domains.values()
    mac = "<mac address='52:54:00:00:07:07'/>"
    vm.attachDeviceFlags(f"<interface type='{kind}'><source {kind}='{source}'/>{mac}</interface>", 2)


def bridge_gone(world: World) -> None:
    with_nic(world, "bridge", "br7")


def networks_bridge_gone(world: World) -> None:
    with_nic(world, "network", "bridged")
    world.conn.devices.remove("br0")


def no_cpu(world: World) -> None:
    world.conn.unbuilt = "internal error: Unknown CPU model EPYC-Next"


HINDRANCES: dict[Callable[[World], None], str] = {
    unsaid: f"its disk {DISK} does not say which format its base {MID} has, which stands on a file itself; once it is "
    f"shut off, type on the hypervisor: qemu-img rebase -u -F qcow2 -b {MID} {DISK}",
    base_gone: f"the file {BASE} of its disk is missing: put back the very file",
    network_gone: "its network default does not run",
    bridge_gone: "the host has no bridge br7",
    networks_bridge_gone: "the host has no bridge br0",
    too_much: "it takes 96 MiB of memory, and the host has 64",
    no_cpu: "internal error: Unknown CPU model EPYC-Next",
}
each_hindrance = pytest.mark.parametrize(
    ("spoil", "says"), HINDRANCES.items(), ids=lambda each: getattr(each, "__name__", "")
)


@pytest.fixture
def vm() -> Vm:
    return with_volumes().made()


@pytest.mark.reports("D5")
@each_hindrance
@pytest.mark.parametrize("preview", [True, False])
def test_an_allowed_restart_is_refused_beforehand_with_what_would_keep_it_from_starting(
    vm: Vm, spoil: Callable[[World], None], says: str, preview: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    spoil(vm.world)
    monkeypatch.setenv("LIBVIRT_ALLOW", "Acilamwen=restart")
    before = vm.fake.XMLDesc(), vm.fake.XMLDesc(2)
    with pytest.raises(Refused) as refused:
        vm.up(preview=preview, cpu={"mode": "host-model"})
    assert str(refused.value) == (
        "domain Acilamwen: is not restarted, and nothing was changed: it would not start again: " + says
    )
    assert (vm.fake.XMLDesc(), vm.fake.XMLDesc(2)) == before


@pytest.mark.reports("D5")
@each_hindrance
def test_a_start_is_not_promised_and_tried_all_the_same(
    vm: Vm, spoil: Callable[[World], None], says: str
) -> None:
    vm.fake.destroy()
    spoil(vm.world)
    vm.call.notes.clear()
    vm.up(preview=True)
    line = f"Acilamwen is to be started, and will not start as it is: {says}"
    assert line in [str(note) for note in vm.call.notes]
    vm.fake.fails_to_start = "" if spoil is not network_gone else "network is not active"
    if spoil is not network_gone:
        vm.up()
        assert vm.fake.isActive()


@pytest.mark.reports("D5")
def test_without_a_hindrance_it_is_restarted(vm: Vm, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a base without a base of its own a missing format hinders nothing."""
    vm.world.conn.add_volume(BASE)
    vm.world.conn.volumes[DISK].data = qcow2.head(1 << 30, BASE, None)
    monkeypatch.setenv("LIBVIRT_ALLOW", "Acilamwen=restart")
    vm.up(cpu={"mode": "host-model"})
    assert vm.fake.isActive()
    assert vm.drift().changes == {}


@pytest.mark.reports("D5")
def test_what_cannot_be_looked_at_hinders_nothing(vm: Vm, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> str:
        raise error(3, "this function is not supported by the connection driver")

    vm.world.conn.domainXMLToNative = vm.world.conn.getInfo = refused  # type: ignore[assignment, method-assign]
    monkeypatch.setenv("LIBVIRT_ALLOW", "Acilamwen=restart")
    vm.up(cpu={"mode": "host-model"})
    assert vm.fake.isActive()

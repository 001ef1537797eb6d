"""Definitions as libvirt wrote them, carried forward with declared properties put into them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from provider.domain import diff as domain_diff
from provider.domain import (
    pending as domain_pending,
)
from provider.domain import (
    read as domain_read,
)
from provider.domain import (
    seen as domain_seen,
)
from provider.domain import (
    stage as domain_stage,
)
from provider.nic import nic

SAMPLES = Path(__file__).parents[1] / "samples"
NAMES = ("Acilamwen", "Siamond")

VALUES: dict[str, st.SearchStrategy[Any]] = {
    "memory": st.integers(1, 1 << 20),
    "vcpu": st.integers(1, 64),
    "cpu": st.fixed_dictionaries({"mode": st.sampled_from(["custom", "host-model", "maximum"])}),
    "arch": st.sampled_from(["x86_64", "i686"]),
    "emulator": st.sampled_from(["/usr/bin/qemu-system-x86_64", "/usr/bin/kvm"]),
    "firmware": st.sampled_from(["/usr/share/OVMF/OVMF_CODE.fd", "/other.fd"]),
    "bootDevices": st.lists(
        st.sampled_from(["hd", "cdrom", "network"]), min_size=1, max_size=3, unique=True
    ).map(lambda devs: [{"devs": devs}]),
    "consoles": st.lists(
        st.sampled_from(
            [{"type": "pty", "targetType": "virtio"}, {"type": "pty", "targetType": "serial"}, {}]
        ),
        max_size=4,
    ),
    "graphics": st.fixed_dictionaries(
        {"type": st.sampled_from(["vnc", "spice"]), "autoport": st.just(True)},
        optional={
            "websocket": st.sampled_from([-1, 5700]),
            "listenAddress": st.sampled_from(["127.0.0.1", "::1"]),
        },
    ),
    "video": st.fixed_dictionaries({"type": st.sampled_from(["virtio", "vga", "cirrus"])}),
}
DECLARED = st.fixed_dictionaries({}, optional=VALUES)

# Where a definition says what each property is.
PLACES = {
    "memory": ("memory", "currentMemory"),
    "vcpu": ("vcpu", "vcpus"),
    "cpu": ("cpu",),
    "emulator": ("devices/emulator",),
    "firmware": ("os/loader",),
    "bootDevices": ("os/boot", "devices/*/boot"),
    "consoles": ("devices/console[target]",),
    "graphics": ("devices/graphics",),
    "video": ("devices/video",),
}


def sample(name: str = "Acilamwen", side: str = "persistent") -> str:
    return (SAMPLES / f"domain-{name}-{side}.xml").read_text()


def observed(xml: str, live: str | None = None) -> domain_read.Domain:
    config = tuple(nic.nics(xml))
    now = None if live is None else domain_seen.see(live)
    return domain_read.Domain(domain_seen.see(xml), None, config, autostart=True, now=now, xml=xml)


def planned(declared: dict[str, Any], xml: str) -> frozenset[str]:
    def no_name(_uuid: str) -> None:
        return None

    read = domain_read.as_read(declared, observed(xml), no_name)
    return domain_diff.to_stage(domain_diff.differences(read, declared, {}, no_name))


def without(xml: str, keys: frozenset[str]) -> str:
    root = etree.fromstring(xml)
    for key in keys:
        for path in PLACES.get(key, ()):
            for element in root.findall(path):
                element.getparent().remove(element)
    if "arch" in keys:
        del root.find("os/type").attrib["arch"]
    return str(etree.canonicalize(etree.tostring(root, encoding="unicode"), strip_text=True))


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(NAMES), DECLARED, DECLARED)
def test_only_what_is_declared_and_differs_is_written_and_then_nothing_differs(
    name: str, before: dict[str, Any], declared: dict[str, Any]
) -> None:
    xml = domain_stage.staged(sample(name), before, before.keys())
    keys = planned(declared, xml)
    after = domain_stage.staged(xml, declared, keys)
    assert planned(declared, after) == frozenset()
    assert without(after, keys) == without(xml, keys)
    assert domain_stage.staged(after, declared, planned(declared, after)) == after
    if not keys:
        assert domain_pending.pending(declared, observed(after, live=xml)) == []


@settings(max_examples=50, deadline=None)
@given(st.sampled_from(NAMES), DECLARED)
def test_what_is_staged_waits_for_a_restart_and_nothing_else_does(
    name: str, declared: dict[str, Any]
) -> None:
    keys = planned(declared, sample(name))
    after = domain_stage.staged(sample(name), declared, keys)
    waiting = domain_pending.pending(declared, observed(after, live=sample(name, "live")))
    assert set(waiting) == keys


@pytest.mark.parametrize("name", NAMES)
def test_a_guest_that_runs_as_it_is_defined_waits_for_nothing(name: str) -> None:
    disks = [{"file": "/libvirt/storage/live/Acilamwen.qcow"}]
    declared = {
        "memory": 64,
        "vcpu": 1,
        "cpu": {"mode": "custom"},
        "arch": "x86_64",
        "machine": "pc" if name == "Acilamwen" else "q35",
        "emulator": "/usr/bin/qemu-system-x86_64",
        "bootDevices": [{"devs": ["hd"]}],
        "consoles": [{"type": "pty"}],
        "disks": disks,
        "cloudinit": "/libvirt/storage/live/seed.iso",
    }
    domain = observed(sample(name), live=sample(name, "live"))
    assert planned(declared, sample(name)) == frozenset()
    assert domain_pending.pending(declared, domain) == []


def test_what_libvirt_gives_a_running_guests_graphics_and_cpu_waits_for_nothing() -> None:
    declared = {
        "graphics": {"type": "vnc", "autoport": True, "websocket": -1, "listenType": "address"},
        "cpu": {"mode": "host-model"},
    }
    config = domain_stage.staged(sample(), declared, declared.keys())
    root = etree.fromstring(config)
    graphics = root.find("devices/graphics")
    graphics.attrib.update({"port": "5900", "websocket": "5700", "listen": "127.0.0.1"})
    graphics.find("listen").set("address", "127.0.0.1")
    root.find("cpu").set("mode", "custom")
    etree.SubElement(root.find("cpu"), "vendor").text = "AMD"
    live = etree.tostring(root, encoding="unicode")
    assert domain_pending.pending(declared, observed(config, live)) == []
    graphics.set("type", "spice")
    live = etree.tostring(root, encoding="unicode")
    assert domain_pending.pending(declared, observed(config, live)) == ["graphics"]


def test_a_balloon_that_holds_memory_while_the_guest_runs_waits_only_where_none_is_to_be_held() -> None:
    ballooned = sample(side="live").replace(
        "<currentMemory unit='KiB'>65536", "<currentMemory unit='KiB'>49152"
    )
    assert domain_pending.pending({"memory": 64}, observed(sample(), ballooned)) == ["memory"]
    less = sample().replace("<currentMemory unit='KiB'>65536", "<currentMemory unit='KiB'>32768")
    assert domain_pending.pending({"memory": 64}, observed(less, ballooned)) == []


@pytest.mark.parametrize(
    ("have", "want", "fits"),
    [
        ("pc-i440fx-7.2", "pc-i440fx-6.2", True),
        ("pc-i440fx-7.2", "pc-i440fx-rhel7.6.0", True),
        ("pc-i440fx-7.2", "pc-1.3", True),
        ("pc-i440fx-7.2", "pc-q35-7.2", False),
        ("pc-i440fx-7.2", "q35", False),
        ("pc-q35-7.2", "pc-q35-8.0", True),
        ("pc-q35-7.2", "pc", False),
        ("virt-7.2", "virt-6.0", True),
        ("pc-i440fx-7.2", "microvm", False),
    ],
)
def test_only_another_version_of_a_machine_type_fits_the_addresses_of_the_devices(
    have: str, want: str, fits: bool
) -> None:
    xml = sample().replace("pc-i440fx-7.2", have)
    assert (domain_stage.unfit(xml, {"machine": want}, {"machine"}) == {}) is fits


def edited(change: Callable[[Any], object]) -> str:
    root = etree.fromstring(sample())
    change(root)
    return str(etree.tostring(root, encoding="unicode"))


def test_a_boot_order_of_single_devices_gives_way_to_a_declared_one() -> None:
    xml = edited(
        lambda root: (
            root.find("os").remove(root.find("os/boot")),
            etree.SubElement(root.find("devices/interface"), "boot", order="1"),
        )
    )
    after = etree.fromstring(
        domain_stage.staged(xml, {"bootDevices": [{"devs": ["cdrom"]}]}, {"bootDevices"})
    )
    assert [e.get("dev") for e in after.iter("boot")] == ["cdrom"]


def test_a_serial_port_into_a_file_becomes_a_console_again() -> None:
    xml = edited(lambda root: [e.set("type", "file") for e in root.iter("serial", "console")])
    declared = {"consoles": [{"type": "pty"}]}
    assert planned(declared, xml) == {"consoles"}
    after = etree.fromstring(domain_stage.staged(xml, declared, {"consoles"}))
    assert [(e.tag, e.get("type")) for e in after.iter("serial", "console")] == [
        ("serial", "pty"),
        ("console", "pty"),
    ]


def test_another_type_of_graphics_keeps_the_password_and_another_address_keeps_the_port() -> None:
    vnc = "<graphics type='vnc' port='5901' autoport='no' passwd='x'><listen type='address'/></graphics>"
    xml = edited(lambda root: root.find("devices").append(etree.fromstring(vnc)))
    spice = etree.fromstring(domain_stage.staged(xml, {"graphics": {"type": "spice"}}, {"graphics"}))
    assert dict(spice.find("devices/graphics").attrib) == {"type": "spice", "autoport": "yes", "passwd": "x"}
    declared = {"graphics": {"type": "vnc", "listenAddress": "::1"}}
    moved = etree.fromstring(domain_stage.staged(xml, declared, {"graphics"})).find("devices/graphics")
    assert (moved.get("port"), moved.find("listen").get("address")) == ("5901", "::1")
    nowhere = xml.replace('<listen type="address"/>', '<listen type="none"/>')
    moved = etree.fromstring(domain_stage.staged(nowhere, declared, {"graphics"})).find("devices/graphics")
    assert dict(moved.find("listen").attrib) == {"type": "address", "address": "::1"}


def test_a_loader_that_libvirt_chose_gives_way_to_a_declared_one() -> None:
    xml = edited(lambda root: root.find("os").set("firmware", "efi"))
    after = etree.fromstring(domain_stage.staged(xml, {"firmware": "/f.fd"}, {"firmware"}))
    assert after.find("os").attrib == {}
    assert dict(after.find("os/loader").attrib) == {"readonly": "yes", "type": "pflash"}


def test_another_cpu_mode_keeps_topology_and_drops_the_model_of_the_mode_before() -> None:
    topology = "<topology sockets='1' dies='1' cores='1' threads='1'/>"
    xml = edited(lambda root: root.find("cpu").append(etree.fromstring(topology)))
    cpu = etree.fromstring(domain_stage.staged(xml, {"cpu": {"mode": "maximum"}}, {"cpu"})).find("cpu")
    assert dict(cpu.attrib) == {"mode": "maximum"}
    assert [child.tag for child in cpu] == ["topology"]

"""Where a running guest has a place: machines as libvirt 9.0 writes them, until it refuses."""

from __future__ import annotations

import pytest

from provider.host import ports

ACPI = "<features><acpi/></features>"
OFF = "<target hotplug='off'/>"


def pci(index: int, model: str, at: str = "", more: str = "") -> str:
    return f"<controller type='pci' index='{index}' model='{model}'>{more}{at}</controller>"


def at(bus: int, slot: int, function: int = 0) -> str:
    return (
        f"<address type='pci' domain='0x0000' bus='{bus:#04x}' slot='{slot:#04x}' function='{function:#x}'/>"
    )


def device(bus: int, slot: int, function: int = 0) -> str:
    return f"<sound model='ich6'>{at(bus, slot, function)}</sound>"


def domain(machine: str, *devices: str, features: str = ACPI, arch: str = "x86_64") -> str:
    return (
        f"<domain type='qemu'><name>x</name><os><type arch='{arch}' machine='{machine}'>hvm</type></os>{features}"
        f"<devices>{''.join(devices)}</devices></domain>"
    )


PC, Q35 = "pc-i440fx-7.2", "pc-q35-7.2"
PC_ROOT, Q35_ROOT = pci(0, "pci-root"), pci(0, "pcie-root")
PC_OWN = device(0, 1, 2) + device(0, 2)  # USB of the PIIX3, and the balloon
Q35_OWN = device(0, 31, 2) + device(1, 0) + device(2, 0)  # SATA; USB and the balloon on ports
PORTS = pci(1, "pcie-root-port", at(0, 1, 0)) + pci(2, "pcie-root-port", at(0, 1, 1))
PORT = pci(3, "pcie-root-port", at(0, 1, 2))

# What is there; how many virtio devices and how many e1000 came before libvirt refused.
MEASURED = {
    "q35 as libvirt makes it": (domain(Q35, Q35_ROOT, PORTS, PORT, Q35_OWN), 1, 0),
    "q35 without a spare port": (domain(Q35, Q35_ROOT, PORTS, Q35_OWN), 0, 0),
    "q35 with a port that is off": (
        domain(Q35, Q35_ROOT, PORTS, pci(3, "pcie-root-port", at(0, 1, 2), OFF), Q35_OWN), 0, 0,
    ),
    "q35 with a bridge for PCI": (
        domain(Q35, Q35_ROOT, PORTS, PORT, pci(4, "pcie-to-pci-bridge", at(3, 0)), Q35_OWN), 0, 31,
    ),
    "q35 with bridges of old": (
        domain(Q35, Q35_ROOT, PORTS, pci(3, "dmi-to-pci-bridge", at(0, 30)), pci(4, "pci-bridge", at(3, 0)), Q35_OWN),
        0, 31,
    ),
    "q35 with a switch": (
        domain(
            Q35, Q35_ROOT, PORTS, PORT, pci(4, "pcie-switch-upstream-port", at(3, 0)), Q35_OWN,
            *(pci(n, "pcie-switch-downstream-port", at(4, n - 5)) for n in (5, 6, 7, 8)), device(5, 0), device(6, 0),
        ),
        2, 0,
    ),
    "q35 with an expander": (domain(Q35, Q35_ROOT, PORTS, pci(3, "pcie-expander-bus", at(0, 2)), Q35_OWN), 0, 0),
    "pc": (domain(PC, PC_ROOT, PC_OWN), 29, 29),
    "pc without USB": (domain(PC, PC_ROOT), 30, 30),
    "pc with a slot of two functions": (domain(PC, PC_ROOT, PC_OWN, device(0, 5, 0), device(0, 5, 1)), 28, 28),
    "pc with a bridge": (domain(PC, PC_ROOT, PC_OWN, pci(1, "pci-bridge", at(0, 3))), 59, 59),
    "pc with an expander": (domain(PC, PC_ROOT, PC_OWN, pci(1, "pci-expander-bus", at(0, 3))), 28, 28),
    "pc with an expander before a bridge": (
        domain(PC, PC_ROOT, PC_OWN, pci(1, "pci-expander-bus", at(0, 3)), pci(2, "pci-bridge", at(0, 4))), 27, 27,
    ),
    "pc without hot-plug": (domain(PC, pci(0, "pci-root", more=OFF), PC_OWN), 0, 0),
    "pc without ACPI": (domain(PC, PC_ROOT, PC_OWN, features=""), 0, 0),
    "q35 without ACPI": (domain(Q35, Q35_ROOT, PORTS, PORT, Q35_OWN, features=""), 0, 0),
}  # fmt: skip


@pytest.mark.reports("N3")
@pytest.mark.parametrize(("xml", "virtio", "e1000"), MEASURED.values(), ids=MEASURED.keys())
def test_as_many_devices_have_a_place_as_libvirt_was_measured_to_take(
    xml: str, virtio: int, e1000: int
) -> None:
    for model, many in (("virtio", virtio), ("e1000", e1000)):
        assert many == 0 or ports.why_not(xml, model, many - 1) == ""
        assert ports.why_not(xml, model, many)


def test_the_words_say_what_is_lacking() -> None:
    assert ports.why_not(domain(Q35, Q35_ROOT)) == "it has no free pcie-root-port"
    assert ports.why_not(domain(Q35, Q35_ROOT), "e1000") == "it has no free PCI slot"
    assert "no ACPI" in ports.why_not(domain(PC, PC_ROOT, features=""))


@pytest.mark.parametrize(
    "xml",
    [
        domain(PC),  # nothing is said of its buses
        domain("virt-7.2", Q35_ROOT, pci(1, "pcie-root-port"), features="", arch="aarch64"),
        domain("s390-ccw-virtio-7.2", features="", arch="s390x"),
    ],
)
def test_a_machine_that_is_not_known_is_left_to_libvirt(xml: str) -> None:
    assert ports.why_not(xml) == ""
    assert ports.why_not(None) == ""


def test_what_is_no_address_of_the_guests_own_takes_no_slot() -> None:
    """A PCI device of the host, and an address of another PCI domain."""
    hostdev = f"<hostdev type='pci'><source><address type='pci' bus='0x00' slot='0x07'/></source>{at(0, 2)}</hostdev>"
    assert ports.room(domain(PC, PC_ROOT, hostdev)).conventional == 29

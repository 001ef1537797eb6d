"""A float whose holder runs without a place for its NIC: no `up` gives it to the running guest, and none is named."""

from __future__ import annotations

import pytest

from tests.cli.audit.picture import FLOAT1, Picture, Vm, clean, nic
from tests.cli.audit.spoil import FLOAT1_NIC, OWN, ULOV, UP, faults

pytestmark = pytest.mark.reports("N3")
ROOT = "<controller type='pci' index='0' model='pcie-root'/>"
FULL = f"{ROOT}<controller type='pci' index='1' model='pcie-root-port'/>"
TAKEN = "<sound model='ich9'><address type='pci' bus='0x01' slot='0x00'/></sound>"
VIRSH = "virsh -c qemu+ssh://trop02/system"


def of(picture: Picture, live: list[str], config: list[str]) -> Vm:
    vm = picture.vms["Acilamwen"]
    vm.nics, vm.live = config, live
    return vm


def test_a_nic_that_waits_in_the_definition_is_said_to_wait_for_the_next_start() -> None:
    picture = clean()
    of(picture, [OWN, FULL, TAKEN], [OWN, FLOAT1_NIC])
    (found,) = faults(picture)
    assert (found.kind, found.where) == ("float-unplugged", "Acilamwen")
    assert found.what.endswith("is not in the running guest: it has no free pcie-root-port")
    assert found.mend == f"{VIRSH} shutdown Acilamwen, and {UP} once it is off"


def test_with_a_free_port_an_up_is_what_mends_it() -> None:
    picture = clean()
    of(picture, [OWN, FULL], [OWN, FLOAT1_NIC])
    (found,) = faults(picture)
    assert (found.what.endswith("is not in the running guest"), found.mend) == (True, UP)


def test_a_float_that_works_elsewhere_is_not_promised_by_an_up() -> None:
    picture = clean()
    of(picture, [OWN, FULL, TAKEN], [OWN, FULL, TAKEN])
    ulov = picture.vms["Ulov"]
    ulov.nics = [nic(ULOV.mac), nic(FLOAT1.mac, "bridged")]
    found = next(f for f in faults(picture) if f.kind == "float-mac")
    assert "detach" not in found.mend
    quoted = VIRSH.replace("qemu+ssh://trop02/system", "'qemu+ssh://trop02/system'")
    place = 's|^  </devices>|<controller type="pci" model="pcie-root-port"/></devices>|'
    dump = f"{quoted} dumpxml --inactive --security-info Acilamwen"
    stays = "until then the float stays where it is: of Acilamwen, it has no free pcie-root-port"
    assert found.mend == (
        f"{dump} | sed -e '{place}' | {quoted} define /dev/stdin && {VIRSH} shutdown Acilamwen, and {UP} once it is "
        f"off ({stays})"
    )

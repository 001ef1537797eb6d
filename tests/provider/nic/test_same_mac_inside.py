"""What else in a guest has the MAC of its NIC: a VLAN, a macvlan, a bridge, a bond.  The NIC alone is set up."""

from __future__ import annotations

import pytest
import yaml

from provider.errors import OperatorError
from provider.guest.agent import AgentError
from tests.provider.fakes.domain_world import FLOAT1, Vm
from tests.provider.nic.place import ADDRESS, FILE, TOLD, Place, two

pytestmark = pytest.mark.reports("N2")
BESIDE = [["eth1.7"], ["macvlan0"], ["br1"], ["bond0", "bond0.7"], ["aaa"]]


def applied_to(place: Place) -> list[str]:
    """The names of the interfaces that were set up."""
    found: list[str] = []
    plain = place.guests._do_apply

    def apply(domain: object, args: list[str], stdin: str) -> None:
        found.append(args[0])
        plain(domain, args, stdin)

    place.guests._do_apply = apply  # type: ignore[method-assign]
    return found


@pytest.mark.parametrize("names", BESIDE, ids=str)
def test_of_several_with_the_mac_the_one_with_a_device_is_set_up_again(
    place: Place, names: list[str]
) -> None:
    vm = place.made()
    plug = place.plugged(vm, **TOLD)
    place.guests.files.clear()
    place.guests.addresses.clear()
    place.guests.beside["Acilamwen", FLOAT1] = names
    names_applied = applied_to(place)
    assert plug.drift().changes == {"extra": "update"}
    plug.up()
    assert names_applied == ["ens4"]
    assert place.guests.addresses == {("Acilamwen", FLOAT1): [ADDRESS]}
    assert place.files(vm) == {FILE.path: FILE.content}
    assert plug.drift().changes == {}


def test_a_move_waits_for_the_nic_and_not_for_what_a_bond_has_kept_of_it(place: Place) -> None:
    """A bond keeps the MAC of a NIC that was unplugged."""
    old, new, plug = two(place)
    place.guests.beside["Siamond", FLOAT1] = ["bond0"]
    names_applied = applied_to(place)
    plug.up(domain=new.id)
    place.one_answer(new, old)
    assert names_applied == ["ens4"]


def test_where_the_nic_cannot_be_told_nothing_is_set_up_and_it_is_said(place: Place) -> None:
    old, new, plug = two(place)
    place.guests.beside["Siamond", FLOAT1] = ["ens9"]
    place.guests.devices.add("ens9")
    names_applied = applied_to(place)
    with pytest.raises(
        OperatorError, match="ens4 and ens9, each with a device of its own, and which of them"
    ):
        plug.up(domain=new.id)
    assert names_applied == []
    place.one_answer(old, new)


def test_where_the_guest_does_not_say_which_has_a_device_nothing_is_set_up(place: Place) -> None:
    old, new, plug = two(place)
    place.guests.failing["devices"] = "guest-exec is not allowed"
    names_applied = applied_to(place)
    with pytest.raises(OperatorError, match="guest-exec is not allowed"):
        plug.up(domain=new.id)
    assert names_applied == []
    place.one_answer(old, new)


@pytest.mark.parametrize(
    ("model", "driver"), [("virtio", "virtio_net"), ("e1000", "e1000"), ("rtl8139", None)]
)
def test_netplan_is_told_the_driver_of_the_nic_that_is_there(
    place: Place, model: str, driver: str | None
) -> None:
    """Of an adopted NIC nobody has declared the model."""
    place.guests.facts = "systemd-networkd netplan"
    vm = place.made()
    vm.fake.attachDeviceFlags(
        f"<interface type='network'><mac address='{FLOAT1}'/><source network='bridged'/><model type='{model}'/>"
        "</interface>",
        3,
    )
    place.plugged(vm, **TOLD)
    (content,) = place.files(vm).values()
    (nic,) = yaml.safe_load(content)["network"]["ethernets"].values()
    assert nic["match"].get("driver") == driver


def test_an_agent_tells_the_nic_from_what_is_made_of_it(place: Place) -> None:
    vm: Vm = place.made()
    place.plugged(vm, **TOLD)
    agent = place.interfaces._tools.agent(vm.fake)
    place.guests.beside["Acilamwen", FLOAT1] = ["eth1.7"]
    nic = agent.nic(FLOAT1)
    assert nic is not None
    assert (nic.name, nic.addresses) == ("ens4", (ADDRESS,))
    assert agent.nic("52:54:00:00:00:77") is None
    place.guests.devices.add("eth1.7")
    with pytest.raises(AgentError, match=r"ens4 and eth1\.7"):
        agent.nic(FLOAT1)

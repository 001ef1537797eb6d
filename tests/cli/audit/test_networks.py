"""Networks that can't start or wait, guests that they cut off, and addresses that others have."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

import pytest

from cli.audit.finding import Finding
from cli.audit.rules import audit
from provider.network.startable import Hindrance
from tests.cli.audit.picture import (
    NOW,
    PLAN,
    RACK,
    STACK,
    Picture,
    Vm,
    clean,
    default_xml,
    network,
    nic,
    world,
)
from tests.cli.audit.spoil import (
    ACILAMWEN,
    SIAMOND,
    STRAY,
    ULOV,
    UP,
    asks,
    both,
    changed,
    entry,
    faults,
    leased,
    leases,
    notes,
    tenant,
    without,
)

VIRSH = "virsh -c qemu+ssh://trop02/system"
SPARE = "52:54:00:02:02:10"  # by the rule of trop02's MACs, and no slot's
FREE_ADDRESS = "192.168.202.254"
CLASH = Hindrance(
    "192.168.202.0/24 is in use on the host by interface clash",
    "ip -4 addr flush dev clash to 192.168.202.0/24",
)
UNTIL = time.strftime("%Y-%m-%d %H:%M", time.localtime(NOW + 3600))
DOWN = {"active": False, "live_xml": None}


def spoiled(*spoils: Callable[[Picture], object]) -> Picture:
    picture = clean()
    both(*spoils)(picture)
    return picture


def told(found: list[Finding]) -> list[tuple[str, str]]:
    return [(one.kind, one.where) for one in found]


def plugged(port: str) -> Callable[[Picture], object]:
    """The running Ulov's NIC with its port; nobody else runs."""

    def change(picture: Picture) -> None:
        for vm in picture.vms.values():
            vm.state = "shut off"
        live = nic(ULOV.mac).replace("network='default'", f"network='default' portid='{port}'")
        picture.vms["Ulov"].state, picture.vms["Ulov"].live = "running", [live]

    return change


def of_kinds(picture: Picture, *kinds: str) -> list[Finding]:
    return [one for one in faults(picture) if one.kind in kinds]


@pytest.mark.reports("H6", "H11")
def test_a_network_that_can_not_start_is_told_with_why_and_what_to_type_first() -> None:
    found = of_kinds(spoiled(changed("default", **DOWN, hindrances=(CLASH,))), "network-down")
    assert [(one.what, one.mend) for one in found] == [
        (
            f"it is declared, and does not run, and can not start: {CLASH.what}",
            f"on the hypervisor: ip -4 addr flush dev clash to 192.168.202.0/24, then: {UP}",
        )
    ]


@pytest.mark.reports("H7")
@pytest.mark.parametrize("hindrances", [(), (CLASH,)])
def test_guests_of_a_network_that_is_down_are_found_as_cut_off(hindrances: tuple[Hindrance, ...]) -> None:
    picture = spoiled(plugged("one"), changed("default", **DOWN, hindrances=hindrances))
    (found,) = of_kinds(picture, "guest-cut-off")
    assert (found.where, found.what) == (
        "Ulov",
        f"its NIC {ULOV.mac} looks plugged in, and has no network: default does not run",
    )
    assert found.mend.endswith(UP)
    assert found.mend.startswith("on the hypervisor: ip") == bool(hindrances)


@pytest.mark.reports("H7")
@pytest.mark.parametrize(
    ("ports", "cut_off"), [(frozenset({"other"}), ["Ulov"]), (frozenset({"one", "other"}), []), (None, [])]
)
def test_guests_that_a_stop_left_behind_are_found_by_their_ports(
    ports: frozenset[str] | None, cut_off: list[str]
) -> None:
    picture = spoiled(plugged("one"), changed("default", ports=ports))
    assert [one.where for one in of_kinds(picture, "guest-cut-off")] == cut_off


@pytest.mark.reports("H7")
def test_a_guest_that_still_waits_in_the_empty_network_is_told_once_with_that() -> None:
    picture = spoiled(plugged("one"), changed("default", ports=frozenset({"other"})))
    picture.vms["Ulov"].live = [nic(ULOV.mac, "park-uuid-default")]
    assert [one.kind for one in faults(picture) if one.where == "Ulov"] == ["guest-cut-off"]


@pytest.mark.reports("H7")
def test_an_empty_network_that_a_restart_left_is_called_so() -> None:
    name = "park-uuid-default"
    picture = spoiled(
        lambda p: p.networks.update({name: network(name, f"<network><name>{name}</name></network>")})
    )
    assert [(one.kind, one.where, one.mend) for one in faults(picture)] == [
        ("network-left", f"network {name}", UP)
    ]
    assert "killed" not in faults(picture)[0].what


@pytest.mark.reports("H4", "H11")
def test_the_address_that_a_stranger_has_is_freed_first_and_then_asked_for() -> None:
    address = SIAMOND.address
    picture = spoiled(tenant(nic(STRAY)), leased(STRAY, address))
    picture.vms["Siamond"] = Vm("Siamond", [nic(SIAMOND.mac)])
    leased(SIAMOND.mac, "192.168.202.99")(picture)
    line = (
        f"{VIRSH} net-update default add ip-dhcp-host {entry(STRAY, FREE_ADDRESS)} --live && "
        f"{asks('tenant', STRAY)} && sleep 10 && {asks('Siamond', SIAMOND.mac)}"
    )
    found = of_kinds(picture, "lease")
    assert len(found) == 2
    assert {one.mend for one in found} == {line}, "typed once, it mends both"


@pytest.mark.reports("H4", "H11")
def test_in_a_range_with_room_the_stranger_keeps_what_it_gets_and_nothing_is_left_of_it() -> None:
    picture = spoiled(tenant(nic(STRAY)), leased(STRAY, SIAMOND.address))
    default = PLAN.networks.default.model_copy(update={"dhcp_range": ("192.168.202.8", "192.168.202.20")})
    plan = PLAN.model_copy(update={"networks": PLAN.networks.model_copy(update={"default": default})})
    rack = replace(RACK, plans={**RACK.plans, STACK: plan})
    (found,) = [one for one in faults(picture, rack=rack) if one.kind == "lease"]
    host = entry(STRAY, "192.168.202.16")
    assert f"add ip-dhcp-host {host} --live && {asks('tenant', STRAY)} && sleep 10 && " in found.mend
    assert found.mend.endswith(f"delete ip-dhcp-host {host} --live")


@pytest.mark.reports("H4")
@pytest.mark.parametrize(
    ("spoil", "mend"),
    [
        (
            tenant(nic(STRAY), state="shut off"),
            f"wait until {UNTIL}: tenant is shut off, and can't give it back before",
        ),
        (lambda _: None, f"find who has it: ./trop whois {STRAY} --live; it is free after {UNTIL}"),
    ],
)
def test_what_nobody_can_be_asked_for_is_free_when_the_lease_runs_out(
    spoil: Callable[[Picture], object], mend: str
) -> None:
    (found,) = of_kinds(spoiled(spoil, leased(STRAY, SIAMOND.address)), "lease")
    assert mend in found.mend


@pytest.mark.reports("H4", "H13")
def test_a_vm_whose_slot_changed_asks_anew_or_does_when_it_starts() -> None:
    other = leases({ULOV.mac: "192.168.202.99"})
    (found,) = of_kinds(spoiled(other), "lease")
    assert found.mend == asks("Ulov", ULOV.mac)
    assert of_kinds(spoiled(other, lambda p: setattr(p.vms["Ulov"], "state", "shut off")), "lease") == []


@pytest.mark.reports("H13")
@pytest.mark.parametrize(
    "spoil",
    [
        leased(SPARE, "192.168.202.16"),
        leased(ULOV.mac, "192.168.202.99"),
    ],
    ids=["a slot that was given up", "an older one of a VM that has its own"],
)
def test_what_a_declared_change_leaves_for_a_while_is_a_note(spoil: Callable[[Picture], object]) -> None:
    picture = spoiled(spoil)
    assert faults(picture) == []
    assert [one.mend for one in notes(picture) if one.kind == "lease-left"] == [
        "nothing: it runs out by itself"
    ]
    later = replace(world(picture), now=NOW + 7200)
    assert not [one for one in audit(later) if one.kind in ("lease", "lease-left")]


@pytest.mark.reports("H13")
def test_it_is_a_fault_once_its_address_is_given_to_another_slot() -> None:
    picture = spoiled(leased(SPARE, SIAMOND.address))
    assert told(faults(picture)) == [("lease", "network default")]
    assert "it is planned for Siamond" in faults(picture)[0].what
    assert [one for one in notes(picture) if one.kind == "lease-left"] == []


@pytest.mark.reports("H13")
def test_a_mac_that_no_rule_has_is_still_a_fault() -> None:
    assert told(faults(spoiled(leased(STRAY, "192.168.202.99")))) == [("lease", "network default")]


OTHER = default_xml(reservations=[]).replace("192.168.202.", "192.168.122.")
RESTART = f'{UP} --allow "default=network outage"'


@pytest.mark.reports("W5", "H11")
def test_where_the_subnet_waits_the_line_restarts_the_network_and_guests_ask_anew() -> None:
    """As Debian's own `default` is, when it was adopted: the planned subnet is in the definition alone."""
    waiting = replace(network("default", default_xml(), OTHER), ports=None)
    picture = spoiled(
        lambda p: p.networks.update(default=waiting),
        leases({vm.mac: f"192.168.122.{57 + index}" for index, vm in enumerate(PLAN.vms)}),
    )
    found = faults(picture)
    assert {one.kind for one in found} == {"network-waits", "no-reservation", "lease"}
    by_kind = {kind: [one for one in found if one.kind == kind] for kind in ("no-reservation", "lease")}
    assert {one.mend for one in by_kind["no-reservation"]} == {RESTART}
    assert all(
        "whose subnet is another than 192.168.202.0/24" in one.what for one in by_kind["no-reservation"]
    )
    assert f"{RESTART} && {asks('Acilamwen', ACILAMWEN.mac)}" in {one.mend for one in by_kind["lease"]}


@pytest.mark.reports("W5")
def test_after_the_restart_each_guest_with_an_old_lease_is_told_to_ask_anew() -> None:
    (found,) = faults(spoiled(leases({ACILAMWEN.mac: "192.168.122.57"})))
    assert (found.kind, found.mend) == ("lease", asks("Acilamwen", ACILAMWEN.mac))


def test_a_lease_of_a_vm_that_is_not_declared_any_more_and_has_no_domain_is_no_matter_of_the_others() -> None:
    picture = spoiled(without("Ulov"))
    assert [one.kind for one in faults(picture)] == ["vm-missing"]
    assert picture.leases[0].expires > NOW

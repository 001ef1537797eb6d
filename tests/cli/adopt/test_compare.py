"""What is declared beside what is there: which object is which, and what is in the way."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

import config
from cli.adopt import declared
from cli.adopt.compare import compare
from cli.adopt.match import matches
from config.read import stack_file
from tests.cli import hosts
from tests.cli.adopt.beside import FLOAT1, all_there, of, plan_of, vm_of
from tests.components.conftest import run_stack
from tests.components.engine_mock import Recording
from tests.config import fleets

SETTINGS: list[dict[str, Any]] = [
    {},
    {"Ulov": {"overlay": False, "seedDisk": False, "nic": False, "domain": "ulov (2018)"}},
    {
        "Ulov": {
            "disks": {"data": {"size": "1 GiB"}, "spare": {"size": "1 GiB", "pool": "slow", "plugged": False}}
        }
    },
    {"Acilamwen": {"size": False, "autostart": False, "running": False}, "Ulov": {"guest": "cloud-init"}},
]


@pytest.mark.parametrize("changes", SETTINGS)
def test_what_is_taken_for_declared_is_what_the_program_registers(changes: dict[str, Any]) -> None:
    settings = stack_file(fleets.ROOT / fleets.STACK_FILE)
    vms = {name: {**own, **changes.get(name, {})} for name, own in settings["vms"].items()}
    plan = config.load("trop02", {"vms": vms}, fleets.ROOT, fleets.STACK_FILE)
    recording = run_stack("trop02", {"trop:vms": vms})
    ids = {(r.type, r.name): f"{r.name}-id" for r in recording.resources}

    assert {d.key: (d.parent, d.inputs) for d in declared.resources(plan, ids)} == registered(recording)


def registered(recording: Recording) -> dict[tuple[str, str], Any]:
    """Parent, and inputs, by type and name, of all that is libvirt's; what is in a guest is not taken over."""
    parents = {r.urn: (r.type, r.name) for r in recording.resources}
    return {
        (r.type, r.name): (parents[r.parent], r.inputs)
        for r in recording.resources
        if r.type.startswith("libvirt:") and not r.type.endswith(":GuestFiles")
    }


def test_a_host_that_has_all_of_it_agrees() -> None:
    plan = plan_of(Ulov={})
    result = compare(plan, all_there(plan))

    assert (result.differs, result.missing, result.why, result.undeclared) == ((), (), (), ())
    assert result.agrees == (
        "network bridged", "network default", "pool live", "overlay Acilamwen.qcow", "VM Acilamwen",
        "overlay Ulov.qcow", "VM Ulov", "float1 of Acilamwen",
    )  # fmt: skip


def test_a_host_that_has_nothing_lacks_all_of_it() -> None:
    plan = plan_of()
    result = compare(plan, hosts.host(networks=(), pools=()))

    assert (result.agrees, result.differs) == ((), ())
    assert result.missing == (
        "network bridged", "network default", "pool live", "overlay Acilamwen.qcow", "VM Acilamwen",
        "float1 of Acilamwen",
    )  # fmt: skip


def test_ids_are_those_by_which_the_provider_reads() -> None:
    plan = plan_of()
    seen = all_there(plan)
    found = matches(plan, seen)
    uuid = hosts.uuid_of("Acilamwen")

    assert found.ids == {
        (declared.NETWORK, "trop02-bridged"): hosts.UUIDS["bridged"],
        (declared.NETWORK, "trop02-default"): hosts.UUIDS["default"],
        (declared.POOL, "trop02-live"): hosts.POOL_UUID,
        (declared.VOLUME, "Acilamwen"): "/libvirt/storage/live/Acilamwen.qcow",
        (declared.DOMAIN, "Acilamwen"): uuid,
        (declared.INTERFACE, "float1"): f"{uuid}/{FLOAT1}",
    }


def test_a_vm_of_another_name_is_known_by_its_reserved_mac() -> None:
    plan = plan_of(Ulov={})
    ulov = vm_of(plan, "Ulov")
    seen = all_there(plan)
    others = [d for d in seen.domains if d.name != "Ulov"]
    seen = replace(seen, domains=(*others, hosts.whole(plan, ulov, name="ulov & friends")))
    result = compare(plan, seen)

    assert of(result, "VM Ulov") == [("name", "Ulov", "ulov & friends")]
    assert not result.missing
    named = compare(plan_of(Ulov={"domain": "ulov & friends"}), seen)
    assert of(named, "VM Ulov") == []


def test_a_vm_whose_domain_is_named_is_not_looked_for_elsewhere() -> None:
    plan = plan_of(Ulov={"domain": "another"})
    result = compare(plan, all_there(plan_of(Ulov={})))

    assert "VM Ulov" in result.missing


def test_a_name_goes_before_a_mac() -> None:
    plan = plan_of(Ulov={})
    ulov = vm_of(plan, "Ulov")
    seen = all_there(plan)
    thief = hosts.domain("thief", "", hosts.nic(ulov.mac))
    found = matches(plan, replace(seen, domains=(thief, *seen.domains)))

    assert found.domains["Ulov"].name == "Ulov"
    assert found.why == ()


def test_a_mac_on_another_vms_domain_makes_it_no_second_one() -> None:
    plan = plan_of(Ulov={}, Dwiema={})
    stolen = hosts.nic(vm_of(plan, "Dwiema").mac)
    found = matches(plan, hosts.host([hosts.whole(plan, vm_of(plan, "Ulov"), stolen)]))

    assert (set(found.domains), found.why) == ({"Ulov"}, ())


def test_a_mac_in_two_domains_is_in_the_way() -> None:
    plan = plan_of(Ulov={})
    mac = vm_of(plan, "Ulov").mac
    pair = [hosts.domain(name, "", hosts.nic(mac)) for name in ("one", "two")]
    found = matches(plan, hosts.host(pair))

    assert found.why == (
        f"VM Ulov: its MAC {mac} is in one, two; say which it is by `domain` in the stack's file",
    )


def test_a_domain_with_the_macs_of_two_vms_is_in_the_way() -> None:
    plan = plan_of(Ulov={})
    macs = [hosts.nic(vm.mac) for vm in plan.vms]
    found = matches(plan, hosts.host([hosts.domain("both", "", *macs)]))

    assert found.why == (
        "domain both: it has the MACs of Acilamwen and Ulov; say whose it is by `domain` in the stack's file",
    )


POOLS = [
    ({"kind": "logical"}, "pool live: it is of type logical, and only dir can be declared"),
    ({"path": "/srv"}, "pool live: it is over /srv, and declared over /libvirt/storage/live"),
    (
        {"name": "default"},
        "pool live: /libvirt/storage/live is the directory of pool default; call it so in the fleet's file "
        "(storage.pool)",
    ),
    (
        {"active": False},
        "pool live: it is not active, and has disks of Acilamwen: virsh -c 'test:///hand' pool-start live",
    ),
    ({"path": "/libvirt/storage/live/"}, ""),
]


@pytest.mark.parametrize(("changes", "said"), POOLS)
def test_a_pool_that_is_another_is_in_the_way(changes: dict[str, Any], said: str) -> None:
    plan = plan_of()
    volumes = () if said else None
    seen = all_there(
        plan, pools=(hosts.pool(**changes),), **({} if volumes is None else {"volumes": volumes})
    )

    assert matches(plan, seen).why == ((said,) if said else ())


def test_overlays_of_no_pool_are_in_the_way_with_the_commands_that_help() -> None:
    plan = plan_of()
    found = matches(plan, all_there(plan, pools=(), volumes=()))

    assert found.why == (
        "pool live: it is not there, and has disks of Acilamwen: "
        "virsh -c 'test:///hand' 'pool-define-as live dir --target /libvirt/storage/live; "
        "pool-build live; pool-start live; pool-autostart live'",
    )

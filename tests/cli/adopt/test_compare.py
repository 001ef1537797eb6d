"""What is declared beside what is there: which object is which, what differs, what is nobody's to say."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

import config
from cli.adopt import declared, table
from cli.adopt.compare import Comparison, Difference, compare
from cli.adopt.match import matches
from config.plan import Plan, VirtualMachine
from config.read import stack_file
from provider.survey.survey import HostSeen
from tests.cli import hosts
from tests.components.conftest import run_stack
from tests.components.engine_mock import Recording
from tests.config import fleets

FLOAT1, FLOAT2 = "52:54:00:00:01:00", "52:54:00:00:01:01"
STRANGER = "52:54:00:99:00:01"


def plan_of(**vms: dict[str, Any]) -> Plan:
    """trop02's fleet with these VMs, none with a seed disk."""
    own = {name: {"seedDisk": False, **said} for name, said in {"Acilamwen": {}, **vms}.items()}
    return config.load("trop02", {"vms": own}, fleets.ROOT, fleets.STACK_FILE)


def all_there(plan: Plan, **changes: Any) -> HostSeen:
    domains = []
    for vm in plan.vms:
        nics = [hosts.nic(held.mac, "bridged") for held in plan.floats_of(vm.name)]
        domains.append(hosts.whole(plan, vm, *nics))
    volumes = [hosts.overlay(plan, vm) for vm in plan.vms]
    return replace(hosts.host(domains, volumes), **changes)


def vm_of(plan: Plan, name: str) -> VirtualMachine:
    return next(vm for vm in plan.vms if vm.name == name)


def of(result: Comparison, what: str) -> list[tuple[str, str, str]]:
    return [(d.what, d.declared, d.found) for d in result.differs if d.object == what]


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


DOMAINS: list[tuple[dict[str, Any], list[tuple[str, str, str]]]] = [
    ({"memory": 4096 * 1024}, [("memory", "2048", "4096")]),
    ({"vcpu": 8}, [("vcpu", "2", "8")]),
    ({"description": "db"}, [("description", "web", "db")]),
    ({"autostart": False}, [("autostart", "true", "false")]),
    ({"live": False}, [("running", "true", "false")]),
    ({"config": False}, []),  # how long a domain lasts is nothing that is declared
    ({"only_live": hosts.nic(STRANGER)}, []),
]


@pytest.mark.parametrize(("changes", "said"), DOMAINS)
def test_a_domain_differs_in_what_is_declared_of_it(
    changes: dict[str, Any], said: list[tuple[str, str, str]]
) -> None:
    plan = plan_of(Ulov={"description": "web"})
    seen = all_there(plan)
    other = hosts.whole(plan, vm_of(plan, "Ulov"), **changes)
    domains = [d if d.name != "Ulov" else other for d in seen.domains]

    assert of(compare(plan, replace(seen, domains=tuple(domains))), "VM Ulov") == said


@pytest.mark.parametrize(
    ("settings", "changes"),
    [
        ({"size": False}, {"memory": 999_999, "vcpu": 8}),
        ({"autostart": False}, {"autostart": False}),
        ({"running": False}, {"live": False}),
    ],
)
def test_what_is_not_ours_to_say_is_no_difference(settings: dict[str, Any], changes: dict[str, Any]) -> None:
    plan = plan_of(Ulov=settings)
    other = hosts.whole(plan, vm_of(plan, "Ulov"), **changes)
    seen = hosts.host([other], [hosts.overlay(plan, vm_of(plan, "Ulov"))])

    assert of(compare(plan, seen), "VM Ulov") == []


def test_a_missing_nic_and_another_base_image_are_shown_by_name() -> None:
    plan = plan_of(Ulov={})
    ulov = vm_of(plan, "Ulov")
    bare = hosts.domain("Ulov", "", hosts.disk(declared.overlay_path(plan, ulov)), hosts.nic(STRANGER))
    seen = hosts.host([bare], [hosts.overlay(plan, ulov, base="/other.qcow")])
    result = compare(plan, seen)

    assert of(result, "VM Ulov") == [("networkInterfaces[0]", f"default mac {ulov.mac}", "")]
    assert of(result, "overlay Ulov.qcow") == [("baseVolumeId", ulov.base_image, "/other.qcow")]


def test_a_disk_that_names_its_pool_and_volume_is_found_by_its_file() -> None:
    plan = plan_of(Ulov={})
    ulov = vm_of(plan, "Ulov")
    by_name = (
        "<disk type='volume' device='disk'><source pool='live' volume='Ulov.qcow'/><target dev='vda'/></disk>"
    )
    seen = hosts.host([hosts.domain("Ulov", "", by_name, hosts.nic(ulov.mac))], [hosts.overlay(plan, ulov)])

    assert of(compare(plan, seen), "VM Ulov") == []


def test_a_float_with_four_nics_of_another_is_not_there_and_the_four_are() -> None:
    plan = plan_of()
    nics = [hosts.nic(FLOAT2, "bridged")] * 4
    seen = hosts.host([hosts.whole(plan, plan.vms[0], *nics)], [hosts.overlay(plan, plan.vms[0])])
    result = compare(plan, seen)

    assert result.missing == ("float1 of Acilamwen",)
    assert of(result, "float1 of Acilamwen") == [
        (f"NIC {FLOAT2}", "", "must not be in the persistent definition (4 times)"),
        (f"NIC {FLOAT2}", "", "must not be in the running guest (4 times)"),
    ]


@pytest.mark.parametrize(
    ("nics", "said"),
    [
        ([hosts.nic(FLOAT1, "br0", "bridge")], "is on bridge br0 in the running guest"),
        ([hosts.nic(FLOAT1, "default")], "is on network default in the running guest"),
        ([hosts.nic(FLOAT1, "bridged")] * 2, "is there too often in the running guest"),
    ],
)
def test_a_float_in_the_wrong_place_or_too_often_is_a_difference(nics: list[str], said: str) -> None:
    plan = plan_of()
    seen = hosts.host([hosts.whole(plan, plan.vms[0], *nics)], [hosts.overlay(plan, plan.vms[0])])

    assert (f"NIC {FLOAT1}", "", said) in of(compare(plan, seen), "float1 of Acilamwen")


def edited(name: str, old: str, new: str, **states: Any) -> Callable[[], Any]:
    text = (hosts.SAMPLES / f"{name}.xml").read_text(encoding="utf-8")
    assert old in text
    return lambda: hosts.network(name, xml=text.replace(old, new), **states)


HOST = "<host mac='52:54:00:02:02:08' ip='192.168.202.8'  name='Araybwyn'/>"
NETWORKS = [
    (edited("default", "delay='0'", "delay='3'"), [("delay", "0", "3")]),
    (edited("default", HOST, ""), [("reservation of 52:54:00:02:02:08", "192.168.202.8 Araybwyn", "")]),
    (
        edited("default", "name='Araybwyn'", "name='Other'"),
        [("reservation of 52:54:00:02:02:08", "192.168.202.8 Araybwyn", "192.168.202.8 Other")],
    ),
    (
        edited("default", HOST, HOST + f"<host mac='{STRANGER}' ip='192.168.202.77'/>"),
        [(f"reservation of {STRANGER}", "", "192.168.202.77")],
    ),
    (edited("default", "virbr0", "virbr0", autostart=False), [("autostart", "true", "false")]),
    (edited("default", "virbr0", "virbr0", active=False, live_xml=None), [("active", "true", "false")]),
    (
        edited("default", "<ip ", "<dns><host ip='10.0.0.1'><hostname>x</hostname></host></dns><ip "),
        [],
    ),
]


@pytest.mark.parametrize(("make", "said"), NETWORKS)
def test_a_network_differs_in_what_is_declared_of_it(make: Any, said: list[tuple[str, str, str]]) -> None:
    plan = plan_of()
    seen = all_there(plan, networks=(hosts.network("bridged"), make()))

    assert of(compare(plan, seen), "network default") == said


def test_what_is_not_declared_is_listed_once_a_line_a_kind() -> None:
    plan = plan_of(Ulov={})
    ulov = vm_of(plan, "Ulov")
    extra = (hosts.nic(STRANGER, "br1", "bridge"), hosts.disk("/srv/data.raw", "vdb"))
    portgroup = "<portgroup name='x'/></network>"
    seen = all_there(plan)
    others = [d for d in seen.domains if d.name != "Ulov"]
    mine = hosts.whole(plan, ulov, *extra)
    old = hosts.overlay(plan, ulov, name="old.qcow", path="/libvirt/storage/live/old.qcow")
    default = edited("default", "</network>", portgroup)()
    seen = replace(
        seen,
        domains=(hosts.domain("other, tenant"), *others, mine, hosts.domain("zweiter")),
        networks=(hosts.network("bridged"), default, hosts.network("lan", xml="<network/>")),
        pools=(*seen.pools, hosts.pool(name="iscsi", kind="iscsi", path="/dev/disk/by-path")),
        volumes=(*seen.volumes, old),
    )
    result = compare(plan, seen)

    assert result.undeclared == (
        "domains: 'other, tenant', zweiter",
        "networks: lan",
        "pools: iscsi",
        "files in pool live: old.qcow",
        "of network default: port groups",
        f"of VM Ulov: NIC {STRANGER} on bridge br1, disk /srv/data.raw",
    )
    assert result.differs == ()


def test_of_very_many_names_a_line_gives_the_number() -> None:
    plan = plan_of()
    seen = all_there(plan)
    many = tuple(hosts.domain(f"vm{i:02d}") for i in range(30))
    (line,) = compare(plan, replace(seen, domains=(*seen.domains, *many))).undeclared

    assert line.endswith("vm11 and 18 more")


def test_the_table_has_its_four_groups_and_what_is_in_the_way() -> None:
    plan = plan_of()
    result = replace(
        compare(plan, all_there(plan)),
        differs=(Difference("VM Ulov", "memory", "2048", "4096"), Difference("VM Ulov", "nic", "", "x")),
        undeclared=("domains: a",),
        missing=("network default",),
        why=("pool live: it is stopped",),
    )
    text = table.text("trop02", "qemu:///system", result)

    assert text.splitlines()[0] == "trop02 at qemu:///system"
    assert "\ndiffers (2):\n  object   what    declared  on the host\n" in text
    assert "\n  VM Ulov  memory  2048      4096\n" in text
    assert "\n  VM Ulov  nic     –         x\n" in text
    assert "\non the host, not declared, left alone:\n  domains: a\n" in text
    assert "\ndeclared, not there (1): network default\n" in text
    assert "\nin the way of taking it over (1):\n  pool live: it is stopped\n" in text

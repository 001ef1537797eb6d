"""In what an object differs from its declaration, and what is nobody's to say."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from cli.adopt import declared
from cli.adopt.compare import compare
from tests.cli import hosts
from tests.cli.adopt.beside import FLOAT1, FLOAT2, STRANGER, all_there, of, plan_of, vm_of

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

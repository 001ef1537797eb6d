"""What is taken from the host into the stack's file: facts and form, never a fault, never what the file says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import config
from cli.adopt import complete, declared
from cli.adopt.compare import compare
from config.plan import Plan
from config.read import stack_settings
from provider.survey.survey import DomainSeen, HostSeen
from tests.cli import hosts
from tests.cli.adopt.beside import FLOAT1, STRANGER, all_there, plan_of, vm_of
from tests.config import fleets

SLOTS = ("Araybwyn", "Lothigometh", "Ulov", "Dwiema", "Ibalehar", "Eterathiel", "Siamond", "Acilamwen")


def everything(vms: dict[str, Any]) -> Plan:
    merged = complete.merged({"vms": vms}, {name: {} for name in SLOTS})
    return config.load("trop02", merged, fleets.ROOT, fleets.STACK_FILE)


def added(seen: HostSeen, vms: dict[str, Any], **settings: Any) -> complete.Additions:
    own = stack_settings({"vms": vms, **settings}, fleets.STACK_FILE)
    return complete.additions(everything(vms), own, seen)


def form(domain: DomainSeen, *volumes: Any, own: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    """What is taken of Ulov, whose domain this is; what every such VM has, the lack of a seed disk, aside."""
    new = added(hosts.host([domain], volumes, **more), {"Ulov": own or {}})
    return {key: value for key, value in new.get("Ulov", {}).items() if key != "seedDisk"}


PLAN = everything({})
ULOV = vm_of(PLAN, "Ulov")
OVERLAY = hosts.overlay(PLAN, ULOV)
DISK = hosts.disk(declared.overlay_path(PLAN, ULOV))
SEED = hosts.disk(declared.seed_path(PLAN, ULOV), "hda", "cdrom")


def ulov(*devices: str, **changes: Any) -> DomainSeen:
    return hosts.domain(changes.pop("name", "Ulov"), "", *(devices or (DISK, hosts.nic(ULOV.mac))), **changes)


def test_of_a_vm_as_this_program_makes_it_nothing_is_taken() -> None:
    seed = hosts.overlay(PLAN, ULOV, name=ULOV.seed_file, path=declared.seed_path(PLAN, ULOV), base=None)
    seen = hosts.host([ulov(DISK, SEED, hosts.nic(ULOV.mac))], [OVERLAY, seed])

    assert added(seen, {"Ulov": {}}) == {}


def test_a_seed_disk_that_only_the_domain_lacks_is_a_fault() -> None:
    seed = hosts.overlay(PLAN, ULOV, name=ULOV.seed_file, path=declared.seed_path(PLAN, ULOV), base=None)

    assert added(hosts.host([ulov()], [OVERLAY, seed]), {"Ulov": {}}) == {}
    assert added(hosts.host([ulov()], [OVERLAY]), {"Ulov": {}}) == {"Ulov": {"seedDisk": False}}


FORMS: list[tuple[Any, dict[str, Any]]] = [
    (ulov(), {}),
    (ulov(memory=4096 * 1024, vcpu=8), {"memory": 4096, "vcpu": 8}),
    (ulov(memory=4096 * 1024 + 1), {"size": False}),
    (ulov(description="db"), {"description": "db"}),
    (ulov(autostart=False), {"autostart": False}),
    (ulov(live=False), {"running": False}),
    (ulov(config=False, autostart=False), {"autostart": False}),
    (ulov(name="ulov – 2018"), {"domain": "ulov – 2018"}),
    (ulov(DISK), {"nic": False}),
    (ulov(DISK, hosts.nic(ULOV.mac, "virbr0", "bridge")), {"nic": False}),
    (ulov(DISK, hosts.nic(ULOV.mac, "lan")), {"nic": False}),
    (ulov(DISK, hosts.nic(STRANGER, "br1", "bridge")), {"nic": False}),
    (ulov(DISK, hosts.nic(STRANGER)), {}),  # not by the rule: a fault
    (ulov(DISK, hosts.nic(STRANGER, "virbr0", "bridge")), {}),
    (ulov(DISK, hosts.nic(ULOV.mac), hosts.nic(ULOV.mac)), {}),
    (ulov(hosts.nic(ULOV.mac)), {"overlay": False}),
    (ulov(hosts.disk("/srv/ulov.raw"), hosts.nic(ULOV.mac)), {"overlay": False}),
]


@pytest.mark.parametrize(("domain", "taken"), FORMS)
def test_facts_and_form_are_taken_from_the_host_and_faults_are_not(
    domain: DomainSeen, taken: dict[str, Any]
) -> None:
    assert form(domain, OVERLAY) == taken


@pytest.mark.parametrize(
    ("changes", "taken"),
    [
        ({"base": "/images/other.qcow"}, {"baseImage": "/images/other.qcow"}),
        ({"base": "other.qcow"}, {"overlay": False}),
        ({"base": "/images/"}, {"overlay": False}),
        ({"base": None}, {"overlay": False}),
        ({"format": "raw", "base": None}, {"overlay": False}),
    ],
)
def test_the_base_image_is_taken_from_the_overlay(changes: dict[str, Any], taken: dict[str, Any]) -> None:
    assert form(ulov(), hosts.overlay(PLAN, ULOV, **changes)) == taken


def test_of_a_pool_that_is_stopped_no_overlay_is_judged() -> None:
    assert form(ulov(), pools=(hosts.pool(active=False),)) == {}
    assert form(ulov()) == {"overlay": False}  # the pool runs, and does not have it


def test_what_the_settings_would_refuse_is_not_taken() -> None:
    named = ulov(name="no/name", description="two\nlines")

    assert form(named, OVERLAY) == {"description": "two\nlines"}
    assert form(ulov(name="Ulov "), OVERLAY) == {}


def test_what_the_file_says_is_never_changed() -> None:
    own = {"memory": 1024, "overlay": True, "description": "mine"}
    other = ulov(hosts.disk("/srv/x.raw"), memory=4096 * 1024, vcpu=4, description="theirs")

    assert form(other, own=own) == {"vcpu": 4, "nic": False}


def test_memory_that_a_lab_forces_is_not_taken() -> None:
    seen = hosts.host([ulov(memory=96 * 1024)], [OVERLAY])
    vms: dict[str, Any] = {"Ulov": {}}
    own = stack_settings({"vms": vms, "emulation": {"memory": 64}}, fleets.STACK_FILE)

    assert complete.additions(everything(vms), own, seen) == {"Ulov": {"seedDisk": False}}


@pytest.mark.reports("G2")
@pytest.mark.parametrize(
    ("has", "taken"),
    [
        ("host-model", {}),
        ("maximum", {"cpu": "maximum"}),
        ("custom", {"cpu": False}),
        ("", {"cpu": False}),
    ],
)
def test_a_cpu_that_the_fleet_declares_is_not_declared_of_a_vm_that_has_another_one(
    tmp_path: Path, has: str, taken: dict[str, Any]
) -> None:
    facts = fleets.rack_facts()
    facts["virtualMachines"]["cpu"] = "host-model"
    vms = {"Ulov": {"seedDisk": False}, "Acilamwen": {}}
    seen = hosts.host([ulov(cpu=has)], [OVERLAY])

    def plan(settings: dict[str, Any]) -> Plan:
        return fleets.load(tmp_path, facts, "trop02", settings)

    own = stack_settings({"vms": vms}, fleets.STACK_FILE)
    new = complete.additions(plan({"vms": vms}), own, seen)
    assert new.get("Ulov", {}) == taken
    result = compare(plan(complete.merged({"vms": vms}, new)), seen)
    assert [d for d in result.differs if d.object == "VM Ulov"] == []


def test_a_vm_that_has_a_slot_but_is_not_in_the_file_is_added_in_the_order_of_slots() -> None:
    plan = plan_of(Ulov={}, Dwiema={})
    new = added(all_there(plan), {})

    assert list(new.items()) == [
        ("Ulov", {"seedDisk": False}),
        ("Dwiema", {"seedDisk": False}),
        ("Acilamwen", {"seedDisk": False}),
    ]


@pytest.mark.parametrize(
    ("own", "agent", "taken"),
    [
        ({}, True, None),
        ({}, False, "none"),
        ({"guest": "none"}, False, None),
        ({"guest": "cloud-init", "seedDisk": True}, True, None),
    ],
)
def test_a_holder_without_an_agent_has_its_float_set_up_by_nobody(
    own: dict[str, Any], agent: bool, taken: str | None
) -> None:
    plan = plan_of()
    holder = hosts.whole(plan, plan.vms[0], hosts.nic(FLOAT1, "bridged"), agent=agent)
    new = added(hosts.host([holder], [hosts.overlay(plan, plan.vms[0])]), {"Acilamwen": own})

    assert new.get("Acilamwen", {}).get("guest") == taken


@pytest.mark.reports("D7")
@pytest.mark.parametrize(
    ("domain", "own", "taken"),
    [
        (ulov(vcpu=3, starts_with=(2048 * 1024, 2)), {}, {}),
        (ulov(vcpu=4, starts_with=(2048 * 1024, 3)), {}, {"vcpu": 3}),
        (ulov(vcpu=4, starts_with=(2048 * 1024, 3)), {"vcpu": 2}, {}),  # what the file says is never changed
        (ulov(memory=4096 * 1024, starts_with=(2048 * 1024, 2)), {}, {}),
        (ulov(memory=4096 * 1024, starts_with=(1024 * 1024, 2)), {}, {"memory": 1024}),
        (ulov(memory=4096 * 1024, starts_with=(1024 * 1024 + 1, 2)), {}, {"memory": 4096}),
        (ulov(memory=4096 * 1024 + 1, starts_with=(1024 * 1024, 2)), {}, {"size": False}),
        (ulov(live=False, starts_with=(2048 * 1024, 1)), {}, {"vcpu": 1, "running": False}),
        (ulov(saved=True), {}, {"running": False}),
        (ulov(autostart=False, live=False), {"running": False, "autostart": False}, {}),
    ],
)
def test_what_the_guest_starts_with_is_taken_and_not_the_most_that_it_may_have(
    domain: DomainSeen, own: dict[str, Any], taken: dict[str, Any]
) -> None:
    assert form(domain, OVERLAY, own=own) == taken
    vms = {"Ulov": {**own, "seedDisk": False}, "Acilamwen": {}}
    seen = hosts.host([domain], [OVERLAY])
    after = complete.merged({"vms": vms}, added(seen, vms))
    result = compare(config.load("trop02", after, fleets.ROOT, fleets.STACK_FILE), seen)
    differs = [d for d in result.differs if d.object == "VM Ulov" and d.what not in own]
    assert differs == []
    assert added(seen, after["vms"]).get("Ulov", {}) == {}


@pytest.mark.reports("N1")
def test_a_saved_vm_is_called_so_where_it_differs() -> None:
    seen = hosts.host([ulov(saved=True)], [OVERLAY])
    plan = config.load("trop02", {"vms": {"Ulov": {}, "Acilamwen": {}}}, fleets.ROOT, fleets.STACK_FILE)
    assert ("running", "true", "saved") in [
        (d.what, d.declared, d.found) for d in compare(plan, seen).differs if d.object == "VM Ulov"
    ]


def test_what_was_taken_agrees_afterwards() -> None:
    other = ulov(hosts.nic(STRANGER, "br1", "bridge"), name="ulov (2018)", memory=999_999, vcpu=3, live=False,
                 autostart=False, description="db")  # fmt: skip
    named = hosts.host([other])
    # Found by its reserved MAC no more: it has none.  So the file says which it is.
    vms = {"Ulov": {"domain": "ulov (2018)"}, "Acilamwen": {}}
    new = added(named, vms)
    after = config.load("trop02", complete.merged({"vms": vms}, new), fleets.ROOT, fleets.STACK_FILE)
    result = compare(after, named)

    assert [d for d in result.differs if d.object == "VM Ulov"] == []
    assert "VM Ulov" in result.agrees
    assert not [what for what in result.missing if "Ulov" in what]

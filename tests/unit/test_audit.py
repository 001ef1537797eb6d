"""What an audit finds: one fault made in a clean picture is one finding, of its kind, with the line that mends it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from cli.audit import doc, show
from cli.audit.finding import Finding
from cli.audit.rules import RULES, audit
from cli.audit.run import CLEAN, FOUND, NOT_DONE, run
from cli.rack import Rack
from config.read import fleet_file
from provider.errors import OperatorError
from provider.virt.guest_addresses import Address, Inside
from provider.virt.guest_files import Setting, settings
from provider.virt.survey import Lease, PoolSeen, VolumeSeen
from tests.unit import fleets
from tests.unit.audit_world import (
    BASE_WRITTEN,
    BRIDGED_XML,
    FLOAT1,
    FLOAT2_MAC,
    NOW,
    OVERLAY_WRITTEN,
    PLAN,
    RACK,
    Picture,
    Vm,
    clean,
    default_xml,
    network,
    nic,
    overlay_of,
    reservation,
    world,
)

SAMPLES = Path(__file__).parent / "samples/audit"
IFCFG = "/etc/sysconfig/network-scripts/ifcfg-ens5"
ACILAMWEN, ULOV = (next(vm for vm in PLAN.vms if vm.name == name) for name in ("Acilamwen", "Ulov"))
SIAMOND = next(slot for slot in PLAN.networks.default.reservations if slot.name == "Siamond")
RESERVED = [reservation(s.mac, s.address, s.name) for s in PLAN.networks.default.reservations]
OWN, FLOAT1_NIC, FLOAT2_NIC = nic(ACILAMWEN.mac), nic(FLOAT1.mac, "bridged"), nic(FLOAT2_MAC, "bridged")
BASE = ACILAMWEN.base_image
STRAY = "52:54:00:77:00:01"
UP = "./trop up trop02"


def faults(*pictures: Picture, **more: object) -> list[Finding]:
    return [f for f in audit(world(*pictures, **more)) if f.level == "fault"]  # type: ignore[arg-type]


def notes(picture: Picture) -> list[Finding]:
    return [f for f in audit(world(picture)) if f.level == "note"]


def file(text: str, path: str = IFCFG) -> tuple[Setting, ...]:
    return settings(f"\0{path}\0{text}")


@dataclass(frozen=True)
class Case:
    """``spoil`` makes a fault that is told as ``kind`` at ``where``; ``says`` and ``mend`` are parts of the lines."""

    kind: str
    spoil: Callable[[Picture], object]
    where: str
    says: str
    mend: str


def plug(vm: str, *nics: str) -> Callable[[Picture], object]:
    return lambda p: setattr(p.vms[vm], "nics", list(nics))


def tenant(*nics: str, state: str = "running") -> Callable[[Picture], object]:
    """A VM that nobody declares."""

    def add(picture: Picture) -> None:
        picture.vms["tenant"] = Vm("tenant", list(nics), state=state)

    return add


def reserved(*entries: str) -> Callable[[Picture], object]:
    return lambda p: p.networks.update(default=network("default", default_xml(reservations=list(entries))))


def leased(mac: str, address: str) -> Callable[[Picture], object]:
    return lambda p: p.leases.append(Lease("default", mac, address, None, int(NOW) + 3600))


def inside(*pairs: tuple[str, str], files: tuple[Setting, ...] = ()) -> Callable[[Picture], object]:
    return lambda p: p.give("Acilamwen", (ACILAMWEN.mac, ACILAMWEN.address), *pairs, files=files)


def both(*spoils: Callable[[Picture], object]) -> Callable[[Picture], object]:
    return lambda p: [spoil(p) for spoil in spoils]


def attribute(vm: str, **values: object) -> Callable[[Picture], object]:
    return lambda p: [setattr(p.vms[vm], key, value) for key, value in values.items()]


def base(**changes: object) -> Callable[[Picture], object]:
    return lambda p: p.volume(overlay_of(PLAN, "Ulov"), **changes)


def image(name: str, form: str = "qcow2") -> Callable[[Picture], object]:
    path = f"{BASE.rpartition('/')[0]}/{name}"

    def add(picture: Picture) -> None:
        picture.pools["base"] = PoolSeen("base", "uuid-base", "dir", True, True, path.rpartition("/")[0])
        picture.volumes[path] = VolumeSeen("base", name, path, form, 1, None, None, BASE_WRITTEN, None)

    return add


def without(vm: str) -> Callable[[Picture], object]:
    return lambda p: p.vms.pop(vm)


def changed(name: str, **values: object) -> Callable[[Picture], object]:
    return lambda p: p.networks.update({name: replace(p.networks[name], **values)})  # type: ignore[arg-type]


CASES = [
    Case(
        "mac-repeated",
        plug("Acilamwen", OWN, FLOAT1_NIC, FLOAT1_NIC),
        "Acilamwen",
        "2 times in the running",
        UP,
    ),
    Case("mac-repeated", plug("Ulov", nic(ULOV.mac), nic(ULOV.mac)), "Ulov", "2 times in its definition", UP),
    Case(
        "mac-repeated",
        both(
            attribute("Ulov", live=[nic(ULOV.mac)]),
            plug("Ulov", nic(ULOV.mac), nic(ULOV.mac)),
        ),
        "Ulov",
        "plugged in 2 times in its definition",
        UP,
    ),
    Case(
        "mac-repeated",
        tenant(nic(STRAY, alias="net0"), nic(STRAY, alias="net1")),
        "tenant",
        STRAY,
        "virsh -c qemu+ssh://trop02/system detach-device-alias tenant net1 --live",
    ),
    Case(
        "mac-shared",
        tenant(nic(ULOV.mac)),
        "tenant",
        "Ulov on trop02 (running), tenant on trop02",
        "detach-interface",
    ),
    Case("mac-shared", tenant(FLOAT1_NIC, state="shut off"), "tenant", "(shut off)", "--config"),
    Case(
        "float-mac",
        plug("Ulov", nic(ULOV.mac), FLOAT2_NIC),
        "Ulov",
        "float2's MAC 52:54:00:00:01:01, but nobody holds it",
        "detach-interface Ulov bridge --mac 52:54:00:00:01:01 --live; virsh -c qemu+ssh://trop02/system "
        "detach-interface Ulov network --mac 52:54:00:00:01:01 --config",
    ),
    Case("float-mac", plug("Acilamwen", OWN, FLOAT1_NIC, FLOAT2_NIC), "Acilamwen", "float2's MAC", UP),
    Case("float-unplugged", both(plug("Acilamwen", OWN), inside()), "Acilamwen", "is plugged in nowhere", UP),
    Case(
        "float-unplugged",
        plug("Acilamwen", OWN, nic(FLOAT1.mac, "bridged", link="down")),
        "Acilamwen",
        "has its link down",
        "domif-setlink Acilamwen 52:54:00:00:01:00 up; virsh -c qemu+ssh://trop02/system domif-setlink "
        "Acilamwen 52:54:00:00:01:00 up --config",
    ),
    Case(
        "float-unplugged",
        attribute("Acilamwen", nics=[OWN], live=[OWN, FLOAT1_NIC]),
        "Acilamwen",
        "not in its def",
        UP,
    ),
    Case(
        "float-unplugged", attribute("Acilamwen", live=[OWN]), "Acilamwen", "is not in the running guest", UP
    ),
    Case(
        "float-unplugged",
        plug("Acilamwen", OWN, nic(FLOAT1.mac, bridge="br7")),
        "Acilamwen",
        "into bridge br7",
        UP,
    ),
    Case(
        "float-address",
        inside((FLOAT1.mac, FLOAT1.address), (ACILAMWEN.mac, "129.215.175.102")),
        "Acilamwen",
        f"MAC {ACILAMWEN.mac} has float3's address 129.215.175.102, whose MAC is 52:54:00:00:01:02 (asked: its agent)",
        "in Acilamwen: take 129.215.175.102 off",
    ),
    Case(
        "guest-file",
        inside((FLOAT1.mac, FLOAT1.address), files=file(f"HWADDR={STRAY}\nIPADDR={FLOAT1.address}")),
        "Acilamwen",
        f"{IFCFG} is for a NIC {STRAY}, which it does not have",
        f"{STRAY} is to be {FLOAT1.mac}",
    ),
    Case("float-not-set-up", inside(), "Acilamwen", "does not have its address 129.215.175.100 inside", UP),
    Case("vm-missing", without("Ulov"), "Ulov", "is not there", UP),
    Case("vm-stopped", attribute("Ulov", state="shut off"), "Ulov", "is shut off", UP),
    Case("vm-stopped", attribute("Ulov", state="paused"), "Ulov", "is paused", "resume Ulov"),
    Case("vm-nic", attribute("Ulov", live=[]), "Ulov", f"{ULOV.mac} is not in the running guest", UP),
    Case(
        "vm-waits",
        attribute("Ulov", memory=128),
        "Ulov",
        "memory in its definition waits",
        f"{UP} --allow Ulov=restart",
    ),
    Case("no-reservation", reserved(*(r for r in RESERVED if "Ulov" not in r)), "Ulov", "no reservation", UP),
    Case(
        "no-reservation",
        plug("Ulov", nic(ULOV.mac), nic(STRAY)),
        "Ulov",
        f"{STRAY} has no reservation",
        "edit Ulov",
    ),
    Case(
        "no-reservation",
        reserved(*(r for r in RESERVED if "Ulov" not in r), reservation(ULOV.mac, "192.168.202.99", "Ulov")),
        "Ulov",
        "another address than its 192.168.202.10 is reserved for its MAC",
        UP,
    ),
    Case(
        "stray-reservation",
        reserved(*RESERVED, reservation(STRAY, "192.168.202.99", "old")),
        "network default",
        "192.168.202.99 is reserved for 52:54:00:77:00:01, which no VM has",
        UP,
    ),
    Case(
        "stray-reservation",
        both(
            tenant(nic(STRAY, bridge="br7")),
            reserved(*(r for r in RESERVED if "Siamond" not in r), reservation(STRAY, SIAMOND.address, "x")),
        ),
        "network default",
        "is planned for Siamond",
        UP,
    ),
    Case(
        "stray-reservation",
        reserved(
            *(r for r in RESERVED if "Siamond" not in r),
            reservation(SIAMOND.mac, "192.168.202.99", "Siamond"),
        ),
        "network default",
        "192.168.202.99 is reserved for 52:54:00:02:02:0e, which is planned to have 192.168.202.14",
        UP,
    ),
    Case(
        "lease",
        leased(STRAY, "192.168.202.99"),
        "network default",
        "no VM of this hypervisor has that MAC",
        "whois",
    ),
    Case(
        "lease",
        leased(ULOV.mac, "192.168.202.99"),
        "network default",
        "Ulov is planned to have 192.168.202.10",
        UP,
    ),
    Case(
        "lease",
        both(tenant(nic(STRAY)), leased(STRAY, SIAMOND.address)),
        "network default",
        "it is planned for Siamond",
        "net-edit default",
    ),
    Case("planned-taken", tenant(nic(SIAMOND.mac)), "tenant", "planned for Siamond on trop02", "edit tenant"),
    Case(
        "network-taken",
        lambda p: p.networks.update(
            other=network("other", default_xml().replace(PLAN.networks.default.mac, STRAY))
        ),
        "network other",
        "addresses of 192.168.202.0/24",
        "net-edit other",
    ),
    Case(
        "network-down", changed("bridged", active=False, live_xml=None), "network bridged", "does not run", UP
    ),
    Case("network-down", lambda p: p.networks.pop("bridged"), "network bridged", "is not there", UP),
    Case(
        "network-waits",
        changed("default", config_xml=default_xml(stp="on")),
        "network default",
        "stp in its definition waits",
        f'{UP} --allow "default=network outage"',
    ),
    Case(
        "autostart-off", attribute("Ulov", autostart=False), "Ulov", "does not start with its hypervisor", UP
    ),
    Case("autostart-off", changed("default", autostart=False), "network default", "does not start", UP),
    Case(
        "autostart-off",
        lambda p: p.pools.update(live=replace(p.pools["live"], autostart=False)),
        "pool live",
        "does not start",
        "pool-autostart live",
    ),
    Case("base-missing", base(base_missing=True), "Ulov", f"rests on {BASE}, which is missing", BASE),
    Case(
        "base-other", base(base="/images/other.qcow"), "Ulov", "/images/other.qcow, declared is", "baseImage"
    ),
    Case("base-written", base(base_modified=OVERLAY_WRITTEN + 1), "Ulov", "last written to itself", BASE),
    Case("base-written", base(born=BASE_WRITTEN - 1), "Ulov", "the overlay was made at", BASE),
    Case(
        "base-unused",
        image("old.qcow"),
        "pool base",
        "old.qcow is nobody's",
        "vol-delete old.qcow --pool base",
    ),
]


def test_what_is_as_declared_has_no_fault_and_empty_slots_are_a_note() -> None:
    assert faults(clean()) == []
    assert [(n.kind, n.what) for n in notes(clean())] == [
        ("slot-unused", "3 slots are reserved and have no VM: Araybwyn, Dwiema, Siamond")
    ]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.kind}-{case.says[:24]}")
def test_a_fault_is_one_finding_that_says_what_where_and_what_mends_it(case: Case) -> None:
    picture = clean()
    case.spoil(picture)

    found = faults(picture)

    assert [(f.kind, f.stack, f.where) for f in found] == [(case.kind, "trop02", case.where)], found
    assert case.says in found[0].what
    assert case.mend in found[0].mend


def test_every_kind_has_a_case_of_its_own() -> None:
    elsewhere = {"unreachable", "same-host", "slot-unused", "guest-file-left", "guest-unasked"}
    assert {rule.kind for rule in RULES} == {case.kind for case in CASES} | elsewhere
    assert len({rule.kind for rule in RULES}) == len(RULES)


def test_a_hypervisor_that_does_not_answer_is_a_finding_and_the_others_are_audited() -> None:
    picture = clean()
    picture.vms["Ulov"].autostart = False
    said = OperatorError("cannot reach libvirt at qemu:///x: no answer within 10 s")

    found = faults(picture, failed={"trop03": said})

    assert [(f.kind, f.stack) for f in found] == [("autostart-off", "trop02"), ("unreachable", "trop03")]
    assert "no answer within 10 s" in found[1].what


def test_two_stacks_that_lead_to_one_host_are_told_and_its_vms_are_not_doubled() -> None:
    other = clean(RACK.plans["trop01"])
    other.uuid, other.vms, other.networks = "uuid-trop02", clean().vms, clean().networks

    found = faults(other, clean())

    assert [(f.kind, f.stack) for f in found] == [("same-host", "trop01")]
    assert "audited as trop02" in found[0].what


def test_one_mac_on_two_hypervisors_is_found_where_it_does_not_belong() -> None:
    other = clean(RACK.plans["trop01"])
    other.vms["copy"] = Vm("copy", [FLOAT1_NIC])

    found = faults(other, clean())

    assert [(f.kind, f.stack, f.where) for f in found] == [("mac-shared", "trop01", "copy")]
    assert "copy on trop01 (running), Acilamwen on trop02 (running)" in found[0].what
    assert "qemu+ssh://trop01/system detach-interface copy" in found[0].mend


def test_a_float_that_has_gone_to_another_vm_is_told_there_alone() -> None:
    picture = clean()
    plug("Acilamwen", OWN)(picture)
    plug("Ulov", nic(ULOV.mac), FLOAT1_NIC)(picture)
    inside()(picture)

    found = faults(picture)

    assert [(f.kind, f.where) for f in found] == [("float-mac", "Ulov")]
    assert "float1's MAC 52:54:00:00:01:00, but Acilamwen on trop02 holds it" in found[0].what


def test_acilamwen_of_2023_has_the_two_faults_that_the_page_reports() -> None:
    picture = clean()
    page = (SAMPLES / "interfaces-2023.xml").read_text(encoding="utf-8")
    plug("Acilamwen", OWN, page)(picture)
    inside(
        (FLOAT2_MAC, FLOAT1.address),
        (FLOAT2_MAC, "fe80::9d1f:d724:decf:eb76"),
        files=file((SAMPLES / "ifcfg-ens5-2023").read_text(encoding="utf-8")),
    )(picture)

    found = faults(picture)

    assert [(f.kind, f.where, f.what) for f in found] == [
        (
            "mac-repeated",
            "Acilamwen",
            "the same NIC 52:54:00:00:01:01 (float2's) is plugged in 4 times in the running guest and 4 times in its "
            "definition",
        ),
        (
            "float-address",
            "Acilamwen",
            "float2's MAC 52:54:00:00:01:01 has float1's address 129.215.175.100, whose MAC is 52:54:00:00:01:00 "
            f"(asked: its agent and its file {IFCFG})",
        ),
    ]
    assert {f.mend for f in found} == {UP}


@pytest.mark.parametrize("address", [(), ((FLOAT1.mac, FLOAT1.address),)], ids=["unset", "set by hand"])
def test_the_instructions_of_2021_have_the_fault_that_the_page_does_not_report(
    address: tuple[tuple[str, str], ...],
) -> None:
    picture = clean()
    text = (SAMPLES / "ifcfg-ens5-2021").read_text(encoding="utf-8")
    inside(*address, files=file(text))(picture)

    found = faults(picture)

    assert [(f.kind, f.where) for f in found] == [("guest-file", "Acilamwen")]
    assert found[0].what == (
        f"its file {IFCFG} is for a NIC 52:54:00:00:00:01, which it does not have, and gives it float1's address "
        "129.215.175.100, whose MAC is 52:54:00:00:01:00 (asked: its agent)"
    )
    assert found[0].mend == f"in Acilamwen, {IFCFG}: 52:54:00:00:00:01 is to be 52:54:00:00:01:00"


def test_a_file_that_nothing_depends_on_any_more_is_a_note() -> None:
    picture = clean()
    ours = file(f"HWADDR={FLOAT1.mac}\nIPADDR={FLOAT1.address}", IFCFG + "-ours")
    left = file((SAMPLES / "ifcfg-ens5-2023").read_text(encoding="utf-8"))
    inside((FLOAT1.mac, FLOAT1.address), files=(*ours, *left))(picture)

    assert faults(picture) == []
    told = [n for n in notes(picture) if n.kind == "guest-file-left"]
    assert [(n.where, n.mend) for n in told] == [("Acilamwen", f"in Acilamwen: rm {IFCFG}")]


def test_a_file_for_a_nic_that_the_guest_has_is_asked_for_its_address_too() -> None:
    picture = clean()
    text = f"HWADDR={FLOAT1.mac}\nIPADDR=129.215.175.101"
    inside((FLOAT1.mac, FLOAT1.address), files=file(text))(picture)

    found = faults(picture)

    assert [f.kind for f in found] == ["float-address"]
    assert (
        f"has float2's address 129.215.175.101, whose MAC is {FLOAT2_MAC} (asked: its file {IFCFG})"
        in found[0].what
    )


def test_where_the_agent_is_silent_leases_are_asked_and_then_the_neighbours_and_it_says_so() -> None:
    picture = clean()
    heard = (Address(FLOAT1.mac, "129.215.175.101"),)
    picture.inside["Acilamwen"] = Inside(neighbours=heard, silence="its agent does not answer")
    by_neighbours = faults(picture)
    picture.leases.append(Lease("campus", FLOAT1.mac, "129.215.175.101", None, int(NOW) + 60))
    by_lease = faults(picture)

    assert [f.kind for f in by_neighbours] == [f.kind for f in by_lease] == ["float-address"]
    assert "(asked: the host's neighbour table)" in by_neighbours[0].what
    assert "(asked: its lease)" in by_lease[0].what
    told = [n for n in notes(picture) if n.kind == "guest-unasked"]
    assert [(n.where, n.what) for n in told] == [
        ("Acilamwen", "it was not asked what it has inside: its agent does not answer")
    ]


@pytest.mark.parametrize(
    "harmless",
    [
        tenant(nic(STRAY)),
        both(tenant(nic(STRAY)), leased(STRAY, "192.168.202.99")),
        lambda p: p.networks.update(other=network("other", BRIDGED_XML)),
        both(tenant(nic(STRAY)), reserved(*RESERVED, reservation(STRAY, "192.168.202.99", "tenant"))),
        plug("Acilamwen", OWN, nic(FLOAT1.mac, bridge="br0")),
        lambda p: p.leases.append(Lease("default", STRAY, "192.168.202.99", None, int(NOW) - 1)),
    ],
    ids=["domain", "its lease", "network", "its reservation", "float on the bridge itself", "expired lease"],
)
def test_what_takes_nothing_that_is_planned_is_no_fault(harmless: Callable[[Picture], object]) -> None:
    picture = clean()
    harmless(picture)

    assert faults(picture) == []


@pytest.mark.parametrize(
    "unknown",
    [
        base(modified=None, base_modified=OVERLAY_WRITTEN + 1),
        base(base_modified=None),
        image("notes.txt", "raw"),
        both(
            image("old.qcow"), lambda p: p.pools.update(off=PoolSeen("off", "u", "dir", False, True, "/off"))
        ),
        both(image("old.qcow"), tenant(nic(STRAY)), attribute("tenant", disk="/data/tenant.qcow2")),
    ],
    ids=["overlay's time", "base's time", "raw file", "stopped pool", "disk in no pool"],
)
def test_of_files_nothing_is_said_where_nothing_is_known(unknown: Callable[[Picture], object]) -> None:
    picture = clean()
    unknown(picture)

    assert faults(picture) == []


def test_a_base_that_a_pool_has_found_to_be_gone_is_missing() -> None:
    picture = clean()
    picture.gone = (BASE,)

    assert {(f.kind, f.where) for f in faults(picture)} == {("base-missing", vm.name) for vm in PLAN.vms}


def test_a_fleet_of_forty_vms_that_is_as_declared_has_no_fault(tmp_path: Path) -> None:
    facts = fleets.sized(4, 10)
    plans = {
        name: fleets.load(tmp_path, facts, name, {"vms": {vm: {} for vm in host["slots"]}})
        for name, host in facts["hypervisors"].items()
    }
    rack = Rack(fleet_file(tmp_path, "fleet.yaml"), plans)
    pictures = [clean(plan) for plan in plans.values()]
    assert faults(*pictures, rack=rack) == []

    pictures[3].vms["vm04-009"].nics.append(nic(plans["host01"].vms[0].mac))
    found = faults(*pictures, rack=rack)

    assert ("mac-shared", "host04", "vm04-009") in [(f.kind, f.stack, f.where) for f in found]


def test_json_has_a_stable_shape_and_the_table_numbers_what_each_line_mends(
    capsys: pytest.CaptureFixture[str],
) -> None:
    picture = clean()
    picture.vms["Ulov"].autostart = False
    base(base_modified=OVERLAY_WRITTEN + 1)(picture)
    picture.vms["Ibalehar"].autostart = False
    seen = world(picture)
    found = audit(seen)

    listed = json.loads(show.as_json(found))
    assert set(listed[0]) == {"kind", "level", "hypervisor", "where", "what", "since", "mend", "floats"}
    assert [each["kind"] for each in listed] == [
        "autostart-off",
        "autostart-off",
        "base-written",
        "slot-unused",
    ]
    assert listed[0]["since"] is None
    assert listed[2]["since"].startswith("2023-11-1")

    show.show(seen, found)
    lines = capsys.readouterr().out.splitlines()
    assert f"  1, 2: {UP}" in lines
    assert any(line.startswith("  3: put back the very file") for line in lines)
    assert any(line.startswith("note: trop02, network default: 3 slots are reserved") for line in lines)
    assert lines[-1] == "3 findings: 1 hypervisor, 5 domains, 2 networks, 5 volumes, 5 guests asked inside"


def test_the_exit_code_tells_clean_from_faulty_from_not_done(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    picture = clean()
    monkeypatch.setattr("cli.audit.look.world", lambda *_args, **_kwargs: world(picture))
    assert run(["trop02"], lab=False, as_json=False) == CLEAN
    assert capsys.readouterr().out.splitlines()[-1].startswith("nothing found: 1 hypervisor, 5 domains")
    picture.vms["Ulov"].autostart = False
    assert run(["trop02"], lab=False, as_json=True) == FOUND
    monkeypatch.undo()
    assert run(["trop09"], lab=False, as_json=False) == NOT_DONE
    assert capsys.readouterr().err == (
        "error: there is no stack trop09; the stacks are trop01, trop02, trop03, trop04\n"
    )


def test_the_page_of_findings_is_up_to_date() -> None:
    assert doc.FILE.read_text(encoding="utf-8") == doc.document(), f"write it anew: {doc.COMMAND}"

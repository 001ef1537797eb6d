"""Each kind of finding: one fault made in a clean picture is one finding, with the line that mends it."""

from __future__ import annotations

import pytest

from cli.audit.rules import RULES
from tests.cli.audit.cases import HOST_CASES
from tests.cli.audit.picture import (
    BASE_WRITTEN,
    FLOAT1,
    OVERLAY_WRITTEN,
    PLAN,
    clean,
    default_xml,
    network,
    nic,
    reservation,
)
from tests.cli.audit.spoil import (
    ACILAMWEN,
    BASE,
    FLOAT1_NIC,
    FLOAT2_NIC,
    IFCFG,
    OWN,
    RESERVED,
    ROUTER,
    SIAMOND,
    STRAY,
    ULOV,
    UP,
    Case,
    asks,
    attribute,
    base,
    both,
    changed,
    entry,
    faults,
    file,
    image,
    inside,
    leased,
    leases,
    plug,
    pool,
    reserved,
    tenant,
    without,
)

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
        "domif-setlink Acilamwen 52:54:00:00:01:00 up && virsh -c qemu+ssh://trop02/system domif-setlink "
        "Acilamwen 52:54:00:00:01:00 up --config && ./trop up trop02",
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
    Case(
        "float-not-set-up",
        inside(files=file(f"HWADDR={FLOAT1.mac}\nIPADDR={FLOAT1.address}")),
        "Acilamwen",
        "does not have its address",
        f"{IFCFG} says so, and is not in force: ip addr add 129.215.175.100/24 dev … && ip route replace default via "
        f"{ROUTER} dev … metric {FLOAT1.metric}",
    ),
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
        f"detach-interface Ulov network --mac {STRAY} --live; virsh -c qemu+ssh://trop02/system detach-interface Ulov "
        f"network --mac {STRAY} --config",
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
        leases({ULOV.mac: "192.168.202.99"}),
        "network default",
        "Ulov is planned to have 192.168.202.10",
        asks("Ulov", ULOV.mac),
    ),
    Case(
        "lease",
        both(tenant(nic(STRAY)), leased(STRAY, SIAMOND.address)),
        "network default",
        "it is planned for Siamond",
        f"net-update default add ip-dhcp-host {entry(STRAY, '192.168.202.254')} --live && {asks('tenant', STRAY)}",
    ),
    Case(
        "planned-taken",
        tenant(nic(SIAMOND.mac)),
        "tenant",
        "planned for Siamond on trop02",
        f"detach-interface tenant network --mac {SIAMOND.mac} --config && virsh -c qemu+ssh://trop02/system "
        "attach-interface tenant network default --model virtio --live --config",
    ),
    Case(
        "network-taken",
        lambda p: p.networks.update(
            other=network("other", default_xml().replace(PLAN.networks.default.mac, STRAY))
        ),
        "network other",
        "addresses of 192.168.202.0/24",
        "net-edit other && virsh -c qemu+ssh://trop02/system net-destroy other && virsh -c qemu+ssh://trop02/system "
        "net-start other",
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
        pool(autostart=False),
        "pool live",
        "does not start",
        UP,
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
    *HOST_CASES,
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
    elsewhere = {"not-adopted", "unreachable", "same-host", "slot-unused", "guest-file-left", "guest-unasked"}
    elsewhere |= {"same-machine-id", "same-host-keys"}  # tests/cli/audit/test_clones.py
    elsewhere |= {"float-twice"}  # tests/cli/audit/test_same_mac.py
    elsewhere |= {"unread", "untold"}  # tests/cli/test_unread_told.py
    elsewhere |= {"same-uuid"}  # tests/cli/test_same_host.py
    elsewhere |= {"snapshot", "disk-other", "overlay-pulled", "format-unsaid", "block-job"}  # test_chains.py
    elsewhere |= {"vm-saved"}  # test_states.py
    elsewhere |= {"guest-cut-off", "lease-left"}  # tests/cli/audit/test_networks.py
    elsewhere |= {"service-wrong", "service-undeclared", "service-kept", "recipe-missing"}  # tests/services
    assert {rule.kind for rule in RULES} == {case.kind for case in CASES} | elsewhere
    assert len({rule.kind for rule in RULES}) == len(RULES)

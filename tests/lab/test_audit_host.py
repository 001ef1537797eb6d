"""What an audit says of disks, pool, gateway and agents that are gone; each line that it gives mends what it tells.

It is longer than 300 lines because one lab serves all of it.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab import lab_guest
from tests.lab.catalogue_terms import ADDRESSES
from tests.lab.faults_by_hand import OWN, asks_anew, inside
from tests.lab.lab_guest import Guest, wait_for
from tests.lab.stage import Stage, stage
from tests.lab.test_audit import UP, Found, _answers, audit, clean, mend, told
from tests.lab.typed import well

pytestmark = [pytest.mark.lab, pytest.mark.adopt, pytest.mark.other_turn]

POOL = "/libvirt/storage/live"
GATEWAY = "129.215.175.126"


@pytest.fixture(scope="module")
def made() -> Iterator[Stage]:
    with stage("trop02", "embedded", vms={"Acilamwen": {}, "Ulov": {}}) as made:
        made.bring_up()
        await_agents(made)
        yield made


def await_agents(made: Stage) -> None:
    for name in ("Acilamwen", "Ulov"):
        wait_for(lambda name=name: _answers(made, name) or None)  # type: ignore[misc]


def lines(findings: Found) -> set[str]:
    return {f["mend"] for f in findings if f["level"] == "fault"}


def commands(findings: Found) -> set[str]:
    """What is to be typed, without what is to be seen to before."""
    return {line.partition(", then: ")[2] or line for line in lines(findings)}


def file_of(made: Stage, name: str) -> Path:
    return made.lab.state / "live" / name


@pytest.mark.parametrize("refreshed", [False, pytest.param(True, marks=pytest.mark.soak)])
def test_a_disk_that_was_deleted_under_a_running_guest_is_written_anew_by_the_line_that_is_told(
    made: Stage, refreshed: bool
) -> None:
    guest = Guest(made.lab, "Ulov")
    guest.agent("/bin/sh", "-c", f"echo {refreshed} > /root/kept; sync")
    boot = lab_guest.page(made.lab, ADDRESSES["Ulov"], campus=False)
    file_of(made, "Ulov.qcow").unlink()
    if refreshed:
        made.virsh("pool-refresh", "live")

    code, findings = audit(made)

    assert (code, told(findings)) == (1, [("disk-missing", "Ulov")])
    assert "do not stop it" in findings[0]["what"]
    mend(made, lines(findings))
    clean(made)
    made.unchanged()
    assert lab_guest.page(made.lab, ADDRESSES["Ulov"], campus=False) == boot
    made.virsh("shutdown", "Ulov")
    wait_for(lambda: made.virsh("domstate", "Ulov") == "shut off" or None)
    made.must("up", "--yes")
    await_agents(made)
    assert guest.agent("/bin/cat", "/root/kept") == f"{refreshed}\n"
    clean(made)


def test_a_disk_of_a_guest_that_is_off_is_missed_and_is_to_be_put_back(made: Stage) -> None:
    made.virsh("shutdown", "Ulov")
    wait_for(lambda: made.virsh("domstate", "Ulov") == "shut off" or None)
    aside = file_of(made, "Ulov.qcow").rename(made.lab.state / "aside")
    try:
        before = made.trop("adopt", "trop02", "--lab").out
        said = re.search(r"as libvirt saw it last: .* \(Ulov\); it looks again by\n +(virsh .*)", before)
        assert said, before
        well(made, said[1])
        assert "declared, not there (1): overlay Ulov.qcow" in made.trop("adopt", "trop02", "--lab").out
        code, findings = audit(made)
    finally:
        aside.rename(file_of(made, "Ulov.qcow"))

    assert (code, told(findings)) == (1, [("disk-missing", "Ulov")])
    assert lines(findings) == {f"put back the very file, from a backup: {POOL}/Ulov.qcow"}
    assert told(audit(made)[1]) == [("vm-stopped", "Ulov")]
    made.must("up", "--yes")
    await_agents(made)
    clean(made)


def test_a_cloud_init_disk_that_was_deleted_is_made_again_by_up(made: Stage) -> None:
    file_of(made, "Ulov-seed.iso").unlink()
    code, findings = audit(made)
    assert (code, told(findings)) == (1, [("disk-missing", "Ulov")])
    assert lines(findings) == {UP}
    mend(made, {UP})
    clean(made)


def test_a_pool_that_was_stopped_is_started_by_the_line_that_is_told(made: Stage) -> None:
    made.virsh("pool-destroy", "live")
    code, findings = audit(made)
    assert (code, told(findings)) == (1, [("pool-down", "pool live")])
    mend(made, commands(findings))
    clean(made)
    made.unchanged()


def test_a_pool_that_was_undefined_comes_back_as_the_one_that_it_was(made: Stage) -> None:
    made.virsh("pool-destroy", "live")
    made.virsh("pool-undefine", "live")
    code, findings = audit(made)
    assert (code, told(findings)) == (1, [("pool-down", "pool live")])
    (line,) = lines(findings)
    done = subprocess.run(line, shell=True, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    clean(made)
    made.unchanged()


def test_a_pool_whose_folder_is_not_mounted_is_told_and_none_of_the_disks_in_it(made: Stage) -> None:
    made.lab.run(["mount", "-t", "tmpfs", "none", POOL], check=True)
    code, findings = audit(made)
    made.lab.run(["umount", POOL], check=True)

    assert (code, told(findings)) == (1, [("pool-down", "pool live")])
    mend(made, commands(findings))
    clean(made)
    made.unchanged()


def campus(made: Stage, *words: str) -> None:
    made.lab.campus(["ip", *words], check=True)


def test_a_gateway_that_nobody_hears_is_told_once_with_all_who_asked_and_up_tells_it_too(made: Stage) -> None:
    campus(made, "addr", "del", f"{GATEWAY}/24", "dev", "eth0-far")
    try:
        code, findings = audit(made)
        made.virsh("detach-interface", "Acilamwen", "bridge", "--mac", "52:54:00:00:01:00", "--live")
        done = made.must("up", "--yes")
    finally:
        campus(made, "addr", "add", f"{GATEWAY}/24", "brd", "+", "dev", "eth0-far")
        campus(made, "route", "replace", "129.215.175.0/24", "dev", "eth0-far", "src", "198.51.100.10")

    assert (code, told(findings)) == (1, [("gateway-silent", "bridge br0")])
    assert (
        f"the gateway {GATEWAY} does not answer (asked: the hypervisor, by ARP on br0; Acilamwen's agent"
        in (findings[0]["what"])
    )
    assert findings[0]["floats"] == ["float1"]
    assert (
        f"the gateway {GATEWAY} of NIC 52:54:00:00:01:00 does not answer (asked: guest Acilamwen)"
        in done.text
    )
    clean(made)


def test_a_gateway_that_one_guest_alone_does_not_hear_is_told_of_that_guest(made: Stage) -> None:
    guest = Guest(made.lab, "Acilamwen")
    nic = "$(ip -4 -o addr | sed -n 's/.*: \\([^ ]*\\) .*129.215.175.100.*/\\1/p')"
    guest.agent(
        "/bin/sh", "-c", f"ip neigh replace {GATEWAY} lladdr 02:00:00:00:00:01 nud permanent dev {nic}"
    )
    target = made.xml("dumpxml", "Acilamwen").find(".//mac[@address='52:54:00:00:01:00']/../target")
    assert target is not None
    port = str(target.get("dev"))
    made.lab.run(["ip", "link", "set", port, "nomaster"], check=True)
    guest.agent("/bin/sh", "-c", f"ip neigh del {GATEWAY} dev {nic}")
    try:
        code, findings = audit(made)
    finally:
        made.lab.run(["ip", "link", "set", port, "master", "br0"], check=True)

    assert (code, told(findings)) == (1, [("gateway-silent", "Acilamwen")])
    assert "asked: Acilamwen's agent, by ping and ARP on" in findings[0]["what"]
    assert "it answers the hypervisor, by ARP on br0" in findings[0]["mend"]
    clean(made)


def test_agents_that_hang_are_told_by_name_in_audit_and_preview(made: Stage) -> None:
    for name in ("Acilamwen", "Ulov"):
        Guest(made.lab, name).agent(
            "/bin/sh", "-c", "(sleep 1; kill -STOP $(pidof qemu-ga)) > /dev/null 2>&1 &"
        )
    wait_for(lambda: not _answers(made, "Ulov") or None)

    code, findings = audit(made)
    preview = made.must("preview", "--expect-no-changes")

    assert code == 0
    assert [where for kind, where in told(findings, "note") if kind == "guest-unasked"] == [
        "Acilamwen",
        "Ulov",
    ]
    assert "guest Acilamwen: its agent does not answer; whether NIC 52:54:00:00:01:00" in preview.text
    for name in ("Acilamwen", "Ulov"):
        made.virsh("destroy", name)
    made.must("up", "--yes")
    await_agents(made)


def test_what_is_somebody_elses_under_a_declared_name_is_mended_by_virsh_and_never_by_up(made: Stage) -> None:
    ours = made.virsh("dumpxml", "--inactive", "Ulov")
    uuid = made.virsh("domuuid", "Ulov")
    made.virsh("destroy", "Ulov")
    made.virsh("undefine", "Ulov")
    path = made.folder / "strange.xml"
    path.write_text(ours.replace(uuid, "0c4f0a44-6d5b-4d0c-9f6e-1f7c3d1b2a90"), encoding="utf-8")
    try:
        made.virsh("define", str(path))
        code, findings = audit(made)
        assert (code, told(findings)) == (1, [("autostart-off", "Ulov"), ("vm-stopped", "Ulov")])
        assert all(line.startswith("virsh ") for line in lines(findings))
        assert made.on_stack("up", "--yes").code != 0
        mend(made, lines(findings))
        await_agents(made)
        assert ("not-adopted", "hypervisor") in told(clean(made), "note")
    finally:
        made.virsh("destroy", "Ulov")
        made.virsh("undefine", "Ulov")
        path.write_text(ours, encoding="utf-8")
        made.virsh("define", str(path))
        made.must("up", "--yes")


def hypervisor(made: Stage, line: str) -> str:
    """What is to be typed there, typed there; what is to be typed after it."""
    first, _, then = line.removeprefix("on the hypervisor: ").partition(", then: ")
    made.lab.run(first.split(), check=True)
    return then


@pytest.mark.reports("H6", "H7", "H11")
def test_a_network_whose_subnet_is_taken_is_told_with_what_frees_it_and_so_are_its_guests(
    made: Stage,
) -> None:
    made.virsh("net-destroy", "default")
    for words in ("link add clash type bridge", "link set clash up", "addr add 192.168.202.77/24 dev clash"):
        made.lab.run(["ip", *words.split()], check=True)
    try:
        code, findings = audit(made)
        refused = made.on_stack("preview")
        (line,) = lines(findings)
        then = hypervisor(made, line)
        mend(made, {then})
    finally:
        made.lab.run(["ip", "link", "del", "clash"], check=True)

    assert (code, told(findings)) == (
        1,
        [("guest-cut-off", "Acilamwen"), ("guest-cut-off", "Ulov"), ("network-down", "network default")],
    )
    assert (
        "192.168.202.0/24 is in use on the host by interface clash"
        in findings[-1]["what"] + findings[0]["what"]
    )
    assert refused.code != 0
    assert (
        "network default can't be started: 192.168.202.0/24 is in use on the host by interface clash"
        in refused.text
    )
    clean(made)
    made.unchanged()
    assert lab_guest.page(made.lab, ADDRESSES["Ulov"], campus=False)


@pytest.mark.reports("H4", "H11")
def test_an_address_that_a_stranger_has_leased_is_told_and_given_back_by_the_line_that_is_told(
    made: Stage,
) -> None:
    """Its own VM has another one meanwhile, and asks for its own again once that is free."""
    address, other, stranger = ADDRESSES["Ulov"], "192.168.202.99", "52:54:00:aa:bb:cc"
    entry = f"<host mac='{OWN}' ip='{other}' name='Ulov'/>"
    made.virsh("net-update", "default", "modify", "ip-dhcp-host", entry, "--live", "--config")
    inside(asks_anew(OWN), "Ulov")(made)
    wait_for(lambda: lab_guest.page(made.lab, other, campus=False) or None)
    with lab_guest.guest(made.lab, "stranger", lab_guest.nic(stranger, "default")):
        wait_for(lambda: f" {address}/" in made.virsh("net-dhcp-leases", "default") or None)
        up = made.must("up", "--yes")
        code, findings = audit(made)
        mend(made, lines(findings))
        wait_for(lambda: lab_guest.page(made.lab, address, campus=False) or None)
        there = [line.split() for line in made.virsh("net-dhcp-leases", "default").splitlines()]
        clean(made)
        assert lab_guest.page(made.lab, "192.168.202.254", campus=False) != []
        made.must("up", "--yes")
        made.unchanged()
    foretold, _, done = up.text.partition("Updating (trop02)")
    for text in (foretold, done):
        assert f"{address} is leased to {stranger} (VM stranger) until " in text
        assert "; Ulov gets it only after that" in text
    assert (code, told(findings), len(lines(findings))) == (1, [("lease", "network default")] * 2, 1)
    assert {line[2]: line[4] for line in there if line[2] in (stranger, OWN)} == {
        stranger: "192.168.202.254/24",
        OWN: f"{address}/24",
    }


@pytest.mark.reports("H1", "H10")
@pytest.mark.parametrize(
    "spoilt", ["[{}]", *(pytest.param(text, marks=pytest.mark.soak) for text in ("x", "{}"))]
)
def test_a_damaged_file_of_leases_keeps_nothing_else_from_being_seen_and_is_taken_away_as_told(
    made: Stage, spoilt: str
) -> None:
    made.lab.path("/var/lib/libvirt/dnsmasq/virbr0.status").write_text(spoilt)
    code, findings = audit(made)
    shown = made.trop("lab", "status", "trop02")
    whose = made.trop("whois", "float1", "--lab")

    assert (code, told(findings)) == (1, [("unread", "network default")])
    assert (shown.code, shown.err) == (0, "")
    assert "the leases of network default are unknown: internal error: " in shown.out
    assert "Acilamwen" in shown.out
    assert "declared and seen" in whose.out
    assert "trop02: the leases of network default could not be looked at: internal error: " in whose.err
    made.unchanged()
    (line,) = lines(findings)
    made.lab.run(["sh", "-c", line.removeprefix("on the hypervisor: ")], check=True)
    clean(made)


@pytest.mark.reports("H2")
def test_a_link_whose_target_is_gone_is_a_note_and_keeps_no_vm_from_being_retired(made: Stage) -> None:
    inside = "/var/lib/libvirt"
    linked = f"mkdir {inside}/iso && truncate -s 1M {inside}/real && ln -s {inside}/real {inside}/iso/current.qcow2"
    made.lab.run(["sh", "-c", linked], check=True)
    made.virsh("pool-define-as", "iso", "dir", "--target", f"{inside}/iso")
    made.virsh("pool-start", "iso")
    made.lab.run(["rm", f"{inside}/real"], check=True)

    (note,) = [f for f in clean(made) if f["kind"] == "untold"]
    assert note["where"] == "pool iso"
    assert f"cannot open volume '{inside}/iso/current.qcow2': No such file or directory" in note["what"]
    made.declare(vms={"Acilamwen": {}, "Ulov": {"protect": False}})
    made.must("up", "--yes", "--skip-preview")
    made.declare(vms={"Acilamwen": {}})
    made.must("up", "--yes", "--skip-preview")
    assert made.names("list", "--all") == ["Acilamwen"]
    assert sorted(path.name for path in (made.lab.state / "live").glob("Ulov*")) == []
    mend(made, {note["mend"].partition(" lists anew")[0]})
    assert [f for f in clean(made) if f["kind"] == "untold"] == []

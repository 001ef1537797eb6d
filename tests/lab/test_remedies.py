"""Every line by which an audit says that something is mended, typed as it is printed: the finding is gone, and no other
has come; no guest is cut off or booted, and the float answers from its holder."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from xml.etree import ElementTree as Xml

import libvirt
import pytest

from provider.host.clock import SystemClock
from provider.host.definitions import both_xmls
from provider.nic import apply, nic, plan
from provider.nic.nic import Wanted
from provider.nic.plan import CONFIG, LIVE
from tests.lab.catalogue_terms import ADDRESSES
from tests.lab.faults_by_hand import ADDRESS1, SECOND, fleet_file, held_by
from tests.lab.lab_guest import page, wait_for
from tests.lab.remedies import ROUNDS, Row
from tests.lab.stage import Stage, short_folder
from tests.lab.test_audit import _answers, audit, clean, told
from tests.lab.typed import well

pytestmark = [pytest.mark.lab, pytest.mark.adopt, pytest.mark.reports("H11"), pytest.mark.one_turn]

GUESTS = ("Acilamwen", "Ulov")
FOREIGN = {
    "driver": "<driver name='qemu' event_idx='off'/>",
    "mtu": "<mtu size='1400'/>",
    "coalesce": "<coalesce><rx><frames max='7'/></rx></coalesce>",
    "tune": "<tune><sndbuf>1600000</sndbuf></tune>",
    "port": "<port isolated='yes'/>",
}
THERE = "on the hypervisor: "


@pytest.fixture(scope="module")
def made() -> Iterator[Stage]:
    with short_folder() as folder:
        stage = Stage(folder, "trop02", "embedded", {"vms": {name: {} for name in GUESTS}})
        stage.settings["fleet"] = str(fleet_file(stage))
        held_by("Acilamwen")(stage)
        try:
            stage.up()
            stage.bring_up()
            for name in GUESTS:
                wait_for(lambda name=name: _answers(stage, name) or None)  # type: ignore[misc]
            yield stage
        finally:
            stage.lab.down(purge=True)


def boots(made: Stage) -> dict[str, str]:
    """The page of each guest, which says its name and its boot; it must come."""
    return {
        name: "\n".join(wait_for(lambda name=name: page(made.lab, ADDRESSES[name], campus=False)))  # type: ignore[misc]
        for name in GUESTS
    }


def answers(made: Stage, holder: str) -> None:
    """The float's page, from outside, is its holder's."""
    wait_for(lambda: holder in "".join(page(made.lab, ADDRESS1, campus=True)[:1]).title() or None, 30)


@pytest.mark.parametrize("rows", ROUNDS, ids=lambda rows: "; ".join(row.title for row in rows))
def test_what_is_printed_mends_it_and_nothing_else_is_worse(made: Stage, rows: tuple[Row, ...]) -> None:
    before = boots(made)
    for row in rows:
        row.cause(made)
    try:
        _mended(made, rows)
        after = boots(made)
        assert {n for n in GUESTS if before[n] != after[n]} == {vm for row in rows for vm in row.boots}
        answers(made, rows[0].holder)
    except AssertionError:
        with suppress(AssertionError):  # the next round is to begin with what is declared
            _put_back(made, rows)
        made.on_stack("up", "--yes")
        raise
    _put_back(made, rows)


def _put_back(made: Stage, rows: tuple[Row, ...]) -> None:
    for row in rows:
        if row.after is not None:
            row.after(made)


def test_what_a_preview_lacks_is_made_by_the_lines_that_it_prints(made: Stage) -> None:
    """A new VM needs the pool that has its base image."""
    made.declare(vms={**{name: {} for name in GUESTS}, "Ibalehar": {}})
    try:
        for verbs in (("pool-destroy",), ("pool-destroy", "pool-undefine")):
            for verb in verbs:
                made.virsh(verb, "base")
            refused = made.on_stack("preview")
            assert refused.code != 0
            line = re.search(rf"virsh -c '{re.escape(made.lab.uri)}' ('[^']+'|[\w -]+)", refused.text)
            assert line, refused.text
            well(made, line[0])
            made.must("preview")
        made.virsh("pool-destroy", "live")
        line = re.search(r"virsh -c '[^']+' pool-start live", made.on_stack("adopt", "--yes").text)
        assert line
        well(made, line[0])
    finally:
        made.declare(vms={name: {} for name in GUESTS})
        made.must("up", "--yes")


def test_a_block_job_is_told_and_ends_as_whoever_began_it_has_it(made: Stage) -> None:
    copy = "/libvirt/storage/live/Ulov.copy"
    made.virsh("blockcopy", "Ulov", "vda", "--dest", copy, "--format", "qcow2", "--transient-job")
    try:
        findings = audit(made)[1]
        assert told(findings) == []
        (found,) = [f for f in findings if f["kind"] == "block-job"]
        assert found["what"] == f"a block job (copy) writes its vda to {copy}"
        assert "Block Copy" in well(made, found["mend"])
        made.unchanged()
    finally:
        made.virsh("blockjob", "Ulov", "vda", "--abort")
        (made.lab.state / "live/Ulov.copy").unlink(missing_ok=True)
    assert not [f for f in clean(made) if f["kind"] == "block-job"]


def parts(domain: libvirt.virDomain) -> list[list[str]]:
    """What the NIC has in the running guest and in its definition that nothing of ours declares."""
    found = []
    for xml in both_xmls(domain):
        (mine,) = nic.of_mac(xml, SECOND)
        element = Xml.fromstring(mine.xml)
        found.append(sorted(Xml.canonicalize(Xml.tostring(e)) for e in element if e.tag in FOREIGN))
    return found


@pytest.mark.reports("H8")
def test_a_nic_that_goes_elsewhere_and_has_its_link_switched_keeps_all_that_libvirt_has_of_it(
    made: Stage,
) -> None:
    conn = libvirt.open(made.lab.uri)
    try:
        domain = conn.lookupByName("Ulov")
        domain.attachDeviceFlags(
            f"<interface type='network'><mac address='{SECOND}'/><source network='bridged'/><model type='virtio'/>"
            f"{''.join(FOREIGN.values())}</interface>",
            LIVE | CONFIG,
        )
        before = parts(domain)
        assert [len(side) for side in before] == [len(FOREIGN)] * 2
        for network, link in (("bridged", "down"), ("bridged", "up"), ("default", "down"), ("bridged", "up")):
            wanted = Wanted(SECOND, network=network, link=link)  # type: ignore[arg-type]
            steps = plan.plan([wanted], (), *both_xmls(domain))
            assert steps
            apply.perform(domain, steps, SystemClock())
            assert plan.plan([wanted], (), *both_xmls(domain)) == []
            assert parts(domain) == before
        apply.perform(domain, plan.plan([], [SECOND], *both_xmls(domain)), SystemClock())
    finally:
        conn.close()


def test_after_all_that_a_preview_has_nothing_to_do(made: Stage) -> None:
    clean(made)
    made.unchanged()


def _mended(made: Stage, rows: tuple[Row, ...]) -> None:
    code, findings = audit(made)
    faults = [f for f in findings if f["level"] == "fault"]
    assert (code, told(findings)) == (1, sorted(each for row in rows for each in row.told)), findings
    mends: dict[str, Row] = {}
    for row in rows:
        lines = [f["mend"] for f in faults if (f["kind"], f["where"]) in row.told]
        assert any(row.fits(line) for line in lines), lines
        mends |= dict.fromkeys(lines, row)
    for line in dict.fromkeys(f["mend"] for f in faults):
        _done(made, mends[line], line)
    for name in {vm for row in rows for vm in row.boots}:
        wait_for(lambda name=name: _answers(made, name) or None)  # type: ignore[misc]
    clean(made)


def _done(made: Stage, row: Row, line: str) -> None:
    if row.by_hand is not None:
        row.by_hand(made)
        return
    editor = made.folder / "editor"
    editor.write_text(f"#!/bin/sh\nsed -i '{row.editor}' \"$1\"\n", encoding="utf-8")
    editor.chmod(0o755)
    for step in row.steps(line):
        on_host, then = step.removeprefix(THERE), step
        if step != on_host:
            on_host, _, then = on_host.partition(", then: ")
            made.lab.run(["sh", "-c", on_host], check=True)
        if then:
            well(made, then, EDITOR=str(editor))
        if step.endswith("shutdown Ulov"):
            wait_for(lambda: made.virsh("domstate", "Ulov") == "shut off" or None)

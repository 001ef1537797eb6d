"""Every libvirt call of a step is made to fail once: the line says whose step it was, and the next run ends well.

It fails in both ways: libvirt has not done it, and libvirt has done it but its answer is lost.
"""

from __future__ import annotations

import re

import pytest

from tests.provider.fakes.basics import error
from tests.provider.fakes.failing_calls import FAULT, Life, Told, changes
from tests.provider.fakes.failing_steps import STEPS, Step


def attempts(step: Step) -> list[str]:
    """The calls of a step that nothing disturbs."""
    life = step.prepare()
    life.wire.begin()
    step.act(life)
    return list(life.wire.calls)


def tried(calls: list[str]) -> list[int]:
    """Numbers of the calls that are made to fail in every run: each that changes something, and the first and the
    last of each kind that only asks."""
    asks: dict[str, list[int]] = {}
    for number, call in enumerate(calls):
        asks.setdefault(call, []).append(number)
    few = {
        number for call, numbers in asks.items() if not changes(call) for number in (numbers[0], numbers[-1])
    }
    return sorted(few | {number for number, call in enumerate(calls) if changes(call)})


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.title)
def test_each_call_fails_once_and_the_next_run_ends_well(step: Step) -> None:
    calls = attempts(step)
    assert calls
    for number in tried(calls):
        one_fails(step, calls, number)


@pytest.mark.soak
@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.title)
def test_each_call_fails_wherever_it_is_made(step: Step) -> None:
    calls = attempts(step)
    for number in range(len(calls)):
        one_fails(step, calls, number)


NOTHING_DONE = re.compile(r" is not (made|changed|deleted)\b|, and nothing was")
TAKES_BACK = frozenset({"undefine", "delete", "destroy", "upload"})  # a seed's former content
# They change nothing that outlives them: libvirt looks, how often a guest reports is put back, or a stream ends that
# was counted as it began.
OF_NO_ACCOUNT = frozenset({"refresh", "send", "finish", "abort", "setMemoryStatsPeriod"})


def done_by(calls: list[str]) -> list[str]:
    """Those that have changed something."""
    return [call for call in calls if changes(call) and call.rpartition(".")[2] not in OF_NO_ACCOUNT]


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.title)
def test_not_done_is_said_only_of_what_was_not_begun_and_what_was_done_is_named(step: Step) -> None:
    """libvirt refuses one call, and does all others, those of an error's clearing up too."""
    calls = attempts(step)
    for number in tried(calls):
        life = step.prepare()
        life.wire.begin(number, raised=error(1, "internal error: it will not"))
        try:
            step.act(life)
        except Told as told:
            line = str(told)
        else:
            continue
        begun, where = done_by(life.wire.calls[:number]), f"{calls[number]}, number {number}: {line}"
        taken_back = TAKES_BACK & {call.rpartition(".")[2] for call in life.wire.calls[number + 1 :]}
        if not begun:
            assert "done before that" not in line, where
            assert "is not finished" not in line, where
        elif not taken_back:
            assert not NOTHING_DONE.search(line), where
        if begun and "not finished" in line:
            assert "; done before that: " in line, where
        if not begun and line.endswith("libvirt at test:///fake: internal error: it will not"):
            assert NOTHING_DONE.search(line) or " can't be " in line, where


def one_fails(step: Step, calls: list[str], number: int) -> None:
    """One call of the step fails, libvirt having done it or not; the next run ends well all the same."""
    call = calls[number]
    for done_all_the_same in (False, True) if changes(call) else (False,):
        life = step.prepare()
        said = failing(life, step, number, done_all_the_same)
        assert life.wire.failed == call
        where = f"{call}, number {number} of {len(calls)}"
        if said is not None:
            good_line(said, life, where)
        life.wire.begin()
        step.act(life)
        if step.gone:
            life.delete()
        elif changes(call):
            assert not life.apply(), f"after {where}, the run after the next one still finds something to do"
        assert step.holds(life), where


def failing(life: Life, step: Step, number: int, done_all_the_same: bool) -> str | None:
    """The line with which the step failed; None where it did without that call's answer."""
    life.wire.begin(number, done_all_the_same)
    try:
        step.act(life)
    except Told as told:
        return str(told)
    return None


def good_line(line: str, life: Life, where: str) -> None:
    """One line with the object and what was being done; libvirt's own words alone would not say which of fifty."""
    name = life.urn.split("::")[-1]
    macs = [life.inputs.get("mac", name), *life.inputs.get("forbiddenMacs", ())]
    names = {name, str(life.inputs.get("name", name)), *macs}
    assert "\n" not in line, where
    assert "a fault of this provider" not in line, f"{where}: {line}"
    assert FAULT in line, f"{where}: {line}"
    assert any(each in line for each in names), f"{where}: {line}"
    assert not line.startswith("libvirt at"), f"{where}: {line}"


def test_every_call_that_changes_something_is_among_them() -> None:
    """The steps above are worth something only if they make the calls."""
    made = {call for step in STEPS for call in attempts(step)}
    number = sum(len(tried(attempts(step))) for step in STEPS)
    print(
        f"{number} calls of {len(made)} kinds fail, of {sum(len(attempts(step)) for step in STEPS)} that are made"
    )
    assert made >= {
        "Connection.networkDefineXML", "Network.create", "Network.update", "Network.setAutostart", "Network.destroy",
        "Network.undefine", "Pool.createXML", "Volume.delete", "Connection.defineXML", "Domain.create",
        "Domain.setAutostart", "Domain.setMetadata", "Domain.shutdown", "Domain.undefineFlags",
        "Domain.attachDeviceFlags", "Domain.detachDeviceFlags", "Domain.updateDeviceFlags",
        "Domain.setMemoryFlags", "Domain.setVcpusFlags", "Domain.destroy", "Domain.blockResize",
        "Connection.networkCreateXML", "Connection.storagePoolDefineXML", "Connection.newStream", "Pool.build",
        "Pool.create", "Pool.destroy", "Pool.undefine", "Pool.setAutostart", "Volume.resize", "Volume.upload",
        "Volume.download", "Stream.send", "Stream.recv", "Stream.finish", "Connection.interfaceLookupByName",
    }  # fmt: skip

"""What was done is put down by the calls themselves, and said with the error that came after it."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

from provider.connection import api, done
from tests.provider.fakes.basics import error
from tests.provider.fakes.domain_world import World
from tests.provider.fakes.failing_calls import Life, Told
from tests.provider.fakes.failing_steps import STEPS

ASKING = (
    "XMLDesc",
    "is",
    "has",
    "list",
    "lookup",
    "get",
    "state",
    "autostart",
    "name",
    "UUIDString",
    "key",
    "path",
)
OTHERS = frozenset({
    "networkLookupByName", "networkLookupByUUIDString", "interfaceLookupByName", "storagePoolLookupByName",
    "storagePoolLookupByUUIDString", "storageVolLookupByName", "storageVolLookupByPath", "DHCPLeases", "blockInfo",
    "managedSaveGetXMLDesc", "diskErrors", "memoryStats", "setMemoryStatsPeriod", "domainXMLToNative",
    "refresh", "download", "recv", "newStream", "send", "finish", "abort", "close",
})  # fmt: skip


def methods() -> set[str]:
    """All calls of libvirt that this provider makes."""
    kinds = [kind for _, kind in inspect.getmembers(api, inspect.isclass) if kind.__module__ == api.__name__]
    return {name for kind in kinds for name in vars(kind) if not name.startswith("_")}


def test_of_every_call_it_is_known_whether_it_changes_something() -> None:
    known = set(done.CHANGES) | OTHERS
    unknown = sorted(name for name in methods() - known if not name.startswith(ASKING))
    assert unknown == [], "add it to CHANGES of provider/connection/done.py, or to OTHERS here"
    assert [name for name in done.CHANGES if name not in methods()] == []


def test_what_is_done_is_told_by_object_and_what_was_taken_back_is_not() -> None:
    made = done.Done()
    for what, change in (
        ("network a", "is defined"), ("network b", "is defined"), ("network a", "is started"),
        ("network b", "is started"), ("network b", "is stopped"), ("network b", "is undefined"),
        ("network c", "is made"), ("network c", "is stopped"), ("network a", "is started"),
    ):  # fmt: skip
        made.add(what, change)
    assert str(made) == "network a is defined, is started"


def test_what_nobody_keeps_is_not_put_down() -> None:
    conn: Any = World().conn
    assert done.seen_by(conn) is conn
    kept = done.Done()
    with done.kept(kept):
        assert done.seen_by(conn) is not conn
    done.add("network a", "is started")
    assert not kept


@pytest.mark.reports("H7")
def test_a_guest_that_does_not_start_again_is_told_as_off() -> None:
    step = next(each for each in STEPS if each.title == "a domain is restarted")
    life = step.prepare()
    life.wire.begin()
    step.act(life)
    number = max(n for n, call in enumerate(life.wire.calls) if call == "Domain.create")
    life = step.prepare()
    life.wire.begin(number, raised=error(1, "internal error: no such base"))
    with pytest.raises(Told) as told:
        step.act(life)
    assert str(told.value) == (
        "domain Acilamwen was shut down for its restart, and is off: domain Acilamwen is defined, but does not "
        "start: internal error: no such base; mend that, and run the same again: it is started then"
    )
    life.wire.begin()
    step.act(life)
    assert step.holds(life)


@pytest.mark.reports("H7")
def test_the_second_step_of_an_update_says_what_the_first_has_done() -> None:
    step = next(each for each in STEPS if each.title == "a domain changes what is live")
    life: Life = step.prepare()
    life.wire.begin()
    step.act(life)
    number = [n for n, call in enumerate(life.wire.calls) if call == "Domain.setMetadata"][1]
    life = step.prepare()
    life.wire.begin(number, raised=error(1, "internal error: it will not"))
    with pytest.raises(Told) as told:
        step.act(life)
    assert str(told.value) == (
        "domain Acilamwen is not finished: libvirt at test:///fake: internal error: it will not; done before that: "
        "domain Acilamwen has its autostart set, has its metadata set; run the same again"
    )

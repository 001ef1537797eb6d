"""The operator's ^C, once and twice."""

from __future__ import annotations

import asyncio
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast

import pytest

from engine.events import StepDone
from engine.options import Cancellation
from engine.program.monitor import Monitor, ProgramStoppedError
from tests.engine.fake import Thing, World, go


def chain() -> None:
    first = Thing("first", x=1)
    Thing("second", x=first.id)


def canceling(cancellation: Cancellation, twice: bool = False) -> World:
    """A world in which ^C comes while ``first`` is being made, and making it goes on until the provider is told."""
    world = World()

    async def on_create(name: str) -> None:
        world.canceled = asyncio.Event()
        cancellation.cancel()
        await world.canceled.wait()
        if twice:
            cancellation.terminate()
            await asyncio.Event().wait()

    world.on_create = on_create
    return world


def test_the_step_under_way_ends_and_is_saved_and_no_other_begins() -> None:
    cancellation = Cancellation()
    world = canceling(cancellation)
    run = go(chain, world, cancellation=cancellation)
    assert run.result.canceled
    assert run.result.failed
    assert not run.result.terminated
    assert world.asked("Create") == ["first"]
    assert run.ids() == {"first": "first-1"}
    assert run.saves[-1].pending_operations == []
    assert run.messages() == ["update canceled"]


def test_the_program_ends_with_it_and_says_nothing() -> None:
    cancellation = Cancellation()
    run = go(chain, canceling(cancellation), cancellation=cancellation)
    assert run.messages("info") == []
    assert run.messages("info#err") == []
    for thread in [t for t in threading.enumerate() if t.name == "program"]:
        thread.join(10)
        assert not thread.is_alive()


def test_the_second_signal_leaves_a_pending_operation() -> None:
    cancellation = Cancellation()
    run = go(chain, canceling(cancellation, twice=True), cancellation=cancellation)
    assert run.result.terminated
    assert [(o.type, o.resource.id) for o in run.saves[-1].pending_operations] == [("creating", "")]
    assert run.snapshot.pending_operations[0].resource.inputs == {"x": 1}


@pytest.mark.parametrize("turns", range(12))
def test_what_ends_after_the_second_signal_is_told_as_done_only_where_the_state_has_it(turns: int) -> None:
    """``turns``: of the loop, after which the other create comes to its end."""
    cancellation, world = Cancellation(), World()
    ended = asyncio.Event()

    async def on_create(name: str) -> None:
        if name == "first":
            cancellation.terminate()
            ended.set()
            await asyncio.Event().wait()
        await ended.wait()
        for _ in range(turns):
            await asyncio.sleep(0)

    def two() -> None:
        Thing("first", x=1)
        Thing("second", x=1)

    world.on_create = on_create
    run = go(two, world, cancellation=cancellation, parallel=16)
    told = {event.step.new.id for event in run.events if isinstance(event, StepDone) and event.step.new}
    assert told - {""} <= {r.id for r in run.saves[-1].resources}


def test_a_cancel_before_the_run_begins_leaves_nothing_done() -> None:
    cancellation = Cancellation()
    cancellation.cancel()
    world = World()
    run = go(chain, world, cancellation=cancellation)
    assert run.result.canceled
    assert world.asked("Create") == []


def test_a_cancel_during_destroy_keeps_the_rest() -> None:
    cancellation = Cancellation()
    world = World()
    made = go(chain, world)

    async def on_delete(name: str) -> None:
        cancellation.cancel()
        await asyncio.sleep(0)

    world.on_delete = on_delete
    run = go(chain, world, made.snapshot, "destroy", cancellation=cancellation)
    assert run.ids() == {"first": "first-1"}
    assert run.result.canceled


def test_the_next_run_warns_of_an_interrupted_create_and_forgets_it_once_it_is_done() -> None:
    cancellation = Cancellation()
    stopped = go(chain, canceling(cancellation, twice=True), cancellation=cancellation)
    run = go(chain, World(), stopped.snapshot)
    assert "1 pending operations" in run.messages("warning")[0]
    assert "::first, interrupted while creating" in run.messages("warning")[0]
    assert not run.result.failed
    assert run.snapshot.pending_operations == []


def test_a_preview_does_not_warn_of_it_and_keeps_it() -> None:
    cancellation = Cancellation()
    stopped = go(chain, canceling(cancellation, twice=True), cancellation=cancellation)
    run = go(chain, World(), stopped.snapshot, "preview")
    assert run.messages("warning") == []
    assert run.snapshot is stopped.snapshot


def test_a_program_that_outlives_its_run_gets_no_answer_and_does_not_wait_for_one() -> None:
    class Registrations:
        async def read(self, request: object) -> None: ...

    loop = asyncio.new_event_loop()  # that nobody runs
    monitor = Monitor(loop, cast(Any, None), cast(Any, Registrations()))
    with ThreadPoolExecutor(1) as threads:
        asked = threads.submit(monitor.ReadResource, None)
        while not monitor._asked:
            time.sleep(0.001)
        monitor.abandon()
        with pytest.raises(ProgramStoppedError):
            asked.result(timeout=30)
        with pytest.raises(ProgramStoppedError):
            threads.submit(monitor.ReadResource, None).result(timeout=30)
    loop.run_until_complete(asyncio.sleep(0))
    loop.close()


class Meanwhile(list[Any]):
    """Callbacks; while one is added, another thread cancels."""

    def __init__(self, cancellation: Cancellation) -> None:
        super().__init__()
        self.other = threading.Thread(target=cancellation.cancel)

    def append(self, callback: Any) -> None:
        super().append(callback)
        self.other.start()
        self.other.join(0.2)  # with the lock it waits for us, and so in vain


def test_one_that_comes_at_the_very_moment_of_watching_is_told_once() -> None:
    cancellation, told = Cancellation(), list[str]()
    callbacks = cancellation._callbacks = Meanwhile(cancellation)
    cancellation.watch(lambda: told.append("canceled"))
    callbacks.other.join()
    assert told == ["canceled"]

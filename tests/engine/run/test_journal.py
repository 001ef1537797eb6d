"""How often the state is written: once for all that begins or ends together, and before anybody goes on."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from engine.options import Write
from engine.run.journal import Journal
from engine.state.records import PendingOperation, Resource, Snapshot


def _operation(name: str) -> PendingOperation:
    return PendingOperation(Resource(urn=name, type="t:index:T", custom=True), "creating")


def _pending(snapshot: Snapshot) -> list[str]:
    return [each.resource.urn for each in snapshot.pending_operations]


def test_steps_that_begin_together_share_one_write_and_each_has_waited_for_it():
    saved: list[list[str]] = []
    journal = Journal(Snapshot(), lambda snapshot: saved.append(_pending(snapshot)), persist=True)

    async def begin(name: str) -> None:
        await journal.begin(_operation(name))
        assert name in saved[-1], "it went on before its operation was on disk"

    async def run() -> None:
        await asyncio.gather(*(begin(f"r{number}") for number in range(16)))

    asyncio.run(run())
    assert saved == [[f"r{number}" for number in range(16)]]


def test_a_step_that_begins_after_a_write_gets_one_of_its_own():
    saved: list[list[str]] = []
    journal = Journal(Snapshot(), lambda snapshot: saved.append(_pending(snapshot)), persist=True)

    async def run() -> None:
        await journal.begin(_operation("one"))
        await journal.begin(_operation("two"))

    asyncio.run(run())
    assert saved == [["one"], ["one", "two"]]


def test_a_state_that_cannot_be_written_stops_every_step_that_waits_for_it():
    def full(_snapshot: Snapshot) -> None:
        raise OSError(28, "No space left on device")

    journal = Journal(Snapshot(), full, persist=True)

    async def run() -> list[BaseException | None]:
        begun = [journal.begin(_operation(name)) for name in ("one", "two")]
        return await asyncio.gather(*begun, return_exceptions=True)

    assert [type(each) for each in asyncio.run(run())] == [OSError, OSError]


def test_steps_that_come_while_the_state_is_written_share_the_next_write():
    saved: list[list[str]] = []
    first, go_on = asyncio.Event(), threading.Event()

    async def run() -> None:
        loop = asyncio.get_running_loop()

        def save(snapshot: Snapshot) -> Write:
            def write() -> None:
                loop.call_soon_threadsafe(first.set)
                assert go_on.wait(20)
                saved.append(_pending(snapshot))

            return write

        journal = Journal(Snapshot(), save, persist=True)
        begun = [asyncio.create_task(journal.begin(_operation("one")))]
        await first.wait()
        begun += [asyncio.create_task(journal.begin(_operation(name))) for name in ("two", "three")]
        await asyncio.sleep(0)
        assert not saved, "the loop stood still for the disk"
        go_on.set()
        await asyncio.gather(*begun)

    asyncio.run(run())
    assert saved == [["one"], ["one", "two", "three"]]


def test_a_state_that_waits_for_its_thread_does_not_overwrite_a_newer_one():
    saved: list[list[str]] = []
    go_on = threading.Event()
    journal = Journal(Snapshot(), lambda snapshot: lambda: saved.append(_pending(snapshot)), persist=True)

    async def run() -> None:
        loop = asyncio.get_running_loop()
        loop.set_default_executor(ThreadPoolExecutor(1))
        busy = loop.run_in_executor(None, go_on.wait, 20)
        older = _operation("one")
        begun = asyncio.create_task(journal.begin(older))
        await asyncio.sleep(0.01)  # its state is taken, and waits for the thread
        journal.end(older)
        journal.write()
        go_on.set()
        await asyncio.gather(busy, begun)

    asyncio.run(run())
    assert saved == [[]]


def test_a_preview_writes_nothing():
    saved: list[Snapshot] = []
    journal = Journal(Snapshot(), saved.append, persist=False)
    asyncio.run(journal.begin(_operation("one")))
    assert saved == []


@pytest.mark.parametrize("persist", [False, True])
def test_what_comes_after_the_end_of_a_run_is_neither_written_nor_taken_for_saved(persist):
    saved: list[Snapshot] = []
    journal = Journal(Snapshot(), saved.append, persist=persist)
    journal.freeze()
    with pytest.raises(asyncio.CancelledError):
        asyncio.run(journal.begin(_operation("one")))
    assert saved == []


def test_who_waits_for_a_write_at_the_end_of_the_run_is_not_told_that_it_was_made():
    go_on = threading.Event()
    journal = Journal(Snapshot(), lambda _snapshot: lambda: go_on.wait(20) and None, persist=True)

    async def run() -> None:
        waiting = asyncio.create_task(journal.begin(_operation("one")))
        await asyncio.sleep(0.01)  # its state is being written
        late = asyncio.create_task(journal.begin(_operation("two")))
        await asyncio.sleep(0.01)  # and this one waits for the next write
        journal.freeze()
        go_on.set()
        for each in (waiting, late):
            with pytest.raises(asyncio.CancelledError):
                await each

    asyncio.run(run())

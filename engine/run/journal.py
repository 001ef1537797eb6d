"""What a run has done so far, as the snapshot that must be saved now.

Order of the records: as steps ended in this run (so a dependency comes before its dependents), then what the run has
not reached, in old order; where a run passes records by as they are, they may speak of some that it has not reached,
which then stand before them.  Records are known by identity, since an old copy may have its replacement's URN; what is
asked for each resource (`find`, `forget`, `add`) takes the same time however many there are.
"""

from __future__ import annotations

import asyncio
import threading
from dataclasses import replace

from engine.options import Save, Write
from engine.run import aliases, graph
from engine.state.records import PendingOperation, Resource, Snapshot


class Journal:
    """Keeps records and pending operations; saves unless the run is a preview.

    ``base`` has this run's own copies of the old records; planning changes flags on them (``delete``,
    ``pending_replacement``), nothing else.
    """

    def __init__(self, snapshot: Snapshot, save: Save, persist: bool, passes_by: bool = False):
        self.base = [r.copy() for r in snapshot.resources]
        self.interrupted = list(snapshot.pending_operations)  # of an earlier run
        self._frame = snapshot
        self._save, self._persist, self._passes_by = save, persist, passes_by
        self._frozen = False
        self._running: list[PendingOperation] = []
        # The write that has not begun, for all that want one now.
        self._coming: asyncio.Task[None] | None = None
        self._going: asyncio.Task[None] | None = None
        self._disk = threading.Lock()
        self._taken = self._written = 0  # how many states were taken, and which of them is on disk
        self._tentative: dict[str, str] = {}  # new URN -> former, until a step has made it so
        self._news: dict[int, Resource] = {}  # by identity, as the old ones that are left
        self._left: dict[int, Resource] = {}
        self._by_urn: dict[str, list[Resource]] = {}
        self._sort(self.base, [])

    async def begin(self, operation: PendingOperation) -> None:
        """A step is about to touch something: that is on disk before it does."""
        self._running.append(operation)
        await self.saved()

    def end(self, operation: PendingOperation) -> None:
        self._running = [o for o in self._running if o is not operation]

    def forget(self, old: Resource) -> None:
        """The old record is gone, or another one stands in its place."""
        if self._news.pop(id(old), None) or self._left.pop(id(old), None):
            self._by_urn[old.urn] = [r for r in self._by_urn[old.urn] if r is not old]

    def add(self, new: Resource) -> None:
        self._tentative.pop(new.urn, None)
        self._news[id(new)] = new
        self._by_urn.setdefault(new.urn, []).append(new)

    def rename(self, former: str, urn: str) -> None:
        """From now on the record of ``former`` is ``urn``'s; what is saved has the new name once a step has ended."""
        self._tentative[urn] = former
        aliases.rename(self.current(), {former: urn})
        self._sort(self.remaining(), list(self._news.values()))

    def settle(self, urn: str) -> None:
        """An interrupted create of ``urn`` has now been done: the provider has taken up what was left of it."""
        self.interrupted = [o for o in self.interrupted if o.resource.urn != urn]

    def rebase(self, resources: list[Resource]) -> None:
        """After a refresh: these are the old records from now on."""
        self.base = resources
        self._sort(resources, [])

    def keep_first(self) -> None:
        """All that was there stays, and stands before what this run has added."""
        self._sort([], [*self.remaining(), *self._news.values()])

    def revert(self) -> None:
        """All is as it was before this run."""
        self._sort(self.base, [])

    def remaining(self) -> list[Resource]:
        """Old records that nothing in this run has stood in for."""
        return list(self._left.values())

    def current(self) -> list[Resource]:
        records = [*self._news.values(), *self._left.values()]
        return graph.in_order(records) if self._passes_by else records

    def _sort(self, left: list[Resource], news: list[Resource]) -> None:
        """What is there now: ``left`` of the old records, and ``news``."""
        self._left, self._news = {id(r): r for r in left}, {id(r): r for r in news}
        self._by_urn = {}
        for r in [*left, *news]:
            self._by_urn.setdefault(r.urn, []).append(r)

    def find(self, urn: str) -> Resource | None:
        """The live record of ``urn`` as this run has it now."""
        return next((r for r in reversed(self._by_urn.get(urn, [])) if not r.delete), None)

    def snapshot(self) -> Snapshot:
        """Interrupted creates of earlier runs stay; interrupted updates and deletes don't."""
        creates = [o for o in self.interrupted if o.type == "creating"]
        resources = self.current()
        if self._tentative:
            resources = [r.copy() for r in resources]
            aliases.rename(resources, self._tentative)
        return replace(self._frame, resources=resources, pending_operations=creates + self._running)

    def write(self) -> None:
        """Write all that is known now, at once."""
        if self._persist:
            self._put(*self._take())

    async def saved(self) -> None:
        """Wait until all that is known now is on disk.

        What comes while a write goes on shares the next one.  The loop does not stand still meanwhile: a disk may take
        as long as a step.  `asyncio.CancelledError` once the run has ended, for nothing is written any more: what comes
        about then is not told as done.
        """
        self._raise_frozen()
        if not self._persist:
            return
        if self._coming is None:
            self._coming = asyncio.create_task(self._write_after(self._going))
            # its failure is told by those who wait for it, if any still do
            self._coming.add_done_callback(lambda task: None if task.cancelled() else task.exception())
        await asyncio.shield(self._coming)
        self._raise_frozen()

    def _raise_frozen(self) -> None:
        if self._frozen:
            raise asyncio.CancelledError("the run has ended, and nothing is saved any more")

    async def _write_after(self, going: asyncio.Task[None] | None) -> None:
        if going is not None:
            await asyncio.wait([going])
        self._going, self._coming = self._coming, None
        if self._persist:
            await asyncio.to_thread(self._put, *self._take())

    def _take(self) -> tuple[int, Write | None]:
        self._taken += 1
        return self._taken, self._save(self.snapshot())

    def _put(self, number: int, write: Write | None) -> None:
        """An older state never comes after a newer one."""
        with self._disk:
            if write is not None and number > self._written:
                write()
                self._written = number

    def freeze(self) -> None:
        """The run ends here, whatever is still under way: nothing is saved any more."""
        self._persist, self._frozen = False, True

"""What volumes and cloud-init disks have alike: each is a file in a pool, and the file's path is its ID."""

from __future__ import annotations

import posixpath
from abc import abstractmethod
from typing import ClassVar, Final

from provider.connection import api
from provider.resource.base import Call, Diff, Found, Props, Resource
from provider.resource.own import check_path
from provider.resource.shape import declared_changes
from provider.storage import pool_state, storage

# An output, there only while its pool is gone: the file may be there all the same, and is looked for once the pool is.
UNSEEN: Final = "unseen"


class StoredFile(Resource):
    in_id = ("name",)
    compares_alone = True
    kind: ClassVar[str]  # "volume", for messages
    kept: ClassVar[bool] = True  # whether it holds what is not declared, and may not be lost

    def diff(self, call: Call, id: str, olds: Props, old_inputs: Props, news: Props) -> Diff:
        changes = declared_changes(old_inputs, news)
        return Diff({**changes, UNSEEN: "delete"}, (UNSEEN,)) if olds.get(UNSEEN) else Diff(changes)

    def read(self, call: Call, id: str, inputs: Props, outputs: Props) -> Found | None:
        """None when it is surely gone.  Of one whose pool is gone that can't be told: it stays as it is known."""
        check_path(id, self.kind)
        seen = {key: value for key, value in outputs.items() if key != UNSEEN}
        pool = inputs.get("pool")
        if pool is None or call.host.pool_by_name(pool) is not None:
            return self._look(call, id, inputs, seen)
        call.tell(f"{self._lost(call, id, pool)}, so it was not looked at")
        return Found(id, inputs, {**seen, UNSEEN: True})

    @abstractmethod
    def _look(self, call: Call, id: str, inputs: Props, outputs: Props) -> Found | None:
        """`read` of one whose pool is there."""

    def update(
        self, call: Call, id: str, olds: Props, old_inputs: Props, news: Props, preview: bool
    ) -> Props:
        known = {key: value for key, value in olds.items() if key != UNSEEN}
        if olds.get(UNSEEN):
            if not (preview and storage.to_be_made(call.host, news["pool"])):
                storage.require_pool(call.host, news["pool"], self._what(id), posixpath.dirname(id))
            call.note("live", "pool", f"{self._what(id)} is looked at once its storage pool is there")
            if preview:
                return {**known, **news}
            if self._find(call, id, news)[1] is None:
                return self.create(call, news, False)[1]
        return self._change(call, id, known, old_inputs, news, preview)

    @abstractmethod
    def _change(
        self, call: Call, id: str, olds: Props, old_inputs: Props, news: Props, preview: bool
    ) -> Props:
        """`update` of one whose pool is there."""

    def delete(self, call: Call, id: str, outputs: Props) -> None:
        what = self._what(id)
        if storage.delete(call.host, what, self._pool(call, id, outputs), id, call.tell, self.kept):
            self._note_removal(call, what)

    def refuse_delete(self, call: Call, id: str, outputs: Props) -> None:
        if storage.to_be_made(call.host, outputs.get("pool")):
            call.tell(
                f"{self._lost(call, id, outputs['pool'])}, so whether it can go is seen once that is made"
            )
            return
        pool, volume = self._find(call, id, outputs)
        if volume is not None:
            with call.host.storage:  # what another hand has put there may stand on it
                pool_state.refresh_unless_busy(call.host, pool)
            storage.refuse_delete(call.host, self._what(id), pool, id, call.condemned, kept=self.kept)
            self._note_removal(call, self._what(id))

    @abstractmethod
    def _note_removal(self, call: Call, what: str) -> None: ...

    def _what(self, id: str) -> str:
        return f"{self.kind} {posixpath.basename(id)}"

    def _lost(self, call: Call, id: str, pool: str) -> str:
        return f"{self._what(id)}: its storage pool {pool} is gone from {call.host.uri}"

    def _pool(self, call: Call, id: str, known: Props) -> api.Pool:
        """``known``: inputs or outputs, which name the pool, or nothing, at an import."""
        return storage.pool_of(call.host, id, known.get("pool"), self._what(id), call.tell)

    def _find(self, call: Call, id: str, known: Props) -> tuple[api.Pool, api.Volume | None]:
        """``known`` as for `_pool`; None only where it is surely gone."""
        pool = self._pool(call, id, known)
        return pool, storage.find(call.host, pool, posixpath.basename(id), call.tell)

"""What volumes and cloud-init disks have alike: each is a file in a pool, and the file's path is its ID."""

from __future__ import annotations

import posixpath
from abc import abstractmethod
from typing import ClassVar

from provider.connection import api
from provider.resource.base import Call, Diff, Props, Resource
from provider.resource.shape import declared_changes
from provider.storage import storage


class StoredFile(Resource):
    in_id = ("name",)
    compares_alone = True
    kind: ClassVar[str]  # "volume", for messages

    def diff(self, call: Call, id: str, olds: Props, old_inputs: Props, news: Props) -> Diff:
        return Diff(declared_changes(old_inputs, news))

    def delete(self, call: Call, id: str, outputs: Props) -> None:
        what = self._what(id)
        if storage.delete(call.host, what, self._pool(call, id, outputs), id, call.tell):
            self._note_removal(call, what)

    def refuse_delete(self, call: Call, id: str, outputs: Props) -> None:
        pool, volume = self._find(call, id, outputs)
        if volume is not None:
            storage.refuse_delete(call.host, self._what(id), pool, id, call.condemned)
            self._note_removal(call, self._what(id))

    @abstractmethod
    def _note_removal(self, call: Call, what: str) -> None: ...

    def _what(self, id: str) -> str:
        return f"{self.kind} {posixpath.basename(id)}"

    def _pool(self, call: Call, id: str, known: Props) -> api.Pool:
        """``known``: inputs or outputs, which name the pool, or nothing, at an import."""
        return storage.pool_of(call.host, id, known.get("pool"), self._what(id), call.tell)

    def _find(self, call: Call, id: str, known: Props) -> tuple[api.Pool, api.Volume | None]:
        """``known`` as for `_pool`; None only where it is surely gone."""
        pool = self._pool(call, id, known)
        return pool, storage.find(call.host, pool, posixpath.basename(id), call.tell)

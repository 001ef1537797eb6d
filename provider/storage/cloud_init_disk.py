"""NoCloud disks: small ISO images in a pool, compared by what is on them and rewritten in place."""

from __future__ import annotations

import posixpath
from typing import Final

from provider.connection import api
from provider.errors import OperatorError, Refused
from provider.resource import shape
from provider.resource.base import COMPUTED, Call, Checked, Diff, Found, Props, Resource
from provider.resource.compare import declared_changes
from provider.resource.names import name_failures
from provider.resource.own import check_path, not_ours
from provider.storage import pool_xml, seed_iso, seed_texts, storage, volume_xml
from provider.storage.schema import SEED_SCHEMA

_LONGEST: Final = 16 << 20  # bytes; more than this is no seed, and is not downloaded


class CloudInitDisk(Resource):
    token = "libvirt:index/cloudInitDisk:CloudInitDisk"
    schema = SEED_SCHEMA
    in_id = ("name",)
    compares_alone = True

    def check(self, call: Call, olds: Props, news: Props) -> Checked:
        inputs = {**news, "name": news.get("name", olds.get("name", call.name))}
        inputs.setdefault("pool", "default")
        wrong = [
            *name_failures("a volume", inputs["name"]),
            *name_failures("a pool", inputs["pool"], "pool"),
            *seed_texts.failures({key: text for key, text in inputs.items() if olds.get(key) != text}),
        ]
        return Checked(inputs, wrong)

    def diff(self, call: Call, id: str, olds: Props, old_inputs: Props, news: Props) -> Diff:
        return Diff(declared_changes(old_inputs, news))

    def create(self, call: Call, inputs: Props, preview: bool) -> tuple[str, Props]:
        what = f"cloud-init disk {inputs['name']}"
        if preview:
            path = self._preview(call, inputs)
            return "", {"path": path, **inputs}
        data = seed_iso.build(_contents(inputs))
        with call.host.storage:
            pool = storage.active_pool(call.host, inputs["pool"], what)
            volume = storage.find(call.host, pool, inputs["name"])
            if volume is None:
                volume = self._make(call, pool, inputs["name"], data)
            elif self._is_own(call, pool, volume, data):
                self._write(call, volume, data)
            else:
                raise not_ours(call, self.token, what, volume.key())
        return volume.key(), {"path": volume.path(), **inputs}

    def _make(self, call: Call, pool: api.Pool, name: str, data: bytes) -> api.Volume:
        volume = pool.createXML(volume_xml.render(name, "raw", len(data), None))
        try:
            self._write(call, volume, data)
        except Exception:
            volume.delete()  # half of it would be nobody's: it is in no state
            raise
        return volume

    def _preview(self, call: Call, inputs: Props) -> object:
        """The path where it can be told; the same refusal as the real call where the disk exists."""
        pool = None if inputs["pool"] is COMPUTED else call.host.pool_by_name(inputs["pool"])
        if pool is None or inputs["name"] is COMPUTED:
            return COMPUTED
        if pool.isActive() and not shape.unknown(inputs):
            volume = storage.find(call.host, pool, inputs["name"])
            data = seed_iso.build(_contents(inputs))
            if volume is not None and not self._is_own(call, pool, volume, data):
                raise not_ours(call, self.token, f"cloud-init disk {inputs['name']}", volume.key())
        return posixpath.join(pool_xml.view(pool.XMLDesc())["path"], inputs["name"])

    def _is_own(self, call: Call, pool: api.Pool, volume: api.Volume, data: bytes) -> bool:
        """Whether an earlier create of the same inputs has made it, and was perhaps killed while it wrote."""
        if storage.volume_users(call.host, pool.name(), volume.path()):
            return False
        seen = volume_xml.view(volume.XMLDesc())
        if seen.capacity != len(data):
            return False
        there = storage.download(call.host, volume, len(data)).ljust(len(data), b"\0")
        written = there.rstrip(b"\0")
        return data.startswith(written)

    def _write(self, call: Call, volume: api.Volume, data: bytes) -> None:
        size = volume_xml.view(volume.XMLDesc()).capacity
        if size < len(data):
            volume.resize(len(data))
        storage.upload(call.host, volume, data.ljust(size, b"\0"))
        if storage.download(call.host, volume, len(data)) != data:
            raise OperatorError(
                f"cloud-init disk {volume.path()}: what libvirt wrote is not what it was given"
            )

    def read(self, call: Call, id: str, inputs: Props, outputs: Props) -> Found | None:
        name = posixpath.basename(id)
        what = f"cloud-init disk {name}"
        check_path(id, "cloud-init disk")
        pool = storage.pool_of(call.host, id, (inputs or outputs).get("pool"), what, call.tell)
        volume = storage.find(call.host, pool, name)
        if volume is None:
            return None  # it held nothing but what is declared, so it is made anew, whoever names it
        seen: Props = {"name": name, "pool": pool.name(), **self._contents(call, volume)}
        if inputs:
            seen = {key: seen.get(key, "") for key in inputs}
        return Found(volume.key(), seen, {"path": volume.path(), **seen})

    def _contents(self, call: Call, volume: api.Volume) -> dict[str, str]:
        """What is on the disk; nothing when it is not a disk of this kind any more."""
        if volume_xml.view(volume.XMLDesc()).capacity > _LONGEST:
            return {}
        return seed_iso.extract(storage.download(call.host, volume, _LONGEST)) or {}

    def update(
        self, call: Call, id: str, olds: Props, old_inputs: Props, news: Props, preview: bool
    ) -> Props:
        what = f"cloud-init disk {posixpath.basename(id)}"
        for key in declared_changes(old_inputs, news):
            if key in ("name", "pool"):
                raise Refused(f"{what}: {key} can't be changed from {old_inputs.get(key)!r} to {news[key]!r}")
        self._note(call, what, old_inputs, news)
        if preview:
            return {**olds, **news}
        with call.host.storage:
            pool = storage.pool_of(call.host, id, news.get("pool"), what, call.tell)
            volume = storage.find(call.host, pool, posixpath.basename(id))
            if volume is None:
                raise OperatorError(f"{what} is gone from {call.host.uri}; refresh, and try again")
            self._write(call, volume, seed_iso.build(_contents(news)))
        return {**olds, **news}

    def _note(self, call: Call, what: str, old: Props, new: Props) -> None:
        for key in declared_changes(old, new):
            call.note("next boot", key, f"{what} is written anew; a guest that has it reads it when it boots")

    def delete(self, call: Call, id: str, outputs: Props) -> None:
        what = f"cloud-init disk {posixpath.basename(id)}"
        if storage.delete(
            call.host, what, storage.pool_of(call.host, id, outputs.get("pool"), what, call.tell), id
        ):
            _note_removal(call, what)

    def refuse_delete(self, call: Call, id: str, outputs: Props) -> None:
        what = f"cloud-init disk {posixpath.basename(id)}"
        pool = storage.pool_of(call.host, id, outputs.get("pool"), what, call.tell)
        if storage.find(call.host, pool, posixpath.basename(id)) is not None:
            storage.refuse_delete(call.host, what, pool, id, call.condemned)
            _note_removal(call, what)


def _note_removal(call: Call, what: str) -> None:
    call.note("live", "", f"{what} is removed; it holds nothing but what is declared")


def _contents(inputs: Props) -> dict[str, str]:
    return {key: inputs[key] for key in seed_iso.FILES if key in inputs}

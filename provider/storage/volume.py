"""Volumes: blank ones and overlays of a base image.  What a guest has written is never made anew or deleted unasked."""

from __future__ import annotations

import posixpath
from typing import Any, Final

from provider.connection import api, errors
from provider.errors import OperatorError, Refused
from provider.host.made import File
from provider.impact.allow import allowed, how
from provider.resource import xslt
from provider.resource.base import COMPUTED, Call, Checked, Diff, Failure, Found, Props
from provider.resource.names import choice_failures, name_failures, path_failures
from provider.resource.own import adopting, named, not_ours
from provider.resource.shape import declared_changes
from provider.storage import base_image, chain, pool_state, storage, volume_facts, volume_grow, volume_xml
from provider.storage.pool_state import Busy
from provider.storage.schema import VOLUME
from provider.storage.stored_file import StoredFile
from provider.storage.volume_xml import Backing, Seen

_NO_SIZE: Final = "must be given, in bytes, for a volume without a base image"


class Volume(StoredFile):
    token = "libvirt:index/volume:Volume"
    kind = "volume"
    schema = VOLUME

    def check(self, call: Call, olds: Props, news: Props) -> Checked:
        inputs = {"pool": "default", **named(call, olds, news)}
        failures = list(name_failures("a volume", inputs["name"]))
        failures += name_failures("a pool", inputs["pool"], "pool")
        failures += path_failures("baseVolumeId", inputs.get("baseVolumeId"))
        failures += name_failures("a volume", inputs.get("baseVolumeName"), "baseVolumeName")
        failures += name_failures("a pool", inputs.get("baseVolumePool"), "baseVolumePool")
        size = inputs.get("size", COMPUTED)
        failures += choice_failures("format", _format(inputs), ["qcow2", "raw"], "qcow2 or raw")
        by_path, by_name, pool = (f"baseVolume{key}" in inputs for key in ("Id", "Name", "Pool"))
        overlay = by_path or by_name
        breaches = (
            (size is not COMPUTED and size <= 0, "size", f"must be more than 0 bytes, not {size}"),
            (not overlay and "size" not in inputs, "size", _NO_SIZE),
            (overlay and _format(inputs) == "raw", "format", "must be qcow2 for a volume with a base image"),
            (by_path and by_name, "baseVolumeName", "can't be given beside baseVolumeId"),
            (pool and not by_name, "baseVolumePool", "has no meaning without baseVolumeName"),
        )
        return Checked(inputs, [*failures, *(Failure(path, why) for met, path, why in breaches if met)])

    def create(self, call: Call, inputs: Props, preview: bool) -> tuple[str, Props]:
        what = f"volume {inputs['name']}"
        base = self._base(call, inputs, what, preview)
        outputs = {"backing": base.path} if base else {}
        if preview:
            pool, path = storage.foreseen(call.host, inputs["pool"], inputs["name"], what)
            if self._check_new(call, inputs, base, what, preview) is None and pool is not None:
                self._tell_lack(call, pool, inputs, what)
            size = inputs.get("size", base.capacity if base else 0)
            file = File(_format(inputs), 0 if size is COMPUTED else size)
            call.host.made.volume(inputs["pool"], inputs["name"], path, file)
            return "", {"path": path or COMPUTED, "format": _format(inputs), **outputs, **inputs}
        with call.host.storage:
            pool = storage.active_pool(call.host, inputs["pool"], what)
            volume = self._check_new(call, inputs, base, what, preview)
            volume = volume or self._make(call, pool, inputs, base, what)
        seen = volume_xml.view(volume.XMLDesc())
        return volume.key(), {**outputs, "path": seen.path, "format": seen.format, **inputs}

    def _make(self, call: Call, pool: api.Pool, inputs: Props, base: Seen | None, what: str) -> api.Volume:
        call.host.backings.clear()
        backing = Backing(base.path, base.format) if base else None
        capacity = inputs.get("size", base.capacity if base else 0)
        xml = volume_xml.render(inputs["name"], _format(inputs), capacity, backing)
        try:
            volume = pool.createXML(xslt.styled(xml, inputs))
        except errors.VirtError as error:
            why = pool_state.explained(call.host, pool, error, pool_state.OVERLAY_BYTES)
            if not why:
                raise
            raise OperatorError(f"{what} is not made: {why}") from error
        wrong = _differences(inputs, base, volume_xml.view(volume.XMLDesc()))
        if wrong:
            volume.delete()  # made this moment, so nothing is in it; it would be in no state
            raise OperatorError(f"{what}: libvirt would not make it as declared: {', '.join(wrong)} differs")
        return volume

    def _tell_lack(self, call: Call, pool: api.Pool, inputs: Props, what: str) -> None:
        """A raw file may come to take all of its size, a qcow2 one what is written into it; neither at once."""
        needs = inputs.get("size", COMPUTED) if _format(inputs) == "raw" else pool_state.OVERLAY_BYTES
        if needs is not COMPUTED:
            so = "make room before; a guest whose disk finds none is paused"
            pool_state.tell_lack(call.tell, pool, what, needs, so)

    def _base(self, call: Call, inputs: Props, what: str, preview: bool) -> Seen | None:
        """The base image, looked up at preview already; None for a volume without one, or not known yet."""
        by_path = inputs.get("baseVolumeId")
        by_name = inputs.get("baseVolumeName")
        pool = inputs.get("baseVolumePool", inputs["pool"])
        base = None
        try:
            if by_path is not None and by_path is not COMPUTED:
                base = base_image.by_path(call.host, by_path, what, call.tell, wait=not preview)
            elif by_name is not None and by_name is not COMPUTED and pool is not COMPUTED:
                waits = None if preview else call.tell
                base = base_image.by_name(call.host, str(pool), by_name, what, waits)
        except Busy as busy:
            if not preview:
                raise
            call.tell(f"{busy}: whether the base image of {what} is there is not known before that is over")
        size = inputs.get("size", COMPUTED)
        if base is not None and size is not COMPUTED and size < base.capacity:
            raise OperatorError(
                f"{what}: size {size} is less than the {base.capacity} bytes of its base image {base.path}"
            )
        return base

    def _check_new(
        self, call: Call, inputs: Props, base: Seen | None, what: str, preview: bool
    ) -> api.Volume | None:
        """None when there is no such volume; the one that is as if just made; `OperatorError` for any other."""
        pool, path = storage.foreseen(call.host, inputs["pool"], inputs["name"], what)
        if pool is None or path is None or not pool.isActive():
            return None
        asked = None if preview else call.host.storage.asked
        domains = storage.volume_users(call.host, pool.name(), path, asked=asked)
        find = storage.find_now if preview else storage.find
        existing = find(call.host, pool, inputs["name"], call.tell)
        if existing is None:
            if domains and not allowed(inputs["name"], "data loss"):
                raise _missing(what, path, domains, inputs["name"])
            return None
        seen = chain.by_head(call.host, existing)
        known = not domains and not storage.unread_domains(call.host, asked=asked)
        same = known and not _differences(inputs, base, seen)
        if not same or not base_image.is_untouched(call.host, existing, seen):
            raise not_ours(call, self.token, what, existing.key())
        return existing

    def diff(self, call: Call, id: str, olds: Props, old_inputs: Props, news: Props) -> Diff:
        diff = super().diff(call, id, olds, old_inputs, news)
        return Diff(volume_facts.changes(diff.changes, olds, news), diff.output_paths)

    def _look(self, call: Call, id: str, inputs: Props, outputs: Props) -> Found | None:
        pool, volume = self._find(call, id, inputs or outputs)
        if volume is None:
            name, domains = posixpath.basename(id), storage.volume_users(call.host, pool.name(), id)
            if domains and not allowed(name, "data loss"):
                raise _missing(self._what(id), id, domains, name)
            if (lines := storage.unread_domains(call.host)) and not allowed(name, "data loss"):
                raise OperatorError(
                    f"{self._what(id)}: the file {id} is missing, and whether a domain has it is not known: "
                    f"{'; '.join(lines)}; a blank one is made with {how(name, 'data loss')}"
                )
            return None
        seen = chain.by_file(call.host, pool, volume, call.tell)
        self._tell(call, id, inputs, seen)
        found = volume_facts.props(pool.name(), seen)
        found = volume_facts.as_read(inputs, found) if inputs else found
        return Found(volume.key(), found, {**found, **volume_facts.outputs(found, seen)})

    def _change(
        self, call: Call, id: str, olds: Props, old_inputs: Props, news: Props, preview: bool
    ) -> Props:
        """Grows it, and nothing else.  Compares with the volume as it is now."""
        what = self._what(id)
        pool, volume = self._find(call, id, {**old_inputs, **olds})
        if volume is None:
            raise OperatorError(f"{what} is gone from {call.host.uri}; refresh, then run this again")
        seen = chain.by_file(call.host, pool, volume, call.tell)
        declared = {key: value for key, value in news.items() if value is not COMPUTED}
        found = volume_facts.props(pool.name(), seen)
        actual = volume_facts.outputs(declared, seen)
        changed = declared_changes(old_inputs, declared)
        for path in volume_facts.changes(declared_changes(found, declared), actual, declared):
            if (
                path in changed
                and old_inputs.get(path) != ""
                and (path != "size" or declared["size"] < seen.capacity)
            ):
                raise Refused(_never(what, path, {**old_inputs, **found}, declared))
        size = declared.get("size", seen.capacity)
        if size > seen.capacity:
            so = "make room before; a guest whose disk finds none is paused"
            pool_state.tell_lack(call.tell, pool, f"the growth of {what}", size - seen.capacity, so)
            runs = volume_grow.grow(call.host, what, pool, volume, size, preview)
            inside = f" under the running guest {runs}, whose file system has to follow" if runs else ""
            call.note("live", "size", f"{what} grows from {seen.capacity} to {size} bytes{inside}")
            actual["size"] = size
        return {**olds, **news, **actual}

    def _tell(self, call: Call, id: str, declared: Props, seen: Seen) -> None:
        for line in volume_facts.told(self._what(id), declared, seen, adopting(call, write=True)):
            call.tell(line)

    def _note_removal(self, call: Call, what: str) -> None:
        call.note("data loss", "", f"{what} is removed, with all that is written on it")


def _never(what: str, path: str, found: Props, declared: Props) -> str:
    change = f"{what}: {path} can't be changed from {found.get(path)!r} to {declared.get(path)!r}"
    if path == "size":
        return f"{change}: a volume is never shrunk, whatever is allowed (data loss)"
    has = f"{path} {found[path]}" if path in found else f"no {path}"
    return (
        f"{change}: what is written in it would be lost (data loss); declare it with {has}, as it is; a new volume "
        "under another name can be made otherwise"
    )


def _missing(what: str, path: str, domains: list[str], name: str) -> OperatorError:
    return OperatorError(
        f"{what}: the file {path} is missing, and it is a disk of {', '.join(domains)}: put it back from a backup; "
        f"a blank one is made with {how(name, 'data loss')}"
    )


def _format(inputs: Props) -> Any:
    return inputs.get("format", "qcow2")


def _differences(inputs: Props, base: Seen | None, seen: Seen) -> list[str]:
    """Properties in which an existing volume is not the declared one."""
    wanted = (
        ("format", _format(inputs), seen.format),
        ("size", inputs.get("size", base.capacity if base else None), seen.capacity),
        ("base image", base.path if base else None, seen.backing.path if seen.backing else None),
    )
    return [name for name, one, other in wanted if one is not COMPUTED and one != other]

"""Volumes: blank ones and overlays of a base image.  What a guest has written is never made anew or deleted unasked."""

from __future__ import annotations

import posixpath
from typing import Any, Final

from provider.connection import api
from provider.errors import OperatorError, Refused
from provider.host.made import File
from provider.impact.allow import allowed, how
from provider.resource import xslt
from provider.resource.base import COMPUTED, Call, Checked, Failure, Found, Props
from provider.resource.names import choice_failures, name_failures, path_failures
from provider.resource.own import named, not_ours
from provider.resource.shape import declared_changes
from provider.storage import base_image, storage, volume_grow, volume_xml
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
        base = self._base(call, inputs, what)
        outputs = {"backing": base.path} if base else {}
        if preview:
            self._check_new(call, inputs, base, what)
            _, path = storage.foreseen(call.host, inputs["pool"], inputs["name"], what)
            size = inputs.get("size", base.capacity if base else 0)
            file = File(_format(inputs), 0 if size is COMPUTED else size)
            call.host.made.volume(inputs["pool"], inputs["name"], path, file)
            return "", {"path": path or COMPUTED, "format": _format(inputs), **outputs, **inputs}
        with call.host.storage:
            pool = storage.active_pool(call.host, inputs["pool"], what)
            volume = self._check_new(call, inputs, base, what, call.host.storage.asked)
            volume = volume or self._make(call, pool, inputs, base, what)
        seen = volume_xml.view(volume.XMLDesc())
        return volume.key(), {**outputs, "path": seen.path, "format": seen.format, **inputs}

    def _make(self, call: Call, pool: api.Pool, inputs: Props, base: Seen | None, what: str) -> api.Volume:
        call.host.backings.clear()
        backing = Backing(base.path, base.format) if base else None
        capacity = inputs.get("size", base.capacity if base else 0)
        xml = volume_xml.render(inputs["name"], _format(inputs), capacity, backing)
        volume = pool.createXML(xslt.styled(xml, inputs))
        wrong = _differences(inputs, base, volume_xml.view(volume.XMLDesc()))
        if wrong:
            volume.delete()  # made this moment, so nothing is in it; it would be in no state
            raise OperatorError(f"{what}: libvirt would not make it as declared: {', '.join(wrong)} differs")
        return volume

    def _base(self, call: Call, inputs: Props, what: str) -> Seen | None:
        """The base image, looked up at preview already; None for a volume without one, or not known yet."""
        by_path = inputs.get("baseVolumeId")
        by_name = inputs.get("baseVolumeName")
        pool = inputs.get("baseVolumePool", inputs["pool"])
        base = None
        if by_path is not None and by_path is not COMPUTED:
            base = base_image.by_path(call.host, by_path, what, call.tell)
        elif by_name is not None and by_name is not COMPUTED and pool is not COMPUTED:
            base = base_image.by_name(call.host, str(pool), by_name, what)
        size = inputs.get("size", COMPUTED)
        if base is not None and size is not COMPUTED and size < base.capacity:
            raise OperatorError(
                f"{what}: size {size} is less than the {base.capacity} bytes of its base image {base.path}"
            )
        return base

    def _check_new(
        self, call: Call, inputs: Props, base: Seen | None, what: str, asked: float | None = None
    ) -> api.Volume | None:
        """None when there is no such volume; the one that is as if just made; `OperatorError` for any other.

        ``asked`` as for `Looks.since`.
        """
        pool, path = storage.foreseen(call.host, inputs["pool"], inputs["name"], what)
        if pool is None or path is None or not pool.isActive():
            return None
        domains = storage.volume_users(call.host, pool.name(), path, asked=asked)
        existing = storage.find(call.host, pool, inputs["name"])
        if existing is None:
            if domains and not allowed(inputs["name"], "data loss"):
                raise _missing(what, path, domains, inputs["name"])
            return None
        seen = volume_xml.view(existing.XMLDesc())
        known = not domains and not storage.unread_domains(call.host, asked=asked)
        same = known and not _differences(inputs, base, seen)
        if not same or not base_image.is_untouched(call.host, existing, seen):
            raise not_ours(call, self.token, what, existing.key())
        return existing

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
        seen = volume_xml.view(volume.XMLDesc())
        found = _as_declared(inputs, _props(pool, seen)) if inputs else _props(pool, seen)
        kept = {"path": seen.path, "format": seen.format}
        backing = {"backing": seen.backing.path} if seen.backing else {}
        return Found(volume.key(), found, {**kept, **backing, **found})

    def _change(
        self, call: Call, id: str, olds: Props, old_inputs: Props, news: Props, preview: bool
    ) -> Props:
        """Grows it, and nothing else.  Compares with the volume as it is now."""
        what = self._what(id)
        pool, volume = self._find(call, id, {**old_inputs, **olds})
        if volume is None:
            raise OperatorError(f"{what} is gone from {call.host.uri}; refresh, then run this again")
        seen = volume_xml.view(volume.XMLDesc())
        declared = {key: value for key, value in news.items() if value is not COMPUTED}
        found = _as_declared(declared, _props(pool, seen))
        for path in declared_changes(found, declared):
            if path != "size" or declared["size"] < seen.capacity:
                raise Refused(_never(what, path, found, declared))
        size = declared.get("size", seen.capacity)
        if size > seen.capacity:
            runs = volume_grow.grow(call.host, what, pool, volume, size, preview)
            inside = f" under the running guest {runs}, whose file system has to follow" if runs else ""
            call.note("live", "size", f"{what} grows from {seen.capacity} to {size} bytes{inside}")
        return {**olds, **news}

    def _note_removal(self, call: Call, what: str) -> None:
        call.note("data loss", "", f"{what} is removed, with all that is written on it")


def _never(what: str, path: str, found: Props, declared: Props) -> str:
    change = f"{what}: {path} can't be changed from {found.get(path)!r} to {declared.get(path)!r}"
    if path == "size":
        return f"{change}: a volume is never shrunk, whatever is allowed (data loss)"
    return f"{change}: it would have to be made anew (data loss); to change it, retire the volume and declare a new one"


def _props(pool: api.Pool, seen: Seen) -> Props:
    """All that is worth declaring of a volume."""
    found: Props = {"name": seen.name, "pool": pool.name(), "format": seen.format, "size": seen.capacity}
    if seen.backing is not None:
        found["baseVolumeId"] = seen.backing.path
    return found


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


def _as_declared(inputs: Props, seen: Props) -> Props:
    """The base image is compared by its path, or by its file's name where that is how it was declared."""
    found = {key: seen.get(key, value) for key, value in inputs.items()}
    base = seen.get("baseVolumeId")
    if "baseVolumeId" in inputs:
        found["baseVolumeId"] = base or ""
    if "baseVolumeName" in inputs:
        found["baseVolumeName"] = posixpath.basename(base or "")
    return found

"""A volume as it is declared beside its file.

What its file stands on, its format, and that it has become larger are facts of the file: libvirt or another hand may
have changed them without losing anything, and an update changes none of them back.  So a read takes none of them for
drift, and they are told instead.  Pure.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from typing import Any, Final

from provider.resource.base import COMPUTED, Kind, Props
from provider.storage.volume_xml import Seen

_BASE: Final = ("baseVolumeId", "baseVolumeName")
PULLED: Final = "all of it is in its own file, as after virsh blockpull"


def props(pool: str, seen: Seen) -> Props:
    """All that is worth declaring of a volume."""
    found: Props = {"name": seen.name, "pool": pool, "format": seen.format, "size": seen.capacity}
    if seen.backing is not None:
        found["baseVolumeId"] = seen.backing.path
    return found


def outputs(declared: Props, seen: Seen) -> Props:
    """What an operator reads of it beside the inputs: the file as it is."""
    backing = {"backing": seen.backing.path} if seen.backing else {}
    size = {"size": seen.capacity} if "size" in declared else {}
    return {"path": seen.path, "format": seen.format, **backing, **size}


def as_read(inputs: Props, found: Props) -> Props:
    """The inputs with what would be mended: the size of one that is smaller than declared.  ``found``: its `props`."""
    read = {key: found.get(key, value) for key, value in inputs.items()}
    return read | {key: inputs[key] for key in _base_keys(inputs)} | _kept(inputs, found)


def _kept(inputs: Props, found: Props) -> Props:
    larger = "size" in inputs and inputs["size"] is not COMPUTED and found["size"] > inputs["size"]
    return {key: inputs[key] for key in ("format", *(("size",) if larger else ())) if key in inputs}


def changes(found: dict[str, Kind], olds: Props, news: Props) -> dict[str, Kind]:
    """Without what the file has already; ``olds``: the outputs of the state."""
    return {path: kind for path, kind in found.items() if not _has(path, olds, news)}


def _has(path: str, olds: Props, news: Props) -> bool:
    if path in _BASE:
        return same_base(path, news[path], olds.get("backing"))
    return bool(path in ("size", "format") and olds.get(path) == news[path])


def same_base(key: str, declared: Any, backing: str | None) -> bool:
    """Whether the declared base, by its path or by its file's name (``key``), is the one that the file stands on."""
    if declared is COMPUTED or not declared or not backing:
        return False
    if key == "baseVolumeName":
        return posixpath.basename(backing) == str(declared)
    return posixpath.normpath(backing) == posixpath.normpath(str(declared))


def told(what: str, declared: Props, seen: Seen, how: str = "") -> Iterator[str]:
    """A line for each fact of the file that is declared otherwise.  ``how``: the command that has it declared so."""
    backing = seen.backing.path if seen.backing else None
    for key in _base_keys(declared):
        if declared[key] is COMPUTED or same_base(key, declared[key], backing):
            continue
        is_on = f"stands on {backing}" if backing else f"stands on no base image any more: {PULLED}"
        into = f"give it {key} {backing}" if backing else f"leave {key} away"
        yield (
            f"{what} {is_on} (declared: {declared[key]}); nothing is lost by that, and nothing is to be done; "
            f"{_declaring(how, into)}"
        )
    if "format" in declared and declared["format"] not in (COMPUTED, seen.format):
        into = f"give it format {seen.format}"
        yield f"{what} was converted to {seen.format} (declared: {declared['format']}); {_left(how, into)}"
    if "size" in declared and declared["size"] is not COMPUTED and seen.capacity > declared["size"]:
        into = f"give it size {seen.capacity}"
        yield f"{what} has grown to {seen.capacity} bytes (declared: {declared['size']}); {_left(how, into)}"


def _left(how: str, into: str) -> str:
    return f"it stays as it is; {_declaring(how, into)}"


def _declaring(how: str, into: str) -> str:
    return f"to have it declared so, {f'type: {how}' if how else into}"


def _base_keys(declared: Props) -> list[str]:
    return [key for key in _BASE if key in declared]

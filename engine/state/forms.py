"""The forms in which Pulumi keeps a file of the state: as JSON, and compressed, with a further ending.

It takes the form that is there, of several the youngest (pkg/backend/diy/state.go: stackPath), knows it by its first
bytes when it reads, and writes gzip where an environment variable says so.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Final

GZIP, ZSTD = ".gz", ".zst"
FORMS: Final = ("", GZIP, ZSTD)
WANTED: Final = (
    "PULUMI_DIY_BACKEND_GZIP",
    "PULUMI_SELF_MANAGED_STATE_GZIP",
)  # the younger name, and the former
_MEMBER: Final = 31  # zlib's word for gzip: a whole module for it costs each start milliseconds
LARGEST: Final = 1 << 30  # bytes of JSON that a compressed file may have
_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"


class Unread(ValueError):
    """What is compressed can't be read; says in a few words why."""


def all_of(file: Path) -> list[Path]:
    """The forms of a file that are there, the one that counts first: the youngest, of equal ones the last by name."""
    found = [path for form in FORMS if (path := file.with_name(file.name + form)).is_file()]
    return sorted(found, key=lambda path: (path.stat().st_mtime_ns, path.name), reverse=True)


def matching(folder: Path, pattern: str) -> list[Path]:
    """The files of a folder that fit the pattern, in whichever form."""
    return [file for form in FORMS for file in folder.glob(pattern + form)]


def form_of(file: Path) -> str:
    return file.suffix if file.suffix in (GZIP, ZSTD) else ""


def plain(name: str) -> str:
    """A file's name without its form."""
    return name.removesuffix(GZIP).removesuffix(ZSTD)


def wanted(environment: Mapping[str, str]) -> str:
    """The form of a state that is not there yet."""
    on = any(environment.get(name, "").lower() in ("1", "t", "true") for name in WANTED)
    return GZIP if on else ""


def packed(data: bytes, file: Path) -> bytes:
    """As it is to be written to this file."""
    return zlib.compress(data, wbits=_MEMBER) if form_of(file) == GZIP else data


def unpacked(data: bytes) -> bytes:
    """JSON, whichever form it has.  Raises `Unread`."""
    if data.startswith(_ZSTD):
        raise Unread("it is compressed by zstd, of which gzip alone is read here")
    if not data.startswith(_GZIP):
        return data
    reader = zlib.decompressobj(wbits=_MEMBER)
    try:
        text = reader.decompress(data, LARGEST)
    except zlib.error as error:
        raise Unread("what is compressed in it is damaged") from error
    if reader.unconsumed_tail:
        raise Unread(f"it has more than {LARGEST} bytes")
    if not reader.eof:
        raise Unread("what is compressed in it is cut off")
    return text

"""The NoCloud disk that cloud-init reads: an ISO 9660 image with the label ``cidata``.  Pure."""

from __future__ import annotations

import contextlib
import io
import struct
import threading
import time
from collections.abc import Iterator, Mapping
from types import SimpleNamespace
from typing import Any, Final

import pycdlib
import pycdlib.dates
import pycdlib.headervd
import pycdlib.pycdlib
import pycdlib.utils

FILES: Final = {"userData": "user-data", "metaData": "meta-data", "networkConfig": "network-config"}
_SHORT: Final = {"userData": "USERDATA.;1", "metaData": "METADATA.;1", "networkConfig": "NETWORK.;1"}
_BLOCK: Final = 64 * 1024  # bytes; small edits then fit into the volume as it is
# 2000-01-01: the same inputs give the same bytes, on every day and in every zone.
_MOMENT: Final = 946684800.0

# What pycdlib meets in an image that is cut off or spoiled.
_BROKEN: Final = (
    pycdlib.pycdlibexception.PyCdlibException, struct.error, LookupError, ValueError, TypeError, AttributeError,
    AssertionError, OverflowError, RecursionError, MemoryError,
)  # fmt: skip

_DATING: Final[tuple[Any, ...]] = (pycdlib.pycdlib, pycdlib.headervd, pycdlib.dates, pycdlib.utils)
_lock = threading.Lock()


def build(contents: Mapping[str, str]) -> bytes:
    """The disk's bytes from the texts by property name (`FILES`); user-data and meta-data are always on it."""
    with _lock, _stopped_clock():
        iso = pycdlib.PyCdlib()
        iso.new(vol_ident="cidata", joliet=3, rock_ridge="1.09")
        for key, name in FILES.items():
            if key in contents or key != "networkConfig":
                data = contents.get(key, "").encode()
                iso.add_fp(
                    io.BytesIO(data), len(data), f"/{_SHORT[key]}", rr_name=name, joliet_path=f"/{name}",
                    file_mode=0o100444,
                )  # fmt: skip
        out = io.BytesIO()
        iso.write_fp(out)
        iso.close()
    image = out.getvalue()
    return image.ljust(-(-len(image) // _BLOCK) * _BLOCK, b"\0")


def extract(image: bytes) -> dict[str, str] | None:
    """The texts of a NoCloud disk by property name; None when it is none, half-written for example."""
    iso = pycdlib.PyCdlib()
    try:
        iso.open_fp(io.BytesIO(image))
        if iso.pvd.volume_identifier.strip().lower() != b"cidata":
            return None
        found = {}
        for key, name in FILES.items():
            out = io.BytesIO()
            try:
                iso.get_file_from_iso_fp(out, joliet_path=f"/{name}")
            except pycdlib.pycdlibexception.PyCdlibInvalidInput:
                continue
            found[key] = out.getvalue().decode()
        iso.close()
    except _BROKEN:
        return None
    return found


@contextlib.contextmanager
def _stopped_clock() -> Iterator[None]:
    """pycdlib asks the clock for every date it writes, and takes none; while this holds, its clock stands still."""
    stopped = SimpleNamespace(**{**vars(time), "time": lambda: _MOMENT, "localtime": time.gmtime})
    for module in _DATING:
        module.time = stopped
    try:
        yield
    finally:
        for module in _DATING:
            module.time = time

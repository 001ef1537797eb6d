"""What several targets share: texts spoiled as bytes, and a folder of this process's own to put them in."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from random import Random

from tests.fuzz import mutate

_OWN_FOLDER = tempfile.TemporaryDirectory(prefix="trop-fuzz-")  # gone with the process
FOLDER = Path(_OWN_FOLDER.name)


def spoiled_bytes(*seeds: bytes) -> Callable[[Random], bytes]:
    return lambda rng: mutate.of_bytes(rng, rng.choice(seeds))


def file_of(name: str, data: bytes) -> Path:
    path = FOLDER / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path

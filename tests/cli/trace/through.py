"""What goes through the command while it runs: what is written at which read, and the memory that it takes."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable

from cli.trace.command import annotate
from cli.trace.names import Labels


def read_by_read(blocks: list[bytes], labels: Labels) -> tuple[list[int], bytes]:
    """How many lines were written at each read of one of these blocks, and all that was written."""
    written: list[bytes] = []
    at_each_read: list[int] = []
    left = iter(blocks)

    def read() -> bytes:
        at_each_read.append(b"".join(written).count(b"\n"))
        return next(left, b"")

    annotate(read, written.append, labels)
    return at_each_read, b"".join(written)


def peak_of(work: Callable[[], object]) -> int:
    """The most bytes that were held meanwhile."""
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

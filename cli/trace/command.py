"""`./trop annotate FILE|-`: a trace, or any text, with names beside the addresses of the rack."""

from __future__ import annotations

import itertools
import os
import sys
from collections.abc import Callable
from typing import Final

from cli.trace import packets, pcap
from cli.trace.names import Labels
from cli.trace.text import Label, annotated
from cli.whois.command import directory, tell_silent
from cli.words.command_line import UsageError

BLOCK: Final = 1 << 17  # bytes read at once, or fewer if fewer are there
CLOSED_PIPE: Final = 141  # what a shell says of a command that a closed pipe has ended

Read = Callable[[], bytes]
Write = Callable[[bytes], object]


def run(file: str, *, live: bool, lab: bool) -> int:
    """Writes the file, ``-`` for what comes in, to the standard output.  Raises `UsageError`, `config.ConfigError`."""
    try:
        source = 0 if file == "-" else os.open(file, os.O_RDONLY)
        known = directory(live=live, lab=lab)
        tell_silent(known.seen)
        annotate(lambda: os.read(source, BLOCK), _write_out, Labels(known))
    except BrokenPipeError:
        return CLOSED_PIPE
    except pcap.CaptureError as error:
        raise UsageError(f"{file}: {error}") from error
    except OSError as error:
        raise UsageError(
            f"{file}: {error.strerror}; allowed: a file that can be read, or - for what comes in"
        ) from error
    return 0


def annotate(read: Read, write: Write, label: Label) -> None:
    """Everything that ``read`` gives until it gives nothing, written as it comes.

    A capture (pcap, pcapng) becomes a line a packet.  Raises `CaptureError` where one is damaged, after what was good.
    """
    first = _beginning(read)
    blocks = itertools.chain([first], iter(read, b"")) if first else iter(())
    if first.startswith(pcap.MAGICS):
        blocks = (b"".join(map(packets.line, frames)) for frames in pcap.batches(blocks))
    for block in annotated(blocks, label):
        write(block)


def _beginning(read: Read) -> bytes:
    """Enough to tell a capture from a text, and no more: a line that is typed is not to wait for the next."""
    first = b""
    while len(first) < 4 and any(magic.startswith(first) for magic in pcap.MAGICS):
        more = read()
        if not more:
            break
        first += more
    return first


def _write_out(block: bytes) -> None:
    while block:
        block = block[os.write(sys.stdout.fileno(), block) :]

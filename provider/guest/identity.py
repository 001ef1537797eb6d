"""What tells a guest from its clones: its machine-id and SSH host keys, as digests, so that neither leaves it.

An image that was booted before it became one has both in it, and gives them to all that are made of it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Final, TypeVar

K = TypeVar("K")
ONE_MACHINE: Final = "have one machine-id, from their image: by DHCP they may take each other's addresses"
ONE_KEY: Final = "have one SSH host key, from their image: who has one of them can pass for the others"

# Prints a line for each: a word and a SHA-256.  A machine-id that is empty or "uninitialized" is yet to be made.
READ: Final = """
grep -qxE '[0-9a-f]{32}' /etc/machine-id 2> /dev/null && echo "machine $(sha256sum < /etc/machine-id | cut -c1-64)"
for file in /etc/ssh/ssh_host_*_key.pub; do
    [ -s "$file" ] && echo "key $(cut -d ' ' -f 1,2 "$file" | sha256sum | cut -c1-64)"
done
"""


@dataclass(frozen=True)
class Identity:
    """Digests: ``machine`` of its machine-id, if it has one; ``keys`` of its SSH host keys."""

    machine: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()


def identity(text: str) -> Identity:
    """What `READ` has printed, whatever stands behind it."""
    lines = re.findall(r"^(machine|key) ([0-9a-f]{64})$", text.partition("\0")[0], re.MULTILINE)
    found = {word: tuple(digest for each, digest in lines if each == word) for word in ("machine", "key")}
    return Identity(found["machine"], found["key"])


def machine_of(one: Identity) -> Collection[str]:
    return one.machine


def keys_of(one: Identity) -> Collection[str]:
    return one.keys


def shared(guests: Mapping[K, Identity], marks: Callable[[Identity], Collection[str]]) -> list[tuple[K, ...]]:
    """Those that have a mark in common, in the order given; each group once."""
    having: dict[str, list[K]] = {}
    for guest, own in guests.items():
        for mark in marks(own):
            having.setdefault(mark, []).append(guest)
    return list(dict.fromkeys(tuple(each) for each in having.values() if len(each) > 1))

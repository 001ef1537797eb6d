"""What tells a guest from its clones: its machine-id and SSH host keys, as digests, so that neither leaves it.

An image that was booted before it became one has both in it, and gives them to all that are made of it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

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

"""What a running guest has otherwise than its persistent definition: it gets that once it was shut down and started.

Pure.  A reboot from within keeps QEMU as it was started, and so what the guest has.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from provider.domain import room
from provider.domain.read import AMOUNTS, Domain, as_read
from provider.domain.seen import Seen, same_amount
from provider.domain.stage import STAGED

_SOURCES: Final = frozenset({"disks", "cloudinit"})


def pending(declared: Mapping[str, Any], domain: Domain) -> list[str]:
    """The declared properties, sorted, of which the running guest has another value than the persistent definition."""
    if domain.now is None:
        return []
    now, seen = domain.now, domain.seen
    other = {k for k in (STAGED | _SOURCES) & declared.keys() if _differs(k, declared, now, seen)}
    return sorted(other.union(room.defined(declared, domain).keys))


def reads(declared: Mapping[str, Any], key: str, seen: Seen) -> Any:
    """One declared property as this definition has it; None when it has not."""
    domain = Domain(seen=seen, live=None, config=None, autostart=False)
    return as_read({key: declared[key]}, domain, lambda _uuid: None).get(key)


def _differs(key: str, declared: Mapping[str, Any], now: Seen, seen: Seen) -> bool:
    if key in AMOUNTS:
        (most, current), (defined_most, defined) = AMOUNTS[key](now), AMOUNTS[key](seen)
        # A guest that was adopted with less than is declared has as much as it may have.
        return most != defined_most if defined != declared[key] else not same_amount(key, current, defined)
    if key == "cpu" and seen.cpu_mode == "host-model" and now.cpu_mode == "custom":
        return not now.cpu_of_host  # libvirt writes the host's CPU into the running guest's definition
    has, gets = reads(declared, key, now), reads(declared, key, seen)
    if key == "graphics" and has and gets:
        # Ports and addresses that are left to libvirt are there once the guest runs.
        return any(has.get(k) != v for k, v in gets.items() if (k, v) != ("websocket", -1))
    return bool(has != gets)

"""The oldest libvirt that this provider works with: by the table of what it needs, and when that came.

An older one would take most of a run, and then not know a flag of the last call.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import libvirt

from provider.connection import errors
from provider.errors import Unreachable

Version = tuple[int, int, int]

# What each libvirt must know.  All that is used and not in one of the two tables is older than 1.0.
NEEDED: Final[Mapping[str, Version]] = {
    "VIR_DOMAIN_UNDEFINE_CHECKPOINTS_METADATA": (5, 6, 0),
    "user aliases (ua-) of NICs": (3, 9, 0),
    "virDomainManagedSaveGetXMLDesc": (3, 7, 0),
    "VIR_DOMAIN_UNDEFINE_NVRAM": (1, 2, 9),
}
# What is only looked at where it can be: see `optional`.
OPTIONAL: Final[Mapping[str, Version]] = {
    "virNetworkListAllPorts": (5, 5, 0),
    "virDomainSetMemoryStatsPeriod": (1, 1, 1),
    "virNetworkPortGetUUIDString": (5, 5, 0),
    "VIR_DOMAIN_INTERFACE_ADDRESSES_SRC_ARP": (4, 2, 0),
    "virDomainInterfaceAddresses": (1, 2, 14),
    "virConnectGetDomainCapabilities": (1, 2, 7),
    "virNetworkGetDHCPLeases": (1, 2, 6),
}
OLDEST: Final = max(NEEDED.values())
TRIED: Final[Version] = (7, 0, 0)


def refuse_older(uri: str, conn: Any) -> None:
    """`Unreachable` when the libvirt there, or the library here, is older than the oldest that does.

    One that does not tell its version is taken as it is.
    """
    try:
        there = conn.getLibVersion()
    except errors.VirtError as error:
        if errors.lost(error):
            raise
        there = None
    for whose, number in ((f"libvirt at {uri}", there), ("the libvirt library here", libvirt.getVersion())):
        lacking = [what for what, since in NEEDED.items() if number is not None and since > version(number)]
        if lacking:
            raise Unreachable(
                f"cannot work with {uri}: {whose} is {said(version(number))}, which lacks {', '.join(lacking)}; the "
                f"oldest that does is {said(OLDEST)}, the oldest that was tried {said(TRIED)}"
            )


def version(number: int) -> Version:
    """Of libvirt's own number: 1,000,000 * major + 1,000 * minor + release."""
    return number // 1_000_000, number // 1_000 % 1_000, number % 1_000


def said(one: Version) -> str:
    return ".".join(map(str, one))

"""MACs as values, and the alias that a NIC of ours has by its MAC.  Pure."""

from __future__ import annotations

from typing import Final

USER_ALIAS: Final = "ua-"


def same_mac(mac: str) -> str:
    """The spelling by which MACs are compared: libvirt keeps the letter case in which one was typed."""
    return mac.lower().replace("-", ":")


def alias_for(mac: str) -> str:
    """The user alias of a NIC of ours; libvirt keeps it unique within a domain, live and persistent."""
    return USER_ALIAS + same_mac(mac).replace(":", "")

"""Managed save of a domain in memory: its guest as it was, with devices of its own, which its next start brings back.

As libvirt 9.0 was measured to: what is changed in the definition meanwhile is not in the image, and the image is gone
once the guest is back; a saved domain is not undefined unless that is said; while its image can't be read it does not
start at all.
"""

from __future__ import annotations

import copy
from typing import Any

from lxml import etree

from tests.provider.fakes.basics import error
from tests.provider.fakes.domain_xml import drop, get

UNDEFINE_MANAGED_SAVE = 1


class Saved:
    """``image`` is the domain's XML in its managed save image; ``damaged``: libvirt can't read it."""

    live: Any
    config: Any

    def __init__(self) -> None:
        self.image: Any = None
        self.was_saved = False  # as libvirt gives for a reason, whatever became of the image
        self.damaged = False
        self.paused_for = 1  # virDomainPausedReason; 5: an I/O error, of the disks in ``disk_errors``
        self.disk_errors: dict[str, int] = {}
        self.uses: int | None = None  # MiB of memory; None: the guest tells nothing of it
        self.used_at_boot: int | None = None  # what it has told so far, where that is another amount
        self.reports = 1

    def diskErrors(self, flags: int = 0) -> dict[str, int]:
        return dict(self.disk_errors)

    def memoryStats(self) -> dict[str, int]:
        actual = int(self.live.findtext("currentMemory"))
        if self.uses is None:
            return {"actual": actual, "rss": actual}
        uses = self.uses if self.used_at_boot is None or self.reports > 1 else self.used_at_boot
        said = {"available": actual, "usable": actual - uses * 1024, "last_update": self.reports}
        return {"actual": actual, "rss": actual, **said}

    def setMemoryStatsPeriod(self, period: int, flags: int = 0) -> int:
        self.reports += period
        return 0

    def _call(self, name: str) -> None:
        raise NotImplementedError

    def managedSave(self, flags: int = 0) -> int:
        if self.live is None:
            raise error(55, "Requested operation is not valid: domain is not running")
        self.image, self.live, self.was_saved = self.live, None, True
        for nic in self.image.iterfind("devices/interface"):
            _as_defined(nic)
        return 0

    def hasManagedSaveImage(self, flags: int = 0) -> int:
        return int(self.image is not None)

    def managedSaveGetXMLDesc(self, flags: int = 0) -> str:
        if self.image is None:
            raise error(55, "Requested operation is not valid: domain does not have managed save image")
        if self.damaged:
            raise error(9, "operation failed: image magic is incorrect")
        return str(etree.tostring(self.image, encoding="unicode"))

    def managedSaveRemove(self, flags: int = 0) -> int:
        self._call("managedSaveRemove")
        self.image, self.damaged = None, False
        return 0

    def starts_with(self) -> Any:
        """What the next start makes of it; the image is used up by that."""
        if self.image is not None:
            self.managedSaveGetXMLDesc()
        image, self.image = self.image, None
        return copy.deepcopy(self.config if image is None else image)

    def refuse_undefine(self, flags: int) -> None:
        if self.image is not None and not flags & UNDEFINE_MANAGED_SAVE:
            raise error(
                55,
                "Requested operation is not valid: Refusing to undefine while domain managed save image exists",
            )

    def image_macs(self) -> list[str]:
        """For tests."""
        return [mac.get("address") for mac in self.image.iterfind("devices/interface/mac")]


def _as_defined(nic: Any) -> None:
    """An image has a NIC as a definition has it, and not as the running guest shows it."""
    drop(nic, "target")
    if not (get(nic, "alias", "name") or "").startswith("ua-"):
        drop(nic, "alias")
    source = nic.find("source")
    if source.get("network") is not None:
        nic.set("type", "network")
        for name in ("portid", "bridge"):
            source.attrib.pop(name, None)

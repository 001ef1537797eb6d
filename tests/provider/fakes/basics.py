"""What the fakes of libvirt's objects share: its errors and flags, who the host is, its time, XML as it is written."""

from __future__ import annotations

from typing import Any

import libvirt
from lxml import etree

HOST_UUID = "11111111-2222-4333-8444-555555555555"
HOST_NAME = "trop02.example.org"
LIVE, CONFIG = 1, 2


def error(code: int, message: str, domain: int = 0, number: int = -1) -> libvirt.libvirtError:
    """``number``: the system's own code, where libvirt passes one on."""
    raised = libvirt.libvirtError(message)
    raised.err = (code, domain, message, 2, "", "", "", number, -1)
    return raised


def written(root: Any) -> str:
    return str(etree.tostring(root, encoding="unicode"))


class Clock:
    """Time that passes only when somebody waits."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds

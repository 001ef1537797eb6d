"""What a call waits for is told while it waits, and once."""

from __future__ import annotations

import asyncio
import threading

import pytest

from provider.protocol import workers
from provider.protocol.answers import Task
from provider.protocol.workers import Workers


@pytest.mark.reports("H5")
def test_what_is_waited_for_is_told_while_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "TELL_SECONDS", 0.01)
    heard: list[str] = []
    told = threading.Event()
    task = Task("urn:pulumi:s::p::libvirt:index/volume:Volume::a", "is not made")

    def report(_urn: str, _severity: str, text: str) -> None:
        heard.append(text)
        told.set()

    def work() -> str:
        task.told.append("storage pool live is busy, which is waited for")
        assert told.wait(5), "nobody was told while it was waited for"
        task.told.append("made")
        return "done"

    made = Workers(lambda: "qemu:///system", lambda: report)
    try:
        assert asyncio.run(made.run(None, work, task)) == "done"
    finally:
        made.close()
    assert heard == ["storage pool live is busy, which is waited for", "made"]

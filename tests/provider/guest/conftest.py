"""A guest with a real shell."""

from __future__ import annotations

from pathlib import Path

import pytest

from provider.guest import store as guest_store
from tests.provider.guest.place import Place


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    monkeypatch.setattr(guest_store, "RUN", str(tmp_path / "run"))
    return Place(tmp_path)

"""What the tests of the shell share: the recordings of the Pulumi CLI, and a stack made from one of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.state.backend import Backend

RECORDINGS = Path(__file__).with_name("recordings")
SALT = "v1:UlVvmW74FYY=:v1:T2QZGDVONo2KGBVV:vSr/VWjfkUqSSLQ9SyhJ1ZJF/qbeRA=="
PASSPHRASE = "x"
CREATED = RECORDINGS / "04-up-create" / "01-up-yes.state.disk.json"


@pytest.fixture(autouse=True)
def own_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test sees the operator's home, backend or passphrase."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PULUMI_HOME", str(tmp_path / "home" / ".pulumi"))
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", PASSPHRASE)
    for name in ("PULUMI_BACKEND_URL", "PULUMI_CONFIG_PASSPHRASE_FILE", "PULUMI_STACK"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def backend(tmp_path: Path) -> Backend:
    """An empty file backend for the project ``trop``."""
    return Backend(tmp_path / "state", "trop")


@pytest.fixture
def stack(backend: Backend) -> Backend:
    """The backend with the stack trop02, as the CLI left it after its first `up`."""
    backend.create("trop02", CREATED.read_bytes())
    return backend

"""A hypervisor that is not there, or is and says nothing: told once, in time, and nothing was begun."""

from __future__ import annotations

import contextlib
import io
import shutil
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from cli import ROOT
from engine.app import main
from provider.connection import time_limit
from provider.protocol.plugin import servicer
from tests.faults.page import assert_is_on_the_page
from tests.lab.stage import short_folder

PROGRAM = """
from pulumi import CustomResource, ResourceOptions

for name in ("one", "two", "three"):
    props = {"name": name, "type": "dir", "path": f"/libvirt/storage/{name}"}
    CustomResource("libvirt:index/pool:Pool", name, props, ResourceOptions(version="0.5.4"))
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    with short_folder() as made:
        yield made


def preview(folder: Path, uri: str, monkeypatch: pytest.MonkeyPatch) -> tuple[int, str]:
    """A stack of three pools on a hypervisor that was never reached."""
    monkeypatch.setenv("PULUMI_BACKEND_URL", f"file://{folder / 'state'}")
    monkeypatch.setenv("PULUMI_STACK", "trop02")
    shutil.copyfile(ROOT / "Pulumi.yaml", folder / "Pulumi.yaml")
    (folder / "__main__.py").write_text(PROGRAM)
    (folder / "Pulumi.trop02.yaml").write_text(yaml.safe_dump({"config": {"libvirt:uri": uri}}))
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        assert main(["stack", "init", "trop02", "--cwd", str(folder)], providers={}) == 0
        code = main(["preview", "--cwd", str(folder)], providers={"libvirt": servicer})
    return code, said.getvalue()


def test_a_hypervisor_that_takes_the_call_and_says_nothing(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert time_limit.SECONDS == 10  # as the page says
    real = time_limit.in_time
    monkeypatch.setattr(time_limit, "in_time", lambda uri, opener, _: real(uri, opener, 0.5))
    silent = socket.socket(socket.AF_UNIX)
    silent.bind(str(folder / "silent"))
    silent.listen(8)
    uri = f"qemu+unix:///system?socket={folder / 'silent'}"
    began = time.monotonic()
    try:
        code, said = preview(folder, uri, monkeypatch)
    finally:
        silent.close()
    told_in_a_line(code, said, uri)
    assert f"cannot reach libvirt at {uri}: no answer within 0.5 s" in said
    assert time.monotonic() - began < 60  # three resources, one of which waited


def test_a_hypervisor_whose_libvirt_does_not_run(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = socket.socket(socket.AF_UNIX)
    gone.bind(str(folder / "gone"))
    gone.close()
    uri = f"qemu+unix:///system?socket={folder / 'gone'}"
    told_in_a_line(*preview(folder, uri, monkeypatch), uri)


def told_in_a_line(code: int, said: str, uri: str) -> None:
    assert code == 1, said
    assert_is_on_the_page(said)
    assert "Traceback" not in said
    (told,) = {line[line.index("cannot reach") :] for line in said.splitlines() if "cannot reach" in line}
    assert told.startswith(f"cannot reach libvirt at {uri}: ")

"""What a lab may be called and where it may lie. Needs no root."""

from pathlib import Path

import pytest

from lab.facts import HostFacts, LabError
from lab.hypervisor import Lab

NO_FACTS = HostFacts(bridges=())


@pytest.mark.parametrize("name", ["", "..", "a/b", "-x", "trop 02"])
def test_a_name_that_is_no_folder_name_is_refused(name: str) -> None:
    with pytest.raises(LabError, match="is no name for a lab"):
        Lab(name, NO_FACTS)


def test_a_folder_too_deep_for_a_socket_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LabError, match="set TROP_LAB_ROOT to a shorter folder"):
        Lab("trop02", NO_FACTS, root=tmp_path / ("x" * 90))


def test_folders_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TROP_LAB_ROOT", "/labs")
    monkeypatch.setenv("TROP_LAB_CACHE", "/kept")
    lab = Lab("trop02", NO_FACTS)
    assert lab.uri == "qemu+unix:///system?socket=/labs/trop02/run/libvirt-sock"
    assert lab.cache == Path("/kept")


def test_a_lab_that_was_never_up_is_not_running(tmp_path: Path) -> None:
    status = Lab("trop02", NO_FACTS, root=tmp_path).status()
    assert not status.running
    assert status.guests == ()

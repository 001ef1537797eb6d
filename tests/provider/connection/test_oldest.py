"""The oldest libvirt: by what is used of it, and told at once by one that is older."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import libvirt
import pytest
from lxml import etree

from provider.connection import api, keepalive, oldest
from provider.errors import Unreachable
from provider.host.host import Host
from provider.survey import sweep
from tests.provider.fakes.basics import error
from tests.provider.fakes.libvirt import Connection

ROOT = Path(__file__).parents[3]
URI = "qemu+ssh://root@old/system"
KNOWN = {**oldest.NEEDED, **oldest.OPTIONAL}


class Aged(Connection):
    def __init__(self, version: int) -> None:
        super().__init__()
        self.version = version

    def getLibVersion(self) -> int:
        return self.version

    def setKeepAlive(self, interval: int, count: int) -> int:
        return 0


def reached(conn: Connection, monkeypatch: pytest.MonkeyPatch, read_only: bool = False) -> Any:
    monkeypatch.setattr(libvirt, "openReadOnly" if read_only else "open", lambda _uri: conn)
    return sweep.read_only(URI) if read_only else Host.open(URI)


@pytest.mark.parametrize("read_only", [False, True])
@pytest.mark.parametrize(
    ("number", "lacks"),
    [
        (5_005_000, "VIR_DOMAIN_UNDEFINE_CHECKPOINTS_METADATA"),
        (3_008_004, "VIR_DOMAIN_UNDEFINE_CHECKPOINTS_METADATA, user aliases (ua-) of NICs"),
    ],
)
def test_an_older_libvirt_is_refused_at_connect_with_its_version_the_oldest_and_why(
    number: int, lacks: str, read_only: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(Unreachable) as told:
        reached(Aged(number), monkeypatch, read_only)
    assert str(told.value) == (
        f"cannot work with {URI}: libvirt at {URI} is {oldest.said(oldest.version(number))}, which lacks {lacks}; "
        "the oldest that does is 5.6.0, the oldest that was tried 7.0.0"
    )


@pytest.mark.parametrize("number", [5_006_000, 7_000_000, 12_008_000])
def test_one_that_is_as_old_as_that_is_worked_with(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    reached(Aged(number), monkeypatch)


def test_an_older_library_on_this_side_is_told_as_such(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(libvirt, "getVersion", lambda: 4_005_000)
    with pytest.raises(Unreachable, match=r"the libvirt library here is 4\.5\.0, which lacks VIR_"):
        reached(Aged(9_000_000), monkeypatch)


def test_one_that_does_not_tell_its_version_is_taken_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    conn = Aged(0)
    monkeypatch.setattr(conn, "getLibVersion", lambda: _fail(3, "this function is not supported"))
    reached(conn, monkeypatch)


def test_a_connection_that_is_lost_under_the_question_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    conn = Aged(0)
    monkeypatch.setattr(
        conn, "getLibVersion", lambda: _fail(38, "Cannot recv data: Connection reset by peer")
    )
    with pytest.raises(Unreachable, match=r"cannot reach libvirt at .*: Cannot recv data"):
        reached(conn, monkeypatch)


def _fail(code: int, said: str) -> Any:
    raise error(code, said)


def test_a_real_libvirt_is_asked() -> None:
    assert oldest.version(keepalive.opened("test:///default").getLibVersion()) >= oldest.OLDEST


def _versions() -> Iterator[tuple[str, oldest.Version]]:
    """Since when there is each function and flag, as libvirt describes itself beside its headers."""
    for file in sorted(Path("/usr/share/libvirt/api").glob("libvirt*-api.xml")):
        for element in etree.parse(str(file)).iter("function", "enum"):
            if element.get("version"):
                major, minor, release = map(int, element.get("version").split("."))
                yield element.get("name"), (major, minor, release)


VERSIONS = dict(_versions())


@pytest.mark.skipif(
    not VERSIONS, reason="libvirt's description of its API is not here, or too old (libvirt-dev)"
)
def test_the_table_has_all_that_is_used_and_is_younger_than_1_0() -> None:
    since = {name: VERSIONS.get(name) for name in KNOWN if name.startswith(("vir", "VIR"))}
    assert since == {name: KNOWN[name] for name in since}
    functions = {name for method in _used() for name in _functions(method)}
    young = {name for name in functions if VERSIONS[name] > (1, 0, 0)}
    assert young <= KNOWN.keys()
    assert young >= {"virNetworkListAllPorts", "virNetworkGetDHCPLeases"}  # it was really looked


# libvirt's classes of which objects are met here.
CLASSES = (
    libvirt.virConnect, libvirt.virDomain, libvirt.virNetwork, libvirt.virStoragePool, libvirt.virStorageVol,
    libvirt.virStream, libvirt.virInterface, libvirt.virNetworkPort,
)  # fmt: skip


def _functions(method: str) -> set[str]:
    """The C functions of libvirt's that a method of this name may be; of a port only its UUID is asked."""
    owners = CLASSES if method in vars(api.NetworkPort) else CLASSES[:-1]
    found = [getattr(one, method) for one in owners if inspect.isfunction(getattr(one, method, None))]
    return {name for each in found for name in re.findall(r"libvirtmod\.(vir\w+)\(", inspect.getsource(each))}


def _used() -> set[str]:
    trees = (ast.parse(file.read_text(encoding="utf-8")) for file in (ROOT / "provider").rglob("*.py"))
    return {node.attr for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Attribute)}

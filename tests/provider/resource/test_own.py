"""What is said of an object that is there already, and of words that allow nothing."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import libvirt
import pytest

from provider.connection.api import Connection
from provider.impact import allow
from provider.resource.base import Call
from provider.resource.own import VARIABLE, by_import, not_ours
from tests.provider.fakes.basics import error

NETWORK = "libvirt:index/network:Network"
ROOT = f"urn:pulumi:dev::proj::{NETWORK}::my net"
CHILD = f"urn:pulumi:dev::proj::a:b:Outer$a:b:Inner${NETWORK}::net"


def test_one_at_the_stacks_root_is_imported_by_type_name_and_id() -> None:
    assert by_import(ROOT, NETWORK, "i d") == (
        f"give this resource import_='i d', or type: pulumi import {NETWORK} 'my net' 'i d'"
    )


def test_one_with_a_parent_is_imported_below_it() -> None:
    said = by_import(CHILD, NETWORK, "1")
    assert f"pulumi import {NETWORK} net 1 --parent parent=URN" in said
    assert "a a:b:Inner (pulumi stack --show-urns" in said


def test_who_has_a_command_of_his_own_has_it_printed_with_the_stack(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "take {stack} over")
    call = cast("Call", SimpleNamespace(host=SimpleNamespace(uri="test:///x"), urn=CHILD))
    assert str(not_ours(call, NETWORK, "network net", "1")) == (
        "network net exists already on test:///x, and not by this stack: to adopt it, type: take dev over"
    )


def connection(*names: str, broken: bool = False) -> Connection:
    def listed(_flags: int = 0) -> list[Any]:
        if broken:
            raise error(libvirt.VIR_ERR_NO_SUPPORT, "no")
        return [SimpleNamespace(name=lambda name=name: name) for name in names]

    return cast("Connection", SimpleNamespace(listAllDomains=listed, listAllNetworks=listed))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("", []),
        ("a=restart,b=network outage", []),
        ("c=restart", ["x has no domain c; the domains there: a, b"]),
        ("c=network outage", ["x has no network c; the networks there: a, b"]),
        ("gone.qcow=data loss", []),
        ("a=live", ["'a=live' allows nothing: it is NAME=IMPACT, the impact one of restart, network outage"]),
        ("restart, ,=restart", ["'restart' allows nothing", "'restart' allows nothing"]),
    ],
)
def test_words_that_allow_nothing_are_told(
    words: str, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(allow.VARIABLE, words)
    lines = allow.in_vain("x", connection("b", "a"))
    assert len(lines) == len(said)
    assert all(part in line for part, line in zip(said, lines, strict=True))


def test_names_with_a_comma_are_read_as_they_are_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(allow.VARIABLE, allow.word("a,b", "restart"))
    assert allow.in_vain("x", connection("a,b")) == []


def test_of_many_names_some_are_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(allow.VARIABLE, "no=restart")
    (line,) = allow.in_vain("x", connection(*(f"vm{n:02}" for n in range(20))))
    assert line.endswith("vm11 and 8 more")


def test_what_cannot_be_listed_is_no_reason_to_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(allow.VARIABLE, "no=restart,no=network outage")
    assert allow.in_vain("x", connection(broken=True)) == []

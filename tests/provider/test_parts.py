"""The small parts: what is on the wire, property checks, the schema, stylesheets, and reaching a host."""

from __future__ import annotations

import contextlib
import json
import re
import threading
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import struct_pb2

from provider.connection import errors
from provider.errors import OperatorError
from provider.host.host import Host
from provider.host.identity import Identity
from provider.protocol import schema, wire
from provider.protocol.resources import RESOURCES
from provider.resource import shape, xslt
from provider.resource.base import COMPUTED
from provider.resource.shape import as_declared, declared_changes
from tests.provider.fakes.basics import error
from tests.provider.fakes.libvirt import Connection

SECRET = {wire.SIGNATURE: wire.SECRET, "value": "hidden"}


def struct(value: dict[str, Any]) -> struct_pb2.Struct:
    made = struct_pb2.Struct()
    made.update(value)
    return made


# The wire.


def test_handlers_see_plain_values() -> None:
    props, secret = wire.load(
        struct(
            {
                "n": 3.0,
                "u": wire.UNKNOWN,
                "s": SECRET,
                "deep": [{"s": SECRET}],
                "none": None,
                "__defaults": [],
            }
        )
    )
    assert props == {"n": 3, "u": COMPUTED, "s": "hidden", "deep": [{"s": "hidden"}]}
    assert isinstance(props["n"], int)
    assert secret == {"s", "deep"}


def test_what_was_secret_is_wrapped_again() -> None:
    written = wire.dump({"s": "hidden", "open": {"u": COMPUTED}}, {"s"})
    assert written == struct({"s": SECRET, "open": {"u": wire.UNKNOWN}})


# Properties against the schema.

TOKEN = "libvirt:index/network:Network"
HANDLERS = {kind.token: kind() for kind in RESOURCES}


def told(props: dict[str, Any]) -> dict[str, str]:
    return {failure.path: failure.reason for failure in shape.failures(TOKEN, HANDLERS[TOKEN].schema, props)}


def test_a_misspelt_property_is_told_with_those_that_there_are() -> None:
    assert "there are addresses, autostart, bridge" in told({"adresses": []})["adresses"]


@pytest.mark.parametrize(
    ("props", "path"),
    [
        ({"dnsmasqOptions": {}}, "dnsmasqOptions"),
        ({"routes": []}, "routes"),
        ({"dns": {"forwarders": []}}, "dns.forwarders"),
    ],
)
def test_a_property_of_pulumi_libvirt_that_is_not_implemented_is_told(
    props: dict[str, Any], path: str
) -> None:
    assert "is not implemented by this provider" in told(props)[path]


@pytest.mark.parametrize(
    ("props", "path", "reason"),
    [
        ({"autostart": "yes"}, "autostart", "must be true or false, not 'yes'"),
        ({"delay": 1.5}, "delay", "must be a whole number, not 1.5"),
        ({"delay": True}, "delay", "must be a whole number, not True"),
        ({"addresses": "10.0.0.0/8"}, "addresses", "must be a list"),
        ({"dhcpHosts": [{"mac": 3, "ip": "x"}]}, "dhcpHosts[0].mac", "must be a string, not 3"),
        ({"dhcpHosts": [{"ip": "x"}]}, "dhcpHosts[0].mac", "must be given"),
        ({"natPorts": {"begin": 1}}, "natPorts.begin", "no such property; there are end, start"),
    ],
)
def test_a_property_of_the_wrong_kind_is_told(props: dict[str, Any], path: str, reason: str) -> None:
    assert reason in told(props)[path]


def test_what_is_not_known_yet_fits_everywhere() -> None:
    assert told({"addresses": COMPUTED, "dhcpHosts": [COMPUTED], "dns": {"enabled": COMPUTED}}) == {}


def test_differences_are_told_by_path() -> None:
    old = {"a": 1, "l": [1, 2], "o": {"x": 1, "y": 2}}
    new = {"b": 1, "l": [1, 3, 4], "o": {"x": 2}}
    changes = shape.changed(old, new)
    assert changes == {
        "a": "delete",
        "b": "add",
        "l[1]": "update",
        "l[2]": "add",
        "o.x": "update",
        "o.y": "delete",
    }
    assert [shape.at(new, path) for path in ("l[1]", "o.x", "o.y", "l[9]")] == [3, 2, None, None]
    assert shape.top("l[1].x") == "l"


def test_what_is_not_declared_is_no_difference() -> None:
    assert declared_changes({"a": 1, "o": {"x": 1, "y": 2}}, {"o": {"x": 1}}) == {}


def test_declared_spelling_is_kept_where_the_value_is_equal() -> None:
    inputs, wanted, seen = (
        {"m": "AA", "o": {"x": 1}},
        {"m": "aa", "o": {"x": 1}},
        {"m": "aa", "o": {"x": 2, "y": 3}},
    )
    assert as_declared(inputs, wanted, seen, lambda a, b: a == b) == {"m": "AA", "o": {"x": 2}}


# The schema.


def test_the_schema_lists_what_the_handlers_implement_and_nothing_else() -> None:
    made = json.loads(schema.document(HANDLERS))
    assert set(made["resources"]) == {kind.token for kind in RESOURCES}
    for token, handler in HANDLERS.items():
        assert set(made["resources"][token]["inputProperties"]) == set(handler.schema["inputProperties"])


def test_every_reference_in_the_schema_leads_somewhere() -> None:
    text = schema.document(HANDLERS)
    made = json.loads(text)
    references = {part.split('"')[0] for part in text.split('"$ref": "')[1:]}
    assert references == {f"#/types/{token}" for token in made["types"]}
    assert "libvirt:index/NetworkDns:NetworkDns" in made["types"]


# Stylesheets.

COPY = '<xsl:template match="/"><b>{}</b></xsl:template>'
STYLESHEET = (
    '<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform">{}</xsl:stylesheet>'
)


def test_a_stylesheet_is_applied() -> None:
    assert xslt.apply("<a/>", STYLESHEET.format(COPY.format("c"))) == "<b>c</b>\n"


@pytest.mark.parametrize(
    "bad",
    [
        "no xml",
        "<a/>",
        STYLESHEET.format('<xsl:template match="/"/>'),
    ],
)
def test_a_stylesheet_that_fails_is_told_in_one_line(bad: str) -> None:
    with pytest.raises(OperatorError, match=r"^xml\.xslt cannot be applied: [^\n]+$"):
        xslt.apply("<a/>", bad)


@pytest.mark.parametrize(
    "reaching",
    [
        STYLESHEET.format(COPY.format("<xsl:copy-of select=\"document('{}')\"/>")),
        STYLESHEET.format('<xsl:import href="{}"/>'),
        STYLESHEET.format('<xsl:include href="file://{}"/>'),
        '<!DOCTYPE x SYSTEM "{}">' + STYLESHEET.format(COPY.format("x")),
        '<!DOCTYPE x [<!ENTITY e SYSTEM "{}">]>' + STYLESHEET.format(COPY.format("&e;")),
    ],
)
def test_a_stylesheet_reads_no_file(reaching: str, tmp_path: Path) -> None:
    file = tmp_path / "other.xsl"
    file.write_text(STYLESHEET.format(COPY.format("leaked")))
    with contextlib.suppress(OperatorError):
        assert "leaked" not in xslt.apply("<a/>", reaching.format(file))


# The host.


def test_an_unreachable_host_is_one_line_with_its_uri() -> None:
    with pytest.raises(
        OperatorError, match=r"^cannot reach libvirt at qemu\+unix:///system\?socket=/no/sock: [^\n]+$"
    ):
        Host.open("qemu+unix:///system?socket=/no/sock")


def test_a_host_that_does_not_answer_is_given_up_once_for_all_who_wait() -> None:
    never, attempts = threading.Event(), []

    def opener(uri: str) -> Connection:
        attempts.append(uri)
        never.wait(5)
        return Connection()

    host = Host("qemu+ssh://asleep/system", opener, seconds=0.2)
    lines: list[str] = []

    def use() -> None:
        try:
            _ = host.conn
        except OperatorError as told:
            lines.append(str(told))

    threads = [threading.Thread(target=use) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    never.set()
    line = "cannot reach libvirt at qemu+ssh://asleep/system: no answer within 0.2 s; "
    assert lines == [f"{line}see where it waits with: ssh asleep true"] * 4
    assert len(attempts) == 1


def test_a_connection_is_opened_at_first_need_kept_and_opened_again_when_dead() -> None:
    made: list[Connection] = []

    def opener(_: str) -> Connection:
        made.append(Connection())
        return made[-1]

    host = Host("qemu:///system", opener)
    assert made == []
    assert host.conn is host.conn is made[0]
    made[0].alive = 0
    assert host.conn is made[1]
    assert host.uuid == made[1].uuid


def test_streams_take_turns_on_a_connection_that_nothing_else_uses() -> None:
    made: list[Connection] = []

    def opener(_: str) -> Connection:
        made.append(Connection())
        return made[-1]

    host = Host("qemu:///system", opener)
    _ = host.conn
    assert len(made) == 1  # none is opened before it is needed
    inside = threading.Semaphore(0)
    leave = threading.Event()
    seen: list[object] = []

    def stream() -> None:
        with host.streaming() as conn:
            seen.append(conn)
            inside.release()
            leave.wait(10)

    threads = [threading.Thread(target=stream) for _ in range(2)]
    for thread in threads:
        thread.start()
    assert inside.acquire(timeout=10)
    assert not inside.acquire(timeout=0.2)
    leave.set()
    for thread in threads:
        thread.join()
    assert seen == [made[1], made[1]]
    assert host.conn is made[0]


def test_another_host_than_the_states_is_refused_in_one_line() -> None:
    host = Host("qemu:///system", lambda _: Connection())
    host.check_is(Identity(), pytest.fail)
    host.check_is(Identity(host.uuid.upper()), pytest.fail)
    said = "the host is not who it was: qemu:///system leads to host trop02.example.org (1111"
    with pytest.raises(OperatorError, match=re.escape(said)):
        host.check_is(Identity("99999999-2222-4333-8444-555555555555"), pytest.fail)


def test_only_the_code_for_it_is_taken_for_no_such_object() -> None:
    def fail(code: int) -> None:
        raise error(code, "said")

    assert errors.unless(43, fail, 43) is None
    with pytest.raises(errors.VirtError):
        errors.unless(43, fail, 38)

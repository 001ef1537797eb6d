"""Whether a host is the one that the state is of: by its UUID, and by its name where libvirt makes up another UUID."""

from __future__ import annotations

from typing import Any

import pytest
from pulumi.runtime.proto import provider_pb2 as pb

from provider.host import identity
from provider.host.host import Host
from provider.impact import allow
from provider.network.resource import Network
from provider.protocol import wire
from tests.provider.fakes import typed
from tests.provider.fakes.basics import HOST_NAME as NAME
from tests.provider.fakes.basics import HOST_UUID, error
from tests.provider.fakes.failing_calls import Life, Told
from tests.provider.fakes.storage_world import DEFAULT, World

OLD, NEW = HOST_UUID, "99999999-2222-4333-8444-555555555555"
WHERE = "/etc/libvirt/libvirtd.conf"


def made() -> Life:
    life = Life(World().conn, Network(), "trop02-default", dict(DEFAULT))
    life.apply()
    return life


def becomes(life: Life, uuid: str = NEW, name: str = NAME) -> None:
    """What leads there leads to a host with another UUID, or the same one started anew."""
    life.conn.uuid, life.conn.hostname = uuid, name
    host = life.plugin._host
    assert host is not None
    host._uuid = None  # as after a new connection
    host._names.clear()


def by_an_older_version(life: Life) -> None:
    """The state as it was written before hosts had a name in it."""
    del life.outputs["hostName"]


def held(life: Life) -> tuple[Any, Any]:
    outputs, _ = wire.load(life.outputs)
    return outputs["hostUuid"], outputs.get("hostName")


def refused(life: Life) -> str:
    with pytest.raises(Told) as told:
        life.apply()
    return str(told.value)


def test_the_state_has_the_hosts_uuid_and_its_name() -> None:
    assert held(made()) == (OLD, NAME)


def test_a_host_is_asked_for_its_name_once() -> None:
    life = made()
    becomes(life, OLD)
    life.wire.begin()
    for _ in range(2):
        assert not life.apply()
    assert life.wire.calls.count("Connection.getHostname") == 1


@pytest.mark.reports("H3")
def test_another_host_with_the_same_uuid_is_noticed_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    life = made()
    becomes(life, OLD, "trop03.example.org")
    line = refused(life)
    assert f"leads to host trop03.example.org ({OLD}), but the state is of host {NAME} ({OLD})" in line
    assert "two machines may have one UUID in their firmware: set libvirt:uri to the host that this" in line
    for call in (life.refresh, life.delete):
        with pytest.raises(Told, match="not who it was"):
            call()
    monkeypatch.setenv(allow.VARIABLE, "trop03.example.org=host UUID")
    assert "not who it was" in refused(life)


@pytest.mark.reports("H3")
def test_a_host_that_was_renamed_is_taken_into_the_state_by_the_way_out_in_the_line(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    life = made()
    becomes(life, OLD, "trop09")
    monkeypatch.setenv(allow.VARIABLE, typed.allow(refused(life)))
    life.refresh()
    assert held(life) == (OLD, "trop09")
    monkeypatch.delenv(allow.VARIABLE)
    assert not life.apply()


@pytest.mark.reports("H3")
@pytest.mark.parametrize("name", ["localhost", None])
def test_a_host_without_a_name_of_its_own_is_said_once_not_to_be_told_from_others(name: str | None) -> None:
    life = made()
    becomes(life, OLD, name or "")
    if name is None:
        life.conn.getHostname = unsupported
    life.told.clear()
    assert not life.apply()
    assert not life.apply()
    said = [
        line for line in life.told if "whether it is another one with the same UUID can't be told" in line
    ]
    assert len(said) == 1
    assert held(life) == (OLD, NAME)


def test_a_state_without_a_name_gets_it_by_a_refresh_and_shows_no_difference() -> None:
    life = made()
    by_an_older_version(life)
    before, _ = wire.load(life.outputs)
    assert not life.apply()
    after, _ = wire.load(life.outputs)
    assert after == {**before, "hostName": NAME}


def test_the_same_name_with_another_uuid_is_probably_the_same_host_and_the_line_says_what_to_do() -> None:
    life = made()
    becomes(life, name=NAME.split(".")[0].upper())  # DNS told the rest the last time
    line = refused(life)
    assert line.startswith("the host is not who it was: test:///fake leads to host TROP02 (9999")
    assert f"the state is of host {NAME} ({OLD}): it is probably the same one" in line
    assert f'put host_uuid_source = "machine-id" into {WHERE}' in line
    assert '--allow "TROP02=host UUID"' in line


def test_a_state_that_knows_no_name_says_both_what_to_do_if_it_is_the_same_host_and_if_not() -> None:
    life = made()
    by_an_older_version(life)
    becomes(life)
    line = refused(life)
    assert "set libvirt:uri to the host that this stack was applied to; or, if it is the same one" in line
    assert 'host_uuid_source = "machine-id"' in line


@pytest.mark.parametrize("older", [False, True])
def test_the_way_out_in_the_line_brings_the_state_to_the_new_uuid_once_for_all(
    older: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    life = made()
    if older:
        by_an_older_version(life)
    becomes(life)
    monkeypatch.setenv(allow.VARIABLE, typed.allow(refused(life)))
    life.refresh()
    assert held(life) == (NEW, NAME)
    monkeypatch.delenv(allow.VARIABLE)
    assert not life.apply()
    life.delete()


@pytest.mark.reports("H3")
def test_one_of_two_hosts_with_one_uuid_that_got_its_own_is_taken_into_the_state_as_the_line_says(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    life, line = made(), identity.unlike(NAME)
    assert line.startswith(
        f'put host_uuid_source = "machine-id", or host_uuid = "…" with another UUID, into {WHERE}'
    )
    becomes(life)
    monkeypatch.setenv(allow.VARIABLE, typed.allow(line))
    life.refresh()
    assert held(life) == (NEW, NAME)


@pytest.mark.parametrize("entry", [f"{NAME}=host UUID", "trop03=host UUID", "*=host UUID"])
def test_a_host_of_another_name_is_refused_whatever_is_allowed(
    entry: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    life = made()
    becomes(life, name="trop03")
    monkeypatch.setenv(allow.VARIABLE, entry)
    line = refused(life)
    assert line.endswith("; set libvirt:uri to the host that this stack was applied to")
    assert "host_uuid_source" not in line
    for call in (life.refresh, life.delete):
        with pytest.raises(Told, match="not who it was"):
            call()


def test_a_host_that_is_called_localhost_has_no_name_to_be_known_by(monkeypatch: pytest.MonkeyPatch) -> None:
    life = made()
    life.outputs["hostName"] = "localhost"
    becomes(life, name="localhost")
    assert "probably the same" not in refused(life)


def test_allowing_one_host_allows_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    life = made()
    becomes(life)
    monkeypatch.setenv(allow.VARIABLE, "trop03=host UUID")
    assert "not who it was" in refused(life)


def test_where_libvirt_does_not_tell_the_uuid_the_name_must_do() -> None:
    life = made()
    becomes(life)
    life.conn.getCapabilities = unsupported
    life.told.clear()
    assert not life.apply()
    assert held(life) == (OLD, NAME)
    assert any(
        "the UUID of test:///fake could not be looked at, so its name must do: " in t for t in life.told
    )
    life.conn.hostname = "trop03"
    life.plugin._host._names.clear()  # type: ignore[union-attr]
    assert "can't be told: libvirt does not tell its UUID" in refused(life)


def test_a_host_that_does_not_tell_its_name_is_worked_on_all_the_same() -> None:
    world = World()
    world.conn.getHostname = unsupported  # type: ignore[method-assign]
    life = Life(world.conn, Network(), "trop02-default", dict(DEFAULT))
    life.apply()
    assert held(life) == (OLD, None)
    assert not life.apply()


def test_two_uris_of_one_host_are_compared_by_name_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two daemons of a host without a UUID in its firmware have each made one up."""
    life = made()
    conns = {"test:///a": World().conn, "test:///b": World().conn}
    conns["test:///b"].uuid = NEW
    life.plugin._host_of = lambda uri: Host(uri, conns.__getitem__)
    request = pb.DiffRequest(
        old_inputs=wire.dump({"uri": "test:///a"}, set()), news=wire.dump({"uri": "test:///b"}, set())
    )
    with pytest.raises(Told, match="it is probably the same one"):
        life._ask("DiffConfig", request)


def unsupported() -> str:
    raise error(3, "this function is not supported by the connection driver")

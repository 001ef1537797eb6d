"""What new domains may not have because others do: looked at once for many, and never given to two of them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from provider.domain.resource import Domain
from provider.errors import Refused
from provider.host.host import Host
from provider.host.others import Everybody, Has, Others
from provider.resource.base import Call
from tests.provider.fakes.basics import Clock
from tests.provider.fakes.domain_connection import Connection

MAC = "52:54:00:00:00:{:02x}"


def _hosts() -> tuple[Connection, Host]:
    conn = Connection()
    return conn, Host("test:///default", opener=lambda _uri: conn)


def _make(host: Host, name: str, mac: str) -> None:
    call = Call(host, f"urn:pulumi:s::p::libvirt:index/domain:Domain::{name}")
    Domain(Clock()).create(call, _inputs(name, mac), preview=False)


def _inputs(name: str, mac: str) -> dict[str, Any]:
    return {"name": name, "running": False, "networkInterfaces": [{"networkName": "default", "mac": mac}]}


class _World:
    """Everybody as they are, and how often they were looked at."""

    def __init__(self) -> None:
        self.looks = self.asked = 0
        self.there: dict[str, Has] = {}
        self.others = Others(self.now)

    def now(self) -> float:
        """Asked by each at its beginning, and once more by those that look."""
        self.asked += 1
        return float(self.asked)

    def look(self) -> Everybody:
        self.looks += 1
        return dict(self.there)

    def make(self, uuid: str, mac: str, define: Callable[[], None] = lambda: None) -> None:
        def refuse(everybody: Everybody) -> None:
            if any(mac in has.macs for other, has in everybody.items() if other != uuid):
                raise Refused(mac)

        with self.others.claimed(uuid, Has(uuid, frozenset({mac}), frozenset()), self.look, refuse):
            define()
            self.there[uuid] = Has(uuid, frozenset({mac}), frozenset())


def test_new_domains_that_wait_for_a_look_share_the_next_and_are_compared_with_each_other():
    world, began, go_on = _World(), threading.Event(), threading.Event()
    look = world.look

    def slow() -> Everybody:
        began.set()
        assert go_on.wait(20)
        return look()

    world.look = slow
    with ThreadPoolExecutor(9) as threads:
        first = threads.submit(world.make, "first", "mac first")
        assert began.wait(20)
        rest = [threads.submit(world.make, f"vm{number}", f"mac {number}") for number in range(8)]
        while world.asked < 1 + 1 + 8:  # the first has begun a look
            time.sleep(0.001)
        go_on.set()
        for each in (first, *rest):
            each.result()
    assert (len(world.there), world.looks) == (9, 2)


def test_a_mac_that_a_domain_was_made_with_is_refused_to_the_next():
    conn, host = _hosts()
    for number in range(3):
        _make(host, f"vm{number}", MAC.format(number))
    with pytest.raises(Refused, match=r"vm1\)"):
        _make(host, "late", MAC.format(1))
    assert len(conn.domains) == 3


def test_of_two_that_want_one_mac_at_the_same_time_one_is_refused():
    world, together = _World(), threading.Barrier(8)

    def make(number: int) -> bool:
        together.wait(20)
        try:
            world.make(f"vm{number}", "mac")
        except Refused:
            return False
        return True

    with ThreadPoolExecutor(8) as threads:
        assert sorted(threads.map(make, range(8))) == [False] * 7 + [True]


def test_one_that_is_still_being_made_is_known_though_a_look_does_not_find_it():
    world = _World()

    def define() -> None:
        with pytest.raises(Refused):
            world.make("second", "mac")

    world.make("first", "mac", define)
    assert set(world.there) == {"first"}


def test_what_another_program_has_done_a_moment_ago_is_seen():
    world = _World()
    world.make("first", "one")
    world.there["foreign"] = Has("foreign", frozenset({"two"}), frozenset())
    with pytest.raises(Refused):
        world.make("second", "two")
    del world.there["first"]
    world.make("third", "one")
    assert set(world.there) == {"foreign", "third"}


def test_one_that_could_not_be_made_has_nothing():
    world = _World()

    def fail() -> None:
        raise ValueError

    with pytest.raises(ValueError, match=r"^$"):
        world.make("first", "mac", fail)
    world.make("second", "mac")
    assert set(world.there) == {"second"}

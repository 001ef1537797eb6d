"""Which files the domains of a host use: looked at once for all that wait, and never older than the question."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from provider.host.host import Host
from provider.host.uses import Looks
from provider.resource.base import Call
from provider.storage.volume import Volume
from tests.provider.fakes.counted import Counted, Counts
from tests.provider.fakes.libvirt import Connection
from tests.provider.fakes.libvirt import Domain as FakeDomain

XML = "<domain><name>{0}</name><uuid>{0}</uuid><devices><disk><source {1}/></disk></devices></domain>"


def _domain(name: str, source: str) -> Any:
    return FakeDomain(None, XML.format(name, source))


def test_a_look_is_shared_only_with_those_that_asked_before_it_began():
    domains = [_domain("a", "file='/live/a'")]
    times = iter((1.0, 2.0))
    looks = Looks(now=lambda: next(times))
    assert [each.name for each in looks.since(0.0, lambda: domains)] == ["a"]  # this look began at 1
    domains.append(_domain("b", "pool='live' volume='b'"))
    assert [each.name for each in looks.since(0.5, lambda: domains)] == ["a"]
    found = looks.since(1.0, lambda: domains)
    assert [(each.name, *each.files, *each.volumes) for each in found] == [
        ("a", "/live/a"),
        ("b", ("live", "b")),
    ]


def test_of_what_is_seen_as_a_whole_there_is_one_look():
    domains = [_domain("a", "file='/live/a'")]
    looks = Looks(kept=True)
    assert len(looks.since(None, lambda: domains)) == 1
    domains.clear()
    assert len(looks.since(None, lambda: domains)) == 1


def test_new_volumes_that_wait_for_each_other_share_a_look_at_the_domains():
    conn, counts = Connection(), Counts()
    pool = conn.storagePoolDefineXML(
        "<pool type='dir'><name>live</name><uuid>p</uuid><target><path>/live</path></target></pool>"
    )
    pool.build()
    pool.create()
    conn.domains = [_domain(f"vm{number}", f"file='/live/{number}'") for number in range(5)]
    host = Host("test:///default", opener=lambda _uri: Counted(conn, counts))

    def make(name: str) -> None:
        call = Call(host, f"urn:pulumi:s::p::libvirt:index/volume:Volume::{name}")
        Volume().create(call, {"pool": "live", "name": name, "size": 1 << 30}, preview=False)

    with ThreadPoolExecutor(8) as threads:
        with host.storage:
            going = [threads.submit(make, f"v{number}") for number in range(8)]
            while len(host.storage.waiting) < 8:
                time.sleep(0.001)
        for each in going:
            each.result()
    assert len(pool.volumes) == 8
    assert counts["Domain.XMLDesc"] == 5  # without the sharing: 40

"""What is seen of a host in a few sweeps: each object once, nothing of before a change, and what came later too."""

from __future__ import annotations

import pytest

from provider.host.host import Host
from provider.host.sight import Sight
from provider.host.sights import SECONDS, Sights
from tests.provider.fakes import domain_connection
from tests.provider.fakes import libvirt as fake_libvirt
from tests.provider.fakes.counted import Counted, Counts

XML = (
    "<domain type='qemu'><name>{0}</name><uuid>{1}</uuid><memory unit='MiB'>32</memory><vcpu>1</vcpu>"
    "<os><type>hvm</type></os><devices/></domain>"
)
UUID = "aaaaaaaa-0000-4000-8000-0000000000{:02d}"


def _hosts(domains: int) -> tuple[domain_connection.Connection, Counts, Host]:
    conn, counts = domain_connection.Connection(), Counts()
    for number in range(domains):
        conn.defineXML(XML.format(f"vm{number}", UUID.format(number)))
    return conn, counts, Host("test:///default", opener=lambda _uri: Counted(conn, counts))


def test_a_domain_is_read_once_however_often_it_is_looked_at():
    _, counts, host = _hosts(3)
    sight = Sight(host)
    for _ in range(4):
        for number in range(3):
            domain = sight.domain_by_uuid(UUID.format(number))
            assert domain is not None
            assert "<name>vm" in domain.XMLDesc(2)
            assert (domain.isActive(), domain.isPersistent(), domain.autostart()) == (0, 1, 0)
            assert domain.state()[0] == 5
    # of one that is off, libvirt's reason is in no list
    assert counts == {"Connection.listAllDomains": 5, "Domain.XMLDesc": 3, "Domain.state": 3}


def test_what_lists_say_of_a_domain_is_what_the_domain_says():
    conn, _, host = _hosts(4)
    running, paused, auto = (conn.domains[UUID.format(n)] for n in (1, 2, 3))
    running.create()
    paused.create()
    paused.paused = True
    auto.setAutostart(1)
    running.undefineFlags()
    sight = Sight(host)
    for uuid, real in conn.domains.items():
        seen = sight.domain_by_uuid(uuid)
        assert seen is not None
        said = (seen.isActive(), seen.isPersistent(), seen.autostart(), seen.state()[0])
        assert said == (real.isActive(), real.isPersistent(), real.autostart(), real.state()[0])


def test_a_domain_that_came_after_the_sweep_is_found():
    conn, _, host = _hosts(1)
    sight = Sight(host)
    assert len(sight.conn.listAllDomains()) == 1
    conn.defineXML(XML.format("late", UUID.format(9)))
    found = sight.domain_by_uuid(UUID.format(9))
    assert found is not None
    assert found.name() == "late"
    assert sight.domain_by_name("nobody") is None


def test_a_volume_whose_file_has_gone_is_missing_after_one_refresh():
    conn = fake_libvirt.Connection()
    pool = conn.storagePoolDefineXML(
        "<pool type='dir'><name>live</name><uuid>p</uuid><target><path>/live</path></target></pool>"
    )
    pool.build()
    pool.create()
    for name in ("one", "two"):
        pool.createXML(f"<volume><name>{name}</name><capacity>1</capacity><target/></volume>")
    counts = Counts()
    sight = Sight(Host("test:///default", opener=lambda _uri: Counted(conn, counts)))
    seen = sight.pool_by_name("live")
    assert seen is not None
    assert [v.path() for v in seen.listAllVolumes()] == ["/live/one", "/live/two"]
    conn.files.discard("/live/one")
    seen.refresh()
    seen.refresh()
    assert [v.name() for v in seen.listAllVolumes()] == ["two"]
    assert counts["Pool.refresh"] == 1


def test_a_change_ends_what_was_seen_before_it_and_while_it_lasts_nothing_is_kept():
    conn, _, host = _hosts(1)
    sights = Sights()
    before = sights.of(host)
    assert sights.of(host) is before
    with sights.changing():
        assert sights.of(host) is host
        conn.domains[UUID.format(0)].create()
    after = sights.of(host).domain_by_uuid(UUID.format(0))
    assert after is not None
    assert after.isActive()


def test_a_preview_of_a_change_goes_on_with_what_was_seen():
    _, _, host = _hosts(1)
    sights = Sights()
    before = sights.of(host)
    with sights.changing(really=False):
        assert sights.of(host) is before


@pytest.mark.parametrize(("passed", "same"), [(SECONDS - 1, True), (SECONDS + 1, False)])
def test_what_was_seen_is_kept_for_a_while_only(passed, same):
    _, _, host = _hosts(1)
    now = [0.0]
    sights = Sights(lambda: now[0])
    before = sights.of(host)
    now[0] = passed
    assert (sights.of(host) is before) is same

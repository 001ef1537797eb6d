"""Deleting many volumes: each is asked for what it stands on, though not again by every one that goes."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from provider.errors import OperatorError
from provider.host.host import Host
from provider.resource.base import Call
from provider.storage import standing, storage
from provider.storage.volume import Volume
from tests.provider.fakes.counted import Counted, Counts
from tests.provider.fakes.libvirt import Connection
from tests.provider.fakes.storage import Volume as FakeVolume

GIB = 1 << 30


def _stand(overlays: int) -> tuple[Host, Counts, Any]:
    conn, counts = Connection(), Counts()
    pool = conn.storagePoolDefineXML(
        "<pool type='dir'><name>live</name><uuid>p</uuid><target><path>/live</path></target></pool>"
    )
    pool.build()
    pool.create()
    host = Host("test:///default", opener=lambda _uri: Counted(conn, counts))
    _make(host, {"name": "base", "size": GIB})
    for number in range(overlays):
        _make(host, {"name": f"o{number}", "baseVolumeId": "/live/base"})
    counts.clear()
    return host, counts, pool


def _make(host: Host, inputs: dict[str, Any]) -> None:
    call = Call(host, f"urn:pulumi:s::p::libvirt:index/volume:Volume::{inputs['name']}")
    Volume().create(call, {"pool": "live", "format": "qcow2", **inputs}, preview=False)


def _delete(host: Host, name: str) -> bool:
    pool = host.pool_by_name("live")
    assert pool is not None
    return storage.delete(host, f"volume {name}", pool, f"/live/{name}")


def test_the_volumes_are_read_about_as_often_as_there_are_volumes():
    host, counts, pool = _stand(20)
    assert all(_delete(host, f"o{number}") for number in range(20))
    assert list(pool.volumes) == ["base"]
    # one for what it stands on, one to see that its file is there
    assert counts["Volume.XMLDesc"] <= 2 * 20 + 1


def test_a_base_on_which_an_overlay_was_made_a_moment_ago_is_not_deleted():
    host, _, _ = _stand(0)
    _make(host, {"name": "o0", "size": GIB})
    _delete(host, "o0")  # for which it was looked at, and stood on nothing
    _make(host, {"name": "o0", "baseVolumeId": "/live/base"})
    with pytest.raises(OperatorError, match="stands on it"):
        _delete(host, "base")


def test_what_another_program_has_put_upon_another_base_is_seen_after_some_seconds(monkeypatch):
    host, _, pool = _stand(1)
    _make(host, {"name": "other", "size": GIB})
    assert standing.overlays(host, "/live/other") == []
    pool.volumes["o0"].root.find("backingStore/path").text = "/live/other"
    now = storage.time.monotonic()
    monkeypatch.setattr(storage.time, "monotonic", lambda: now + 6)
    assert standing.overlays(host, "/live/other") == ["/live/o0"]


def test_those_that_wait_for_each_other_share_a_look_at_the_files_before_and_one_after():
    host, counts, pool = _stand(8)
    with ThreadPoolExecutor(8) as threads:
        with host.storage:
            going = [threads.submit(_delete, host, f"o{number}") for number in range(8)]
            while len(host.storage.waiting) < 8:
                time.sleep(0.001)
        assert all(each.result() for each in going)
    assert list(pool.volumes) == ["base"]
    assert counts["Pool.refresh"] == 2


def test_an_overlay_that_came_as_a_file_after_the_last_look_keeps_its_base():
    host, _, pool = _stand(1)
    _delete(host, "o0")  # for which the files were looked at
    pool.unseen["late"] = FakeVolume(
        pool,
        "<volume><name>late</name><capacity>1</capacity><target><format type='qcow2'/></target>"
        "<backingStore><path>/live/base</path><format type='qcow2'/></backingStore></volume>",
    )
    pool.conn.files.add("/live/late")
    with pytest.raises(OperatorError, match="/live/late stands on it"):
        _delete(host, "base")

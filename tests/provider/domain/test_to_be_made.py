"""Domains, networks and disks that the same run makes: a preview does not miss them, and misses all others."""

from __future__ import annotations

from typing import Any

import pytest

from provider.errors import OperatorError
from provider.guest.resource import GuestFiles
from provider.host.made import File
from provider.resource.base import COMPUTED
from tests.provider.fakes.domain_world import FLOAT1, POOL, RESERVED, World, declared

FILES = GuestFiles()


def previewed(world: World) -> str:
    """The UUID of a domain of which a preview was asked for."""
    assert world.domains.create(world.call(world.domains, "Acilamwen"), declared(), True)[0] == ""
    return str(next(iter(world.host.made.domains)))


def test_what_is_in_a_domain_that_the_same_run_makes_does_not_miss_it() -> None:
    world = World()
    nic: dict[str, Any] = {"network": "bridged", "mac": FLOAT1}
    files: dict[str, Any] = {"files": {"/etc/motd": {"content": "hello"}}}
    for handler, inputs in ((world.interfaces, nic), (FILES, files)):
        call = world.call(handler, "x")
        with pytest.raises(OperatorError, match="there is no domain"):
            handler.create(call, {**inputs, "domain": "cccccccc-0000-4000-8000-00000000ffff"}, True)
        uuid = previewed(world)
        assert handler.create(call, {**inputs, "domain": uuid}, True)[0] == ""
        handler.update(call, f"{uuid}/x", {}, {**inputs, "domain": uuid}, {**inputs, "domain": uuid}, True)


def test_a_missing_network_is_told_at_preview_of_a_domain_and_of_a_nic_that_are_both_new() -> None:
    world = World()
    for handler, inputs in (
        (world.domains, declared() | {"networkInterfaces": [{"networkName": "later", "mac": RESERVED}]}),
        (world.interfaces, {"domain": COMPUTED, "network": "later", "mac": FLOAT1}),
    ):
        with pytest.raises(OperatorError, match="there is no network later"):
            handler.create(world.call(handler, "x"), inputs, True)
    world.host.made.networks.add("later")
    world.interfaces.create(world.call(world.interfaces, "x"), inputs, True)


def test_a_disk_that_the_same_run_makes_is_plugged_in_by_its_path() -> None:
    world = World()
    vm = world.made()
    disks = [*vm.inputs["disks"], {"file": f"{POOL}/more.qcow2"}]
    with pytest.raises(OperatorError, match=rf"has the disk {POOL}/more.qcow2: if the file is there"):
        vm.up(preview=True, disks=disks)
    world.host.made.volume("live", "more.qcow2", f"{POOL}/more.qcow2", File("qcow2"))
    vm.up(preview=True, disks=disks)

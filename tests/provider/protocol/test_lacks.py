"""What a host lacks: asked for at once, told once, in commands that can be typed as they are printed."""

from __future__ import annotations

import asyncio
import shlex
from typing import Any

import pytest
from google.protobuf import json_format
from pulumi.runtime.proto import provider_pb2 as pb

from engine.options import ProviderError
from engine.providers.calls import call as engine_call
from provider.host.host import Host
from provider.protocol import functions
from provider.protocol.plugin import Servicer
from provider.resource import remedy
from tests.provider.fakes.basics import error
from tests.provider.fakes.storage_world import BASE, DEFAULT, HANDLERS, LIVE, World

NEEDS: dict[str, Any] = {
    "bridges": ["br7"],
    "pools": ["slow"],
    "overlays": [{"pool": "live", "name": f"{name}.qcow", "base": "/images/a.qcow"} for name in "abc"],
}


def asked(world: World, **needs: Any) -> dict[str, Any]:
    return functions.get_host(world.host, needs)[0]


def test_all_that_is_missing_is_told_at_once_and_each_of_it_once() -> None:
    bridge, pool, base = asked(World().with_base(), **NEEDS)["lacks"]

    assert bridge.startswith(
        "bridge br7 is missing on qemu:///system: it belongs to the host, so set it up there"
    )
    assert pool.startswith(
        "there is no storage pool slow on qemu:///system: make it, over /var/lib/libvirt/slow for"
    )
    assert base == (
        "base image /images/a.qcow is missing on qemu:///system: no storage pool has /images; type: "
        "virsh -c 'qemu:///system' 'pool-define-as base2 dir --target /images; pool-build base2; pool-start base2; "
        "pool-autostart base2'; and put a.qcow there"
    )


def test_a_host_that_has_everything_lacks_nothing() -> None:
    needs = {
        "bridges": ["br0"],
        "pools": ["live"],
        "overlays": [{"pool": "live", "name": "a.qcow", "base": BASE}],
    }

    assert asked(World().with_base(), **needs) == {"kvm": False, "lacks": []}


@pytest.mark.reports("W3")
def test_the_networks_with_one_of_the_macs_are_told_and_one_that_can_not_be_read_has_none() -> None:
    world = World()
    world.create("Network", "trop02-default", dict(DEFAULT))
    macs = {"macs": [DEFAULT["mac"], "52:54:00:03:03:01"]}
    assert asked(world, **macs)["networks"] == {DEFAULT["mac"]: "default"}
    assert "networks" not in asked(world)
    world.conn.networks[0].XMLDesc = lambda _flags=0: "<"  # type: ignore[method-assign]
    assert asked(world, **macs)["networks"] == {}


def test_the_base_image_of_an_overlay_that_is_there_is_not_asked_for() -> None:
    world = World().with_base()
    world.create("Volume", "a", {"name": "a.qcow", "pool": "live", "baseVolumeId": BASE})
    base = world.conn.storagePoolLookupByName("base")
    base.volumes.clear()

    there, other = ({"pool": "live", "name": f"{name}.qcow", "base": BASE} for name in "ab")
    assert asked(world, overlays=[there])["lacks"] == []
    assert len(asked(world, overlays=[there, other])["lacks"]) == 1


def test_what_can_not_be_looked_at_is_not_called_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World().with_base()

    def broken(*_: object) -> Any:
        raise error(38, "no driver")

    for call in (
        "interfaceLookupByName",
        "storagePoolLookupByName",
        "listAllStoragePools",
        "getCapabilities",
    ):
        monkeypatch.setattr(world.conn, call, broken, raising=False)
    assert asked(world, **NEEDS) == {"kvm": True, "lacks": []}


@pytest.mark.parametrize(
    ("commands", "line"),
    [
        (["pool-start live"], "virsh -c 'qemu:///system' pool-start live"),
        (["pool-start a", "pool-autostart a"], "virsh -c 'qemu:///system' 'pool-start a; pool-autostart a'"),
    ],
)
def test_a_remedy_is_one_line_for_a_shell(commands: list[str], line: str) -> None:
    assert remedy.virsh("qemu:///system", *commands) == line


def test_names_that_would_be_torn_apart_are_quoted_for_virsh_and_for_the_shell() -> None:
    line = remedy.pool_made("qemu:///system", "it's mine", "/a b")

    assert shlex.split(line)[3].split("; ")[0] == 'pool-define-as "it\'s mine" dir --target "/a b"'


class Plugin:
    """The provider as an engine has it, one run after Configure."""

    def __init__(self, world: World) -> None:
        self.servicer = Servicer(lambda _: Host("qemu:///system", opener=lambda _: world.conn))
        self.ask("Configure", pb.ConfigureRequest(variables={"libvirt:config:uri": "qemu:///system"}))

    def ask(self, method: str, request: Any) -> Any:
        return asyncio.run(engine_call(self.servicer, method, request))

    def get_host(self, **needs: Any) -> Any:
        request = pb.InvokeRequest(tok=functions.GET_HOST)
        request.args.update(needs)
        return self.ask("Invoke", request)

    def make(self, name: str, preview: bool) -> str:
        """How the creation of an overlay ends."""
        request = pb.CreateRequest(
            urn=f"urn:pulumi:s::p::libvirt:index/volume:Volume::{name}", preview=preview
        )
        request.properties.update({"name": f"{name}.qcow", "pool": "live", "baseVolumeId": "/images/a.qcow"})
        try:
            self.ask("Create", request)
        except ProviderError as error:
            return str(error)
        return ""


def test_at_preview_a_lack_fails_one_of_those_that_need_it_and_when_it_is_made_all() -> None:
    plugin = Plugin(World().with_base())
    first, second = (plugin.make(name, preview=True) for name in "ab")
    assert first.startswith(
        "volume a.qcow: base image /images/a.qcow is missing on qemu:///system: no storage pool"
    )
    assert second == ""
    assert plugin.make("a", preview=True) == first

    really = [plugin.make(name, preview=False) for name in "ab"]
    assert [line.partition(":")[0] for line in really] == ["volume a.qcow", "volume b.qcow"]


def test_what_was_told_beforehand_is_not_told_again_at_length() -> None:
    plugin = Plugin(World().with_base())
    answer = json_format.MessageToDict(getattr(plugin.get_host(**NEEDS), "return"))
    assert len(answer["lacks"]) == 3

    assert plugin.make("a", preview=True) == (
        "volume a.qcow: base image /images/a.qcow is missing on qemu:///system (a warning says what to do)"
    )


def test_a_second_run_tells_it_anew() -> None:
    plugin = Plugin(World().with_base())
    before = plugin.make("a", preview=True)
    plugin.ask("Configure", pb.ConfigureRequest(variables={"libvirt:config:uri": "qemu:///system"}))

    assert plugin.make("b", preview=True).partition(":")[2] == before.partition(":")[2]


def test_what_the_function_is_not_given_rightly_is_refused_by_name() -> None:
    plugin = Plugin(World())
    failures = plugin.get_host(bridges="br0").failures

    assert [(failure.property, failure.reason) for failure in failures] == [
        ("bridges", "must be a list, not 'br0'")
    ]


def test_a_preview_of_a_new_pool_says_that_its_folder_is_made() -> None:
    world = World()
    call = world.call("Pool", "live")
    inputs = {"name": "live", "type": "dir", "path": LIVE}
    HANDLERS["Pool"].create(call, inputs, True)
    assert call.notes == [f"directory {LIVE} is made where it is not there"]

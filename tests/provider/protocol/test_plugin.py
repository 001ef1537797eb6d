"""The provider over gRPC on loopback, started as the Pulumi CLI starts it, on libvirt's in-process test driver."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf import struct_pb2
from pulumi.runtime.proto import provider_pb2 as pb
from pulumi.runtime.proto import provider_pb2_grpc

from provider.protocol import wire
from provider.resource.base import COMPUTED

ROOT = Path(__file__).parents[3]
NETWORK = "libvirt:index/network:Network"
SECRET = {wire.SIGNATURE: wire.SECRET, "value": "secret.example"}


def urn(token: str = NETWORK, name: str = "net") -> str:
    return f"urn:pulumi:trop02::trop::trop:index:HypervisorNetworks${token}::{name}"


def struct(value: dict[str, Any]) -> struct_pb2.Struct:
    made = struct_pb2.Struct()
    made.update(value)
    return made


@pytest.fixture(scope="module")
def started() -> Iterator[Any]:
    process = subprocess.Popen(
        [sys.executable, str(ROOT / "provider"), "127.0.0.1:1"],
        cwd="/",
        env={"PATH": "/usr/bin:/bin"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    port = int(process.stdout.readline())
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        yield provider_pb2_grpc.ResourceProviderStub(channel)
    process.terminate()
    _, noise = process.communicate(timeout=10)
    assert "Traceback" not in noise


@pytest.fixture
def plugin(started: Any) -> Any:
    started.Configure(pb.ConfigureRequest(args=struct({"uri": "test:///default"})))
    return started


def fails(call: Any, request: Any) -> str:
    """The line that an operator would read; never a traceback, never a file of the provider."""
    with pytest.raises(grpc.RpcError) as caught:
        call(request)
    line = str(caught.value.details())  # type: ignore[attr-defined]
    assert caught.value.code() == grpc.StatusCode.FAILED_PRECONDITION  # type: ignore[attr-defined]
    assert "\n" not in line
    assert "Traceback" not in line
    assert ".py" not in line
    assert "a fault of this provider" not in line
    return line


def test_it_introduces_itself_as_the_provider_behind_pulumi_libvirt(plugin: Any) -> None:
    assert plugin.Handshake(pb.ProviderHandshakeRequest()).accept_secrets
    assert plugin.GetPluginInfo(struct_pb2.Struct()).version == "0.5.4"
    made = json.loads(plugin.GetSchema(pb.GetSchemaRequest()).schema)
    assert (made["name"], made["version"]) == ("libvirt", "0.5.4")
    assert NETWORK in made["resources"]


@pytest.mark.parametrize(
    ("config", "path", "reason"),
    [
        ({}, "uri", "must be given"),
        ({"uri": "bad"}, "uri", "is no libvirt URI: 'bad'"),
        ({"uri": 3}, "uri", "is no libvirt URI"),
        ({"uri": "test:///default", "url": "x"}, "url", "no such setting"),
    ],
)
def test_a_bad_configuration_is_told_by_its_setting(
    plugin: Any, config: dict[str, Any], path: str, reason: str
) -> None:
    failures = plugin.CheckConfig(pb.CheckRequest(news=struct(config))).failures
    assert [(failure.property, reason in failure.reason) for failure in failures] == [(path, True)]


def test_good_configurations_pass(plugin: Any) -> None:
    for uri in (
        "qemu:///system",
        "qemu+ssh://root@trop02/system",
        "qemu+unix:///system?socket=/s",
        wire.UNKNOWN,
    ):
        request = pb.CheckRequest(news=struct({"uri": uri, "version": "0.5.4", "__internal": {}}))
        assert not plugin.CheckConfig(request).failures


def test_an_unreachable_host_is_one_line_at_configure(plugin: Any) -> None:
    request = pb.ConfigureRequest(args=struct({"uri": "qemu+unix:///system?socket=/no/such/sock"}))
    line = fails(plugin.Configure, request)
    assert line.startswith("cannot reach libvirt at qemu+unix:///system?socket=/no/such/sock: ")


def test_a_host_that_is_not_known_yet_is_told_when_it_is_needed(plugin: Any) -> None:
    plugin.Configure(pb.ConfigureRequest(args=struct({"uri": wire.UNKNOWN})))
    assert not plugin.Check(pb.CheckRequest(urn=urn(), news=struct({"name": "n"}))).failures
    assert "libvirt:uri is not known yet" in fails(plugin.Create, pb.CreateRequest(urn=urn()))


def test_a_uri_that_leads_to_another_host_is_refused_before_it_is_taken_up(
    plugin: Any, tmp_path: Path
) -> None:
    other = tmp_path / "host.xml"
    other.write_text("<node/>")
    request = pb.DiffRequest(
        old_inputs=struct({"uri": "test:///default"}), news=struct({"uri": f"test://{other}"})
    )
    line = fails(plugin.DiffConfig, request)
    assert line.startswith(f"the host is not who it was: test://{other} leads to host ")


def test_another_uri_is_a_difference_and_no_replacement(plugin: Any) -> None:
    request = pb.DiffRequest(old_inputs=struct({"uri": "qemu:///a"}), news=struct({"uri": "qemu:///b"}))
    answer = plugin.DiffConfig(request)
    assert answer.changes == pb.DiffResponse.DIFF_SOME
    assert not answer.replaces


def test_check_returns_the_inputs_and_nothing_beside(plugin: Any) -> None:
    news = struct({"name": "net", "addresses": ["10.9.0.0/24"], "domain": SECRET})
    answer = plugin.Check(pb.CheckRequest(urn=urn(), news=news))
    assert not answer.failures
    assert answer.inputs == news


@pytest.mark.parametrize(
    ("token", "news", "path", "reason"),
    [
        (NETWORK, {"adresses": []}, "adresses", "no such property"),
        (NETWORK, {"routes": []}, "routes", "not implemented by this provider"),
        (NETWORK, {"dhcpHosts": [{"mac": "x", "ip": "10.9.0.9"}]}, "dhcpHosts", "needs an IPv4 subnet"),
        ("libvirt:index/volume:Volume", {"source": "http://x"}, "source", "not implemented by this provider"),
        ("libvirt:index/volume:Volume", {"size": "big"}, "size", "must be a whole number"),
        ("libvirt:index/pool:Pool", {"type": "dir"}, "path", "must be given"),
        ("libvirt:index/pool:Pool", {"path": "/x"}, "type", "must be given"),
    ],
)
def test_a_wrong_property_is_a_check_failure(
    plugin: Any, token: str, news: dict[str, Any], path: str, reason: str
) -> None:
    failures = plugin.Check(pb.CheckRequest(urn=urn(token), news=struct(news))).failures
    assert [(failure.property, reason in failure.reason) for failure in failures] == [(path, True)]


@pytest.mark.parametrize(
    ("token", "said"),
    [
        ("libvirt:index/ignition:Ignition", "of pulumi-libvirt is not implemented by this provider"),
        ("libvirt:index/network:Netwrok", "is unknown; there are libvirt:index/cloudInitDisk:CloudInitDisk"),
    ],
)
def test_a_type_that_is_not_there_is_refused_by_name(plugin: Any, token: str, said: str) -> None:
    assert f"resource type {token} {said}" in fails(plugin.Check, pb.CheckRequest(urn=urn(token)))


def test_functions_are_refused_by_name(plugin: Any) -> None:
    tok = "libvirt:index/getNodeInfo:getNodeInfo"
    assert (
        fails(plugin.Invoke, pb.InvokeRequest(tok=tok))
        == f"function {tok} is not implemented by this provider"
    )
    assert "method x/y" in fails(plugin.Call, pb.CallRequest(tok="x/y"))


def test_a_network_lives_from_preview_to_delete(plugin: Any) -> None:
    news = struct({"name": "net", "addresses": ["10.9.0.0/24"], "domain": SECRET, "autostart": True})
    checked = plugin.Check(pb.CheckRequest(urn=urn(), news=news)).inputs
    preview = plugin.Create(pb.CreateRequest(urn=urn(), properties=checked, preview=True))
    assert (preview.id, wire.load(preview.properties)[0]["bridge"]) == ("", COMPUTED)

    made = plugin.Create(pb.CreateRequest(urn=urn(), properties=checked))
    assert made.properties["domain"] == SECRET
    read = plugin.Read(pb.ReadRequest(id=made.id, urn=urn(), inputs=checked, properties=made.properties))
    assert (read.id, read.inputs, read.properties) == (made.id, checked, made.properties)

    host = {"mac": "52:54:00:00:00:09", "ip": "10.9.0.9"}
    changed = struct({**wire.load(checked)[0], "dhcpHosts": [host]})
    same = {"id": made.id, "urn": urn(), "olds": made.properties, "old_inputs": checked, "news": changed}
    diff = plugin.Diff(pb.DiffRequest(**same))
    assert diff.changes == pb.DiffResponse.DIFF_SOME
    assert (list(diff.diffs), list(diff.replaces), diff.hasDetailedDiff) == (["dhcpHosts"], [], True)
    assert diff.detailedDiff["dhcpHosts"] == pb.PropertyDiff(kind=pb.PropertyDiff.ADD, inputDiff=True)
    ignored = plugin.Diff(pb.DiffRequest(**same, ignoreChanges=["dhcpHosts"]))
    assert ignored.changes == pb.DiffResponse.DIFF_NONE

    updated = plugin.Update(pb.UpdateRequest(**same)).properties
    assert wire.load(updated)[0]["dhcpHosts"] == [host]
    plugin.Delete(pb.DeleteRequest(id=made.id, urn=urn(), properties=updated))
    assert plugin.Read(pb.ReadRequest(id=made.id, urn=urn(), inputs=changed, properties=updated)).id == ""
    plugin.Delete(pb.DeleteRequest(id=made.id, urn=urn(), properties=updated))


def test_what_libvirt_refuses_is_one_line_with_the_uri(plugin: Any) -> None:
    token = "libvirt:index/cloudInitDisk:CloudInitDisk"
    request = pb.CreateRequest(urn=urn(token), properties=struct({"name": "s", "pool": "default-pool"}))
    line = fails(plugin.Create, request)
    assert line.startswith("cloud init disk net is not made: libvirt at test:///default: ")


def test_a_network_of_another_hand_is_refused_in_one_line(plugin: Any) -> None:
    request = pb.CreateRequest(urn=urn(), properties=struct({"name": "default"}), preview=True)
    assert "network default exists already on test:///default" in fails(plugin.Create, request)


def test_an_import_reads_all_and_of_what_is_not_there_says_so(plugin: Any) -> None:
    uuid = "dd8fe884-6c02-601e-7551-cca97df1c5df"
    found = plugin.Read(pb.ReadRequest(id=uuid, urn=urn()))
    assert (found.id, found.inputs["name"]) == (uuid, "default")
    missing = uuid.replace("d", "e")
    assert (
        fails(plugin.Read, pb.ReadRequest(id=missing, urn=urn()))
        == f"there is no Network {missing} on test:///default"
    )


@pytest.mark.parametrize(
    ("token", "id", "said"),
    [
        (
            NETWORK,
            "default",
            "by its UUID, and 'default' is none; that of default is dd8fe884-6c02-601e-7551-",
        ),
        (NETWORK, "nothing", "a network is imported by its UUID, and 'nothing' is none"),
        (
            "libvirt:index/pool:Pool",
            "default-pool",
            "that of default-pool is dfe224cb-28fb-8dd0-c4b2-64eb3f0f4566",
        ),
        ("libvirt:index/volume:Volume", "a", "a volume is imported by the absolute path of its file"),
        ("libvirt:index/volume:Volume", "/x/a", "volume a: no storage pool of test:///default has /x"),
        ("libvirt:index/cloudInitDisk:CloudInitDisk", "a", "is imported by the absolute path"),
    ],
)
def test_an_import_by_the_wrong_kind_of_id_is_told(plugin: Any, token: str, id: str, said: str) -> None:
    assert said in fails(plugin.Read, pb.ReadRequest(id=id, urn=urn(token)))


@pytest.mark.parametrize("verb", ["Diff", "Read", "Update", "Delete"])
def test_nothing_is_done_on_another_host_than_the_states(plugin: Any, verb: str) -> None:
    state = struct({"name": "default", "hostUuid": "99999999-2222-4333-8444-555555555555"})
    requests = {
        "Diff": pb.DiffRequest(urn=urn(), olds=state),
        "Read": pb.ReadRequest(urn=urn(), properties=state),
        "Update": pb.UpdateRequest(urn=urn(), olds=state),
        "Delete": pb.DeleteRequest(urn=urn(), properties=state),
    }
    assert "the host is not who it was: test:///default leads to" in fails(
        getattr(plugin, verb), requests[verb]
    )


def test_cancel_is_answered_and_ends_nothing(plugin: Any) -> None:
    plugin.Cancel(struct_pb2.Struct())
    assert plugin.GetPluginInfo(struct_pb2.Struct()).version == "0.5.4"

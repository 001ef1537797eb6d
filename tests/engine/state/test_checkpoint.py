"""The state file has the form of the CLI's, field by field, and keeps what it does not understand."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.context import salt_of
from engine.errors import CommandError
from engine.state import checkpoint
from engine.state.checkpoint import Codec
from engine.state.records import PendingOperation, Resource, Snapshot
from engine.state.secrets import Crypter
from engine.state.values import UNKNOWN, Secret, has_secret
from tests.engine.conftest import CREATED, PASSPHRASE, RECORDINGS, SALT

STATES = sorted(f for f in RECORDINGS.glob("*/*state*.json") if '"checkpoint"' in f.read_text())


def codec() -> Codec:
    crypter = Crypter(SALT, PASSPHRASE)
    return Codec("organization/trop/trop02", crypter.encrypt, crypter.decrypt)


def test_there_are_states_to_compare_with() -> None:
    assert len(STATES) > 30


@pytest.mark.parametrize("file", STATES, ids=lambda f: f"{f.parent.name}/{f.name}")
def test_a_recorded_state_comes_back_in_the_same_order_with_the_same_ciphertexts(file: Path) -> None:
    document = checkpoint.parse(file.read_bytes())
    own = codec()
    written = json.loads(own.dump(own.load(document)))
    for each in (written, document):
        del each["checkpoint"]["latest"]["manifest"]
    assert json.dumps(written) == json.dumps(document)


def test_on_disk_it_is_one_line_like_the_cli_writes_it() -> None:
    recorded, own = CREATED.read_bytes(), codec()
    written = own.dump(own.load(checkpoint.parse(recorded)))
    head = len(b'{"version":3,"checkpoint":{"stack":"organization/trop/trop02","latest":{"manifest":')
    assert written[:head] == recorded[:head]
    assert (
        written[written.index(b'"secrets_providers"') :] == recorded[recorded.index(b'"secrets_providers"') :]
    )


def test_the_manifest_has_the_magic_that_the_cli_checks() -> None:
    document = json.loads(RECORDINGS.joinpath("00-stack-init/01-init.state.disk.json").read_text())
    recorded = document["checkpoint"]["latest"]["manifest"]
    assert sorted(checkpoint.manifest()) == sorted(recorded)
    for manifest in (recorded, checkpoint.manifest()):
        assert manifest["magic"] == hashlib.sha256(manifest["version"].encode()).hexdigest()


def test_secrets_are_marked_in_memory_and_encrypted_on_disk() -> None:
    own = codec()
    snapshot = own.load(checkpoint.parse(CREATED.read_bytes()))
    stack = snapshot.resources[0]
    assert stack.outputs["token"] == Secret("s3cr3t")
    stack.outputs["token"] = Secret({"deep": ["canary", UNKNOWN]})
    data = own.dump(snapshot)
    assert b"canary" not in data
    again = codec().load(checkpoint.parse(data))
    assert again.resources[0].outputs["token"] == Secret({"deep": ["canary", UNKNOWN]})


def test_a_changed_secret_gets_a_new_ciphertext_and_the_others_keep_theirs() -> None:
    own = codec()
    before = checkpoint.parse(CREATED.read_bytes())["checkpoint"]["latest"]["resources"]
    snapshot = own.load(checkpoint.parse(CREATED.read_bytes()))
    domain = snapshot.resources[-1]
    domain.inputs["metadata"] = Secret("token=other")
    after = json.loads(own.dump(snapshot))["checkpoint"]["latest"]["resources"]
    assert after[-1]["inputs"]["metadata"] != before[-1]["inputs"]["metadata"]
    assert after[-1]["outputs"]["metadata"] == before[-1]["outputs"]["metadata"]


def test_a_property_that_depends_on_nothing_may_be_written_as_null() -> None:
    document = json.loads(CREATED.read_bytes())
    for record in document["checkpoint"]["latest"]["resources"]:
        record["propertyDependencies"] = {"name": None}
    assert all(r.property_dependencies == {"name": []} for r in codec().load(document).resources)


def test_fields_of_a_newer_cli_survive_a_round_trip() -> None:
    document: dict[str, Any] = json.loads(CREATED.read_text())
    latest = document["checkpoint"]["latest"]
    latest["resources"][1]["taint"] = {"by": ["somebody"]}
    latest["newer"] = 1
    own = codec()
    written = json.loads(own.dump(own.load(checkpoint.parse(json.dumps(document).encode()))))["checkpoint"][
        "latest"
    ]
    assert written["resources"][1]["taint"] == {"by": ["somebody"]}
    assert written["newer"] == 1


def test_a_state_without_secrets_asks_for_no_key() -> None:
    def fail(_: str) -> str:
        pytest.fail("a key was asked for")

    own = Codec("organization/trop/s", fail, fail)
    record = Resource(urn="urn:pulumi:s::trop::a:b:C::d", type="a:b:C", outputs={"n": 1.0, "t": "x"})
    data = own.dump(Snapshot(resources=[record]))
    loaded = own.load(checkpoint.parse(data)).resources[0]
    assert loaded == record
    assert not has_secret(loaded.outputs)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"", "Expecting value"),
        (b"[1]", 'no "checkpoint"'),
        (b'{"version": 4, "checkpoint": {}}', "version 4"),
        (b'{"version": 3, "checkpoint": {"latest": {"resources": {}}}}', "not a list"),
        (b'{"version": 3, "checkpoint": {"latest": {"resources": [{"urn": "u"}]}}}', "no urn or no type"),
        (b'{"version": 3, "checkpoint": {"latest": {"secrets_providers": {"type": {}}}}}', "no text"),
        (b'{"version": 3, "checkpoint": {"latest": {"secrets_providers": {"state": "x"}}}}', "no object"),
    ],
)
def test_what_is_no_state_is_told_in_a_few_words(text: bytes, reason: str) -> None:
    with pytest.raises(checkpoint.Malformed, match=reason):
        checkpoint.parse(text)


LEAVES = st.none() | st.booleans() | st.integers() | st.text() | st.just(UNKNOWN)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.text(), VALUES | VALUES.map(Secret), max_size=4))
def test_any_properties_come_back_as_they_were(props: dict[str, Any]) -> None:
    own = codec()
    record = Resource(urn="urn:pulumi:s::trop::a:b:C::d", type="a:b:C", inputs=props, outputs=dict(props))
    loaded = codec().load(checkpoint.parse(own.dump(Snapshot(resources=[record])))).resources[0]
    assert (loaded.inputs, loaded.outputs) == (props, props)


def test_a_keeper_of_secrets_with_an_odd_name_is_refused_in_one_line() -> None:
    latest = {"secrets_providers": {"type": "a\nb\x1b[2J", "state": {}}}
    with pytest.raises(CommandError) as error:
        salt_of({"checkpoint": {"latest": latest}})
    assert str(error.value) == (
        r"the secrets provider a\nb\x1b[2J is not supported by the embedded engine; use the Pulumi CLI"
    )


def test_a_record_that_has_changed_is_written_as_it_is_now_and_the_others_once():
    own = codec()
    one, two = (Resource(urn=f"urn:{name}", type="t:index:T", custom=True, id=name) for name in ("a", "b"))
    snapshot = Snapshot(resources=[one, two], pending_operations=[PendingOperation(two, "updating")])
    written: list[str] = []
    write = own.write
    own.write = lambda resource: written.append(resource.id) or write(resource)
    own.dump(snapshot)
    two.outputs = {"state": "running"}
    latest = checkpoint.parse(own.dump(snapshot))["checkpoint"]["latest"]
    assert [r.get("outputs") for r in latest["resources"]] == [None, {"state": "running"}]
    assert latest["pending_operations"][0]["resource"]["outputs"] == {"state": "running"}
    assert written == ["a", "b", "b"]

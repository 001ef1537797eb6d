"""A canary in every kind of secret is sung nowhere: not in what is said, what is written or what is started."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pulumi import ResourceOptions

from cli import ROOT
from engine.masks import Mask
from engine.values import Secret
from tests.engine.core.fake import Thing, World, go

CANARY = "canary-that-must-not-sing"
ADDRESS = "10.77.0.213"  # the program has it as a secret too


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    folder = tmp_path_factory.mktemp("secrets")
    done = subprocess.run(
        [sys.executable, "-m", "tests.faults.secret_play", str(folder)], cwd=ROOT, capture_output=True, text=True,
        check=False, env=os.environ | {"PYTHONPATH": str(ROOT), "PLANTED": f"{CANARY} {ADDRESS}"}, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-4000:]
    return folder, json.loads(done.stdout)


def test_the_canary_was_where_it_could_have_been_sung(played: tuple[Path, dict[str, Any]]) -> None:
    """The verbs ended as they should, the failing steps had it in their errors, and it can be shown."""
    _, told = played
    codes = {(verb, number): code for number, (verb, code, _) in enumerate(told["said"])}
    failed = [verb for (verb, _), code in codes.items() if code]
    assert failed == [
        "up --yes", "up --yes", "preview --diff", "preview", "up --yes", "up --yes --skip-preview",
    ], [(verb, code, text[-600:]) for verb, code, text in told["said"] if code]  # fmt: skip
    assert CANARY in told["shown"]
    texts = [text for _, _, text in told["said"]]
    assert sum("this can't be defined" in text for text in texts) == 2
    assert any("begins with" in text for text in texts)
    assert sum("[secret]" in text for text in texts) > 10
    assert any("printed: [secret]" in text for text in texts)
    assert any("logged: [secret]" in text for text in texts)


def test_nothing_that_is_said_has_a_secret_in_it(played: tuple[Path, dict[str, Any]]) -> None:
    sung = [
        (verb, line)
        for verb, _, text in played[1]["said"]
        for line in text.splitlines()
        if CANARY in line or ADDRESS in line
    ]
    assert sung == []


def test_no_file_that_is_written_has_a_secret_in_it(played: tuple[Path, dict[str, Any]]) -> None:
    folder, told = played
    written = [Path(name) for name in told["written"]]
    assert folder / "before" in written
    there = {p for p in [*written, *folder.rglob("*")] if p.is_file() and p != folder / "before"}
    assert any(p.suffix == ".bak" for p in there)
    assert any("history" in p.parts for p in there)
    assert [
        str(p) for p in there if any(secret.encode() in p.read_bytes() for secret in (CANARY, ADDRESS))
    ] == []


def test_nothing_is_started_that_could_be_given_a_secret(played: tuple[Path, dict[str, Any]]) -> None:
    assert played[1]["started"] == []


def test_secrets_stay_secret_in_the_state_also_where_they_were_derived(
    played: tuple[Path, dict[str, Any]],
) -> None:
    folder, _ = played
    kept = max((folder / "kept").iterdir(), key=lambda p: int(p.name))
    latest = json.loads((kept / ".pulumi/stacks/trop/trop02.json").read_text())["checkpoint"]["latest"]
    guest, nic = (
        next(r for r in latest["resources"] if r["urn"].endswith(f"::{name}")) for name in ("guest", "nic")
    )
    for value in (
        guest["inputs"]["description"], guest["outputs"]["description"], guest["outputs"]["title"],
        guest["outputs"]["memory"],  # by additional_secret_outputs, and after a refresh still
        latest["resources"][0]["outputs"]["derived"],
    ):  # fmt: skip
        assert "ciphertext" in value, value
    assert "ciphertext" in nic["outputs"]["guestFile"]  # the provider has made it of the addresses


@pytest.mark.parametrize(
    ("secret", "text", "shown"),
    [
        ("s3cr3t", "no s3cr3t here, s3cr3t", "no [secret] here, [secret]"),
        ("up", "give up", "give up"),
        ({"a": [1234567, "key-of-it"]}, "1234567 and key-of-it", "[secret] and [secret]"),
        ("#cloud-config\npassword: hunter2\n", "line 2: password: hunter2 is odd", "line 2: [secret] is odd"),
        (
            "a secret of many words that is cut off",
            "begins 'a secret of many wor...'",
            "begins '[secret]...'",
        ),
        ("one   text\nover two lines of it", "said: one text over two lines of it.", "said: [secret]."),
        (True, "true and false", "true and false"),
        ("", "nothing", "nothing"),
    ],
)
def test_a_mask_hides_secrets_their_lines_and_their_pieces(secret: Any, text: str, shown: str) -> None:
    mask = Mask()
    mask.learn({"outer": [Secret(secret)]})
    assert mask.hide(text) == shown


def test_a_secret_setting_that_is_an_object_hides_its_parts() -> None:
    mask = Mask()
    mask.learn_setting('{"users": ["somebody-known"]}')
    assert mask.hide("user somebody-known is unknown") == "user [secret] is unknown"


def test_additional_secret_outputs_stay_secret_when_what_is_there_is_read_again() -> None:
    """The provider itself knows nothing of it."""

    def program() -> None:
        Thing("a", size=CANARY, opts=ResourceOptions(additional_secret_outputs=["size"]))

    world = World()
    made = go(program, world)
    for kind, options in (("refresh", {}), ("update", {"refresh": True})):
        ran = go(program, world, made.snapshot, kind, **options)
        record = next(r for r in ran.snapshot.resources if r.urn.endswith("::a"))
        assert record.outputs["size"] == Secret(CANARY)
        assert ran.result.changes == {"same": 2}

"""A canary in every kind of secret is sung nowhere: not in what is said, what is written or what is started."""

from __future__ import annotations

import html
import json
import os
import subprocess
import sys
import urllib.parse
from pathlib import Path
from typing import Any

import pytest
from pulumi import ResourceOptions

from cli import ROOT
from engine.run.masks import Mask
from engine.state.values import Secret
from engine.verbs.table import COMMANDS
from tests.engine.fake import Thing, World, go
from tests.engine.harness import Project
from tests.faults.secret_play import PASSPHRASE, SECOND, VERBS

CANARY = "canary-that-must-not-sing"
ADDRESS = "10.77.0.213"  # the program has it as a secret too
ODD = "p&s<\"w'd>"  # short, and nearly everybody who quotes it writes it in another way
SPELLINGS = (
    CANARY, ADDRESS, PASSPHRASE, ODD,
    html.escape(ODD), html.escape(ODD, quote=False), ODD.replace("&", "&amp;").replace("<", "&lt;"),
    json.dumps(ODD)[1:-1], repr(ODD)[1:-1], urllib.parse.quote(ODD),
)  # fmt: skip
Played = tuple[Path, dict[str, Any]]


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Played:
    folder = tmp_path_factory.mktemp("secrets")
    planted = json.dumps({"canary": CANARY, "address": ADDRESS, "odd": ODD})
    done = subprocess.run(
        [sys.executable, "-m", "tests.faults.secret_play", str(folder)], cwd=ROOT, capture_output=True, text=True,
        check=False, env=os.environ | {"PYTHONPATH": str(ROOT), "PLANTED": planted}, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-4000:]
    return folder, json.loads(done.stdout)


def sung(text: str) -> list[str]:
    return [secret for secret in SPELLINGS if secret in text]


def test_the_canary_was_where_it_could_have_been_sung(played: Played) -> None:
    """The verbs ended as they should, the failing steps had it in their errors, and it can be shown."""
    _, told = played
    failed = [verb for verb, code, _ in told["said"] if code]
    assert failed == [
        "up --yes", "up --yes", "preview --diff", "preview", "preview --diff", "up --yes", "up --yes --skip-preview",
    ], [(verb, code, text[-600:]) for verb, code, text in told["said"] if code]  # fmt: skip
    assert all(secret in told["shown"] for secret in (CANARY + SECOND, ODD))
    texts = [text for _, _, text in told["said"]]
    assert sum("this can't be defined" in text for text in texts) == 2
    assert any("begins with" in text for text in texts)
    assert sum("[secret]" in text for text in texts) > 10
    for shown in (
        "printed: [secret]",
        "quoted: '[secret]'",
        "logged: [secret]",
        "<description>[secret]</description>",
    ):
        assert any(shown in text for text in texts), shown
    assert CANARY in told["seen"]  # the guest has it: it was in what libvirt was given


def test_every_verb_that_tells_of_a_stack_is_among_those_that_are_played() -> None:
    played = {" ".join(word for word in words[:2] if not word.startswith("-")) for words, _ in VERBS}
    of_others = {
        "version",
        "whoami",
        "cancel",
        "stack ls",
        "stack init",
        "stack rm",
        "stack select",
        "stack unselect",
    }
    showing = {"config get"}  # what it is asked for
    known = {" ".join(command.path) for command in COMMANDS} - of_others - showing
    assert known - played <= {
        "import",
        "config rm",
        "stack rename",
        "state delete",
        "state protect",
        "state rename",
        "state unprotect",
    }  # these say and keep no value


def test_nothing_that_is_said_has_a_secret_in_it(played: Played) -> None:
    lines = [(verb, line) for verb, _, text in played[1]["said"] for line in text.splitlines()]
    assert [(verb, line) for verb, line in lines if sung(line)] == []


def files_of(played: Played) -> set[Path]:
    folder, told = played
    written = [Path(name) for name in told["written"]]
    assert folder / "before" in written
    return {p for p in [*written, *folder.rglob("*")] if p.is_file() and p != folder / "before"}


def test_no_file_that_is_written_has_a_secret_in_it(played: Played) -> None:
    there = files_of(played)
    assert any(p.suffix == ".bak" for p in there)
    for part in ("history", "backups"):
        assert any(part in p.parts for p in there)
    assert {"exported.json", "import.json"} <= {p.name for p in there}
    assert [str(p) for p in there if sung(p.read_text(errors="replace"))] == []


def test_what_killed_runs_leave_has_no_secret_in_it(played: Played) -> None:
    """Half-written files, locks and pending operations are among what the test before this one has searched."""
    folder, told = played
    assert told["killed"] >= 8
    left = [p for p in files_of(played) if folder / "killed" in p.parents]
    states = [p.read_text() for p in left if p.name == "trop02.json"]
    assert any(".tmp" in p.name for p in left)
    assert any("locks" in p.parts for p in left)
    assert any('"pending_operations"' in text for text in states)
    assert any('"ciphertext"' in text for text in states)


def test_what_is_started_is_given_no_secret_as_an_argument(played: Played) -> None:
    """The stylesheet, which is secret too, goes to its process by standard input."""
    started = played[1]["started"]
    assert started
    assert all("xslt_child.py" in each and not sung(each) for each in started)


def test_a_create_that_only_half_succeeded_keeps_no_secret_of_its_error_in_the_state(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = Project(tmp_path, monkeypatch)
    project.make()
    project.faults({"create_init": {"Domain:vm0": "its agent says s3cr3t, and no more"}})
    done = project.run("up", "--yes", "--skip-preview")
    assert done.code == 1
    assert "its agent says [secret], and no more" in done.out
    records = json.loads(project.state_file.read_text())["checkpoint"]["latest"]["resources"]
    assert [r["initErrors"] for r in records if "initErrors" in r] == [
        ["its agent says [secret], and no more"]
    ]
    project.faults({})
    assert "s3cr3t" not in project.run("refresh", "--yes").out


def test_secrets_stay_secret_in_the_state_also_where_they_were_derived(played: Played) -> None:
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
        ("p&s<w", "<a>p&amp;s&lt;w</a>", "<a>[secret]</a>"),
        ('say "it\'s"', "<a b='say &quot;it&apos;s&quot;'/>", "<a b='[secret]'/>"),
        ("two\nlines", r'{"a": "two\nlines"}', '{"a": "[secret]"}'),
        ("caf\u00e9\u00e9", r'{"a": "caf\u00e9\u00e9"}', '{"a": "[secret]"}'),
        ("a b/c", "ssh://op:a%20b%2Fc@host", "ssh://op:[secret]@host"),
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

"""`./trop` with the Pulumi CLI, of which a stand-in is on PATH: beside what is protected nothing is deleted."""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import pytest

from cli import stack_verbs
from cli.words.command_line import UsageError

CREATED = Path(__file__).parents[1] / "engine/recordings/04-up-create/01-up-yes.state.json"
BASE = "urn:pulumi:trop02::trop::libvirt:index/volume:Volume::base"
NETWORK = "urn:pulumi:trop02::trop::trop:index:HypervisorNetworks$libvirt:index/network:Network::bridged"
VM = "urn:pulumi:trop02::trop::trop:index:DockerHostVM$libvirt:index/domain:Domain::vm0"
STAND_IN = """#!/bin/sh
here=${0%/*}
echo "$@" >> "$here/asked"
case "$1" in
stack) cat "$here/export"; exit "$(cat "$here/code")" ;;
preview) cat "$here/preview"; exit 1 ;;
esac
"""
Type = Callable[[str], str]


@pytest.fixture
def pulumi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The stand-in's folder; the stack that it exports has one protected resource."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "pulumi").write_text(STAND_IN)
    (folder / "pulumi").chmod(0o755)
    protect(folder, BASE)
    (folder / "code").write_text("0")
    (folder / "preview").write_text("")
    (folder / "asked").touch()
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    return folder


def protect(folder: Path, *urns: str) -> None:
    state: Any = json.loads(CREATED.read_text())["checkpoint"]["latest"]
    for record in state["resources"]:
        record["protect"] = record["urn"] in urns
    (folder / "export").write_text(json.dumps({"version": 3, "deployment": state}))


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> Type:
    """What the CLI becomes, or would be: its words."""

    class Became(Exception):
        pass

    def become(_: str, words: list[str]) -> NoReturn:
        raise Became(" ".join(words[1:]))

    def run(line: str) -> str:
        monkeypatch.setattr("os.execvp", become)
        monkeypatch.setattr("os.environ", {**os.environ})  # which a command writes what its engine reads
        try:
            stack_verbs.run(line.split())
        except Became as became:
            return str(became)
        raise AssertionError(line)

    return run


@pytest.mark.parametrize(
    "words", ["", " --yes", " --yes --skip-preview", " --target-dependents --target=" + NETWORK]
)
def test_destroy_beside_what_is_protected_is_refused_before_the_cli_begins(
    pulumi: Path, typed: Type, words: str
) -> None:
    protect(pulumi, BASE, VM)
    if "target" in words:
        protect(pulumi, NETWORK)
    with pytest.raises(UsageError, match=r"nothing is destroyed, for .* protected, and the Pulumi CLI would"):
        typed(f"destroy trop02 --engine pulumi{words}")
    assert (pulumi / "asked").read_text() == "stack export --stack trop02\n"


def test_the_refusal_names_all_that_is_protected_and_each_way_out(pulumi: Path, typed: Type) -> None:
    protect(pulumi, BASE, VM)
    with pytest.raises(UsageError) as refused:
        typed("down trop02 --engine pulumi --yes")
    assert str(refused.value) == (
        "nothing is destroyed, for base (Volume), vm0 (Domain) are protected, and the Pulumi CLI would delete all "
        "around that first; to let it go, either declare it and run `./trop up trop02 --engine pulumi`, which "
        f"protects VMs alone, or use the command: ./trop state trop02 unprotect '{BASE}' --engine pulumi; "
        f"./trop state trop02 unprotect '{VM}' --engine pulumi"
    )
    for line, urn in zip(
        str(refused.value).partition("the command: ")[2].split("; "), (BASE, VM), strict=True
    ):
        words = " ".join(shlex.split(line.removeprefix("./trop ")))
        assert typed(words) == f"state unprotect {urn} --stack trop02"


@pytest.mark.parametrize(
    ("words", "given"),
    [
        ("--exclude-protected --yes", "destroy --exclude-protected --yes --stack trop02"),
        (f"-t {NETWORK}", f"destroy -t {NETWORK} --stack trop02"),
        (f"--exclude {BASE}", f"destroy --exclude {BASE} --stack trop02"),
        ("--preview-only", "destroy --preview-only --stack trop02"),
    ],
)
def test_what_leaves_the_protected_alone_is_handed_on(
    pulumi: Path, typed: Type, words: str, given: str
) -> None:
    assert typed(f"destroy trop02 --engine pulumi {words}") == given


def test_a_stack_without_anything_protected_is_handed_on(pulumi: Path, typed: Type) -> None:
    protect(pulumi)
    assert typed("destroy trop02 --engine pulumi --yes") == "destroy --yes --stack trop02"


@pytest.mark.parametrize(
    ("export", "code", "said"), [("", "255", "stack export: "), ("{}", "0", 'no "deployment"')]
)
def test_where_the_state_can_not_be_read_nothing_is_done(
    pulumi: Path, typed: Type, export: str, code: str, said: str
) -> None:
    (pulumi / "export").write_text(export)
    (pulumi / "code").write_text(code)
    with pytest.raises(UsageError, match=f"what is protected can't be told, so nothing is done: .*{said}"):
        typed("destroy trop02 --engine pulumi --yes")


def test_an_up_without_a_preview_is_looked_at_for_what_is_protected_and_leaves(
    pulumi: Path, typed: Type
) -> None:
    up = "up trop02 --engine pulumi --yes --skip-preview --parallel 4"
    assert typed(up) == "up --yes --skip-preview --parallel 4 --stack trop02"
    (pulumi / "preview").write_text(
        f'    error: Preview failed: resource "{BASE}" cannot be deleted\n    because it is protected. To unprotect\n'
    )
    with pytest.raises(
        UsageError, match=r"nothing is done: a protected .* says ./trop preview trop02 --engine pulumi"
    ) as refused:
        typed(up)
    assert (pulumi / "asked").read_text().splitlines()[-1] == "preview --parallel 4 --stack trop02"
    assert typed(str(refused.value).partition(" says ./trop ")[2]) == "preview --stack trop02"
    protect(pulumi)
    assert typed(up).startswith("up ")
    (pulumi / "asked").write_text("")
    assert typed("up trop02 --engine pulumi --yes").startswith(
        "up "
    )  # its own preview fails before anything is done
    assert (pulumi / "asked").read_text() == ""

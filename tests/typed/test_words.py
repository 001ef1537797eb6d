"""What is said of the way on is in ./trop's words, and works as it is printed."""

from __future__ import annotations

import getpass
import json
import re
from pathlib import Path

import pytest

from cli.adopt import declared
from cli.lab.host import plan_of
from cli.words.command_line import OTHERS
from config.plan import Plan
from engine.state.checkpoint import ENGINE_VERSION
from engine.verbs.flags import REFUSED
from tests.firstday import readme
from tests.firstday.test_whole_readme import ELSEWHERE, NOT_TYPED, RUNS_TESTS
from tests.typed.clone import DEBIANS, UUID, Clone
from tests.typed.test_existing import edited

DESTROY = "./trop destroy trop02 --yes --refresh=false"  # what is read first is gone from this host
URN = f"urn:pulumi:trop02::trop::{declared.VM}${declared.DOMAIN}::Acilamwen"


@pytest.mark.parametrize(
    "line",
    [
        "./trop preview trop02",
        "./trop config trop02 set libvirt:uri test:///default",
        "./trop stack trop02 output",
    ],
)
def test_a_stack_that_is_not_made_yet_names_the_command_that_makes_it(new: Clone, line: str) -> None:
    done = new.type(line)
    assert (done.code, done.out) == (6, "")
    assert done.err == "error: no stack named 'trop02' found; to make it: ./trop stack init trop02\n"
    new.well(done.err.partition("to make it: ")[2])
    assert "no stack named" not in new.type(line).err


def test_a_stack_that_the_repository_has_not_is_told_with_those_that_it_has(clone: Clone) -> None:
    done = clone.type("./trop preview trop09")
    assert done.code == 6
    assert done.err == "error: no stack named 'trop09' found; the stacks are trop01, trop02, trop03, trop04\n"


def test_adopting_into_a_stack_that_is_not_made_yet_names_the_command_once(new: Clone) -> None:
    done = new.type("./trop adopt trop02 --yes")
    assert done.code == 1
    assert done.err.count("./trop stack init trop02") == 1
    new.well("./trop stack init trop02")
    new.well("./trop adopt trop02 --yes")


def test_a_host_that_is_another_stacks_is_left_alone_and_the_line_says_where_this_ones_is(
    clone: Clone, plan: Plan
) -> None:
    theirs = DEBIANS.replace("52:54:00:11:22:33", plan_of("trop01").networks.default.mac)
    clone.host(plan, theirs)
    said = [clone.type(f"./trop {verb} trop02").text for verb in ("adopt", "preview")]
    lines = {
        line for text in said for line in re.findall(r"to say where trop02 is: (\./trop config .*)", text)
    }
    (line,) = lines
    assert all(line in text for text in said)
    clone.well(line)
    assert "libvirt:uri: qemu+ssh://root@trop02/system" in clone.file.read_text(encoding="utf-8")


def test_whoami_and_version_are_as_the_cli_prints_them(clone: Clone) -> None:
    assert clone.well("./trop whoami").out == f"{getpass.getuser()}\n"
    assert clone.well("./trop version").out == f"{ENGINE_VERSION}\n"


def test_every_verb_of_the_cli_that_is_not_here_is_handed_on_to_be_refused() -> None:
    assert {verb.partition(" ")[0] for verb in REFUSED} <= OTHERS | {"stack", "config", "state"}


@pytest.mark.parametrize(
    ("line", "verb"),
    [
        ("watch", "watch"),
        ("logs trop02 -f", "logs"),
        ("about", "about"),
        ("console", "console"),
        ("policy ls", "policy"),
        ("state trop02 edit", "state edit"),
    ],
)
def test_a_verb_that_only_the_cli_has_is_refused_in_one_line(clone: Clone, line: str, verb: str) -> None:
    done = clone.type(f"./trop {line}")
    assert (done.code, done.out) == (1, "")
    assert done.err == f"error: `pulumi {verb}` is not supported by the embedded engine; use the Pulumi CLI\n"


def test_destroy_goes_by_its_other_names_too(clone: Clone) -> None:
    done = clone.well("./trop down trop02 --yes")
    assert "Previewing destroy (trop02):" in done.out


def test_a_stack_of_which_all_is_destroyed_is_removed_by_the_line_that_is_told(clone: Clone) -> None:
    command = re.search(
        r"remove the stack completely, run `(.*)`", clone.well("./trop down trop02 --yes").out
    )
    assert command
    clone.well(f"{command[1]} --yes")
    assert not clone.state_file.exists()


def test_a_name_that_nothing_has_is_told_with_those_that_there_are(clone: Clone) -> None:
    clone.well("./trop adopt trop02 --yes")
    done = clone.well("./trop preview trop02 --allow Nobody=restart --allow 'defualt=network outage'")
    said = set(re.findall(r"warning: (--allow .*)", done.out))
    host = f"test://{clone.folder}/host.xml"
    assert said == {
        f"--allow Nobody=restart (with the Pulumi CLI: LIBVIRT_ALLOW) allows nothing: {host} has no domain Nobody; "
        "there is no domain at all",
        f"--allow defualt=network outage (with the Pulumi CLI: LIBVIRT_ALLOW) allows nothing: {host} has no network "
        "defualt; the networks there: default",
    }
    done = clone.well("./trop preview trop02 --allow 'default=network outage'")
    assert "allows nothing" not in done.text


def test_what_the_cli_would_be_given_is_looked_at_too(clone: Clone) -> None:
    done = clone.type("./trop preview trop02", LIBVIRT_ALLOW="default")
    assert (
        "warning: LIBVIRT_ALLOW: 'default' allows nothing: it is NAME=IMPACT, the impact one of restart, "
        in done.out
    )


def protected(clone: Clone) -> None:
    """The VM Acilamwen in the state, as an `up` has left it."""

    def add(records: list[dict[str, object]]) -> None:
        network = next(r for r in records if r["type"] == declared.NETWORK)
        parent = {
            "urn": f"urn:pulumi:trop02::trop::{declared.VM}::Acilamwen", "custom": False, "type": declared.VM,
            "parent": records[0]["urn"],
        }  # fmt: skip
        records += [
            parent,
            network | {"urn": URN, "id": "x", "type": declared.DOMAIN, "parent": parent["urn"]},
        ]

    clone.well("./trop adopt trop02 --yes")
    edited(clone, add)


def test_a_protected_vm_is_let_go_in_its_own_stacks_file(clone: Clone) -> None:
    protected(clone)
    done = clone.type(DESTROY)
    assert done.code == 1
    assert "Pulumi program" not in done.text
    assert (
        "To unprotect the resource, either say `protect: false` of Acilamwen under trop:vms in Pulumi.trop02.yaml "
        "(declare it there again, if it was taken out) and run `./trop up trop02`, or use the command:\n"
        f"    `./trop state trop02 unprotect '{URN}'`\n"
    ) in done.out
    command = re.search(r"`(\./trop state .*::Acilamwen')`", done.out)
    assert command
    clone.well(command[1])
    assert "Acilamwen" not in clone.type(DESTROY).out.partition("Diagnostics:")[2]


def test_what_else_is_protected_since_it_was_imported_is_let_go_by_an_up(clone: Clone) -> None:
    clone.well("./trop adopt trop02 --yes")
    done = clone.type(DESTROY)
    assert (
        "either declare it and run `./trop up trop02`, which protects VMs alone, or use the command:"
        in done.out
    )
    assert UUID in json.dumps(clone.resources())


def test_what_a_removed_stack_still_has_is_told_with_commands_that_work(clone: Clone) -> None:
    clone.well("./trop adopt trop02 --yes")
    done = clone.type("./trop stack rm trop02 --yes")
    assert (
        "- Run `./trop destroy trop02` to delete the resources, then run `./trop stack trop02 rm`\n"
        in done.err
    )
    forced = re.search(r"Run `(\./trop stack trop02 rm --force)` to override", done.err)
    assert forced
    clone.well(f"{forced[1]} --yes")
    assert not clone.state_file.exists()


def test_each_kind_of_command_on_the_pages_is_typed_on_a_first_day_or_elsewhere() -> None:
    """That each single one is, whole, only a machine made for it can tell (tests/firstday/test_whole_readme.py)."""
    typed = "".join(file.read_text(encoding="utf-8") for file in Path("tests/firstday").glob("*.py"))
    left = (
        {line for line in readme.all_commands() if line.startswith("./trop")}
        - NOT_TYPED.keys()
        - ELSEWHERE.keys()
    )
    kinds = {kind_of(line) for line in left if not line.startswith(RUNS_TESTS)}
    assert [kind for kind in sorted(kinds) if kind not in typed] == []
    assert all(Path(where).exists() for where in ELSEWHERE.values())


def kind_of(line: str) -> str:
    """Its words up to what the verb is about."""
    words = line.split()
    return " ".join(words[: 4 if words[1] in ("config", "stack", "state") else 2])

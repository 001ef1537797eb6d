"""An object that exists already: the line that refuses it names a command, and that leads out."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from cli.adopt import declared
from tests.typed.clone import UUID, Clone

HEAD = "urn:pulumi:trop02::trop::"
NETWORKS = f"{HEAD}{declared.NETWORKS}::trop02"
IN_PLACE = f"{HEAD}{declared.NETWORKS}${declared.NETWORK}::trop02-default"
IMPORT = f"./trop import trop02 {declared.NETWORK} trop02-default {UUID} --yes"

Record = dict[str, Any]


def refused(clone: Clone) -> str:
    """The command in the line that a preview ends with."""
    done = clone.type("./trop preview trop02")
    assert done.code == 1, done.text
    (said,) = set(re.findall(r"network default exists already on \S+, and not by this stack: .*", done.out))
    command = re.search(r"type: (\./trop .*)", str(said))
    assert command, said
    return command[1]


def accepted(clone: Clone) -> None:
    """The preview changes the network where it differs, and deletes nothing."""
    done = clone.well("./trop preview trop02")
    assert re.search(r" ~  libvirt:index:Network trop02-default update", done.out), done.text
    assert "to delete" not in done.out


def of_network(clone: Clone) -> list[Record]:
    return [r for r in clone.resources() if r["type"] == declared.NETWORK]


def edited(clone: Clone, edit: Callable[[list[Record]], object]) -> None:
    """Another state, put there as an operator would."""
    deployment = json.loads(clone.well("./trop stack trop02 export").out)
    edit(deployment["deployment"]["resources"])
    file = clone.folder / "edited.json"
    file.write_text(json.dumps(deployment), encoding="utf-8")
    clone.well(f"./trop stack trop02 import --file {file}")


def in_order(clone: Clone) -> None:
    """Nothing stands before what it needs."""
    seen: set[str] = set()
    for record in clone.resources():
        needs = {record.get("parent"), *(record.get("dependencies") or ())} - {None}
        assert needs <= seen, record["urn"]
        seen.add(record["urn"])


def test_the_printed_command_takes_the_object_over_and_the_preview_accepts_it(clone: Clone) -> None:
    command = refused(clone)
    assert command == "./trop adopt trop02 --yes"
    done = clone.well(command)
    assert "1 object is in the state of trop02" in done.out
    assert "What an up would do now: ./trop preview trop02\n" in done.out
    assert [r["urn"] for r in of_network(clone)] == [IN_PLACE]
    accepted(clone)


def test_the_command_has_the_options_of_the_one_that_was_refused(clone: Clone) -> None:
    done = clone.type("./trop preview trop02 --engine embedded")
    assert "type: ./trop adopt trop02 --yes --engine embedded" in done.out
    clone.well("./trop adopt trop02 --yes --engine embedded")
    accepted(clone)


def test_what_was_imported_at_the_root_is_moved_to_its_place(clone: Clone) -> None:
    clone.well(IMPORT)
    before = of_network(clone)
    done = clone.well(refused(clone))
    assert "moved in the state to where the program has it (1): network default\n" in done.out
    assert "Nothing is left to import." in done.out
    (record,) = of_network(clone)
    assert record == before[0] | {
        "urn": IN_PLACE, "parent": NETWORKS, "created": record["created"], "modified": record["modified"],
    }  # fmt: skip
    in_order(clone)
    accepted(clone)
    assert "moved" not in clone.well("./trop adopt trop02 --yes").out


def test_what_was_imported_under_another_name_is_moved_to_its_place(clone: Clone) -> None:
    clone.well(IMPORT.replace(" trop02-default ", " debians "))
    told = clone.well(f"./trop adopt trop02 --out {clone.folder}/out.json").out
    assert "not in it: network default, which the state has elsewhere; --yes moves it" in told
    clone.well("./trop adopt trop02 --yes")
    assert [r["urn"] for r in of_network(clone)] == [IN_PLACE]
    accepted(clone)


def test_what_spoke_of_it_speaks_of_it_in_its_place_and_comes_after_it(clone: Clone) -> None:
    clone.well(IMPORT)
    former = f"{HEAD}{declared.NETWORK}::trop02-default"

    def add(records: list[Record]) -> None:
        other = {"urn": f"{HEAD}a:b:C::dependent", "custom": False, "type": "a:b:C"}
        records.append(
            other
            | {
                "parent": records[0]["urn"],
                "dependencies": [former],
                "propertyDependencies": {"net": [former]},
            }
        )

    edited(clone, add)
    clone.well("./trop adopt trop02 --yes")
    dependent = next(r for r in clone.resources() if r["type"] == "a:b:C")
    assert dependent["dependencies"] == [IN_PLACE]
    assert dependent["propertyDependencies"] == {"net": [IN_PLACE]}
    in_order(clone)


def test_of_an_object_that_the_state_has_twice_the_record_in_its_place_stays(clone: Clone) -> None:
    clone.well("./trop adopt trop02 --yes")
    (kept,) = of_network(clone)

    def add(records: list[Record]) -> None:
        records.append(kept | {"urn": f"{HEAD}{declared.NETWORK}::again", "parent": records[0]["urn"]})

    edited(clone, add)
    assert len(of_network(clone)) == 2
    clone.well("./trop adopt trop02 --yes")
    assert [r["urn"] for r in of_network(clone)] == [IN_PLACE]
    accepted(clone)


def test_another_object_in_its_place_is_told_and_nothing_is_moved(clone: Clone) -> None:
    """After a host was made anew: the state has the network that was there before, and the new one elsewhere."""
    clone.well("./trop adopt trop02 --yes")

    def add(records: list[Record]) -> None:
        place = next(r for r in records if r["urn"] == IN_PLACE)
        records.append(place | {"urn": f"{HEAD}{declared.NETWORK}::new", "parent": records[0]["urn"]})
        place["id"] = "6f0f1c0e-0000-4000-8000-00000000000f"

    edited(clone, add)
    before = clone.state_file.read_bytes()
    done = clone.type("./trop adopt trop02 --yes")
    assert done.code == 1
    assert "the state has 6f0f1c0e-0000-4000-8000-00000000000f in its place" in done.err
    assert clone.state_file.read_bytes() == before
    refresh = re.search(r"what is gone from the host leaves the state by: (\./trop refresh .*)", done.err)
    assert refresh
    clone.well(refresh[1])
    clone.well("./trop adopt trop02 --yes")
    assert [r["urn"] for r in of_network(clone)] == [IN_PLACE]


def test_while_a_run_has_the_lock_nothing_is_moved(clone: Clone) -> None:
    clone.well(IMPORT)
    before = clone.state_file.read_bytes()
    folder = clone.state / "locks/organization/trop/trop02"
    folder.mkdir(parents=True, exist_ok=True)
    lock = {"pid": 1, "username": "op", "hostname": "elsewhere", "timestamp": "2026-11-23T04:22:58.75Z"}
    (folder / "851080a3-800a-4579-b53d-182d86575bfe.json").write_text(json.dumps(lock))
    done = clone.type("./trop adopt trop02 --yes")
    assert done.code == 1
    assert "the state of trop02 is left as it is: the stack is currently locked by 1 lock(s)." in done.err
    assert clone.state_file.read_bytes() == before
    cancel = re.search(r"delete the lock file with `(.*?)`", done.err)
    assert cancel
    clone.well(cancel[1])
    clone.well("./trop adopt trop02 --yes")
    accepted(clone)


@pytest.mark.parametrize("where", ["preview", "import"])
def test_the_file_to_import_is_for_a_command_that_works(clone: Clone, where: str) -> None:
    """`adopt --out` names the command for it."""
    file = clone.folder / "import file.json"
    done = clone.well(f"./trop adopt trop02 --out '{file}'")
    command = re.search(r": 1 object, for: (\./trop .*)", done.out)
    assert command
    words = " --preview-only" if where == "preview" else " --yes"
    clone.well(command[1] + words)
    if where == "import":
        accepted(clone)

"""Taking over what exists: all of it, or nothing and a list of why."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from pulumi import ResourceOptions

from engine.errors import CommandError
from engine.options import Cancellation, Import
from engine.run.imports import parse, resolve
from engine.state.records import Snapshot
from tests.engine.fake import FakeProvider, Ran, Thing, World, go, in_order

THING = "fake:index:Thing"


def imports(*entries: dict[str, Any], protect: bool = False, **names: str) -> tuple[Import, ...]:
    data = json.dumps({"nameTable": names, "resources": list(entries)}).encode()
    return resolve(parse(data, "file"), "dev", "proj", protect, lambda _: "", "file")


def thing(name: str, id_: str = "", **more: Any) -> dict[str, Any]:
    return {"type": THING, "name": name, "id": id_ or f"{name}-there", **more}


def take(world: World, *entries: dict[str, Any], snapshot: Snapshot | None = None, **names: str) -> Ran:
    wanted = imports(*entries, **names)
    return go(lambda: None, world, snapshot, "import", imports=wanted)


def there(*names: str) -> World:
    return World(objects={f"{name}-there": {"size": 1, "color": "red"} for name in names})


def urns_of(snapshot: Snapshot) -> list[str]:
    return [r.urn.split("::", 2)[2] for r in snapshot.resources]


def test_an_import_into_an_empty_stack_makes_its_record_and_the_provider_s() -> None:
    run = take(there("a"), thing("a"))
    assert not run.result.failed
    assert urns_of(run.snapshot) == [
        "pulumi:pulumi:Stack::proj-dev",
        "pulumi:providers:fake::default",
        f"{THING}::a",
    ]
    a = run.snapshot.resources[-1]
    assert (a.id, a.inputs, a.import_id) == ("a-there", {"size": 1, "color": "red"}, "")
    assert a.parent == run.snapshot.resources[0].urn


def test_what_was_imported_is_no_change_for_a_program_that_says_the_same() -> None:
    world = there("a")
    run = take(world, thing("a"))
    again = go(lambda: Thing("a", size=1, color="red") and None, world, run.snapshot)
    assert again.result.changes == {"same": 2}
    assert world.asked("Create") == []


def test_nothing_is_imported_when_one_object_is_not_there_and_all_such_are_told() -> None:
    world = there("a", "d")
    made = go(lambda: Thing("d") and None, world)
    run = take(world, thing("a"), thing("b"), thing("c"), snapshot=made.snapshot)
    assert run.result.failed
    assert run.messages() == [
        "resource 'b-there' does not exist",
        "resource 'c-there' does not exist",
        "update failed: 2 of 3 resources can't be imported, so none was",
    ]
    assert run.snapshot.resources == made.snapshot.resources
    assert all(saved.resources == made.snapshot.resources for saved in run.saves)
    assert sorted(run.failed_steps()) == ["a", "b", "c"]
    assert "import" not in run.result.changes


def test_a_failed_import_leaves_no_stack_and_no_provider_behind() -> None:
    run = take(there(), thing("a"))
    assert run.snapshot.resources == []


def test_components_and_parents_come_before_their_children_whatever_the_order_in_the_file() -> None:
    run = take(
        there("a", "b"),
        thing("b", parent="inner"),
        thing("a", parent="outer"),
        {"type": "x:y:Inner", "name": "inner", "component": True, "parent": "outer"},
        {"type": "x:y:Outer", "name": "outer", "component": True},
    )
    assert not run.result.failed, run.messages()
    in_order(run.snapshot)
    assert urns_of(run.snapshot)[2:] == [
        "x:y:Outer::outer",
        "x:y:Outer$x:y:Inner::inner",
        f"x:y:Outer$x:y:Inner${THING}::b",
        f"x:y:Outer${THING}::a",
    ]


def test_a_logical_name_stands_in_the_urn_and_the_name_only_in_the_file() -> None:
    run = take(
        there("a"),
        {"type": "x:y:Vm", "name": "vm0Vm", "logicalName": "vm0", "component": True},
        thing("vm0Thing", "a-there", logicalName="vm0", parent="vm0Vm"),
    )
    assert urns_of(run.snapshot)[2:] == ["x:y:Vm::vm0", f"x:y:Vm${THING}::vm0"]


def test_the_name_table_gives_parents_that_the_state_has() -> None:
    world = there("b")
    made = go(lambda: Thing("a") and None, world)
    parent = next(r.urn for r in made.snapshot.resources if r.urn.endswith("::a"))
    run = take(world, thing("b", parent="it"), snapshot=made.snapshot, it=parent)
    assert run.snapshot.resources[-1].parent == parent
    unknown = take(world, thing("b", parent="it"), snapshot=made.snapshot, it=parent + "x")
    assert unknown.messages()[0].startswith(f"unknown parent '{parent}x' for resource")


def test_properties_name_the_inputs_to_keep() -> None:
    run = take(there("a"), thing("a", properties=["size"]))
    assert run.snapshot.resources[-1].inputs == {"size": 1}


def test_what_is_imported_is_protected_when_that_is_asked_for_but_no_component_is() -> None:
    wanted = imports(thing("a"), {"type": "x:y:C", "name": "c", "component": True}, protect=True)
    run = go(lambda: None, there("a"), kind="import", imports=wanted)
    assert {r.urn.split("::")[-1]: r.protect for r in run.snapshot.resources}["a"]
    assert not run.snapshot.resources[-1].protect


def test_importing_again_changes_nothing() -> None:
    world = there("a")
    first = take(world, thing("a"))
    second = take(world, thing("a"), snapshot=first.snapshot)
    assert second.result.changes == {"same": 2}
    assert second.snapshot.resources == first.snapshot.resources
    assert world.asked("Read") == ["a"]


def test_an_object_can_be_in_the_state_only_once() -> None:
    world = there("a", "b")
    first = take(world, thing("a"))
    twin = take(world, thing("b", "a-there"), snapshot=first.snapshot)
    assert (
        "the state has 'a-there' already, as 'urn:pulumi:dev::proj::fake:index:Thing::a'"
        in twin.messages()[0]
    )
    other = take(world, thing("a", "b-there"), snapshot=first.snapshot)
    assert other.messages()[0].endswith("Thing::a' already exists, as 'a-there'")


def test_inputs_that_the_provider_would_not_take_are_a_warning() -> None:
    class Picky(FakeProvider):
        async def Check(self, request: Any, context: Any) -> Any:
            answer = await super().Check(request, context)
            answer.failures.add(property="color", reason="no such color")
            return answer

    run = go(lambda: None, there("a"), kind="import", imports=imports(thing("a")), provider=Picky)
    assert not run.result.failed
    assert [m for m in run.messages("warning") if "no such color" in m]


def test_a_preview_reads_and_saves_nothing() -> None:
    world = there("a")
    run = go(lambda: None, world, kind="import", preview=True, imports=imports(thing("a")))
    assert run.result.changes == {"create": 1, "import": 1}
    assert world.asked("Read") == ["a"]
    assert (run.saves, run.snapshot.resources) == ([], [])


def test_a_read_only_resource_of_the_program_can_be_taken_over() -> None:
    world = there("a")
    made = go(lambda: Thing("a", opts=ResourceOptions(id="a-there")) and None, world)
    run = take(world, thing("a"), snapshot=made.snapshot)
    assert not run.result.failed, run.messages()
    assert [r.external for r in run.snapshot.resources if r.urn.endswith("::a")] == [False]


@pytest.mark.parametrize(
    ("document", "fault"),
    [
        ("[]", 'expected an object with a list "resources"'),
        ("{", "not valid JSON"),
        ('{"resources": [3]}', "resources[0]: expected an object, got int"),
        ('{"resources": [], "more": 1}', "more: unknown key"),
        ('{"resources": [], "nameTable": {"a": "b"}}', "nameTable: expected an object of names and URNs"),
        ('{"resources": [{"type": "a:b:C", "name": "n"}]}', "resources[0] (n): id is missing"),
        ('{"resources": [{"type": "a:b:C", "id": "n"}]}', "resources[0]: name is missing"),
        ('{"resources": [{"type": "C", "name": "n", "id": "i"}]}', "expected package:module:Name, got 'C'"),
        ('{"resources": [{"type": "a:b:C", "name": "n", "id": "<PLACEHOLDER>"}]}', "still <PLACEHOLDER>"),
        ('{"resources": [{"type": "a:b:C", "name": "n", "id": 7}]}', "(n): id: expected a text"),
        ('{"resources": [{"type": "a:b:C", "name": "n", "id": "i", "idd": 7}]}', "(n): idd: unknown key"),
        (
            '{"resources": [{"type": "a:b:C", "name": "n", "component": 1}]}',
            "component: expected true or false",
        ),
        (
            '{"resources": [{"type": "a:b:C", "name": "n", "id": "i", "component": true}]}',
            "id: a component has none",
        ),
        (
            '{"resources": [{"type": "pulumi:providers:a", "name": "n", "id": "i"}]}',
            "pulumi:providers:a can't be imported",
        ),
        (
            '{"resources": [{"type": "a:b:C", "name": "n", "component": true, "remote": true}]}',
            "remote components are not supported",
        ),
    ],
)
def test_an_import_file_that_is_wrong_is_told_in_a_line(document: str, fault: str) -> None:
    with pytest.raises(CommandError) as caught:
        parse(document.encode(), "file.json")
    assert fault in str(caught.value)
    assert "file.json" in str(caught.value)


@pytest.mark.parametrize(
    ("entries", "fault"),
    [
        ([thing("a", parent="b")], "a: its parent 'b' stands neither in nameTable nor among the resources"),
        ([thing("a"), thing("a", "c")], "a: two resources have this name"),
        ([thing("a", parent="b"), thing("b", parent="a")], "is among its own parents"),
        ([thing("a"), thing("b", logicalName="a")], "duplicate import 'a'"),
        ([thing("a"), thing("b", "a-there")], "'a-there' is imported twice"),
        ([thing("a", provider="hv")], "a: the provider 'hv' does not stand in nameTable"),
    ],
)
def test_names_that_lead_nowhere_are_told(entries: list[dict[str, Any]], fault: str) -> None:
    with pytest.raises(CommandError, match="nothing was imported") as caught:
        imports(*entries)
    assert fault in str(caught.value)


def test_an_import_that_is_canceled_takes_nothing_over() -> None:
    cancellation = Cancellation()

    class Slow(FakeProvider):
        async def Read(self, request: Any, context: Any) -> Any:
            cancellation.cancel()
            await asyncio.sleep(0.05)
            return await super().Read(request, context)

    wanted = imports(thing("a"), thing("b"))
    run = go(
        lambda: None,
        there("a", "b"),
        kind="import",
        imports=wanted,
        provider=Slow,
        cancellation=cancellation,
        parallel=1,
    )
    assert (run.result.failed, run.result.canceled) == (True, True)
    assert run.snapshot.resources == []
    assert "update canceled" in run.messages()

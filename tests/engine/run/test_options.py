"""Resource options: those that work, and those that are refused by name."""

from __future__ import annotations

from typing import Any

import pulumi
import pytest
from pulumi import CustomTimeouts, ResourceOptions
from pulumi.runtime.proto.provider_pb2 import CheckFailure

from engine.events import PropertyDiff
from engine.options import UnsupportedError
from engine.providers.client import Diff
from engine.run.goals import seconds
from engine.run.planner import complaint
from engine.state.records import Resource
from engine.state.values import Secret
from tests.engine.fake import Ran, Thing, World, go


def record(run: Ran, name: str) -> Any:
    return next(r for r in run.snapshot.resources if r.urn.endswith(f"::{name}"))


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("plugin_download_url", {"plugin_download_url": "https://example.org"}),
        ("hide_diffs", {"hide_diffs": ["size"]}),
    ],
)
def test_an_option_that_this_engine_lacks_is_refused_by_name(name: str, options: dict[str, Any]) -> None:
    world = World()
    run = go(lambda: Thing("a", opts=ResourceOptions(**options)) and None, world)
    assert run.result.failed
    assert run.messages()[0].startswith(f"resource 'a' asks for {name}: ")
    assert "Pulumi CLI" in run.messages()[0]
    assert world.asked("Create") == []


def test_a_package_without_provider_is_refused_and_those_there_are_named() -> None:
    run = go(lambda: pulumi.StackReference("other") and None, World())
    assert run.result.failed
    assert "there is no provider for package 'pulumi' here (there is: fake)" in run.messages()[0]


def test_depends_on_and_parent_order_the_steps_and_stand_in_the_state() -> None:
    def program() -> None:
        a = Thing("a")
        Thing("b", opts=ResourceOptions(depends_on=[a], parent=a))

    world = World()
    run = go(program, world)
    b = record(run, "b")
    assert world.asked("Create") == ["a", "b"]
    assert b.urn == "urn:pulumi:dev::proj::fake:index:Thing$fake:index:Thing::b"
    assert b.dependencies == [record(run, "a").urn]
    assert b.parent == record(run, "a").urn


def test_additional_secret_outputs_are_secret_in_the_state() -> None:
    run = go(
        lambda: Thing("a", opts=ResourceOptions(additional_secret_outputs=["key"]), key="k", x=1) and None,
        World(),
    )
    assert record(run, "a").outputs == {"key": Secret("k"), "x": 1}


def test_a_secret_input_comes_back_as_a_secret() -> None:
    def program() -> None:
        a = Thing("a", key=pulumi.Output.secret("k"))
        pulumi.export("key", a.urn.apply(lambda _: "plain"))

    assert record(go(program, World()), "a").inputs == {"key": Secret("k")}


def test_custom_timeouts_are_seconds_in_the_state() -> None:
    options = ResourceOptions(custom_timeouts=CustomTimeouts(create="1h30m", delete="30s"))
    run = go(lambda: Thing("a", opts=options) and None, World())
    assert record(run, "a").custom_timeouts == {"create": 5400.0, "delete": 30.0}


def test_a_timeout_that_is_no_duration_is_refused() -> None:
    assert seconds("1.5s") == 1.5
    with pytest.raises(UnsupportedError, match="'ten minutes' is not a duration"):
        seconds("ten minutes")


def test_ignored_changes_stay_as_they_are() -> None:
    def program(size: int) -> None:
        Thing("a", opts=ResourceOptions(ignore_changes=["size"]), size=size)

    world = World()
    made = go(lambda: program(1), world)
    run = go(lambda: program(2), world, made.snapshot)
    assert run.result.changes == {"same": 2}
    assert record(run, "a").inputs == {"size": 1}


def test_a_retained_resource_leaves_the_state_without_a_delete() -> None:
    world = World()
    made = go(lambda: Thing("a", opts=ResourceOptions(retain_on_delete=True)) and None, world)
    run = go(lambda: None, world, made.snapshot)
    assert run.result.changes == {"same": 1, "delete": 1}
    assert world.asked("Delete") == []
    assert run.ids() == {}


def test_what_goes_with_another_is_not_deleted_by_itself() -> None:
    def program() -> None:
        a = Thing("a")
        Thing("b", opts=ResourceOptions(deleted_with=a))

    world = World()
    go(program, world, go(program, world).snapshot, "destroy")
    assert world.asked("Delete") == ["a"]


def imported(size: int) -> None:
    Thing("a", opts=ResourceOptions(import_="there"), size=size)


def test_an_import_reads_once_and_is_one_step_when_it_matches() -> None:
    world = World(objects={"there": {"size": 1}})
    run = go(lambda: imported(1), world)
    assert run.result.changes == {"create": 1, "import": 1}
    assert go(lambda: imported(1), world, run.snapshot).result.changes == {"same": 2}
    assert world.asked("Read") == ["a"]


def test_an_import_that_would_be_replaced_fails_at_preview_already() -> None:
    world = World(objects={"there": {"size": 1}}, replace_on=frozenset({"size"}))
    run = go(lambda: imported(2), world, kind="preview")
    assert run.result.failed
    assert "may not be replaced" in run.messages()[0]


def test_an_import_of_nothing_fails() -> None:
    run = go(lambda: imported(1), World())
    assert run.messages()[0] == "resource 'there' does not exist"


def test_a_resource_that_is_only_read_is_read_at_each_run_and_never_deleted() -> None:
    def program() -> None:
        Thing("a", opts=ResourceOptions(id="there"))

    world = World(objects={"there": {"size": 1}})
    run = go(program, world)
    assert record(run, "a").external
    again = go(program, world, run.snapshot)
    assert world.asked("Read") == ["a", "a"]
    go(lambda: None, world, again.snapshot)
    assert world.asked("Delete") == []


def test_a_run_that_goes_on_past_a_failure_leaves_alone_what_needs_it() -> None:
    def program() -> None:
        bad = Thing("bad", fail=True)
        Thing("needs", x=bad.id)
        Thing("free")

    world = World()
    run = go(program, world, continue_on_error=True)
    assert run.result.failed
    assert set(run.ids()) == {"free"}
    assert sorted(world.asked("Create")) == ["bad", "free"]


def test_an_object_that_the_stack_has_under_another_name_is_not_imported_to_be_deleted_with_that() -> None:
    def program(name: str, retain: bool = False) -> None:
        Thing(name, opts=ResourceOptions(import_="there", retain_on_delete=retain))

    world = World(objects={"there": {}})
    made = go(lambda: program("a"), world)
    run = go(lambda: program("b"), world, made.snapshot)
    assert run.messages()[0].startswith(
        "the state has 'there' already, as 'urn:pulumi:dev::proj::fake:index:Thing::a'"
    )
    assert (run.ids(), set(world.objects)) == ({"a": "there"}, {"there"})
    kept = go(lambda: program("a", retain=True), world, made.snapshot)
    moved = go(lambda: program("b"), world, kept.snapshot)
    assert (moved.ids(), set(world.objects)) == ({"b": "there"}, {"there"})


def test_what_needs_a_failed_resource_is_not_imported_either() -> None:
    def program() -> None:
        bad = Thing("bad", fail=True)
        Thing("needs", opts=ResourceOptions(import_="there", depends_on=[bad]))

    world = World(objects={"there": {}})
    run = go(program, world, continue_on_error=True)
    assert run.ids() == {}
    assert world.asked("Read") == []


@pytest.mark.parametrize(
    ("patterns", "replaced"),
    [(["size"], True), (["*"], True), (["tags.owner"], False), (["tags[*]"], False), (["other"], False)],
)
def test_a_change_of_what_is_named_replaces_the_object(patterns: list[str], replaced: bool) -> None:
    def program(size: int) -> None:
        Thing("a", opts=ResourceOptions(replace_on_changes=patterns), size=size)

    world = World()
    made = go(lambda: program(1), world)
    assert record(made, "a").replace_on_changes == patterns
    run = go(lambda: program(2), world, made.snapshot)
    assert run.result.changes == {"same": 1, "replace" if replaced else "update": 1}
    assert go(lambda: program(2), world, run.snapshot).result.changes == {"same": 2}


def test_a_replacement_on_change_is_found_in_the_details_of_a_difference() -> None:
    details = {"tags.owner": PropertyDiff("update", True), "size": PropertyDiff("add")}
    diff = Diff(changes=True, keys=["tags", "size"], detailed=details)
    diff.force(["tags.*"])
    assert diff.replaces == ["tags"]
    assert diff.detailed == {"tags.owner": PropertyDiff("update-replace", True), "size": PropertyDiff("add")}


def test_what_did_not_change_is_not_replaced() -> None:
    diff = Diff(changes=False)
    diff.force(["size"])
    assert not diff.replace


def test_a_message_shows_no_secret_however_deep_it_is() -> None:
    new = Resource(urn="urn:pulumi:s::p::a:b:C::n", type="a:b:C")
    told = complaint(
        new, CheckFailure(property="users", reason="too many"), {"users": [{"password": Secret("canary")}]}
    )
    assert told == "a:b:C resource 'n': property users value {[secret]} has a problem: too many"


def test_what_would_replace_an_import_is_told_without_secrets() -> None:
    def program() -> None:
        Thing("a", opts=ResourceOptions(import_="there"), key=pulumi.Output.secret("canary"), size=2)

    world = World(objects={"there": {"size": 1, "key": "k"}}, replace_on=frozenset({"size", "key"}))
    message = go(program, world).messages()[0]
    assert message.endswith("your program;\nkey: {k} => {[secret]};\nsize: {1} => {2}")


def test_a_resource_may_be_replaced_together_with_another() -> None:
    def program(size: int) -> None:
        a = Thing("a", size=size)
        Thing("b", size=1, opts=ResourceOptions(replace_with=[a]))
        Thing("c", size=1)

    world = World(replace_on=frozenset({"size"}))
    made = go(lambda: program(1), world)
    assert record(made, "b").replace_with == [record(made, "a").urn]
    assert go(lambda: program(1), world, made.snapshot).result.changes == {"same": 4}
    run = go(lambda: program(2), world, made.snapshot)
    assert run.result.changes == {"same": 2, "replace": 2}
    assert sorted(world.asked("Delete")) == ["a", "b"]

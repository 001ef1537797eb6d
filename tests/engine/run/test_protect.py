"""What is protected stays, and nothing is deleted beside it: stricter than the Pulumi CLI."""

from __future__ import annotations

from pulumi import ResourceOptions

from tests.engine.fake import Thing, World, go


def two() -> None:
    Thing("kept", opts=ResourceOptions(protect=True), size=1)
    Thing("other", size=1)


def test_destroy_beside_a_protected_resource_deletes_nothing_and_names_it() -> None:
    world = World()
    made = go(two, world)
    run = go(two, world, made.snapshot, "destroy")
    assert run.result.failed
    assert world.asked("Delete") == []
    assert len(run.snapshot.resources) == len(made.snapshot.resources)
    assert any("::kept" in m and "protected" in m for m in run.messages())
    assert run.failed_steps() == ["kept"]


def test_the_preview_of_that_destroy_fails_too() -> None:
    world = World()
    made = go(two, world)
    run = go(two, world, made.snapshot, "destroy", preview=True)
    assert run.result.failed
    assert run.messages()[-1] == "preview failed"


def test_every_protected_resource_is_named() -> None:
    def program() -> None:
        for name in ("a", "b", "c"):
            Thing(name, opts=ResourceOptions(protect=name != "b"))

    world = World()
    run = go(program, world, go(program, world).snapshot, "destroy")
    assert run.failed_steps() == ["a", "c"]


def test_a_protected_resource_that_leaves_the_program_stops_all_deletes() -> None:
    world = World()
    made = go(two, world)
    run = go(lambda: None, world, made.snapshot)
    assert run.result.failed
    assert world.asked("Delete") == []
    assert run.ids() == made.ids()


def test_a_protected_resource_is_not_replaced_and_what_follows_is_not_begun() -> None:
    def program() -> None:
        kept = Thing("kept", opts=ResourceOptions(protect=True), size=2)
        Thing("other", size=kept.size)

    world = World(replace_on=frozenset({"size"}))
    made = go(two, world)
    run = go(program, world, made.snapshot)
    assert run.result.failed
    assert world.asked("Create") == ["kept", "other"]
    assert world.asked("Delete") == []
    assert "unable to replace" in run.messages()[0]


def test_the_preview_of_that_replacement_is_an_error() -> None:
    def program() -> None:
        Thing("kept", opts=ResourceOptions(protect=True), size=2)

    world = World(replace_on=frozenset({"size"}))
    run = go(program, world, go(two, world).snapshot, "preview")
    assert run.result.failed


def chain(size: int, protect: bool = False) -> None:
    first = ResourceOptions(delete_before_replace=True)
    a = Thing("a", opts=first, size=size)
    Thing("b", opts=ResourceOptions(protect=protect), size=a.id)


def test_a_protected_dependent_keeps_what_it_depends_on_from_being_deleted_first() -> None:
    world = World(replace_on=frozenset({"size"}))
    made = go(lambda: chain(1, protect=True), world)
    run = go(lambda: chain(2, protect=True), world, made.snapshot)
    assert run.result.failed
    assert world.asked("Delete") == []
    assert "::b" in run.messages()[0]


def test_without_protection_the_dependent_goes_first_and_comes_back_last() -> None:
    world = World(replace_on=frozenset({"size"}))
    made = go(lambda: chain(1), world)
    world.calls.clear()
    run = go(lambda: chain(2), world, made.snapshot)
    assert not run.result.failed
    changing = [c for c in world.calls if c[0] in ("Create", "Delete")]
    assert changing == [("Delete", "b"), ("Delete", "a"), ("Create", "a"), ("Create", "b")]
    assert run.result.changes == {"replace": 2, "same": 1}


def test_protection_comes_from_the_parent_unless_the_child_says_otherwise() -> None:
    def program() -> None:
        parent = Thing("parent", opts=ResourceOptions(protect=True))
        Thing("child", opts=ResourceOptions(parent=parent))
        Thing("free", opts=ResourceOptions(parent=parent, protect=False))

    run = go(program, World())
    assert {r.urn.split("::")[-1]: r.protect for r in run.snapshot.resources if r.id and r.provider} == {
        "parent": True,
        "child": True,
        "free": False,
    }

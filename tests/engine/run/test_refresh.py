"""Refresh: what is really there comes into the state."""

from __future__ import annotations

import pulumi
import pytest

from engine.options import Kind
from tests.engine.fake import Thing, World, go, in_order


def program() -> None:
    a = Thing("a", size=1)
    Thing("b", a=a.id)
    pulumi.export("a", a.id)


def test_what_was_changed_by_hand_comes_into_the_state_and_is_told_from_the_states_side() -> None:
    world = World()
    made = go(program, world)
    world.objects["a-1"]["size"] = 5
    run = go(program, world, made.snapshot, "refresh")
    assert run.result.changes == {"same": 2, "update": 1}
    assert next(r for r in run.snapshot.resources if r.urn.endswith("::a")).inputs == {"size": 5}
    assert ("update", "a") in run.done()


def test_what_is_gone_leaves_the_state_and_the_dependencies_of_others() -> None:
    world = World()
    made = go(program, world)
    del world.objects["a-1"]
    run = go(program, world, made.snapshot, "refresh")
    assert run.result.changes == {"same": 2, "delete": 1}
    assert [r.dependencies for r in run.snapshot.resources if r.urn.endswith("::b")] == [[]]


def test_the_children_of_what_is_gone_stay_and_the_state_is_valid() -> None:
    def family() -> None:
        Thing("child", size=1, opts=pulumi.ResourceOptions(parent=Thing("a", size=1)))

    world = World()
    made = go(family, world)
    del world.objects["a-1"]
    run = go(family, world, made.snapshot, "refresh")
    in_order(run.snapshot)
    again = go(family, world, run.snapshot)
    assert again.result.changes == {"same": 2, "create": 1}
    assert "child-1" in world.objects


def test_an_old_copy_that_is_gone_takes_no_mention_of_the_new_one_along() -> None:
    async def refuses(name: str) -> None:
        raise RuntimeError(f"{name} stays")

    world = World(replace_on=frozenset({"size"}))
    made = go(program, world)
    world.on_delete = refuses

    def other() -> None:
        Thing("b", a=Thing("a", size=2).id)

    partly = go(other, world, made.snapshot)
    assert [r.id for r in partly.snapshot.resources if r.delete] == ["a-1"]
    del world.objects["a-1"]
    run = go(other, world, partly.snapshot, "refresh")
    assert [r.dependencies for r in run.snapshot.resources if r.urn.endswith("::b")] == [
        [r.urn for r in run.snapshot.resources if r.urn.endswith("::a")]
    ]


def test_a_preview_with_refresh_shows_what_up_would_mend_and_saves_nothing() -> None:
    world = World()
    made = go(program, world)
    world.objects["a-1"]["size"] = 5
    run = go(program, world, made.snapshot, "preview", refresh=True)
    assert run.result.changes == {"same": 2, "update": 1}
    assert run.saves == []
    assert run.snapshot is made.snapshot


def test_an_up_with_refresh_mends_it_in_one_run() -> None:
    world = World()
    made = go(program, world)
    world.objects["a-1"]["size"] = 5
    run = go(program, world, made.snapshot, refresh=True)
    assert run.result.changes == {"same": 2, "update": 1}
    assert world.objects["a-1"] == {"size": 1}
    assert world.asked("Read") == ["a", "b"]


def test_a_resource_that_was_removed_by_hand_is_made_again() -> None:
    world = World()
    made = go(program, world)
    del world.objects["b-1"]
    run = go(program, world, made.snapshot, refresh=True)
    assert run.result.changes == {"same": 2, "create": 1}
    assert run.ids()["b"] in world.objects


def test_the_program_does_not_begin_when_something_cannot_be_read() -> None:
    world = World()
    made = go(program, world)
    world.calls.clear()
    lost = [r for r in made.snapshot.resources if "providers" not in r.type]
    made.snapshot.resources = lost
    run = go(program, world, made.snapshot, refresh=True)
    assert run.result.failed
    assert "the state has no provider" in run.messages()[0]
    assert world.calls == []


def more() -> None:
    """What needs the one that can't be read is changed, and something is new."""
    a = Thing("a", size=1, opts=pulumi.ResourceOptions(aliases=[pulumi.Alias(name="once")]))
    Thing("b", a=a.id, size=2)
    Thing("c")


@pytest.mark.reports("H1")
@pytest.mark.parametrize("name", ["a", "once"], ids=["under its name", "under a former one"])
def test_a_preview_goes_past_what_cannot_be_read_and_judges_all_else(name: str) -> None:
    world = World()
    made = go(lambda: Thing("b", a=Thing(name, size=1).id), world)
    world.unread = frozenset({name})
    run = go(more, world, made.snapshot, "preview", refresh=True)
    assert run.result.changes == {"same": 1, "update": 1, "create": 1}
    assert run.failed_steps() == [name]
    assert run.messages() == [f"Preview failed: {name} can't be read", "preview failed"]
    assert world.asked("Update") == ["b"]
    assert "a" not in world.asked("Diff")
    assert run.saves == []


@pytest.mark.parametrize(("kind", "unread"), [("update", "a"), ("preview", "ab")])
def test_where_that_is_all_and_in_a_real_run_the_program_does_not_begin(kind: Kind, unread: str) -> None:
    world = World()
    made = go(program, world)
    world.calls.clear()
    world.unread = frozenset(unread)
    run = go(more, world, made.snapshot, kind, refresh=True)
    assert run.failed_steps() == list(unread)
    assert world.asked("Check") == []


def test_an_up_with_refresh_that_changes_nothing_does_not_write_the_state_for_every_resource() -> None:
    world = World()
    made = go(program, world)
    run = go(program, world, made.snapshot, refresh=True)
    assert run.result.changes == {"same": 3}
    assert len(run.saves) == 2, "after the refresh, and at the end"


def chain(last: str = "c") -> None:
    a = Thing("a", size=1)
    Thing("b", size=1, x=a.id)
    if last:
        Thing(last, size=1)
    pulumi.export("size", a.id)


def test_a_refresh_that_runs_the_program_reads_all_and_makes_and_deletes_nothing() -> None:
    world = World()
    made = go(chain, world)
    world.calls.clear()
    run = go(lambda: chain("d"), world, made.snapshot, "refresh", run_program=True)
    assert not run.result.failed, run.messages()
    assert sorted(world.asked("Read")) == ["a", "b", "c"]
    assert {m for m, _ in world.calls} & {"Check", "Create", "Update", "Delete"} == set()
    assert set(run.ids()) == {"a", "b", "c"}


def test_a_refresh_that_runs_the_program_takes_its_outputs() -> None:
    world = World()
    made = go(lambda: pulumi.export("plain", 1), world)
    run = go(lambda: pulumi.export("plain", 2), world, made.snapshot, "refresh", run_program=True)
    assert run.snapshot.resources[0].outputs == {"plain": 2}


def test_what_is_gone_is_mentioned_nowhere_even_when_the_program_fails_then() -> None:
    def program() -> None:
        chain()
        raise ValueError("gave up")

    world = World()
    made = go(chain, world)
    del world.objects["a-1"]
    run = go(program, world, made.snapshot, "refresh", run_program=True)
    assert run.result.failed
    for saved in [*run.saves, run.snapshot]:
        in_order(saved)

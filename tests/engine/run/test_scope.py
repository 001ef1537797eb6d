"""A part of a stack: what is targeted is changed, the rest stays as it is, and nothing is pulled from under it."""

from __future__ import annotations

import pytest
from pulumi import ResourceOptions

from engine.scope import Scope
from tests.engine.fake import Ran, Thing, World, go, in_order

THING = "urn:pulumi:dev::proj::fake:index:Thing"
EVERY = f"{THING}::**"


def urn(name: str) -> str:
    return f"{THING}::{name}"


def chain(size: int = 1, *names: str) -> None:
    """Things, each of which depends on the one before."""
    last: list[Thing] = []
    for name in names or ("a", "b", "c"):
        opts = ResourceOptions(depends_on=list(last), retain_on_delete=False)
        last = [Thing(name, size=size, x=last[0].id if last else None, opts=opts)]


def sizes(run: Ran) -> dict[str, int]:
    return {r.urn.split("::")[-1]: r.inputs["size"] for r in run.snapshot.resources if "size" in r.inputs}


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def made(world: World) -> Ran:
    return go(chain, world)


def test_only_the_target_is_changed(world: World, made: Ran) -> None:
    run = go(lambda: chain(2), world, made.snapshot, scope=Scope(targets=(urn("b"),)))
    assert run.result.changes == {"same": 3, "update": 1}
    assert sizes(run) == {"a": 1, "b": 2, "c": 1}


def test_only_the_target_is_checked_by_the_provider(world: World, made: Ran) -> None:
    world.calls.clear()
    go(lambda: chain(2), world, made.snapshot, scope=Scope(targets=(urn("b"),)))
    assert {name for method, name in world.calls if method in ("Check", "Diff", "Update")} == {"b"}


def test_dependents_follow_their_target(world: World, made: Ran) -> None:
    scope = Scope(targets=(urn("b"),), target_dependents=True)
    assert sizes(go(lambda: chain(2), world, made.snapshot, scope=scope)) == {"a": 1, "b": 2, "c": 2}


def test_what_is_excluded_stays_as_it_is_and_with_it_what_depends_on_it(world: World, made: Ran) -> None:
    scope = Scope(excludes=(urn("b"),))
    assert sizes(go(lambda: chain(2), world, made.snapshot, scope=scope)) == {"a": 2, "b": 1, "c": 2}
    scope = Scope(excludes=(urn("b"),), exclude_dependents=True)
    assert sizes(go(lambda: chain(2), World(), made.snapshot, scope=scope)) == {"a": 2, "b": 1, "c": 1}


@pytest.mark.parametrize(
    ("pattern", "matched"),
    [
        ("**::b", {"b"}),
        (f"{THING}::*", {"a", "b", "c"}),
        ("*", set()),
        ("**", {"a", "b", "c"}),
        ("urn:pulumi:dev::proj::fake:*:*::[ab]", set()),
    ],
)
def test_patterns_stand_for_many(pattern: str, matched: set[str], world: World, made: Ran) -> None:
    run = go(lambda: chain(2), world, made.snapshot, scope=Scope(targets=(pattern,)))
    assert {name for name, size in sizes(run).items() if size == 2} == matched


def test_what_is_new_and_no_target_is_not_made(world: World, made: Ran) -> None:
    run = go(lambda: chain(2, "a", "b", "c", "d"), world, made.snapshot, scope=Scope(targets=(urn("a"),)))
    assert not run.result.failed
    assert set(run.ids()) == {"a", "b", "c"}


def test_a_target_that_needs_what_is_not_made_is_refused(world: World, made: Ran) -> None:
    names = ("a", "b", "c", "d", "e")
    run = go(lambda: chain(2, *names), world, made.snapshot, scope=Scope(targets=(urn("e"),)))
    assert run.messages()[0] == (
        f"Resource '{urn('e')}' depends on '{urn('d')}' which was was not specified in --target list."
    )


def test_a_target_that_nobody_has_is_an_error_and_nothing_is_deleted(world: World, made: Ran) -> None:
    scope = Scope(targets=(urn("z"), urn("c")))
    run = go(lambda: chain(1, "a"), world, made.snapshot, scope=scope)
    assert run.messages() == [
        f"Target '{urn('z')}' could not be found in the stack. Did you forget to escape $ in your shell?"
    ]
    assert world.asked("Delete") == []
    for kind in ("refresh", "destroy"):
        assert go(chain, world, made.snapshot, kind, scope=scope).result.failed  # type: ignore[arg-type]
    assert (world.asked("Delete"), world.asked("Read")) == ([], [])


def test_what_left_the_program_is_deleted_only_when_it_is_a_target(world: World, made: Ran) -> None:
    run = go(lambda: chain(2, "a"), world, made.snapshot, scope=Scope(targets=(urn("c"),)))
    assert (world.asked("Delete"), set(run.ids())) == (["c"], {"a", "b"})


def test_a_destroy_takes_along_nothing_that_was_not_named(world: World, made: Ran) -> None:
    run = go(chain, world, made.snapshot, "destroy", scope=Scope(targets=(urn("b"),)))
    assert run.messages()[0].startswith(f"Resource '{urn('c')}' will be destroyed but was not specified")
    assert world.asked("Delete") == []
    run = go(chain, world, made.snapshot, "destroy", scope=Scope(targets=(urn("b"),), target_dependents=True))
    assert (world.asked("Delete"), set(run.ids())) == (["c", "b"], {"a"})
    in_order(run.snapshot)


def test_a_destroy_leaves_what_is_excluded_and_what_that_needs(world: World, made: Ran) -> None:
    run = go(chain, world, made.snapshot, "destroy", scope=Scope(excludes=(urn("b"),)))
    assert (world.asked("Delete"), set(run.ids())) == (["c"], {"a", "b"})
    in_order(run.snapshot)


def test_a_destroy_of_all_but_what_is_protected_leaves_what_that_needs(world: World) -> None:
    def program() -> None:
        a, _ = Thing("a"), Thing("b")
        Thing("c", opts=ResourceOptions(protect=True, depends_on=[a]))

    made = go(program, world)
    run = go(program, world, made.snapshot, "destroy", scope=Scope(exclude_protected=True))
    assert not run.result.failed
    assert (world.asked("Delete"), set(run.ids())) == (["b"], {"a", "c"})


def test_a_refresh_reads_only_the_target(world: World, made: Ran) -> None:
    for thing in world.objects.values():
        thing["size"] = 7
    run = go(chain, world, made.snapshot, "refresh", scope=Scope(targets=(urn("b"),)))
    assert (world.asked("Read"), run.result.changes) == (["b"], {"update": 1})
    assert sizes(run) == {"a": 1, "b": 7, "c": 1}
    in_order(run.snapshot)


def test_an_update_with_refresh_reads_only_the_target(world: World, made: Ran) -> None:
    go(chain, world, made.snapshot, scope=Scope(targets=(urn("b"),)), refresh=True)
    assert world.asked("Read") == ["b"]


def test_a_replacement_can_be_asked_for_without_a_change(world: World, made: Ran) -> None:
    run = go(chain, world, made.snapshot, scope=Scope(replaces=(urn("c"),)))
    assert run.result.changes == {"same": 3, "replace": 1}
    assert run.ids()["c"] != made.ids()["c"]
    assert world.asked("Delete") == ["c"]


def test_a_replacement_that_is_asked_for_needs_no_protection_to_be_ignored(world: World) -> None:
    def program() -> None:
        Thing("a", opts=ResourceOptions(protect=True))

    made = go(program, world)
    run = go(program, world, made.snapshot, scope=Scope(replaces=(urn("a"),)))
    assert run.result.failed
    assert (world.asked("Create"), world.asked("Delete")) == (["a"], [])


def test_the_old_copy_of_a_target_stays_while_the_rest_of_the_stack_uses_it(world: World, made: Ran) -> None:
    world.replace_on = frozenset({"size"})
    run = go(lambda: chain(2), world, made.snapshot, scope=Scope(targets=(urn("b"),)))
    assert not run.result.failed
    assert world.asked("Delete") == []
    assert [r.delete for r in run.snapshot.resources if r.urn == urn("b")] == [False, True]
    after = go(lambda: chain(2), world, run.snapshot)
    assert sorted(world.asked("Delete")) == ["a", "b", "c"]
    assert not [r for r in after.snapshot.resources if r.delete]


def test_a_replacement_that_goes_first_does_not_delete_what_is_no_target(world: World) -> None:
    def program(size: int) -> None:
        a = Thing("a", size=size, opts=ResourceOptions(delete_before_replace=True))
        Thing("b", size=a.id)

    made = go(lambda: program(1), world)
    world.replace_on = frozenset({"size"})
    run = go(lambda: program(2), world, made.snapshot, scope=Scope(targets=(urn("a"),)))
    assert run.messages()[0].startswith(f"Resource '{urn('b')}' will be destroyed but was not specified")
    assert world.asked("Delete") == []


def test_what_a_record_passed_by_still_speaks_of_stands_before_it_though_the_program_has_it_no_longer() -> (
    None
):
    world = World()

    def before() -> None:
        Thing("last", x=Thing("gone").id)
        Thing("a", size=1)

    def after() -> None:
        Thing("last")
        Thing("a", size=2)

    made = go(before, world)
    run = go(after, world, made.snapshot, scope=Scope(targets=(urn("a"),)))
    assert run.result.changes == {"same": 2, "update": 1}
    for snapshot in [*run.saves, run.snapshot]:
        in_order(snapshot)


def test_a_record_passed_by_is_on_its_provider_as_this_run_has_replaced_it() -> None:
    world = World()

    def program() -> None:
        Thing("a")
        Thing("b")

    made = go(program, world)
    provider = next(r.urn for r in made.snapshot.resources if "providers" in r.type)
    run = go(program, world, made.snapshot, scope=Scope(targets=(urn("a"),), replaces=(provider,)))
    references = {
        f"{r.urn}::{r.id}" for r in run.snapshot.resources if "providers" in r.type and not r.delete
    }
    assert {r.provider for r in run.snapshot.resources if r.provider} == references
    for snapshot in run.saves:
        in_order(snapshot)

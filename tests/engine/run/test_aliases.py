"""A resource that got another name, type or parent is still the same object."""

from __future__ import annotations

from typing import Any

import pulumi
import pytest
from pulumi import Alias, ComponentResource, ResourceOptions

from engine.run import aliases
from engine.run.aliases import former
from engine.state.records import Resource
from tests.engine.fake import Ran, Thing, World, go, in_order

THING = "urn:pulumi:dev::proj::fake:index:Thing"


class Box(ComponentResource):
    """A component with a thing that is named after it."""

    def __init__(self, name: str, kind: str = "x:y:Box", opts: ResourceOptions | None = None):
        super().__init__(kind, name, None, opts)
        self.thing = Thing(f"{name}-thing", opts=ResourceOptions(parent=self))


def names(run: Ran) -> set[str]:
    return {r.urn.split("::")[-1] for r in run.snapshot.resources if "providers" not in r.type}


def aliased(name: str, *former_names: Any, **props: Any) -> Thing:
    return Thing(name, opts=ResourceOptions(aliases=list(former_names)), **props)


def test_a_new_name_is_no_change_and_what_depends_on_it_follows() -> None:
    def program(name: str, *former_names: Any) -> None:
        a = aliased(name, *former_names)
        Thing("b", x=a.id, opts=ResourceOptions(depends_on=[a]))

    world = World()
    made = go(lambda: program("old"), world)
    run = go(lambda: program("new", Alias(name="old")), world, made.snapshot)
    assert run.result.changes == {"same": 3}
    assert run.ids()["new"] == made.ids()["old"]
    b = next(r for r in run.snapshot.resources if r.urn.endswith("::b"))
    assert (b.dependencies, b.property_dependencies) == ([f"{THING}::new"], {"x": [f"{THING}::new"]})
    for saved in [*run.saves, run.snapshot]:
        in_order(saved)


def test_a_former_urn_may_be_given_whole() -> None:
    world = World()
    made = go(lambda: aliased("old") and None, world)
    run = go(lambda: aliased("new", f"{THING}::old") and None, world, made.snapshot)
    assert run.result.changes == {"same": 2}


def test_a_change_of_name_and_of_properties_is_an_update_of_the_same_object() -> None:
    world = World()
    made = go(lambda: aliased("old", size=1) and None, world)
    run = go(lambda: aliased("new", Alias(name="old"), size=2) and None, world, made.snapshot)
    assert run.result.changes == {"same": 1, "update": 1}
    assert world.asked("Delete") == []


def test_a_renamed_component_takes_its_children_along() -> None:
    world = World()
    made = go(lambda: Box("old") and None, world)
    options = ResourceOptions(aliases=[Alias(name="old")])
    run = go(lambda: Box("new", opts=options) and None, world, made.snapshot)
    assert run.result.changes == {"same": 3}
    assert names(run) == {"proj-dev", "new", "new-thing"}


def test_a_component_of_another_type_takes_its_children_along() -> None:
    world = World()
    made = go(lambda: Box("a") and None, world)
    options = ResourceOptions(aliases=[Alias(type_="x:y:Box")])
    run = go(lambda: Box("a", "x:y:Crate", options) and None, world, made.snapshot)
    assert run.result.changes == {"same": 3}
    assert run.snapshot.resources[-1].urn.endswith("x:y:Crate$fake:index:Thing::a-thing")


def test_a_resource_may_move_under_a_parent_and_out_again() -> None:
    def beside() -> None:
        Box("box")
        Thing("a")

    def inside() -> None:
        box = Box("box")
        Thing("a", opts=ResourceOptions(parent=box, aliases=[Alias(parent=pulumi.ROOT_STACK_RESOURCE)]))

    def outside() -> None:
        box = Box("box")
        Thing("a", opts=ResourceOptions(aliases=[Alias(parent=box)]))

    world = World()
    made = go(beside, world)
    moved = go(inside, world, made.snapshot)
    assert moved.result.changes == {"same": 4}
    assert go(outside, world, moved.snapshot).result.changes == {"same": 4}


def test_a_failed_run_leaves_the_former_name_in_the_state() -> None:
    world = World(replace_on=frozenset({"fail"}))
    made = go(lambda: aliased("old") and None, world)
    run = go(lambda: aliased("new", Alias(name="old"), fail=True) and None, world, made.snapshot)
    assert run.result.failed
    assert names(run) == {"proj-dev", "old"}
    assert go(lambda: aliased("old") and None, world, run.snapshot).result.changes == {"same": 2}


def test_a_former_name_stands_in_the_state_until_the_step_has_ended() -> None:
    world = World()
    made = go(lambda: aliased("old", size=1) and None, world)
    run = go(lambda: aliased("new", Alias(name="old"), size=2) and None, world, made.snapshot)
    under_way = [s for s in run.saves if s.pending_operations]
    assert under_way
    for saved in under_way:
        assert {r.urn.split("::")[-1] for r in saved.resources} >= {"old"}


def test_two_resources_can_not_have_been_one() -> None:
    def program() -> None:
        aliased("a", Alias(name="old"))
        aliased("b", Alias(name="old"))

    world = World()
    made = go(lambda: aliased("old") and None, world)
    run = go(program, world, made.snapshot)
    assert run.result.failed
    assert run.messages()[0].startswith(
        f"Duplicate resource alias '{THING}::old' applied to resource with URN"
    )


def test_a_name_that_another_resource_has_taken_over_is_not_free() -> None:
    def program() -> None:
        new = aliased("new", Alias(name="old"))
        Thing("old", opts=ResourceOptions(depends_on=[new]))

    world = World()
    made = go(lambda: aliased("old") and None, world)
    run = go(program, world, made.snapshot)
    assert run.messages()[0] == (
        f"Duplicate resource URN '{THING}::old' conflicting with alias on resource with URN '{THING}::new'"
    )


def test_an_alias_that_nobody_has_is_nothing() -> None:
    run = go(lambda: aliased("a", Alias(name="never")) and None, World())
    assert run.result.changes == {"create": 2}


def test_a_renamed_resource_that_must_be_replaced_leaves_its_old_copy_to_be_deleted() -> None:
    world = World(replace_on=frozenset({"size"}))
    made = go(lambda: aliased("old", size=1) and None, world)
    run = go(lambda: aliased("new", Alias(name="old"), size=2) and None, world, made.snapshot)
    assert not run.result.failed
    assert (len(world.objects), names(run)) == (1, {"proj-dev", "new"})


@pytest.mark.parametrize(
    ("alias", "expected"),
    [
        (aliases.Alias(name="b"), "urn:pulumi:s::p::x:y:P$t::b"),
        (aliases.Alias(type="u"), "urn:pulumi:s::p::x:y:P$u::a"),
        (aliases.Alias(stack="z", project="q"), "urn:pulumi:z::q::x:y:P$t::a"),
        (aliases.Alias(no_parent=True), "urn:pulumi:s::p::t::a"),
        (aliases.Alias(parent="urn:pulumi:s::p::x:y:Q::q"), "urn:pulumi:s::p::x:y:Q$t::a"),
    ],
)
def test_each_part_of_a_urn_may_have_been_another(alias: aliases.Alias, expected: str) -> None:
    assert former("urn:pulumi:s::p::x:y:P$t::a", "urn:pulumi:s::p::x:y:P::p", [alias], "") == [expected]


def test_providers_are_renamed_in_references_with_their_ids() -> None:
    r = Resource(urn="u::v::w::x", type="t", provider="old::the-id")
    aliases.rename([r], {"old": "new"})
    assert r.provider == "new::the-id"

"""Random programs, edits, scopes and faults: the state stays valid, and the next plain run puts all right."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import pulumi
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pulumi import Alias, ResourceOptions

from engine.scope import Scope
from engine.state import urns
from engine.state.records import Snapshot
from tests.engine.fake import Ran, Thing, World, go, in_order

NAMES = "abcdef"
THING = "urn:pulumi:dev::proj::fake:index:Thing::"


@dataclass(frozen=True)
class Part:
    """One thing of a random program; ``former`` is what it was called in the program before."""

    name: str
    size: int = 1
    weight: int = 1
    needs: tuple[int, ...] = ()  # indices of parts before it
    uses: bool = False  # takes the id of the first that it needs
    first: bool = False  # delete before replace
    former: str = ""


Parts = tuple[Part, ...]
numbers = st.integers(1, 2)


@st.composite
def programs(draw: st.DrawFn) -> Parts:
    count = draw(st.integers(1, len(NAMES)))
    return tuple(
        Part(
            NAMES[i],
            draw(numbers),
            draw(numbers),
            tuple(sorted(draw(st.sets(st.integers(0, i - 1), max_size=2)))) if i else (),
            draw(st.booleans()),
            draw(st.booleans()),
        )
        for i in range(count)
    )


@st.composite
def edits(draw: st.DrawFn, before: Parts) -> Parts:
    """The program with other values, without its last parts, with some of them renamed."""
    kept = before[: draw(st.integers(1, len(before)))]
    return tuple(
        replace(
            part,
            name=part.name.upper() if (renamed := draw(st.booleans())) else part.name,
            former=part.name if renamed else "",
            size=draw(numbers),
            weight=draw(numbers),
        )
        for part in kept
    )


patterns = st.sampled_from([THING + n for n in NAMES + NAMES.upper()] + ["**", "**::[ab]", THING + "*"])
some = st.lists(patterns, max_size=2).map(tuple)


@st.composite
def scopes(draw: st.DrawFn) -> Scope:
    targets = draw(some)
    excludes = () if targets else draw(some)
    flags = [draw(st.booleans()) for _ in range(2)]
    return Scope(targets, flags[0], excludes, flags[1], False, draw(some))


def program(parts: Parts) -> Callable[[], None]:
    def run() -> None:
        made: list[Thing] = []
        for part in parts:
            above = [made[i] for i in part.needs]
            options = ResourceOptions(
                depends_on=above,
                delete_before_replace=part.first,
                aliases=[Alias(name=part.former)] if part.former else None,
            )
            value = above[0].id if part.uses and above else None
            made.append(Thing(part.name, size=part.size, weight=part.weight, x=value, opts=options))
        pulumi.export("last", made[-1].id)

    return run


def failing(names: frozenset[str]) -> Callable[[str], object]:
    async def hook(name: str) -> None:
        if name in names:
            raise RuntimeError(f"{name} will not")

    return hook


def valid(snapshot: Snapshot) -> None:
    """Whatever a record needs stands before it, and no URN has two live records."""
    in_order(snapshot)
    live = [r.urn for r in snapshot.resources if not r.delete]
    assert len(live) == len(set(live)), live


def told(run: Ran) -> None:
    for snapshot in [*run.saves, run.snapshot]:
        valid(snapshot)


def check(first: Parts, second: Parts, scope: Scope, faults: frozenset[str], kind: str) -> None:
    world = World(replace_on=frozenset({"size"}))
    made = go(program(first), world)
    assert not made.result.failed, made.messages()
    world.on_create, world.on_delete = failing(faults), failing(faults)  # type: ignore[assignment]
    partly = go(program(second), world, made.snapshot, kind, scope=scope)  # type: ignore[arg-type]
    told(partly)
    world.on_create, world.on_delete = failing(frozenset()), failing(frozenset())  # type: ignore[assignment]
    after = go(program(second), world, partly.snapshot)
    told(after)
    assert not after.result.failed, after.messages()
    ids = {r.id for r in after.snapshot.resources if r.custom and not urns.is_provider(r.type)}
    assert set(world.objects) == ids
    again = go(program(second), world, after.snapshot, "preview")
    assert set(again.result.changes) == {"same"}
    gone = go(program(second), world, after.snapshot, "destroy")
    assert (gone.snapshot.resources, world.objects) == ([], {})


@st.composite
def lives(draw: st.DrawFn) -> tuple[Parts, Parts, Scope, frozenset[str], str]:
    first = draw(programs())
    faults = draw(st.frozensets(st.sampled_from(NAMES + NAMES.upper()), max_size=2))
    kind = draw(st.sampled_from(["update", "update", "update", "refresh", "destroy"]))
    return first, draw(edits(first)), draw(scopes()), faults, kind


@given(lives())
@settings(max_examples=60)
def test_a_part_of_a_stack_is_changed_and_then_all_of_it(
    life: tuple[Parts, Parts, Scope, frozenset[str], str],
) -> None:
    check(*life)


@pytest.mark.soak
@given(lives())
@settings(max_examples=2000)
def test_many_parts_of_stacks_are_changed(life: tuple[Parts, Parts, Scope, frozenset[str], str]) -> None:
    check(*life)

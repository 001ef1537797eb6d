"""Steps at the same time, and the state after every one of them."""

from __future__ import annotations

import asyncio
import time

import pulumi
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pulumi import ResourceOptions

from engine.state.records import Snapshot
from tests.engine.fake import Thing, World, go, in_order


def several(count: int) -> None:
    for i in range(count):
        Thing(f"t{i}")


def test_steps_that_do_not_depend_on_each_other_run_together() -> None:
    world = World()
    together = asyncio.Event()

    async def on_create(name: str) -> None:
        if len(world.asked("Create")) == 3:
            together.set()
        await together.wait()  # nobody ends before all three have begun

    world.on_create = on_create
    assert go(lambda: several(3), world).result.changes == {"create": 4}


def test_no_more_run_together_than_was_allowed() -> None:
    world = World()
    running: set[str] = set()
    most = 0

    async def on_create(name: str) -> None:
        nonlocal most
        running.add(name)
        most = max(most, len(running))
        await asyncio.sleep(0.001)
        running.discard(name)

    world.on_create = on_create
    go(lambda: several(6), world, parallel=2)
    assert most == 2


def test_many_registrations_at_once_do_not_starve_each_other() -> None:
    def program() -> None:
        last = Thing("last", opts=ResourceOptions(depends_on=[Thing(f"t{i}") for i in range(150)]))
        pulumi.export("last", last.id)

    assert go(program, World()).result.changes == {"create": 152}


def test_the_state_is_saved_before_and_after_each_step() -> None:
    run = go(lambda: several(1), World())
    pending = [[o.type for o in s.pending_operations] for s in run.saves]
    assert ["creating"] in pending
    assert pending[-1] == []
    assert run.saves[-1].resources == run.snapshot.resources


def test_components_that_are_made_together_share_writes_and_stand_in_the_state_before_their_children() -> (
    None
):
    world, saves = World(), []

    def on_save(snapshot: Snapshot) -> None:
        time.sleep(0.01)  # as a disk does, while others come
        saves.append({r.urn.split("::")[-1] for r in snapshot.resources})

    async def on_create(name: str) -> None:
        assert name.removesuffix("-thing") in saves[-1]

    def program() -> None:
        for i in range(40):
            box = pulumi.ComponentResource("x:y:Box", f"b{i}")
            Thing(f"b{i}-thing", ResourceOptions(parent=box))
            box.register_outputs({"number": i})

    world.on_create = on_create
    run = go(program, world, on_save=on_save)
    assert (run.result.failed, run.result.changes) == (False, {"create": 81})
    assert len(saves) < 60, "a write for each component and each of its outputs would be 80"


def test_when_the_state_cannot_be_written_no_further_step_begins() -> None:
    world = World()

    def on_save(snapshot: Snapshot) -> None:
        if any(o.resource.urn.endswith("::t1") for o in snapshot.pending_operations):
            raise OSError("no space left on device")

    def program() -> None:
        first = Thing("t0")
        second = Thing("t1", x=first.id)
        Thing("t2", x=second.id)

    run = go(program, world, on_save=on_save)
    assert run.messages() == ["the engine failed: OSError: no space left on device"]
    assert world.asked("Create") == ["t0"]
    assert run.result.failed


def test_a_run_without_changes_saves_once_and_changes_nothing() -> None:
    world = World()
    made = go(lambda: several(2), world)
    world.calls.clear()
    run = go(lambda: several(2), world, made.snapshot)
    assert len(run.saves) == 1
    assert world.asked("Create") + world.asked("Update") + world.asked("Delete") == []


def test_a_preview_saves_nothing_and_leaves_the_snapshot_alone() -> None:
    world = World(replace_on=frozenset({"x"}))
    made = go(lambda: Thing("a", x=1) and None, world)
    before = [r.copy() for r in made.snapshot.resources]
    run = go(lambda: Thing("a", x=2) and None, world, made.snapshot, "preview")
    assert run.saves == []
    assert run.snapshot.resources == before
    assert run.result.changes == {"same": 1, "replace": 1}


Graph = list[set[int]]  # for each resource, those before it that it depends on


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    size = draw(st.integers(1, 5))
    return [draw(st.sets(st.integers(0, i - 1), max_size=2)) if i else set() for i in range(size)]


def program(graph: Graph, generation: int, failing: int | None, first: bool) -> None:
    things: list[Thing] = []
    for i, needs in enumerate(graph):
        ids = pulumi.Output.all(*(things[n].id for n in sorted(needs)))
        opts = ResourceOptions(delete_before_replace=first)
        things.append(Thing(f"t{i}", opts=opts, needs=ids, generation=generation, fail=i == failing or None))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(graph=graphs(), later=graphs(), failing=st.integers(0, 4), first=st.booleans())
def test_whatever_fails_each_state_is_in_order_and_the_next_run_comes_to_the_end(
    graph: Graph, later: Graph, failing: int, first: bool
) -> None:
    world = World(replace_on=frozenset({"generation", "needs"}))
    made = go(lambda: program(graph, 1, None, first), world)
    broken = go(lambda: program(later, 2, failing, first), world, made.snapshot)
    mended = go(lambda: program(later, 2, None, first), world, broken.snapshot)
    for run in (made, broken, mended):
        for saved in run.saves:
            in_order(saved)
    assert not mended.result.failed, mended.messages()
    assert set(mended.ids()) == {f"t{i}" for i in range(len(later))}
    assert set(mended.ids().values()) == set(world.objects), "nothing is left that the state does not know"

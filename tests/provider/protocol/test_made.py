"""What the same run makes counts as there: what was taken away by hand is made again, in one run, by both engines."""

from __future__ import annotations

import copy
import io
import os
import pickle
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from typing import Any
from unittest.mock import patch

import pytest

from engine.app import main
from engine.options import ProviderError
from tests.crash.operations import UP, one
from tests.crash.stand import PASSPHRASE, Start, folder
from tests.crash.world import World, servicer
from tests.lab.catalogue_stage import STACK
from tests.provider.protocol.by_hand import BRIDGED, TAKEN, several, unplug_float
from tests.provider.protocol.cli_order import Process, Record, records

each_taken = pytest.mark.parametrize("taken", TAKEN.values(), ids=TAKEN)
Taken = Callable[[Any], None]


@pytest.fixture(scope="module")
def up() -> Iterator[Start]:
    """trop02 with one VM that holds a float, in memory."""
    with folder() as root:
        world, made = World(), Start(root, b"")
        made.write(one())
        made.state.mkdir()
        for words in (("stack", "init", STACK), UP):
            typed(made, world, *words)
        made.world = pickle.dumps(world)
        yield made


def typed(up: Start, world: World, *words: str) -> str:
    """What a command line of the embedded engine says, that ends well."""
    variables = {
        "PULUMI_BACKEND_URL": f"file://{up.state}",
        "PULUMI_CONFIG_PASSPHRASE": PASSPHRASE,
        "PULUMI_HOME": str(up.folder / "home"),
    }
    stack = () if words[0] == "stack" else ("--stack", STACK)
    out = io.StringIO()
    with patch.dict(os.environ, variables), redirect_stdout(out), redirect_stderr(out):
        code = main(
            [*words, *stack, "--cwd", str(up.project)], providers={"libvirt": lambda: servicer(world)}
        )
    assert code == 0, f"{words[0]}: {out.getvalue()}"
    return out.getvalue()


def stack_of(up: Start) -> list[Record]:
    return records(up.state / f".pulumi/stacks/trop/{STACK}.json")


@each_taken
def test_what_is_gone_by_hand_is_made_again_by_one_up_of_the_embedded_engine(up: Start, taken: Taken) -> None:
    world = pickle.loads(up.world)
    before = world.seen()
    taken(world)
    for words in (("preview",), ("up", "--yes"), ("preview", "--expect-no-changes")):
        typed(up, world, *words)
    assert world.seen() == before


@each_taken
@pytest.mark.parametrize("seed", range(2))
def test_so_it_is_by_one_up_with_the_calls_as_the_pulumi_cli_makes_them(
    up: Start, taken: Taken, seed: int
) -> None:
    world, stack = pickle.loads(up.world), stack_of(up)
    before = world.seen()
    taken(world)
    gone = world.seen()
    Process(servicer(world), seed).run(copy.deepcopy(stack), preview=True)
    assert world.seen() == gone
    for _ in range(2):
        Process(servicer(world), seed).run(stack, preview=False)
        assert world.seen() == before


def test_an_up_goes_on_after_a_destroy_that_has_stopped_at_a_protected_vm(up: Start) -> None:
    """The float and its network are gone, and out of the state."""
    world, stack = pickle.loads(up.world), stack_of(up)
    before = world.seen()
    several(BRIDGED, unplug_float)(world)
    for each in stack:
        if each.urn.endswith(("-bridged", "float1")):
            each.id = ""
    for preview in (True, False):
        Process(servicer(world), 0).run(copy.deepcopy(stack), preview)
    assert world.seen() == before


def test_where_nothing_orders_the_two_the_one_waits_for_the_other(up: Start) -> None:
    """A float whose network is named by a plain text, and comes after it."""
    world, stack = pickle.loads(up.world), stack_of(up)
    before = world.seen()
    several(BRIDGED, unplug_float)(world)
    nic, network = (next(each for each in stack if each.urn.endswith(end)) for end in ("float1", "-bridged"))
    nic.after, network.after = nic.after - {network.urn}, nic.after - {network.urn}
    for preview in (True, False):
        Process(servicer(world), 0, late="-bridged").run(copy.deepcopy(stack), preview)
    assert world.seen() == before


def test_what_is_really_missing_is_refused_at_preview_and_once(up: Start) -> None:
    """The program has the network no more."""
    world, stack = pickle.loads(up.world), stack_of(up)
    several(BRIDGED, unplug_float)(world)
    stack = [each for each in stack if not each.urn.endswith("trop02-bridged")]
    with pytest.raises(ProviderError) as refused:
        Process(servicer(world), 0).run(stack, preview=True)
    assert str(refused.value) == (
        "NIC 52:54:00:00:01:00: there is no network bridged on qemu:///system: define it there; where this program "
        "declares it, take its name from there, so that it comes first"
    )

"""What is not declared any more leaves the stack, and stays on the host as it is; protected or not."""

from __future__ import annotations

import json
import pickle
import shutil
from typing import Any

import pytest

from tests.crash.operations import UP, one
from tests.crash.stand import Start, folder
from tests.crash.world import World
from tests.lab.catalogue_stage import STACK
from tests.provider.protocol.test_made import typed

VM, LIVE = "Acilamwen", "/libvirt/storage/live"
VOLUME, SEED = f"Volume::{VM}", f"CloudInitDisk::{VM}"


@pytest.fixture(scope="module")
def protected() -> Any:
    """trop02 with one VM with a seed disk, all of it protected, in memory."""
    with folder() as root:
        world, made = World(), Start(root, b"")
        made.write(declared())
        made.state.mkdir()
        for words in (("stack", "init", STACK), UP):
            typed(made, world, *words)
        made.world = pickle.dumps(world)
        shutil.copytree(made.state, root / "kept")
        yield made


def declared(**own: Any) -> Any:
    made = one()
    made.stack["vms"][VM] = {"protect": True, "guest": "agent", **own}
    return made


def state_file(up: Start) -> Any:
    return up.state / f".pulumi/stacks/trop/{STACK}.json"


def records(up: Start) -> dict[str, bool]:
    """Whether each resource is only read, by the end of its URN."""
    resources = json.loads(state_file(up).read_text())["checkpoint"]["latest"]["resources"]
    found = {each["urn"]: each.get("external", False) for each in resources}
    return {urn.rpartition("/")[2].partition(":")[2]: external for urn, external in found.items()}


@pytest.mark.reports("D3")
@pytest.mark.parametrize(
    ("own", "leaves"),
    [
        ({"overlay": False}, {VOLUME: f"{LIVE}/{VM}.qcow"}),
        ({"seedDisk": False}, {SEED: f"{LIVE}/{VM}-seed.iso"}),
        ({"nic": False}, {}),
        (
            {"overlay": False, "seedDisk": False, "nic": False},
            {VOLUME: f"{LIVE}/{VM}.qcow", SEED: f"{LIVE}/{VM}-seed.iso"},
        ),
    ],
)
def test_what_a_vm_does_not_declare_any_more_leaves_the_stack_and_stays_as_it_is(
    protected: Any, own: dict[str, Any], leaves: dict[str, str]
) -> None:
    world = pickle.loads(protected.world)
    shutil.rmtree(protected.state)
    shutil.copytree(protected.folder / "kept", protected.state)
    before = world.seen()
    protected.write(declared(**own))

    seen = typed(protected, world, "preview", "--expect-no-changes")
    for path in leaves.values():
        assert f"it leaves the stack; {path} itself stays as it is" in seen
    assert records(protected)[VOLUME] is False
    typed(protected, world, "up", "--yes")

    assert world.seen() == before
    assert {urn for urn, external in records(protected).items() if external} == set(leaves)
    assert "leaves the stack" not in typed(protected, world, "preview", "--expect-no-changes")

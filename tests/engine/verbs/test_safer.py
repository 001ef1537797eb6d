"""What this engine does otherwise than the Pulumi CLI to be safe, where no other test is about it alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pulumi import ResourceOptions

from engine.scope import Scope
from engine.verbs import runs
from tests.engine.conftest import CREATED
from tests.engine.fake import Thing, World, go
from tests.engine.harness import Project, locks_of
from tests.engine.run.test_scope import urn


def test_a_resource_that_the_stack_made_does_not_become_one_that_is_only_read() -> None:
    """It would never be deleted any more, and what was made nobody's."""
    world = World(objects={"there": {"size": 1}})
    made = go(lambda: Thing("a", size=1), world)
    run = go(lambda: Thing("a", opts=ResourceOptions(id="there")), world, made.snapshot)
    assert run.result.failed
    assert "this stack has made 'a' itself: it can't become one that is only read" in run.messages()[0]
    assert [(r.urn, r.external) for r in run.snapshot.resources if r.urn == urn("a")] == [(urn("a"), False)]
    assert run.ids() == made.ids()


def test_a_resource_that_the_stack_made_is_given_no_other_object() -> None:
    world = World(objects={"there": {"size": 1}})
    made = go(lambda: Thing("a", size=1), world)
    run = go(lambda: Thing("a", size=1, opts=ResourceOptions(import_="there")), world, made.snapshot)
    assert run.result.failed
    assert (
        f"the state has this resource as '{made.ids()['a']}': import_ can't give it another"
        in run.messages()[0]
    )
    assert run.ids() == made.ids()


def test_a_destroy_of_one_names_all_that_depends_on_it_children_too() -> None:
    def program() -> None:
        a = Thing("a")
        b = Thing("b", opts=ResourceOptions(depends_on=[a]))
        Thing("c", opts=ResourceOptions(parent=b))

    world = World()
    made = go(program, world)
    run = go(program, world, made.snapshot, "destroy", scope=Scope(targets=(urn("a"),)))
    assert run.result.failed
    told = "\n".join(run.messages())
    dependents = [r.urn for r in made.snapshot.resources if r.urn.endswith(("::b", "::c"))]
    assert len(dependents) == 2
    for each in dependents:
        assert f"Resource '{each}' will be destroyed but was not specified" in told
    assert world.asked("Delete") == []


@pytest.mark.parametrize("verb", ["up", "refresh", "destroy"])
def test_what_was_shown_is_what_is_done_as_nobody_can_come_in_between(
    verb: str, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lock is held from before the preview until the end."""
    held: list[list[Path]] = []
    real = runs.execute

    def execute(*args: Any, **kwargs: Any) -> Any:
        held.append(locks_of(project))
        return real(*args, **kwargs)

    monkeypatch.setattr(runs, "execute", execute)
    project.run("state", "unprotect", "--all", "--yes")
    done = project.run(verb, "--yes")
    assert done.code == 0, done.out + done.err
    assert len(held) == 2  # the preview, and the run
    assert len(held[0]) == 1
    assert held[0] == held[1]
    assert locks_of(project) == []


def test_a_backup_of_the_state_can_be_imported_as_it_is(project: Project) -> None:
    before = json.loads(project.state_file.read_text())["checkpoint"]["latest"]["resources"]
    assert project.run("up", "--yes", "--skip-preview", variables={"TROP_MEMORY": "2048"}).code == 0
    backup = next(p for p in (project.state / ".pulumi/stacks/trop").glob("*.bak"))
    backup.write_text(CREATED.read_text())
    done = project.run("stack", "import", "--file", str(backup))
    assert done.code == 0, done.err
    assert json.loads(project.state_file.read_text())["checkpoint"]["latest"]["resources"] == before

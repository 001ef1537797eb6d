"""How the user's program is run, and what becomes of it when something goes wrong."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from typing import Any

import grpc
import pulumi
import pytest

from tests.engine.fake import FakeProvider, Ran, Thing, World, go


def write(folder: Path, text: str, name: str = "__main__.py") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def outputs(run: Ran) -> dict[str, Any]:
    return next(r.outputs for r in run.snapshot.resources if r.type == "pulumi:pulumi:Stack")


def test_an_exception_is_told_with_the_frames_of_the_program_only(tmp_path: Path) -> None:
    program = write(tmp_path, "def f():\n    raise ValueError('given up')\nf()\n")
    run = go(program, World(), root=tmp_path)
    message = run.messages()[0]
    assert message.startswith(
        "Program failed with an unhandled exception:\nTraceback (most recent call last):\n"
    )
    assert f'File "{program}", line 3, in <module>' in message
    assert message.endswith("ValueError: given up")
    assert "engine/" not in message
    assert "runpy" not in message
    assert run.result.failed


def test_a_syntax_error_shows_the_line_and_nothing_of_the_engine(tmp_path: Path) -> None:
    run = go(write(tmp_path, "def :\n"), World(), root=tmp_path)
    assert "SyntaxError: invalid syntax" in run.messages()[0]
    assert "importlib" not in run.messages()[0]


def test_a_run_error_is_its_message_alone() -> None:
    def program() -> None:
        raise pulumi.RunError("vm 'x' has no slot")

    assert go(program, World()).messages() == ["vm 'x' has no slot"]


def test_an_exit_code_fails_the_run() -> None:
    run = go(lambda: sys.exit(3), World())
    assert run.messages() == ["the program ended with exit code 3"]
    assert not go(lambda: sys.exit(0), World()).result.failed


def test_a_failing_program_deletes_nothing() -> None:
    def broken() -> None:
        Thing("a")
        raise ValueError("no")

    def both() -> None:
        Thing("a")
        Thing("b")

    world = World()
    run = go(broken, world, go(both, world).snapshot)
    assert world.asked("Delete") == []
    assert set(run.ids()) == {"a", "b"}


def test_a_missing_setting_is_told_by_its_name() -> None:
    run = go(lambda: pulumi.Config().require("missing") and None, World())
    assert "proj:missing" in run.messages()[0]


def test_settings_and_secrets_reach_the_program() -> None:
    def program() -> None:
        pulumi.export("size", pulumi.Config().require("size"))

    assert outputs(go(program, World(), config={"proj:size": "3"})) == {"size": "3"}


def test_what_the_program_prints_is_told_line_by_line(capsys: pytest.CaptureFixture[str]) -> None:
    def program() -> None:
        print("one")
        print("two", end="")
        print("oh", file=sys.stderr)

    run = go(program, World())
    assert run.messages("info") == ["one", "two"]
    assert run.messages("info#err") == ["oh"]
    assert capsys.readouterr().out == ""


def test_log_messages_come_with_their_severity_and_debug_ones_do_not() -> None:
    def program() -> None:
        pulumi.log.info("said")
        pulumi.log.warn("warned")
        pulumi.log.debug("chatter")

    run = go(program, World())
    assert (run.messages("info"), run.messages("warning")) == (["said"], ["warned"])
    assert run.messages("debug") == []


def test_the_program_runs_in_its_folder_and_knows_the_engine_and_all_is_put_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TROP_ENGINE", raising=False)
    before = os.getcwd(), sys.argv, list(sys.path), sys.stdout, dict(os.environ)

    def program() -> None:
        os.environ["LEFT_BEHIND"] = "1"
        pulumi.export("cwd", os.getcwd())
        pulumi.export("engine", os.environ["TROP_ENGINE"])

    run = go(program, World(), root=tmp_path)
    assert outputs(run) == {"cwd": str(tmp_path), "engine": "embedded"}
    assert (os.getcwd(), sys.argv, list(sys.path), sys.stdout, dict(os.environ)) == before


def test_each_run_loads_the_modules_of_the_program_anew(tmp_path: Path) -> None:
    write(tmp_path, "import pulumi\npulumi.export('loaded', True)\n", "outside_module.py")
    program = write(tmp_path, "import outside_module\n")
    for _ in range(2):
        assert outputs(go(program, World(), root=tmp_path)) == {"loaded": True}


def test_a_program_that_waits_for_an_answer_that_never_comes_is_ended() -> None:
    async def forever() -> None:
        await asyncio.Event().wait()

    def program() -> None:
        failing = Thing("bad", fail=True)
        Thing("after", x=failing.id)
        pulumi.run(forever)

    run = go(program, World())
    assert run.messages() == ["bad can't be made", "update failed"]


def test_an_asynchronous_program_is_run_to_its_end() -> None:
    async def main() -> dict[str, Any]:
        await asyncio.sleep(0)
        return {"done": True}

    assert outputs(go(lambda: pulumi.run(main), World())) == {"done": True}


def test_the_same_urn_twice_is_refused_by_name() -> None:
    def program() -> None:
        Thing("twin")
        Thing("twin")

    run = go(program, World())
    assert run.messages() == [
        "Duplicate resource URN 'urn:pulumi:dev::proj::fake:index:Thing::twin'; try giving it a unique name"
    ]


def test_outputs_of_a_run_that_fails_stay_as_they_were() -> None:
    def program(bad: bool) -> None:
        a = Thing("a", fail=bad, x=bad)
        pulumi.export("bad", a.id.apply(lambda _: bad))

    world = World()
    made = go(lambda: program(False), world)
    run = go(lambda: program(True), World(objects=world.objects, replace_on=frozenset({"x"})), made.snapshot)
    assert run.result.failed
    assert outputs(run) == {"bad": False}


def test_a_program_that_fails_keeps_the_outputs_that_it_did_not_get_to() -> None:
    def whole() -> None:
        pulumi.export("early", 1)
        pulumi.export("late", 1)

    def broken() -> None:
        pulumi.export("early", 2)
        raise ValueError("no")

    run = go(broken, World(), go(whole, World()).snapshot)
    assert outputs(run) == {"early": 2, "late": 1}


def test_a_provider_that_can_not_be_had_for_a_function_is_told_in_its_own_line_and_ends_the_run() -> None:
    class Elsewhere(FakeProvider):
        async def DiffConfig(self, request: Any, context: Any) -> Any:
            await context.abort(grpc.StatusCode.FAILED_PRECONDITION, "another host")

    def program() -> None:
        pulumi.runtime.invoke("fake:index:look", {})
        Thing("a")

    world = World()
    first = go(lambda: Thing("a") and None, world)
    run = go(program, world, first.snapshot, provider=Elsewhere)
    assert run.result.failed
    assert run.messages()[0] == "another host"
    assert not any("Traceback" in message for message in run.messages())
    assert world.asked("Create") == ["a"]

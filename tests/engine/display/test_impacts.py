"""What changes do to what runs: told by the provider, shown beside each change, counted at the end."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Collection
from typing import Any, ClassVar

import grpc
import pulumi
import pytest
from google.protobuf import empty_pb2

from cli.fleet import table as fleet_table
from engine.display.console import Console
from engine.display.details import Details
from engine.display.digest import Digest
from engine.display.display import Run, Wishes
from engine.display.live import Live
from engine.display.progress import Progress
from engine.display.stream import Stream
from engine.events import Diagnostic
from engine.run import impacts
from engine.state.urns import stack_urn
from tests.engine.fake import FakeProvider, Ran, Thing, World, go

URN = "urn:pulumi:dev::proj::fake:index:Thing::"
Display = Callable[[Console, Run, Wishes], Any]


class Telling(FakeProvider):
    """Tells what an update does, and refuses to delete what is called ``held`` unless its user goes too."""

    failing: ClassVar[Collection[str]] = ()  # updates of these are told, begun, and fail

    def __init__(self, world: World):
        super().__init__(world)
        self.report: Callable[[str, str, str], None] | None = None

    async def Update(self, request: Any, context: Any) -> Any:
        assert self.report is not None
        words = {"mild": "live: size: grown", "slow": "next boot: size: 1 -> 2", "hard": "restart: stopped"}
        name = request.urn.split("::")[-1]
        if name in words:
            self.report(request.urn, "info", f"impact {words[name]}")
        if name in self.failing:
            await context.abort(grpc.StatusCode.FAILED_PRECONDITION, f"{name} is not changed")
        return await super().Update(request, context)

    async def Delete(self, request: Any, context: Any) -> Any:
        self._say_loss(request)
        return await super().Delete(request, context)

    def _say_loss(self, request: Any) -> None:
        if request.urn.endswith("::hard"):
            assert self.report is not None
            self.report(request.urn, "info", "impact data loss: hard is lost")

    async def PreviewDelete(self, request: Any, context: Any, changing: Collection[str]) -> Any:
        self.world.calls.append(("PreviewDelete", request.urn.split("::")[-1]))
        self._say_loss(request)
        if request.urn.endswith("::held") and "user-1" not in changing:
            await context.abort(grpc.StatusCode.FAILED_PRECONDITION, "held is not deleted: user needs it")
        return empty_pb2.Empty()


def things(*names: str, size: int = 1) -> Callable[[], None]:
    def program() -> None:
        for name in names:
            Thing(name, size=size)

    return program


def changed(*names: str, preview: bool = True) -> Ran:
    world = World()
    made = go(things(*names), world, provider=Telling)
    return go(things(*names, size=2), world, made.snapshot, preview=preview, provider=Telling)


def shown(display: Display, ran: Ran, preview: bool = True, errors: str = "") -> str:
    """``errors``: what --diff says on standard error."""
    console = Console(out=io.StringIO(), err=io.StringIO())
    run = Run("update", preview, "dev", stack_urn("dev", "proj"))
    made = display(console, run, Wishes(suppress_progress=True))
    made.begin()
    for event in ran.events:
        made.take(event)
    made.end()
    said: str = console.err.getvalue()  # type: ignore[attr-defined]
    if errors and display is Details:
        assert errors in said
    else:
        assert said == ""
    return console.out.getvalue()  # type: ignore[attr-defined, no-any-return]


@pytest.mark.parametrize(
    ("message", "kind", "path", "text"),
    [
        ("impact live: dhcpHosts: pi is added", "live", "dhcpHosts", "pi is added"),
        (
            "impact network outage: dns.hosts[0].ip: a: b",
            "network outage",
            "dns.hosts[0].ip",
            "a: b",
        ),
        ("impact restart: A is stopped", "restart", "", "A is stopped"),
        ("impact restart: A is stopped: it must", "restart", "", "A is stopped: it must"),
    ],
)
def test_an_impact_is_read_from_a_message(message: str, kind: str, path: str, text: str) -> None:
    assert impacts.told(Diagnostic("info", message, URN + "a")) == impacts.Impact(URN + "a", kind, path, text)


@pytest.mark.parametrize(
    "message", ["impact", "impact live", "the impact live: x", "impact LIVE: x", "Impact live: x"]
)
def test_other_messages_are_no_impacts(message: str) -> None:
    assert impacts.told(Diagnostic("info", message)) is None


def test_a_warning_is_no_impact() -> None:
    assert impacts.told(Diagnostic("warning", "impact live: x: y")) is None


def told(**kinds: str) -> list[impacts.Impact]:
    return [impacts.Impact(URN + name, kind.replace("_", " "), "p", "t") for name, kind in kinds.items()]


@pytest.mark.parametrize(
    ("kinds", "line"),
    [
        ({}, ""),
        ({"a": "live"}, "1 live; nothing restarts"),
        (
            {"a": "next_boot", "b": "live", "c": "live", "d": "live"},
            "3 live, 1 at next boot; nothing restarts",
        ),
        ({"Acilamwen": "restart"}, "1 restart: Acilamwen (allowed)"),
        (
            {"a": "live", "b": "restart", "c": "restart", "d": "network_outage"},
            "1 live; 1 network outage: d (allowed); 2 restart: b, c (allowed)",
        ),
    ],
)
def test_the_summary_counts_impacts_and_names_what_is_harmed(kinds: dict[str, str], line: str) -> None:
    assert impacts.summary(told(**kinds)) == line


@pytest.mark.parametrize(
    ("kinds", "unfinished", "line"),
    [
        ({"a": "live", "b": "live"}, "b", "1 live; nothing restarts; PARTLY: 1 live"),
        ({"a": "live", "b": "restart"}, "b", "1 live; PARTLY: 1 restart: b"),
        ({"a": "restart"}, "a", "PARTLY: 1 restart: a"),
        ({"a": "restart", "b": "next_boot"}, "b", "1 restart: a; PARTLY: 1 at next boot"),
    ],
)
def test_what_failed_is_not_counted_with_what_was_done(
    kinds: dict[str, str], unfinished: str, line: str
) -> None:
    said = impacts.summary(told(**kinds), failed=True, unfinished={URN + unfinished})
    assert said == line.replace("PARTLY", impacts.PARTLY)
    assert fleet_table.read(f"\nResources:\n    ~ 1 updated\n    {said}\n")[1] == (said,)


@pytest.mark.parametrize("display", [Progress, Live, Details])
def test_a_step_that_fails_is_shown_apart(display: Display, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Telling, "failing", ("hard",))
    out = shown(
        display, changed("mild", "hard", preview=False), preview=False, errors="hard is not changed\n"
    )
    assert f"\n    1 live; {impacts.PARTLY}: 1 restart: hard\n" in out
    assert "nothing restarts" not in out
    if display is not Details:
        assert f"  fake:index:Thing (hard), {impacts.PARTLY}:\n    restart: stopped\n" in out
        assert "updating failed" not in out or "**; 1 restart" not in out


@pytest.mark.parametrize("display", [Progress, Live, Details])
def test_of_an_update_that_failed_the_outputs_are_those_that_the_state_still_has(display: Display) -> None:
    def program(size: int) -> Callable[[], None]:
        def run() -> None:
            made = Thing("hard", size=size)
            pulumi.export("hard", made.id.apply(lambda id: f"{id}!"))
            pulumi.export("kept", "as it was")

        return run

    world = World()
    made = go(program(1), world, provider=Telling)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Telling, "failing", ("hard",))
        ran = go(program(2), world, made.snapshot, provider=Telling)
    out = shown(display, ran, preview=False, errors="hard is not changed\n")
    kept = {r.urn: r.outputs for r in ran.snapshot.resources}[stack_urn("dev", "proj")]
    assert kept == {"hard": "hard-1!", "kept": "as it was"}
    assert '    hard: "hard-1!"\n    kept: "as it was"\n' in out


def test_a_resource_that_is_harmed_by_two_changes_counts_once() -> None:
    assert impacts.summary([*told(a="restart"), *told(a="restart")]) == "1 restart: a (allowed)"


def test_a_run_that_failed_does_not_say_that_harm_was_allowed() -> None:
    assert impacts.summary(told(a="restart"), failed=True) == "1 restart: a"
    assert impacts.summary(told(a="data_loss"), failed=True, deleted={URN + "a"}) == "1 data loss: a"


def test_what_goes_with_a_deleted_resource_is_told_apart() -> None:
    known = [*told(a="restart", b="restart"), *told(c="live")]
    line = "1 live; 1 restart: a (allowed); 1 restart: b (deleted)"
    assert impacts.summary(known, deleted={URN + "b", URN + "c"}) == line


@pytest.mark.parametrize("display", [Progress, Live, Details])
@pytest.mark.parametrize("preview", [True, False])
def test_the_summary_counts_and_names_what_a_delete_does(display: Display, preview: bool) -> None:
    _, ran = destroyed("hard", "free", preview=preview)
    text = shown(display, ran, preview)
    assert "    1 data loss: hard (deleted)\n" in text
    assert "data loss: hard is lost\n" in text


@pytest.mark.parametrize("preview", [True, False])
def test_the_diff_has_the_impact_of_a_delete_below_it(preview: bool) -> None:
    _, ran = destroyed("hard", preview=preview)
    text = shown(Details, ran, preview)
    assert 0 < text.index("- fake:index:Thing: (delete)") < text.index("[impact on hard] data loss")
    assert text.count("[impact on hard]") == 1


@pytest.mark.parametrize("display", [Progress, Live])
@pytest.mark.parametrize("preview", [True, False])
def test_progress_has_the_impact_beside_each_change_and_counts_them(display: Display, preview: bool) -> None:
    text = shown(display, changed("mild", "slow", "plain", preview=preview), preview)
    rows = [line for line in text.split("\n") if "mild" in line and "diff" in line]
    assert rows[-1].rstrip().endswith("[diff: ~size]; 1 live")
    assert "Impacts:\n  fake:index:Thing (mild):\n    live: size: grown\n" in text
    assert "    1 live, 1 at next boot; nothing restarts\n" in text
    assert "message" not in text
    assert "Diagnostics:" not in text


@pytest.mark.parametrize("display", [Progress, Live, Details])
def test_without_impacts_no_word_is_said_of_them(display: Display) -> None:
    text = shown(display, changed("plain"))
    assert "mpact" not in text
    assert "restarts" not in text


def test_the_diff_has_the_impact_below_the_change_and_counts_them() -> None:
    text = shown(Details, changed("hard"))
    assert "[impact on hard] restart: stopped\n" in text
    assert text.endswith("    1 restart: hard (allowed)\n")


def test_the_json_preview_has_the_impact_on_its_step() -> None:
    document = json.loads(shown(Digest, changed("mild", "hard", "plain")))
    found = {step["urn"].split("::")[-1]: step.get("impacts") for step in document["steps"]}
    assert found["mild"] == [{"impact": "live", "property": "size", "text": "grown"}]
    assert found["hard"] == [{"impact": "restart", "property": "", "text": "stopped"}]
    assert found["plain"] is None
    assert document["impactSummary"] == {"live": 1, "restart": 1}
    assert "diagnostics" not in document


def test_the_json_stream_keeps_impacts_as_messages() -> None:
    lines = [json.loads(line) for line in shown(Stream, changed("mild", preview=False), False).splitlines()]
    messages = [line["diagnosticEvent"]["message"] for line in lines if "diagnosticEvent" in line]
    assert messages == ["impact live: size: grown\n"]


def destroyed(*names: str, remaining: tuple[str, ...] = (), preview: bool = True) -> tuple[World, Ran]:
    world = World()
    made = go(things(*names), world, provider=Telling)
    return world, go(things(*remaining, size=2), world, made.snapshot, preview=preview, provider=Telling)


def test_a_delete_that_the_provider_refuses_is_refused_at_preview() -> None:
    world, ran = destroyed("held", "free")
    assert ran.result.failed
    assert ran.messages()[0] == "Preview failed: held is not deleted: user needs it"
    assert ran.failed_steps() == ["held"]
    assert world.asked("Delete") == []
    assert sorted(world.asked("PreviewDelete")) == ["free", "held"]


@pytest.mark.parametrize("remaining", [(), ("user",)])
def test_what_the_same_run_deletes_or_changes_is_told_to_the_provider(remaining: tuple[str, ...]) -> None:
    _, ran = destroyed("held", "user", remaining=remaining)
    assert ran.messages() == []


def test_only_a_preview_asks_whether_a_delete_is_refused() -> None:
    world, ran = destroyed("held", preview=False)
    assert world.asked("PreviewDelete") == []
    assert world.asked("Delete") == ["held"]
    assert not ran.result.failed


def test_a_provider_that_cannot_tell_is_not_asked() -> None:
    world = World()
    made = go(things("held"), world)
    assert not go(things(), world, made.snapshot, preview=True).result.failed

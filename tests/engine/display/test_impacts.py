"""What changes do to what runs: told by the provider, shown beside each change, asked for at a preview."""

from __future__ import annotations

import json
from collections.abc import Callable

import pulumi
import pytest

from engine.display.details import Details
from engine.display.digest import Digest
from engine.display.live import Live
from engine.display.progress import Progress
from engine.display.stream import Stream
from engine.events import Diagnostic
from engine.run import impacts
from engine.state.urns import stack_urn
from tests.engine.display.telling import URN, Display, Telling, changed, destroyed, shown, things
from tests.engine.fake import Thing, World, go


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


@pytest.mark.reports("H2")
def test_a_run_too_asks_first_and_deletes_nothing_where_one_delete_is_refused() -> None:
    world, ran = destroyed("held", "free", preview=False)
    assert sorted(world.asked("PreviewDelete")) == ["free", "held"]
    assert world.asked("Delete") == []
    assert ran.failed_steps() == ["held"]
    world, ran = destroyed("free", preview=False)
    assert world.asked("Delete") == ["free"]
    assert not ran.result.failed


def test_a_provider_that_cannot_tell_is_not_asked() -> None:
    world = World()
    made = go(things("held"), world)
    assert not go(things(), world, made.snapshot, preview=True).result.failed

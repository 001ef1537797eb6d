"""Who depends on whom, and what goes first."""

from __future__ import annotations

from engine.run import graph
from engine.state.records import Resource


def made(name: str, *needs: str, parent: str = "", **more: object) -> Resource:
    return Resource(urn=name, type="t", dependencies=list(needs), parent=parent).copy(**more)


def names(rounds: list[list[Resource]]) -> list[list[str]]:
    return [sorted(r.urn for r in one) for one in rounds]


def test_deletes_go_in_rounds_from_what_is_deepest() -> None:
    records = [
        made("stack"),
        made("provider"),
        made("nets", parent="stack"),
        made("base", parent="stack", provider="provider::1"),
        made("default", parent="nets", provider="provider::1"),
        made("volume", "base", parent="stack", provider="provider::1"),
        made("domain", "volume", "default", parent="stack", provider="provider::1"),
    ]
    assert names(graph.deletion_rounds(records)) == [
        ["domain"],
        ["default", "volume"],
        ["base", "nets"],
        ["provider", "stack"],
    ]


def test_an_old_copy_goes_with_what_has_its_urn() -> None:
    records = [made("volume", delete=True), made("domain", "volume", delete=True)]
    assert names(graph.deletion_rounds(records)) == [["domain"], ["volume"]]


def test_a_circle_in_a_broken_state_does_not_hang_the_engine() -> None:
    assert len(graph.deletion_rounds([made("a", "b"), made("b", "a")])) > 0


def test_dependents_are_found_through_others_and_in_the_order_of_the_state() -> None:
    root = made("a")
    records = [root, made("b", "a"), made("x"), made("c", "b"), made("d", deleted_with="c")]
    assert [r.urn for r in graph.dependents({root.urn}, records, children=False)] == ["b", "c", "d"]


def test_a_child_is_no_dependent_of_its_parent() -> None:
    root = made("a")
    assert graph.dependents({root.urn}, [root, made("b", parent="a")], children=False) == []


def test_what_is_gone_is_mentioned_nowhere() -> None:
    [r] = graph.without_gone(
        [made("b", "a", "c", property_dependencies={"x": ["a"], "y": ["a", "c"]}, deleted_with="a")],
        {"a": ""},
    )
    assert (r.dependencies, r.property_dependencies, r.deleted_with) == (["c"], {"y": ["c"]}, "")


def test_the_children_of_what_is_gone_are_those_of_the_next_above_that_is_there() -> None:
    [r] = graph.without_gone([made("c", parent="b")], {"b": "a", "a": "stack"})
    assert r.parent == "stack"


def test_records_are_put_after_what_they_speak_of_and_stay_in_order_otherwise() -> None:
    records = [made("c", "b"), made("x"), made("a"), made("b", "a")]
    assert [r.urn for r in graph.in_order(records)] == ["a", "b", "c", "x"]


def test_an_old_copy_stands_in_for_nothing_and_is_kept() -> None:
    records = [made("b", "a"), made("a", delete=True), made("a")]
    assert [(r.urn, r.delete) for r in graph.in_order(records)] == [("a", False), ("b", False), ("a", True)]

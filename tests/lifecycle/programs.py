"""Random programs of the fake provider, and what an operator does to one between two runs."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

import pulumi
from hypothesis import strategies as st
from pulumi import Alias, ResourceOptions

from engine.state import urns
from tests.engine.fake import Thing

CANARY = "canary of a secret"
TYPES = {
    "thing": "fake:index:Thing",
    "component": "fake:index:Component",
    "provider": "pulumi:providers:fake",
}
NAMES = list("abcdefghij")


@dataclass(frozen=True)
class Part:
    """One resource of a random program; the others that it speaks of are named, and stand before it.

    ``size`` and ``weight`` are its properties, ``uses`` the thing whose id is a third.  ``formers``: URNs that it may
    have in the state.  ``imports``: the id of an object that is there already.
    """

    name: str
    kind: str = "thing"
    size: int = 1
    weight: int = 1
    secret: bool = False
    parent: str = ""
    needs: tuple[str, ...] = ()
    uses: str = ""
    provider: str = ""
    deleted_with: str = ""
    protect: bool | None = None
    retain: bool | None = None
    first: bool | None = None  # delete before replace
    ignores: tuple[str, ...] = ()
    replaces: tuple[str, ...] = ()
    imports: str = ""
    formers: tuple[str, ...] = ()

    def speaks_of(self) -> set[str]:
        return {self.parent, self.uses, self.provider, self.deleted_with, *self.needs} - {""}

    def without(self, gone: Iterable[str]) -> Part:
        """The part when these are no longer there, or no longer before it."""
        gone = set(gone)
        kept = {
            key: "" for key in ("parent", "uses", "provider", "deleted_with") if getattr(self, key) in gone
        }
        return replace(self, needs=tuple(n for n in self.needs if n not in gone), **kept)


Parts = tuple[Part, ...]


def urn_of(parts: Parts, part: Part) -> str:
    above = next((urn_of(parts, p) for p in parts if p.name == part.parent), "")
    return urns.make("dev", "proj", above, TYPES[part.kind], part.name)


def things(parts: Iterable[Part]) -> list[str]:
    return [p.name for p in parts if p.kind == "thing"]


def of_kinds(parts: Iterable[Part], *kinds: str) -> list[str]:
    return [p.name for p in parts if p.kind in kinds]


maybe = st.sampled_from([None, None, None, True, False])
seldom = st.sampled_from([False, False, False, True])
numbers = st.integers(1, 2)


@st.composite
def parts(draw: st.DrawFn, name: str, before: Parts) -> Part:
    """A part that can stand after these."""

    def one_of(names: list[str], wanted: bool) -> str:
        return draw(st.sampled_from(names)) if names and wanted else ""

    kind = draw(st.sampled_from(["thing"] * 6 + ["component", "provider"]))
    parent = one_of(of_kinds(before, "thing", "component"), draw(st.booleans()))
    if kind == "provider":
        return Part(name, kind, parent=parent)
    some = (
        st.lists(st.sampled_from(things(before)), unique=True, max_size=2) if things(before) else st.just([])
    )
    made = Part(
        name, kind, parent=parent, needs=tuple(sorted(draw(some))), protect=draw(seldom) or None,
        retain=draw(seldom) or None,
    )  # fmt: skip
    if kind == "component":
        return made
    return replace(
        made, size=draw(numbers), weight=draw(numbers), secret=draw(seldom), first=draw(maybe),
        uses=one_of(things(before), draw(st.booleans())),
        provider=one_of(of_kinds(before, "provider"), draw(st.booleans())),
        deleted_with=one_of(things(before), draw(seldom)),
        ignores=("weight",) if draw(seldom) else (),
        replaces=("weight",) if draw(seldom) else (),
        imports=f"foreign-{name}" if draw(seldom) else "",
    )  # fmt: skip


@st.composite
def programs(draw: st.DrawFn) -> Parts:
    made: Parts = ()
    for number in range(draw(st.integers(1, 6))):
        made += (draw(parts(NAMES[number], made)),)
    return made


@st.composite
def edits(draw: st.DrawFn, program: Parts) -> Parts:
    """One change of a program."""
    what = draw(st.sampled_from(["add", "remove", "rename", "move", "value", "value", "option", "swap"]))
    at = draw(st.integers(0, len(program) - 1)) if program else 0
    free = sorted(
        set(NAMES) - {p.name for p in program} - {urns.name_of(u) for p in program for u in p.formers}
    )
    if (what == "add" or not program) and free:
        made = draw(parts(draw(st.sampled_from(free)), program[:at]))
        return (*program[:at], made, *program[at:])
    if what == "remove" and program:
        gone = program[at].name
        return tuple(p.without([gone]) for p in program if p.name != gone)
    if what == "rename" and free and program:
        return _renamed(program, at, draw(st.sampled_from(free)))
    if what == "swap" and at:
        return _swapped(program, at)
    if not program:
        return program
    return (*program[:at], _altered(draw, program, at, what), *program[at + 1 :])


def _renamed(program: Parts, at: int, name: str) -> Parts:
    part = program[at]
    named = replace(part, name=name, formers=(*part.formers, urn_of(program, part)))

    def told(text: str) -> str:
        return name if text == part.name else text

    after = [
        replace(
            p, parent=told(p.parent), uses=told(p.uses), provider=told(p.provider),
            deleted_with=told(p.deleted_with), needs=tuple(sorted(told(n) for n in p.needs)),
        )
        for p in program[at + 1 :]
    ]  # fmt: skip
    return (*program[:at], named, *after)


def _swapped(program: Parts, at: int) -> Parts:
    one, other = program[at - 1 : at + 1]
    if one.name in other.speaks_of():
        return program
    return (*program[: at - 1], other, one, *program[at + 1 :])


def _altered(draw: st.DrawFn, program: Parts, at: int, what: str) -> Part:
    part, other = program[at], draw(parts(program[at].name, program[:at]))
    if what == "move":
        return replace(part, parent=other.parent, formers=(*part.formers, urn_of(program, part)))
    if what == "value" and part.kind == "thing":
        return replace(part, size=draw(numbers), weight=draw(numbers))
    if part.kind == "thing" == other.kind:
        return replace(other, parent=part.parent, imports=part.imports, formers=part.formers)
    return part


def run(program: Parts, breaks: int = -1) -> Callable[[], None]:
    """The program for the SDK; it raises before the part with the number ``breaks``."""

    def main() -> None:
        made: dict[str, Any] = {"": None}
        for number, part in enumerate(program):
            if number == breaks:
                raise RuntimeError("the program is broken here")
            made[part.name] = _register(part, made)
        pulumi.export("count", len(program))

    return main


def _register(part: Part, made: dict[str, Any]) -> pulumi.Resource:
    options = ResourceOptions(
        parent=made[part.parent], depends_on=[made[n] for n in part.needs], protect=part.protect,
        retain_on_delete=part.retain, aliases=[_alias(urn, n) for n, urn in enumerate(part.formers)],
    )  # fmt: skip
    if part.kind == "component":
        component = pulumi.ComponentResource(TYPES["component"], part.name, None, options)
        component.register_outputs({})
        return component
    if part.kind == "provider":
        return pulumi.ProviderResource("fake", part.name, {}, options)
    more = ResourceOptions(
        delete_before_replace=part.first, ignore_changes=list(part.ignores), deleted_with=made[part.deleted_with],
        replace_on_changes=list(part.replaces), import_=part.imports or None, provider=made[part.provider],
    )  # fmt: skip
    props = {"size": part.size, "weight": part.weight, "x": made[part.uses].id if part.uses else None}
    if part.secret:
        props["password"] = pulumi.Output.secret(CANARY)
    return Thing(part.name, ResourceOptions.merge(options, more), **props)


def _alias(urn: str, number: int) -> str | Alias:
    """Both ways to say it: the URN, and its parts, where the parent had no parent of its own."""
    above = urns.qualified_type(urn).rpartition("$")[0]
    return (
        Alias(name=urns.name_of(urn), parent=pulumi.ROOT_STACK_RESOURCE) if number % 2 and not above else urn
    )

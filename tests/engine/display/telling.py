"""A provider that tells what a change does, programs for it, and what a display shows of their runs."""

from __future__ import annotations

import io
from collections.abc import Callable, Collection
from typing import Any, ClassVar

import grpc
from google.protobuf import empty_pb2

from engine.display.console import Console
from engine.display.details import Details
from engine.display.display import Run, Wishes
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

    async def PreviewDelete(
        self, request: Any, context: Any, changing: Collection[str], quiet: bool = False
    ) -> Any:
        self.world.calls.append(("PreviewDelete", request.urn.split("::")[-1]))
        if not quiet:
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


def told(**kinds: str) -> list[impacts.Impact]:
    return [impacts.Impact(URN + name, kind.replace("_", " "), "p", "t") for name, kind in kinds.items()]


def destroyed(*names: str, remaining: tuple[str, ...] = (), preview: bool = True) -> tuple[World, Ran]:
    world = World()
    made = go(things(*names), world, provider=Telling)
    return world, go(things(*remaining, size=2), world, made.snapshot, preview=preview, provider=Telling)

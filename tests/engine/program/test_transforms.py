"""Transforms: what the program registers is changed by the program itself, on its way to the engine."""

from __future__ import annotations

from typing import Any

import pulumi
from pulumi import (
    ComponentResource,
    InvokeTransformArgs,
    InvokeTransformResult,
    ResourceOptions,
    ResourceTransformArgs,
    ResourceTransformResult,
)
from pulumi.runtime.proto import provider_pb2

from engine.state.values import Secret
from tests.engine.fake import FakeProvider, Ran, Thing, World, go


def inputs(run: Ran, name: str) -> Any:
    return next(r.inputs for r in run.snapshot.resources if r.urn.endswith(f"::{name}"))


def marked(mark: str) -> Any:
    """A transform that appends to the property ``marks``."""

    def transform(args: ResourceTransformArgs) -> ResourceTransformResult:
        return ResourceTransformResult({**args.props, "marks": args.props.get("marks", "") + mark}, args.opts)

    return transform


def test_the_stack_s_transform_changes_every_resource() -> None:
    def program() -> None:
        pulumi.runtime.register_resource_transform(marked("s"))
        Thing("a", size=1)
        Thing("b")

    run = go(program, World())
    assert not run.result.failed, run.messages()
    assert (inputs(run, "a"), inputs(run, "b")) == ({"size": 1, "marks": "s"}, {"marks": "s"})


def test_a_resource_s_own_come_first_then_its_parents_then_the_stack_s() -> None:
    class Box(ComponentResource):
        def __init__(self) -> None:
            super().__init__("x:y:Box", "box", None, ResourceOptions(transforms=[marked("p")]))
            Thing("a", opts=ResourceOptions(parent=self, transforms=[marked("o")]))

    def program() -> None:
        pulumi.runtime.register_resource_transform(marked("s"))
        Box()

    assert inputs(go(program, World()), "a") == {"marks": "ops"}


def test_options_may_be_changed_too() -> None:
    def protect(args: ResourceTransformArgs) -> ResourceTransformResult:
        options = ResourceOptions.merge(args.opts, ResourceOptions(protect=True, ignore_changes=["size"]))
        return ResourceTransformResult(args.props, options)

    run = go(lambda: Thing("a", opts=ResourceOptions(transforms=[protect]), size=1) and None, World())
    a = next(r for r in run.snapshot.resources if r.urn.endswith("::a"))
    assert (a.protect, a.ignore_changes) == (True, ["size"])


def test_values_of_other_resources_and_secrets_pass_through() -> None:
    def add(args: ResourceTransformArgs) -> ResourceTransformResult:
        return ResourceTransformResult({**args.props, "key": pulumi.Output.secret("k")}, args.opts)

    def program() -> None:
        a = Thing("a")
        Thing("b", x=a.id, opts=ResourceOptions(transforms=[add]))

    run = go(program, World())
    assert inputs(run, "b") == {"x": "a-1", "key": Secret("k")}
    b = next(r for r in run.snapshot.resources if r.urn.endswith("::b"))
    assert b.dependencies == [r.urn for r in run.snapshot.resources if r.urn.endswith("::a")]


def test_a_transform_may_wait_for_another_resource_and_says_itself_that_it_depends_on_it() -> None:
    def program() -> None:
        a = Thing("a")

        def add(args: ResourceTransformArgs) -> ResourceTransformResult:
            options = ResourceOptions.merge(args.opts, ResourceOptions(depends_on=[a]))
            return ResourceTransformResult({**args.props, "x": a.id}, options)

        Thing("b", opts=ResourceOptions(transforms=[add]))

    run = go(program, World())
    b = next(r for r in run.snapshot.resources if r.urn.endswith("::b"))
    assert (b.inputs, b.property_dependencies) == ({"x": "a-1"}, {"x": []})
    assert b.dependencies == ["urn:pulumi:dev::proj::fake:index:Thing::a"]


def test_a_transform_that_fails_ends_the_run_with_its_own_words() -> None:
    def wrong(args: ResourceTransformArgs) -> ResourceTransformResult:
        raise ValueError("no such thing")

    world = World()
    run = go(lambda: Thing("a", opts=ResourceOptions(transforms=[wrong])) and None, world)
    assert run.result.failed
    assert "no such thing" in run.messages()[0]
    assert world.asked("Create") == []


def test_a_transform_of_invokes_changes_their_arguments() -> None:
    class Asked(FakeProvider):
        async def Invoke(self, request: Any, context: Any) -> Any:
            answer = provider_pb2.InvokeResponse()
            getattr(answer, "return").CopyFrom(request.args)
            return answer

    def change(args: InvokeTransformArgs) -> InvokeTransformResult:
        return InvokeTransformResult({**args.args, "more": 1}, args.opts)

    def program() -> None:
        pulumi.runtime.register_invoke_transform(change)
        result = pulumi.runtime.invoke_output("fake:index:look", {"name": "x"})
        pulumi.export("found", result)

    run = go(program, World(), provider=Asked)
    assert not run.result.failed, run.messages()
    assert run.snapshot.resources[0].outputs == {"found": {"name": "x", "more": 1}}

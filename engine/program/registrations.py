"""What the program asks for, answered on the engine's loop.

Planning goes one goal at a time, as with the CLI; the steps of goals that don't wait for each other run together.
"""

from __future__ import annotations

import asyncio
from typing import Any

from google.protobuf import empty_pb2
from pulumi.runtime.proto import resource_pb2

from engine.events import OutputsRegistered, Step
from engine.options import CLI, ProviderError, UnsupportedError
from engine.program.transforms import Transforms
from engine.run import graph
from engine.run.executor import Executor
from engine.run.goals import Goal, default_provider, from_request, position
from engine.run.planner import Planner
from engine.run.refresh import is_readable, reread
from engine.run.session import HaltError, Session
from engine.state import urns
from engine.state.records import Resource
from engine.state.values import UNKNOWN_STRING, Props, from_wire, to_wire, without_unknown


class Registrations:
    """Handlers of the resource monitor's calls.  `HaltError` means: no answer, the run is ending."""

    def __init__(self, session: Session, planner: Planner, executor: Executor):
        self.session, self.planner, self.executor = session, planner, executor
        self.transforms = Transforms()
        self._planning = asyncio.Lock()
        self._goals: dict[str, Goal] = {}
        self._steps: dict[str, Step] = {}  # the one that each URN's outputs belong to
        self._defaults: dict[tuple[str, str], str] = {}
        self._failed: set[str] = set()
        self._deleting: dict[str, asyncio.Event] = {}  # URNs that another resource's replacement deletes

    async def register(self, request: Any) -> Any:
        """RegisterResource: plan, carry out, answer.

        With continue_on_error a failure is an answer too (FAIL), and what needs the failed resource is left alone.
        """
        self._open()
        callbacks = list(request.transforms)
        try:
            request = await self.transforms.resource(request)
            goal = from_request(request, self.session.project)
        except (ProviderError, UnsupportedError) as e:
            raise self.session.refuse(str(e)) from None
        self.transforms.note(goal.urn, goal.parent, callbacks)
        self.session.mask.learn(goal.inputs)
        if not self.session.preview:
            goal.inputs = without_unknown(goal.inputs)  # left by a resource that failed
        try:
            return await self._reach(goal)
        except HaltError:
            if self.session.stopping.is_set():
                raise
            self._failed.add(goal.urn)
            return resource_pb2.RegisterResourceResponse(urn=goal.urn, result=resource_pb2.FAIL)

    async def _reach(self, goal: Goal) -> Any:
        async with self._planning:
            self._open()
            for urn in (goal.urn, *self.planner.former_urns(goal)):
                if urn in self._deleting:
                    await self._deleting[urn].wait()
            steps = await self._plan(goal)
        if self._lacks(goal):
            raise HaltError(goal.urn)
        if goal.urn in self.session.aim.skipped:
            outputs = to_wire(goal.inputs)
            return resource_pb2.RegisterResourceResponse(urn=goal.urn, object=outputs)
        over = asyncio.Event()
        ahead = [s.urn for s in steps if s.op == "delete-replaced" and s.urn != goal.urn]
        self._deleting.update(dict.fromkeys(ahead, over))
        try:
            await self.executor.run(steps)
        finally:
            over.set()
        record = self.session.journal.find(goal.urn)
        assert record is not None, goal.urn
        outputs = to_wire(record.outputs if goal.custom else {})
        return resource_pb2.RegisterResourceResponse(urn=record.urn, id=record.id, object=outputs)

    async def _plan(self, goal: Goal) -> list[Step]:
        try:
            self.planner.claim(goal.urn)
            self.planner.adopt(goal)
            self._inherit(goal)
            await self._attach(goal)
            if self.session.kind == "refresh" and not urns.is_provider(goal.type):
                return await self._reread(goal)
            passed_by = self.planner.passes_by(goal)
            if passed_by is not None:
                if passed_by:
                    self._steps[goal.urn] = passed_by[0]
                return passed_by
            imported = None if self._lacks(goal) else self._import_step(goal)
            if imported is not None:
                await self.executor.run([imported])
            steps = await self.planner.plan(goal)
        except ProviderError as e:
            self.session.say("error", str(e), goal.urn)
            self.session.give_up()
            raise HaltError(goal.urn) from None
        except UnsupportedError as e:
            raise self.session.refuse(str(e), goal.urn) from None
        if imported is not None and steps[0].op == "same":
            return []  # the import was the step
        self._steps[goal.urn] = steps[-1]
        return steps

    async def _reread(self, goal: Goal) -> list[Step]:
        """A refresh that runs the program reads what is there, makes nothing and changes nothing."""
        session, old = self.session, self.session.journal.find(goal.urn)
        if old is not None and (not is_readable(old) or not session.aim.takes(old)):
            self._steps[goal.urn] = Step(op="same", urn=old.urn, type=old.type, old=old, new=old.copy())
            return [self._steps[goal.urn]]
        new = await reread(session, old) if old is not None else None
        if new is None:
            session.aim.skipped.add(goal.urn)
        return []

    def _inherit(self, goal: Goal) -> None:
        """What the goal leaves open is as with its parent."""
        parent = self._goals.get(goal.parent)
        if parent is not None:
            goal.protection = parent.protection if goal.protection is None else goal.protection
            goal.retention = parent.retention if goal.retention is None else goal.retention
        self._goals[goal.urn] = goal

    async def _attach(self, goal: Goal) -> None:
        """Give the goal its provider; a provider gets its version."""
        if urns.is_provider(goal.type):
            goal.provider = ""
            if goal.version:
                goal.inputs.setdefault("version", goal.version)
        elif not goal.custom:
            goal.provider = ""
        elif not goal.provider:
            goal.provider = await self._default(urns.package_of(goal.type), goal.version)

    async def _default(self, package: str, version: str) -> str:
        """The reference of a package's default provider, made or taken over at its first use."""
        key = (package, version)
        if key not in self._defaults:
            goal = default_provider(self.session.project, package, version)
            self.planner.claim(goal.urn)
            await self.executor.run(await self.planner.plan(goal))
            record = self.session.journal.find(goal.urn)
            assert record is not None
            self._defaults[key] = f"{record.urn}::{urns.known(record.id)}"
        return self._defaults[key]

    def _lacks(self, goal: Goal) -> bool:
        """Whether something that the goal needs has failed in this run."""
        return bool(graph.needs(goal) & self._failed)

    def _import_step(self, goal: Goal) -> Step | None:
        """What takes over the object that the goal names; None when it names none, or the state has it already."""
        old = self.session.journal.find(goal.urn)
        if not goal.import_id or not goal.custom:
            return None
        if old is not None and not old.external:
            if goal.import_id in (old.import_id, old.id):
                return None
            raise self.session.refuse(
                f"the state has this resource as '{old.id}': import_ can't give it another object", goal.urn
            )
        new = goal.record().copy(id=goal.import_id, inputs={})
        other = self._holder(new)
        if other:
            raise self.session.refuse(
                f"the state has '{new.id}' already, as '{other}', whose delete would take it along: "
                "name that as an alias",
                goal.urn,
            )
        return Step.of("import", None, new)

    def _holder(self, new: Resource) -> str:
        """The URN of another record of the same object, which goes when that is deleted."""
        provider = urns.provider_of(new.provider)
        holders = [r for r in self.session.journal.current() if (r.type, r.id) == (new.type, new.id)]
        holders = [r for r in holders if not r.external and not r.retain_on_delete]
        return next((r.urn for r in holders if urns.provider_of(r.provider) == provider), "")

    async def register_outputs(self, request: Any) -> Any:
        """RegisterResourceOutputs: of a component, or the stack."""
        self._open()
        if request.urn in self.session.aim.skipped:
            return empty_pb2.Empty()
        record = self.session.journal.find(request.urn)
        if record is None:
            raise self.session.refuse("outputs of a resource that is not registered", request.urn)
        step = self._steps[request.urn]
        old: Props = step.old.outputs if step.old else {}
        record.outputs = from_wire(request.outputs)
        self.session.mask.learn(record.outputs)
        if record.outputs != old:
            async with self.session.slots:  # as a step: one thing at a time where the operator wants it so
                await self.session.journal.saved()
        self.session.emit(OutputsRegistered(old, record.outputs, step))
        return empty_pb2.Empty()

    def keep_old_outputs(self) -> None:
        """The program failed: stack outputs that it did not get to are still what they were."""
        urn = self.session.stack_urn
        record, step = self.session.journal.find(urn), self._steps.get(urn)
        if record is not None and step is not None and step.old is not None:
            record.outputs = {**step.old.outputs, **record.outputs}
            self.session.journal.write()

    async def read(self, request: Any) -> Any:
        """ReadResource, from `.get()`: read at each run, never changed, never deleted.

        Of an object that this stack has made it takes the record: the object leaves the stack, as under the CLI.
        """
        self._open()
        project = self.session.project
        urn = urns.make(project.stack, project.name, request.parent, request.type, request.name)
        properties = from_wire(request.properties)
        self.session.mask.learn(properties)
        async with self._planning:
            self.planner.claim(urn)
            old = self.session.journal.find(urn)
            if old is not None and not old.external and old.id == request.id:
                self.session.say("info", f"it leaves the stack; {old.id} itself stays as it is", urn)
            elif old is not None and not old.external:
                raise self.session.refuse(
                    f"this stack has made '{urns.name_of(urn)}' itself: it can't become one that is only read; {CLI}",
                    urn,
                )
            try:
                reference = request.provider or await self._default(
                    urns.package_of(request.type), request.version
                )
            except (ProviderError, UnsupportedError) as e:
                raise self.session.refuse(str(e), urn) from None
        if request.id == UNKNOWN_STRING:
            return resource_pb2.ReadResourceResponse(urn=urn, unknown=True)
        new = Resource(
            urn=urn,
            type=request.type,
            custom=True,
            id=request.id,
            external=True,
            outputs=properties,
            parent=request.parent,
            dependencies=sorted(request.dependencies),
            provider=reference,
            additional_secret_outputs=list(request.additionalSecretOutputs),
            source_position=position(request.sourcePosition, project.root),
        )
        await self.executor.run([Step.of("read", None, new)])
        return resource_pb2.ReadResourceResponse(urn=urn, id=new.id, properties=to_wire(new.outputs))

    async def invoke(self, request: Any) -> Any:
        """Invoke: a provider's function."""
        self._open()
        request = await self.transforms.invoke(request)
        package = urns.package_of(request.tok)
        async with self._planning:
            try:
                reference = request.provider or await self._default(package, request.version)
            except ProviderError as e:  # not the function's fault, so the program is not told
                raise self.session.refuse(str(e)) from None
        client = await self.session.registry.client(reference)
        args = from_wire(request.args)
        self.session.mask.learn(args)
        result, failures = await client.invoke(request.tok, args, self.session.preview)
        answer = resource_pb2.ResourceInvokeResponse(failures=failures)
        getattr(answer, "return").CopyFrom(to_wire(result))
        return answer

    def _open(self) -> None:
        if self.session.stopping.is_set():
            raise HaltError("the run is ending")

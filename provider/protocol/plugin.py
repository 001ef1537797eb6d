"""The provider as Pulumi's engines call it: protobuf messages in, handler calls in threads, protobuf messages out.

Both engines use the same object: the CLI over gRPC, the embedded engine in-process.  Whatever an operator can cause
ends in one line (FAILED_PRECONDITION); the traceback of a fault of our own goes to stderr when TROP_DEBUG is set.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from google.protobuf import empty_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

from provider.connection import errors
from provider.errors import Lacking, OperatorError
from provider.host.host import Host
from provider.host.identity import Identity
from provider.host.optional import Tell
from provider.host.sights import Sights
from provider.impact import allow
from provider.protocol import functions, schema, wire
from provider.protocol.answers import Task, check_failures, config_failures, diff_response, token_of
from provider.protocol.engine_log import EngineLog
from provider.protocol.lacks import Lacks
from provider.protocol.resources import RESOURCES
from provider.protocol.workers import Context, Report, Workers, fail
from provider.resource import base, shape, upstream
from provider.resource.base import COMPUTED, Failure, Props, Resource

IN_ID = (
    "can't be secret: it is in the resource's ID, which is never hidden; allowed: a value that is no secret"
)

LARGE = 1 << 16  # bytes of a request; texts in it may take a second to judge


def servicer(engine_address: str = "") -> Servicer:
    """With the address of an engine's own service, what is to be told is sent there; or set ``report``."""
    made = Servicer(Host)
    if engine_address:
        made.report = EngineLog(engine_address).report
    return made


class Servicer(provider_pb2_grpc.ResourceProviderServicer):
    def __init__(self, host_of: Callable[[str], Host]) -> None:
        self._host_of = host_of
        self._host: Host | None = None
        self._sights = Sights()
        self._lacks = Lacks()
        self._handlers: dict[str, Resource] = {kind.token: kind() for kind in RESOURCES}
        self._workers = Workers(lambda: self._host.uri if self._host else "?")

    @property
    def report(self) -> Report | None:
        """Where messages about a resource go.  The embedded engine puts its own here."""
        return self._workers.report

    @report.setter
    def report(self, report: Report | None) -> None:
        self._workers.report = report

    def close(self) -> None:
        """End the threads and the connection, as the end of a process would: the embedded engine is done with it.

        A step that is still at work is not waited for, and finds its connection closed.
        """
        self._workers.close()
        if self._host is not None:
            self._host.close()

    # What the engine asks about the plugin itself.

    async def Handshake(self, request: Any, context: Context) -> Any:
        return provider_pb2.ProviderHandshakeResponse(
            accept_secrets=True, accept_resources=False, accept_outputs=False
        )

    async def Attach(self, request: Any, context: Context) -> Any:
        return empty_pb2.Empty()

    async def GetPluginInfo(self, request: Any, context: Context) -> Any:
        return plugin_pb2.PluginInfo(version=schema.VERSION)

    async def GetSchema(self, request: Any, context: Context) -> Any:
        return provider_pb2.GetSchemaResponse(schema=schema.document(self._handlers))

    async def GetMapping(self, request: Any, context: Context) -> Any:
        return provider_pb2.GetMappingResponse()

    async def GetMappings(self, request: Any, context: Context) -> Any:
        return provider_pb2.GetMappingsResponse()

    async def Cancel(self, request: Any, context: Context) -> Any:
        """Nothing to do: it comes at the end of good runs too, and running steps are to finish."""
        return empty_pb2.Empty()

    # Configuration.

    async def CheckConfig(self, request: Any, context: Context) -> Any:
        news, _ = wire.load(request.news)
        return provider_pb2.CheckResponse(inputs=request.news, failures=check_failures(config_failures(news)))

    async def DiffConfig(self, request: Any, context: Context) -> Any:
        """Another URI may lead to the same host; one that leads to another is refused before the state takes it up.

        Otherwise the state would have the wrong URI, and every refresh after it would go to the wrong host.
        """
        olds, _ = wire.load(request.old_inputs)
        news, _ = wire.load(request.news)

        def work() -> Any:
            self._same_host(olds.get("uri"), news.get("uri"))
            return diff_response(shape.changed(olds, news), ())

        return await self._workers.run(context, work)

    async def Configure(self, request: Any, context: Context) -> Any:
        """Reach the host at once: an unreachable one is then told once, not once for every resource."""
        args, _ = wire.load(request.args)
        uri = args.get("uri", dict(request.variables).get("libvirt:config:uri"))

        def work() -> None:
            if self._host is not None:
                self._host.close()
                self._host = None
            self._sights.forget()
            self._lacks.forget()
            if uri is not COMPUTED:
                wrong = config_failures({"uri": uri} if uri is not None else {})
                if wrong:
                    raise OperatorError(f"libvirt:uri {wrong[0].reason}")
                self._host = self._host_of(str(uri))
                vain.extend(allow.in_vain(self._host.uri, self._host.conn))

        vain: list[str] = []
        await self._workers.run(context, work)
        for line in vain:
            await self._workers.tell("", "warning", line)
        return provider_pb2.ConfigureResponse(
            acceptSecrets=True, supportsPreview=True, acceptResources=False, acceptOutputs=False
        )

    # The life of a resource.

    async def Check(self, request: Any, context: Context) -> Any:
        olds, _ = wire.load(request.olds)
        news, secret = wire.load(request.news)

        def work() -> Any:
            token = token_of(request.urn)
            handler = self._handler(token)
            wrong = [
                *shape.failures(token, handler.schema, news),
                *(Failure(key, IN_ID) for key in handler.in_id if key in secret),
            ]
            if wrong:
                return provider_pb2.CheckResponse(
                    inputs=wire.dump(news, secret), failures=check_failures(wrong)
                )
            checked = handler.check(self._call(request, connected=False), olds, news)
            return provider_pb2.CheckResponse(
                inputs=wire.dump(checked.inputs, secret), failures=check_failures(checked.failures)
            )

        task, here = Task(request.urn, "can't be checked"), request.ByteSize() < LARGE
        return await self._workers.run(context, work, task, here)

    async def Diff(self, request: Any, context: Context) -> Any:
        olds, _ = wire.load(request.olds)
        old_inputs, _ = wire.load(request.old_inputs)
        news, _ = wire.load(request.news)

        def work() -> Any:
            call = self._call(request, known=olds, looks=True)
            diff = self._handler(token_of(request.urn)).diff(call, request.id, olds, old_inputs, news)
            ignored = set(request.ignoreChanges)
            changes = {
                path: kind
                for path, kind in diff.changes.items()
                if path not in ignored and shape.top(path) not in ignored
            }
            return diff_response(changes, diff.output_paths)

        task, handler = Task(request.urn, "can't be compared"), self._handlers.get(token_of(request.urn))
        here = handler is not None and handler.compares_alone and request.ByteSize() < LARGE
        return await self._workers.run(context, work, task, here)

    async def Create(self, request: Any, context: Context) -> Any:
        inputs, secret = wire.load(request.properties)
        task = Task(request.urn, "is not made")

        def work() -> Any:
            with self._sights.changing(not request.preview):
                call = self._call(request, task=task, looks=request.preview)
                handler = self._handler(token_of(request.urn))
                try:
                    id, outputs = handler.create(call, inputs, request.preview)
                except Lacking as lack:
                    self._lacks.met(lack, request.urn, request.preview)
                    id, outputs = "", inputs
                outputs = _with_host(call, outputs, {})
            written = wire.dump(outputs, secret.spread(handler.made_of))
            return provider_pb2.CreateResponse(id=id, properties=written)

        return await self._workers.run(context, work, task)

    async def Read(self, request: Any, context: Context) -> Any:
        inputs, secret = wire.load(request.inputs)
        outputs, secret_outputs = wire.load(request.properties)

        task = Task(request.urn, "can't be read")

        def work() -> Any:
            call = self._call(request, known=outputs, task=task, looks=True)
            token = token_of(request.urn)
            handler = self._handler(token)
            found = handler.read(call, request.id, inputs, outputs)
            if found is None and not inputs and not outputs:
                # An empty answer to an import would be taken for an object without properties.
                raise OperatorError(f"there is no {token.rsplit(':', 1)[1]} {request.id} on {call.host.uri}")
            if found is None:
                return provider_pb2.ReadResponse()
            return provider_pb2.ReadResponse(
                id=found.id,
                inputs=wire.dump(found.inputs, secret),
                properties=wire.dump(
                    _with_host(call, found.outputs, outputs),
                    secret.and_(secret_outputs).spread(handler.made_of),
                ),
            )

        return await self._workers.run(context, work, task)

    async def Update(self, request: Any, context: Context) -> Any:
        olds, _ = wire.load(request.olds)
        old_inputs, _ = wire.load(request.old_inputs)
        news, secret = wire.load(request.news)
        task = Task(request.urn, "is not changed")

        def work() -> Any:
            handler = self._handler(token_of(request.urn))
            with self._sights.changing(not request.preview):
                call = self._call(request, known=olds, task=task, looks=request.preview)
                try:
                    outputs = handler.update(call, request.id, olds, old_inputs, news, request.preview)
                except Lacking as lack:
                    self._lacks.met(lack, request.urn, request.preview)
                    outputs = {**olds, **news}
                outputs = _with_host(call, outputs, olds)
            written = wire.dump(outputs, secret.spread(handler.made_of))
            return provider_pb2.UpdateResponse(properties=written)

        return await self._workers.run(context, work, task)

    async def Delete(self, request: Any, context: Context) -> Any:
        outputs, _ = wire.load(request.properties)
        task = Task(request.urn, "is not deleted")

        def work() -> Any:
            with self._sights.changing():
                call = self._call(request, known=outputs, task=task)
                self._handler(token_of(request.urn)).delete(call, request.id, outputs)
            return empty_pb2.Empty()

        return await self._workers.run(context, work, task)

    async def PreviewDelete(self, request: Any, context: Context, condemned: Collection[str] = ()) -> Any:
        """Fail as `Delete` would, and delete nothing: no call of Pulumi's, but one that the embedded engine makes.

        ``condemned``: the IDs of all objects that the same run deletes.
        """
        outputs, _ = wire.load(request.properties)
        task = Task(request.urn, "is not deleted")

        def work() -> Any:
            call = self._call(request, known=outputs, task=task, looks=True)
            call.condemned = condemned
            self._handler(token_of(request.urn)).refuse_delete(call, request.id, outputs)
            return empty_pb2.Empty()

        return await self._workers.run(context, work, task)

    async def Invoke(self, request: Any, context: Context) -> Any:
        args, _ = wire.load(request.args)

        def work() -> Any:
            wrong = shape.failures(request.tok, functions.named(request.tok), args)
            if wrong:
                return provider_pb2.InvokeResponse(failures=check_failures(wrong))
            host = self._reached(_unheard, looks=True)
            assert host is not None
            answer, lacks = functions.get_host(host, args)
            self._lacks.told(lacks)
            return provider_pb2.InvokeResponse(**{"return": wire.dump(answer)})

        return await self._workers.run(context, work)

    # What this provider does not have.

    async def Call(self, request: Any, context: Context) -> Any:
        await fail(context, f"method {request.tok} is not implemented by this provider")

    async def Construct(self, request: Any, context: Context) -> Any:
        await fail(context, f"component {request.type} is not implemented by this provider")

    # Plumbing.

    def _same_host(self, old: Any, new: Any) -> None:
        """`OperatorError` if the URIs lead to two hosts; an old one that answers no more can't be asked."""
        if old == new or not isinstance(old, str) or not isinstance(new, str):
            return
        before, after = self._host_of(old), self._host_of(new)
        try:
            known = before.identity(Identity(), _unheard)
        except (OperatorError, errors.VirtError):
            return
        finally:
            before.close()
        try:
            after.check_is(known, _unheard)
        finally:
            after.close()

    def _handler(self, token: str) -> Resource:
        if token in self._handlers:
            return self._handlers[token]
        known = (
            "of pulumi-libvirt is not implemented by this provider"
            if token in upstream.TYPES
            else "is unknown"
        )
        raise OperatorError(f"resource type {token} {known}; there are {', '.join(sorted(self._handlers))}")

    def _call(
        self,
        request: Any,
        known: Props | None = None,
        connected: bool = True,
        task: Task | None = None,
        looks: bool = False,
    ) -> base.Call:
        """Where the handler is to work; see `_reached`."""
        notes = [] if task is None else task.told
        call = base.Call(Host(""), request.urn, getattr(request, "timeout", 0.0), notes)
        call.host = self._reached(call.tell, known, connected, looks) or call.host
        return call

    def _reached(
        self, tell: Tell, known: Props | None = None, connected: bool = True, looks: bool = False
    ) -> Host | None:
        """The host, once it is sure to be the one that the state is of.

        One that only ``looks`` shares what it sees with the others that do.
        """
        host = self._host
        if host is None and connected:
            raise OperatorError("libvirt:uri is not known yet: it comes from a resource that is not made yet")
        if host is not None and known:
            host.check_is(Identity.of(known), tell)
        if host is not None and looks:
            host = self._sights.of(host)
        return host


def _unheard(line: str) -> None:
    """For what can't be looked at where no resource is concerned."""


def _with_host(call: base.Call, outputs: Props, known: Props) -> Props:
    """The outputs, and who the host is; ``known``: those of the state."""
    return {**outputs, **call.host.identity(Identity.of(known), call.tell).outputs()}

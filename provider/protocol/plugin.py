"""The provider as Pulumi's engines call it: protobuf messages in, handler calls in threads, protobuf messages out.

Both engines use the same object: the CLI over gRPC, the embedded engine in-process.  Whatever an operator can cause
ends in one line (FAILED_PRECONDITION); the traceback of a fault of our own goes to stderr when TROP_DEBUG is set.
"""

from __future__ import annotations

from collections.abc import Collection
from functools import partial
from typing import Any

from google.protobuf import empty_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

from provider.errors import Lacking, OperatorError
from provider.host import optional
from provider.host.host import Host
from provider.host.identity import Identity
from provider.protocol import functions, schema, wire
from provider.protocol.answers import Task, check_failures, config_failures, diff_response, token_of
from provider.protocol.engine_log import EngineLog
from provider.protocol.reach import Reach
from provider.protocol.workers import Context, fail
from provider.resource import shape
from provider.resource.base import Call, Failure, Props, Resource

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


class Servicer(Reach, provider_pb2_grpc.ResourceProviderServicer):
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

        for line in await self._workers.run(context, lambda: self._configure(uri)):
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
            checked = handler.check(Call(self._host or Host(""), request.urn), olds, news)
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

        def work(call: Call, handler: Resource) -> Any:
            id, outputs = handler.create(call, inputs, request.preview)
            written = wire.dump(_with_host(call, outputs, {}), secret.spread(handler.made_of))
            return provider_pb2.CreateResponse(id=id, properties=written)

        def without(call: Call, lack: Lacking) -> Any:
            self._lacks.met(lack, request.urn, request.preview)
            hidden = secret.spread(self._handler(token_of(request.urn)).made_of)
            return provider_pb2.CreateResponse(properties=wire.dump(_with_host(call, inputs, {}), hidden))

        changes = not request.preview
        return await self._run(context, request, "is not made", work, changes=changes, instead=without)

    async def Read(self, request: Any, context: Context) -> Any:
        inputs, secret = wire.load(request.inputs)
        outputs, secret_outputs = wire.load(request.properties)

        def work(call: Call, handler: Resource) -> Any:
            found = handler.read(call, request.id, inputs, outputs)
            if found is None and not inputs and not outputs:
                # An empty answer to an import would be taken for an object without properties.
                kind = handler.token.rsplit(":", 1)[1]
                raise OperatorError(f"there is no {kind} {request.id} on {call.host.uri}")
            if found is None:
                return provider_pb2.ReadResponse()
            hidden = secret.and_(secret_outputs).spread(handler.made_of)
            return provider_pb2.ReadResponse(
                id=found.id,
                inputs=wire.dump(found.inputs, secret),
                properties=wire.dump(_with_host(call, found.outputs, outputs), hidden),
            )

        return await self._run(context, request, "can't be read", work, outputs)

    async def Update(self, request: Any, context: Context) -> Any:
        olds, _ = wire.load(request.olds)
        old_inputs, _ = wire.load(request.old_inputs)
        news, secret = wire.load(request.news)

        def work(call: Call, handler: Resource) -> Any:
            outputs = handler.update(call, request.id, olds, old_inputs, news, request.preview)
            written = wire.dump(_with_host(call, outputs, olds), secret.spread(handler.made_of))
            return provider_pb2.UpdateResponse(properties=written)

        def without(call: Call, lack: Lacking) -> Any:
            self._lacks.met(lack, request.urn, request.preview)
            hidden = secret.spread(self._handler(token_of(request.urn)).made_of)
            written = wire.dump(_with_host(call, {**olds, **news}, olds), hidden)
            return provider_pb2.UpdateResponse(properties=written)

        changes = not request.preview
        return await self._run(context, request, "is not changed", work, olds, changes, instead=without)

    async def Delete(self, request: Any, context: Context) -> Any:
        outputs, _ = wire.load(request.properties)

        def work(call: Call, handler: Resource) -> Any:
            handler.delete(call, request.id, outputs)
            return empty_pb2.Empty()

        return await self._run(context, request, "is not deleted", work, outputs, changes=True)

    async def PreviewDelete(
        self, request: Any, context: Context, condemned: Collection[str] = (), quiet: bool = False
    ) -> Any:
        """Fail as `Delete` would, and delete nothing: no call of Pulumi's, but one that the embedded engine makes.

        ``condemned``: the IDs of all objects that the same run deletes.  ``quiet``: what it would do is not told.
        """
        outputs, _ = wire.load(request.properties)

        def work(call: Call, handler: Resource) -> Any:
            call.condemned = condemned
            if quiet:
                call.notes = []
            handler.refuse_delete(call, request.id, outputs)
            return empty_pb2.Empty()

        return await self._run(context, request, "is not deleted", work, outputs)

    async def Invoke(self, request: Any, context: Context) -> Any:
        args, _ = wire.load(request.args)

        def work() -> Any:
            wrong = shape.failures(request.tok, functions.named(request.tok), args)
            if wrong:
                return provider_pb2.InvokeResponse(failures=check_failures(wrong))
            host = partial(self._reached, optional.unheard, looks=True)
            answer, lacks = functions.answered(request.tok, host, args)
            self._lacks.told(lacks)
            return provider_pb2.InvokeResponse(**{"return": wire.dump(answer)})

        return await self._workers.run(context, work)

    # What this provider does not have.

    async def Call(self, request: Any, context: Context) -> Any:
        await fail(context, f"method {request.tok} is not implemented by this provider")

    async def Construct(self, request: Any, context: Context) -> Any:
        await fail(context, f"component {request.type} is not implemented by this provider")


def _with_host(call: Call, outputs: Props, known: Props) -> Props:
    """The outputs, and who the host is; ``known``: those of the state."""
    return {**outputs, **call.host.identity(Identity.of(known), call.tell).outputs()}

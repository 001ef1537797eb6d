"""Transforms: functions of the program that change what it registers, before the engine takes it up.

They live in the program; the SDK serves them on a loopback address of its own, by Pulumi's protocol.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

import grpc
from pulumi.runtime.proto import callback_pb2, callback_pb2_grpc, resource_pb2

from engine.options import ProviderError

# The option's field in a RegisterResourceRequest, and in a TransformResourceOptions; the simple ones.
OPTIONS = {
    "provider": "provider",
    "version": "version",
    "pluginDownloadURL": "plugin_download_url",
    "deletedWith": "deleted_with",
    "importId": "import",
    "dependencies": "depends_on",
    "ignoreChanges": "ignore_changes",
    "replaceOnChanges": "replace_on_changes",
    "additionalSecretOutputs": "additional_secret_outputs",
    "aliases": "aliases",
    "hideDiffs": "hide_diff",
    "replace_with": "replace_with",
    "customTimeouts": "custom_timeouts",
    "hooks": "hooks",
    "replacement_trigger": "replacement_trigger",
    "protect": "protect",
    "retainOnDelete": "retain_on_delete",
}


class Transforms:
    """The transforms of one run: those of the stack, of its invokes, and of resources for their children."""

    def __init__(self) -> None:
        self.stack: list[Any] = []
        self.invokes: list[Any] = []
        self._parents: dict[str, tuple[str, list[Any]]] = {}  # URN -> its parent's, and its own callbacks
        self._channels: dict[str, Any] = {}

    def note(self, urn: str, parent: str, callbacks: Iterable[Any]) -> None:
        """Children of ``urn`` will go through these too."""
        self._parents[urn] = (parent, list(callbacks))

    async def resource(self, request: Any) -> Any:
        """The request as all transforms together make it: its own first, then its parents', then the stack's."""
        callbacks, parent = list(request.transforms), request.parent
        while parent:
            parent, more = self._parents.get(parent, ("", []))
            callbacks += more
        callbacks += self.stack
        if not callbacks:
            return request
        changed = resource_pb2.RegisterResourceRequest()
        changed.CopyFrom(request)
        for callback in callbacks:
            asked = resource_pb2.TransformRequest(
                type=changed.type,
                name=changed.name,
                custom=changed.custom,
                parent=changed.parent,
                properties=changed.object,
                options=options_of(changed),
            )
            apply(changed, await self._call(callback, asked, resource_pb2.TransformResponse))
        return changed

    async def invoke(self, request: Any) -> Any:
        """The same for a function of a provider."""
        if not self.invokes:
            return request
        changed = resource_pb2.ResourceInvokeRequest()
        changed.CopyFrom(request)
        for callback in self.invokes:
            options = resource_pb2.TransformInvokeOptions(provider=changed.provider, version=changed.version)
            asked = resource_pb2.TransformInvokeRequest(token=changed.tok, args=changed.args, options=options)
            answer = await self._call(callback, asked, resource_pb2.TransformInvokeResponse)
            if answer.HasField("args"):
                changed.args.CopyFrom(answer.args)
            if answer.HasField("options"):
                changed.provider, changed.version = answer.options.provider, answer.options.version
        return changed

    async def _call(self, callback: Any, asked: Any, kind: Any) -> Any:
        """What the program's function says.  Raises `ProviderError` with its own line when it fails."""
        if callback.target not in self._channels:
            self._channels[callback.target] = grpc.insecure_channel(callback.target)
        stub = callback_pb2_grpc.CallbacksStub(self._channels[callback.target])
        request = callback_pb2.CallbackInvokeRequest(token=callback.token, request=asked.SerializeToString())
        try:
            answer = await asyncio.to_thread(stub.Invoke, request)
        except grpc.RpcError as error:
            raise ProviderError(f"a transform failed: {error.details()}") from None
        return kind.FromString(answer.response)

    def close(self) -> None:
        for channel in self._channels.values():
            channel.close()


def options_of(request: Any) -> Any:
    """The options of a registration, as transforms see them."""
    options = resource_pb2.TransformResourceOptions(providers=dict(request.providers))
    for ours, theirs in OPTIONS.items():
        _copy(request, ours, options, theirs)
    if request.deleteBeforeReplaceDefined:
        options.delete_before_replace = request.deleteBeforeReplace
    return options


def apply(request: Any, answer: Any) -> None:
    """Put what a transform answered into the registration; what it left out stays."""
    if answer.HasField("properties"):
        _apply_properties(request, answer.properties)
    if not answer.HasField("options"):
        return
    options = answer.options
    for ours, theirs in OPTIONS.items():
        _copy(options, theirs, request, ours)
    request.deleteBeforeReplaceDefined = options.HasField("delete_before_replace")
    request.deleteBeforeReplace = options.delete_before_replace
    request.providers.clear()
    request.providers.update(options.providers)


def _copy(source: Any, name: str, target: Any, other: str) -> None:
    """A field of one message, to another one's of the same kind; what is not set there is not set here."""
    field = source.DESCRIPTOR.fields_by_name[name]
    value = getattr(source, name)
    target.ClearField(other)
    if field.has_presence and not source.HasField(name):
        return
    if isinstance(value, (str, bool)):
        setattr(target, other, value)
    else:
        getattr(target, other).MergeFrom(value)


def _apply_properties(request: Any, properties: Any) -> None:
    """The new properties.  The SDK does not tell what new values depend on, to nobody: options can (depends_on)."""
    for key in properties.fields:
        request.propertyDependencies.get_or_create(key)
    for key in set(request.propertyDependencies) - set(properties.fields):
        del request.propertyDependencies[key]
    request.object.CopyFrom(properties)

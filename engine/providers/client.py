"""One provider, configured, as the engine speaks to it: properties in, properties out.

Which calls come when, and with what, is what the recordings of the Pulumi CLI show (README, "Calls").
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import Any

from google.protobuf import empty_pb2
from pulumi.runtime.proto import provider_pb2 as pb
from pulumi.runtime.proto.provider_pb2 import CheckFailure

from engine import paths
from engine.events import DiffKind, PropertyDiff
from engine.options import ProviderError
from engine.providers.calls import call
from engine.state import urns
from engine.state.records import Resource
from engine.state.values import Props, from_wire, to_wire, without_secrets

INTERNAL = "__internal"  # the engine's own key among a provider's inputs
REPLACING: dict[DiffKind, DiffKind] = {
    "add": "add-replace",
    "delete": "delete-replace",
    "update": "update-replace",
}


@dataclass
class Diff:
    """A provider's answer.  ``changes`` is None when it could not tell."""

    changes: bool | None = False
    keys: list[str] = field(default_factory=list)
    replaces: list[str] = field(default_factory=list)
    delete_first: bool = False
    detailed: dict[str, PropertyDiff] | None = None

    @property
    def replace(self) -> bool:
        return bool(self.replaces)

    def fall_back(self, olds: Props, news: Props) -> None:
        """Where the provider could not tell, the inputs do."""
        if self.changes is None:
            self.keys = sorted(k for k in {**olds, **news} if olds.get(k) != news.get(k))
            self.changes = bool(self.keys)

    def force(self, patterns: list[str]) -> None:
        """Make a replacement of a change of what ``patterns`` name (replace_on_changes)."""
        for pattern in [paths.parse(p) for p in patterns] if self.changes else []:
            for path, found in (self.detailed or {}).items():
                steps = paths.parse(path)
                if self.detailed and steps and paths.contains(pattern, steps):
                    self.detailed[path] = PropertyDiff(
                        REPLACING.get(found.kind, found.kind), found.input_diff
                    )
                    self._add(str(steps[0]))
            for key in self.keys:
                if paths.contains(pattern, [key]):
                    self._add(key)

    def _add(self, key: str) -> None:
        if key not in self.replaces:
            self.replaces.append(key)


@dataclass
class Read:
    id: str
    inputs: Props | None
    outputs: Props


class ProviderClient:
    """Calls one servicer object.  All methods raise `ProviderError`."""

    def __init__(self, servicer: Any):
        self.servicer = servicer

    async def start(self) -> None:
        """Handshake, and the version: what the CLI asks of each provider process."""
        await self._call(
            "Handshake",
            pb.ProviderHandshakeRequest(
                configure_with_urn=True,
                supports_views=True,
                supports_refresh_before_update=True,
                invoke_with_preview=True,
            ),
        )
        await self._call("GetPluginInfo", empty_pb2.Empty())

    async def check_config(self, urn: str, olds: Props, news: Props) -> tuple[Props, list[CheckFailure]]:
        """``news`` as the provider takes it, without the engine's own key."""
        request = pb.CheckRequest(**_named(urn), olds=_config(olds), news=_config(news))
        return _checked(await self._call("CheckConfig", request))

    async def diff_config(self, urn: str, id: str, old: Resource, news: Props) -> Diff:
        request = pb.DiffRequest(
            **_named(urn),
            id=id,
            olds=_config(old.outputs),
            old_inputs=_config(old.inputs),
            news=_config(news),
        )
        return _diff(await self._call("DiffConfig", request))

    async def configure(self, urn: str, id: str, inputs: Props) -> None:
        """Hand over the configuration: once in the life of a servicer."""
        package = urns.package_of(urns.type_of(urn))
        plain = {k: v for k, v in without_secrets(inputs).items() if k not in (INTERNAL, "version")}
        request = pb.ConfigureRequest(
            **_named(urn),
            id=id,
            args=_config(inputs),
            variables={f"{package}:config:{k}": v for k, v in plain.items() if isinstance(v, str)},
            acceptSecrets=True,
            acceptResources=True,
            sends_old_inputs=True,
            sends_old_inputs_to_delete=True,
        )
        await self._call("Configure", request)

    async def check(self, urn: str, olds: Props, news: Props) -> tuple[Props, list[CheckFailure]]:
        request = pb.CheckRequest(
            **_named(urn), olds=to_wire(olds), news=to_wire(news), randomSeed=os.urandom(32)
        )
        return _checked(await self._call("Check", request))

    async def diff(self, old: Resource, news: Props, ignore_changes: list[str]) -> Diff:
        request = pb.DiffRequest(**_before(old), news=to_wire(news), ignoreChanges=ignore_changes)
        return _diff(await self._call("Diff", request))

    async def create(self, new: Resource, preview: bool) -> tuple[str, Props]:
        request = pb.CreateRequest(
            **_named(new.urn, new.type),
            properties=to_wire(new.inputs),
            timeout=new.custom_timeouts.get("create", 0.0),
            preview=preview,
        )
        answer = await self._call("Create", request)
        if not answer.id and not preview:
            raise ProviderError(f"the provider made {new.urn} without an id")
        return answer.id, from_wire(answer.properties)

    async def read(self, old: Resource, with_inputs: bool = True) -> Read | None:
        """What is there now; None when it is gone.  Without ``with_inputs`` as for an import."""
        request = pb.ReadRequest(
            **_named(old.urn, old.type),
            id=old.id,
            inputs=to_wire(old.inputs if with_inputs else {}),
            properties=to_wire(old.outputs if with_inputs else {}),
            timeout=old.custom_timeouts.get("read", 0.0),
        )
        answer = await self._call("Read", request)
        if not answer.id:
            return None
        inputs = from_wire(answer.inputs) if answer.HasField("inputs") else None
        return Read(answer.id, inputs, from_wire(answer.properties))

    async def update(self, old: Resource, new: Resource, preview: bool) -> tuple[str, Props]:
        request = pb.UpdateRequest(
            **_before(old),
            news=to_wire(new.inputs),
            timeout=new.custom_timeouts.get("update", 0.0),
            ignoreChanges=new.ignore_changes,
            preview=preview,
        )
        return old.id, from_wire((await self._call("Update", request)).properties)

    async def delete(self, old: Resource) -> None:
        await self._call("Delete", _delete_request(old))

    async def preview_delete(self, old: Resource, changing: frozenset[str], *, quiet: bool = False) -> None:
        """Fail where ``delete`` would be refused.  Providers without this method, no call of Pulumi's, aren't asked.

        ``changing``: the IDs of all objects that the same run deletes, or has planned to change before.
        ``quiet``: what it would do is not told.
        """
        if hasattr(self.servicer, "PreviewDelete"):
            more = (True,) if quiet else ()
            await call(self.servicer, "PreviewDelete", _delete_request(old), changing, *more)

    async def invoke(self, token: str, args: Props, preview: bool) -> tuple[Props, list[CheckFailure]]:
        answer = await self._call("Invoke", pb.InvokeRequest(tok=token, args=to_wire(args), preview=preview))
        return from_wire(getattr(answer, "return")), list(answer.failures)

    async def cancel(self) -> None:
        await self._call("Cancel", empty_pb2.Empty())

    def close(self) -> None:
        """Let go of threads and connections, as a process does by ending; a servicer need not have it."""
        close = getattr(self.servicer, "close", None)
        if close is not None:
            close()

    async def _call(self, method: str, request: Any) -> Any:
        return await call(self.servicer, method, request)


def _named(urn: str, type_: str = "") -> dict[str, Any]:
    """What every request says of its resource.  ``type_``: its record's, where an alias may have changed the URN's."""
    return {"urn": urn, "name": urns.name_of(urn), "type": type_ or urns.type_of(urn)}


def _before(old: Resource, outputs: str = "olds") -> dict[str, Any]:
    """A resource as the state has it; ``outputs`` is what the request calls those."""
    known = {"id": old.id, outputs: to_wire(old.outputs), "old_inputs": to_wire(old.inputs)}
    return _named(old.urn, old.type) | known


def _delete_request(old: Resource) -> Any:
    return pb.DeleteRequest(**_before(old, "properties"), timeout=old.custom_timeouts.get("delete", 0.0))


def _config(props: Props) -> Any:
    return to_wire({k: v for k, v in props.items() if k != INTERNAL})


def _checked(answer: Any) -> tuple[Props, list[CheckFailure]]:
    return from_wire(answer.inputs), list(answer.failures)


def _kind(number: int) -> DiffKind:
    kind: DiffKind = pb.PropertyDiff.Kind.Name(number).lower().replace("_", "-")
    return kind


def _diff(answer: Any) -> Diff:
    changes = {pb.DiffResponse.DIFF_NONE: False, pb.DiffResponse.DIFF_SOME: True}.get(answer.changes)
    detailed = {k: PropertyDiff(_kind(d.kind), d.inputDiff) for k, d in answer.detailedDiff.items()}
    return Diff(
        changes=changes,
        keys=list(answer.diffs),
        replaces=list(answer.replaces),
        delete_first=answer.deleteBeforeReplace,
        detailed=detailed if answer.hasDetailedDiff else None,
    )

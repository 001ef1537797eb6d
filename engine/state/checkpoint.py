"""The state file: a `Snapshot` as Pulumi's checkpoint, version 3, one line of JSON.

Fields stand in the order of Pulumi's own records, empty ones are left out, and fields that this version does not
know come back as they were read.  Secrets are encrypted one by one; one that did not change keeps its ciphertext.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import json
import operator
import re
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from engine.errors import CommandError
from engine.state import documents
from engine.state.clock import timestamp
from engine.state.records import PendingOperation, Resource, Snapshot
from engine.state.values import (
    SECRET_SIGNATURE,
    SIGNATURE,
    UNKNOWN,
    UNKNOWN_STRING,
    Secret,
    Value,
    parts,
    plain,
    whole,
)

Json = dict[str, Any]
Encrypt = Callable[[str], str]
Path = tuple[str | int, ...]
Owner = tuple[str, str]  # urn and id: an old copy that waits for its deletion has the urn of the new one

FORMAT: Final = 3
ENGINE_VERSION: Final = "v3.260.0+trop"  # the CLI whose format this is, and who wrote it

_camel: Final = functools.partial(re.compile("_(.)").sub, lambda found: found[1].upper())
# Key in the file, attribute of `Resource`.
FIELDS: Final = tuple(
    (_camel(f.name) if f.name != "import_id" else "importID", f.name) for f in dataclasses.fields(Resource)
)
ALWAYS: Final = frozenset({"urn", "custom", "type"})  # the others only where there is something in them
_fields: Final[Callable[[Resource], tuple[Any, ...]]] = operator.attrgetter(*(a for _, a in FIELDS))
KNOWN: Final = frozenset(key for key, _ in FIELDS)
TIMEOUTS: Final = ("create", "update", "delete")
LATEST: Final = frozenset({"manifest", "secrets_providers", "resources", "pending_operations", "metadata"})


_PARTS: Final[dict[str, type]] = {
    "resources": list,
    "pending_operations": list,
    "secrets_providers": dict,
    "metadata": dict,
}
_KINDS: Final[dict[str, type]] = {
    key: type(getattr(Resource(urn="", type=""), attribute)) for key, attribute in FIELDS
}
Malformed = documents.Malformed


def parse(data: bytes, *, under: str = "checkpoint") -> Json:
    """The document in a state file (or, under "deployment", in an export), its shape checked."""
    document = documents.parse(data)
    if not isinstance(document, dict) or not isinstance(document.get(under), dict):
        raise Malformed(f'no "{under}" in it')
    if document.get("version") != FORMAT:
        raise Malformed(
            f"version {documents.short(document.get('version'))}, and only {FORMAT} is known here"
        )
    part = document[under]
    state = part if under == "deployment" else part.get("latest") or {}
    if not isinstance(part.get("stack", ""), str) or not isinstance(state, dict):
        raise Malformed("its stack is no text, or its latest state no object")
    for key, shape in _PARTS.items():
        if state.get(key) is not None and not isinstance(state[key], shape):
            raise Malformed(f'"{key}" is not {"a list" if shape is list else "an object"}')
    keeper = state.get("secrets_providers") or {}
    if not isinstance(keeper.get("type", ""), str) or not isinstance(keeper.get("state") or {}, dict):
        raise Malformed('the type of its "secrets_providers" is no text, or their state no object')
    for operation in state.get("pending_operations") or []:
        if not isinstance(operation, dict) or not isinstance(operation.get("type"), str):
            raise Malformed("a pending operation in it has no type")
    for record in records(state):
        if not isinstance(record, dict) or not all(isinstance(record.get(k), str) for k in ("urn", "type")):
            raise Malformed("a resource in it has no urn or no type")
        for key, kind in _KINDS.items():
            if record.get(key) is not None and not _fits(key, kind, record[key]):
                raise Malformed(
                    f"{key} of {documents.short(record['urn'])} is {documents.short(record[key])}"
                )
    return document


def _fits(key: str, kind: type[Any], value: Any) -> bool:
    """Whether a field has its type; the lists of a record have texts in them, but for the stack trace."""
    is_one: bool = isinstance(value, kind)
    if not is_one:
        return False
    if key == "propertyDependencies":
        return all(v is None or _fits("", list, v) for v in value.values())
    return kind is not list or key == "stackTrace" or all(isinstance(v, str) for v in value)


def records(state: Json) -> list[Json]:
    """All resource records, those of pending operations too."""
    pending = [p.get("resource") for p in state.get("pending_operations") or [] if isinstance(p, dict)]
    return [*(state.get("resources") or []), *pending]


def latest(document: Json) -> Json:
    """What a state file says is there; empty for a stack in which nothing was made yet."""
    found: Json = document["checkpoint"].get("latest") or {}
    return found


def manifest() -> Json:
    """Time, and a magic that tells the CLI that nobody edited the version."""
    magic = hashlib.sha256(ENGINE_VERSION.encode()).hexdigest()
    return {"time": timestamp(), "magic": magic, "version": ENGINE_VERSION}


def one_line(document: Json) -> bytes:
    return _text(document).encode()


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def has_secrets(value: Any) -> bool:
    """Whether anything in a part of the document is encrypted."""
    return any(isinstance(part, dict) and part.get(SIGNATURE) == SECRET_SIGNATURE for part in parts(value))


def record_of(resource: Resource, properties: Callable[[Value, str], Any]) -> Json:
    """A record in the order of the file; ``properties`` writes the inputs and outputs (which, it is told)."""
    record: Json = {}
    for key, attribute in FIELDS:
        value = getattr(resource, attribute)
        if not value and key not in ALWAYS:
            continue
        if key in ("inputs", "outputs"):
            value = properties(value, key)
        elif key == "propertyDependencies":
            value = dict(sorted(value.items()))
        elif key == "customTimeouts":
            known = {k: value[k] for k in TIMEOUTS if k in value}
            value = {k: whole(v) for k, v in (known | value).items() if v}
        record[key] = value
    return record


class Written(NamedTuple):
    """A record as it was written last.  It holds on to the record, so that no other one gets its identity."""

    resource: Resource
    fields: tuple[Any, ...]
    text: str


class Codec:
    """Reads one checkpoint and writes the ones that follow it.

    It remembers what the snapshot has no place for: ciphertexts, and fields that are unknown here.
    """

    def __init__(
        self, stack: str, encrypt: Encrypt, decrypt: Encrypt, *, keep_ciphertexts: bool = True
    ) -> None:
        self._stack, self._encrypt, self._decrypt = stack, encrypt, decrypt
        self._keep = keep_ciphertexts
        self._sealed: dict[tuple[Owner, str, Path, str], str] = {}
        self._extra: dict[Owner, Json] = {}
        self._latest: Json = {}
        self._texts: dict[int, Written] = {}  # by the identity of the record

    def load(self, document: Json) -> Snapshot:
        state = latest(document)
        self._stack = document["checkpoint"].get("stack", self._stack)
        self._latest = {k: v for k, v in state.items() if k not in LATEST}
        return Snapshot(
            resources=[self._read(r) for r in state.get("resources") or []],
            pending_operations=[
                PendingOperation(self._read(p["resource"]), p["type"])
                for p in state.get("pending_operations") or []
            ],
            secrets_provider=state.get("secrets_providers") or {},
            metadata=state.get("metadata") or {},
        )

    def dump(self, snapshot: Snapshot) -> bytes:
        """The whole file.  Of the records only those that are not as they were in the last one are written anew."""
        before, self._texts = self._texts, {}
        state: dict[str, str] = {"manifest": _text(manifest())}
        if snapshot.secrets_provider:
            state["secrets_providers"] = _text(snapshot.secrets_provider)
        if snapshot.resources:
            state["resources"] = f"[{','.join(self._record(r, before) for r in snapshot.resources)}]"
        if snapshot.pending_operations:
            operations = [
                f'{{"resource":{self._record(p.resource, before)},"type":{_text(p.type)}}}'
                for p in snapshot.pending_operations
            ]
            state["pending_operations"] = f"[{','.join(operations)}]"
        state["metadata"] = _text(snapshot.metadata)
        state |= {key: _text(value) for key, value in self._latest.items()}
        body = ",".join(f"{_text(key)}:{text}" for key, text in state.items())
        head = f'{{"version":{FORMAT},"checkpoint":{{"stack":{_text(self._stack)},"latest":{{'
        return f"{head}{body}}}}}}}".encode()

    def _record(self, resource: Resource, before: Mapping[int, Written]) -> str:
        """A record's JSON.  Fields of records are given other values, and never changed in themselves."""
        fields = _fields(resource)
        known = self._texts.get(id(resource)) or before.get(id(resource))
        if known is None or not all(map(operator.is_, known.fields, fields)):
            known = Written(resource, fields, _text(self.write(resource)))
        self._texts[id(resource)] = known
        return known.text

    def write(self, resource: Resource) -> Json:
        """One record, as the file has it."""
        owner = (resource.urn, resource.id)
        record = record_of(resource, lambda value, part: self._seal(value, owner, part, ()))
        return record | self._extra.get(owner, {})

    def _read(self, record: Json) -> Resource:
        resource = Resource(urn=record["urn"], type=record["type"])
        for key, attribute in FIELDS:
            if record.get(key) is not None:
                setattr(resource, attribute, record[key])
        # a list that Go has never put anything into is written as null
        resource.property_dependencies = {k: v or [] for k, v in resource.property_dependencies.items()}
        owner = (resource.urn, resource.id)
        resource.inputs = self._open(resource.inputs, owner, "inputs", ())
        resource.outputs = self._open(resource.outputs, owner, "outputs", ())
        extra = {k: v for k, v in record.items() if k not in KNOWN}
        if extra:
            self._extra[owner] = extra
        return resource

    def _open(self, value: Any, owner: Owner, part: str, path: Path) -> Value:
        if isinstance(value, dict):
            if value.get(SIGNATURE) == SECRET_SIGNATURE:
                return self._open_secret(value, owner, part, path)
            return {k: self._open(v, owner, part, (*path, k)) for k, v in value.items()}
        if isinstance(value, list):
            return [self._open(v, owner, part, (*path, i)) for i, v in enumerate(value)]
        return UNKNOWN if value == UNKNOWN_STRING else whole(value)

    def _open_secret(self, value: Json, owner: Owner, part: str, path: Path) -> Secret:
        sealed = value.get("ciphertext")
        text = self._decrypt(sealed) if isinstance(sealed, str) else value.get("plaintext")
        try:
            value = json.loads(text or "")
        except ValueError as error:
            raise CommandError(
                f"the secret at {'.'.join(map(str, path))} of {owner[0]} is malformed"
            ) from error
        secret = Secret(self._open(value, owner, part, path))
        if self._keep and isinstance(sealed, str):
            self._sealed[owner, part, path, _plain_text(secret)] = sealed
        return secret

    def _seal(self, value: Value, owner: Owner, part: str, path: Path) -> Any:
        if isinstance(value, Secret):
            text = _plain_text(value)
            place = (owner, part, path, text)
            if place not in self._sealed:
                self._sealed[place] = self._encrypt(text)
            return {SIGNATURE: SECRET_SIGNATURE, "ciphertext": self._sealed[place]}
        if isinstance(value, dict):
            return {k: self._seal(v, owner, part, (*path, k)) for k, v in sorted(value.items())}
        if isinstance(value, list):
            return [self._seal(v, owner, part, (*path, i)) for i, v in enumerate(value)]
        return UNKNOWN_STRING if value is UNKNOWN else whole(value)


def _plain_text(secret: Secret) -> str:
    """What is encrypted: the JSON of the value, secrets inside it no longer marked."""
    return _text(plain(secret, True))

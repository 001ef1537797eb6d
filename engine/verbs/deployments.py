"""The state as a whole, out and in: `stack export` and `stack import`."""

from __future__ import annotations

import json
import sys
from typing import Any

from engine.context import Context
from engine.errors import CommandError
from engine.state import checkpoint, history
from engine.state.checkpoint import Json
from engine.state.values import SECRET_SIGNATURE, SIGNATURE


def export(context: Context) -> int:
    """The state, or an earlier one, as a deployment; what is secret stays encrypted unless --show-secrets."""
    document = context.document()
    if context.parsed.given("version"):
        document = history.state_of(context.backend, context.stack, context.parsed.values["version"])
    latest = checkpoint.latest(document)
    if context.parsed.on("show-secrets") and checkpoint.has_secrets(checkpoint.records(latest)):
        latest = _reveal(latest, context.vault(document).decrypt_state)
    text = (
        json.dumps({"version": checkpoint.FORMAT, "deployment": latest}, indent=4, ensure_ascii=False) + "\n"
    )
    file = context.parsed.text("file")
    if not file:
        context.console.print(text, end="")
        return 0
    context.write(file, text, f"could not write {context.cwd / file}")
    return 0


def _reveal(value: Any, decrypt: checkpoint.Encrypt) -> Any:
    if isinstance(value, dict):
        if value.get(SIGNATURE) == SECRET_SIGNATURE and "ciphertext" in value:
            return {SIGNATURE: SECRET_SIGNATURE, "plaintext": decrypt(value["ciphertext"])}
        return {k: _reveal(v, decrypt) for k, v in value.items()}
    return [_reveal(v, decrypt) for v in value] if isinstance(value, list) else value


def import_(context: Context) -> int:
    """Replace the state by a deployment, or by a state file; plain secrets in it are encrypted again."""
    file = context.parsed.text("file")
    data = context.read(file, "could not open") if file else sys.stdin.buffer.read()
    try:
        deployment = _deployment_in(data)
    except checkpoint.Malformed as error:
        raise CommandError(f"could not read the deployment: {error}") from error
    stack = context.stack
    context.backend.require(stack)
    faults = deployment_faults(deployment, stack)
    if faults and not context.parsed.on("force"):
        faults.append("importing this file could be dangerous; rerun with --force to proceed anyway")
        listed = "".join(f"\n    {i}) {fault}" for i, fault in enumerate(faults, 1))
        raise CommandError(f"{len(faults)} errors occurred:{listed}")
    with context.locked():
        document = {"checkpoint": {"stack": context.full_name, "latest": deployment}}
        vault = context.vault(document)
        vault.own.check()
        codec = context.codec(vault, document)
        snapshot = codec.load(document)
        snapshot.secrets_provider = vault.provider()
        context.backend.write(stack, codec.dump(snapshot))
    for fault in faults:
        context.console.error(f"warning: {fault}")
    context.console.print("Import complete.")
    return 0


def _deployment_in(data: bytes) -> Json:
    """What an export has, or a state file: a copy is put back as it was kept.  Raises `Malformed`."""
    try:
        return checkpoint.latest(checkpoint.parse(data))
    except checkpoint.Malformed:
        exported: Json = checkpoint.parse(data, under="deployment")["deployment"]
        return exported


def deployment_faults(deployment: Json, stack: str) -> list[str]:
    """What makes a deployment dangerous to take in: another stack's resources, or references to nothing."""
    records = checkpoint.records(deployment)
    other = [
        f"resource '{r['urn']}' is from a different stack ({_stack_of(r['urn'])} != {stack})"
        for r in records
        if _stack_of(r["urn"]) != stack
    ]
    if other:
        return other
    urns: set[str] = set()
    for record in deployment.get("resources") or []:
        for dependency in [record.get("parent"), *(record.get("dependencies") or [])]:
            if dependency and dependency not in urns:
                kind = "parent" if dependency == record.get("parent") else "dependency"
                missing = f"resource {record['urn']}'s {kind} {dependency} refers to missing resource"
                return [f"state file contains errors: {missing}"]
        urns.add(record["urn"])
    return []


def _stack_of(urn: str) -> str:
    return urn.removeprefix("urn:pulumi:").partition("::")[0]

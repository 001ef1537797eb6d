"""The verbs on stacks as such: init, ls, rm, output, export, import, select, and what a stack holds."""

from __future__ import annotations

import json
import shlex
import socket
import sys
import time
from datetime import UTC, datetime
from typing import Any

from engine import checkpoint, locks
from engine import project as projects
from engine.checkpoint import Codec, Json
from engine.context import Context, resources_of
from engine.display.digest import plain
from engine.display.words import ago
from engine.errors import NOT_CONFIRMED, CommandError, unsupported
from engine.records import Snapshot
from engine.urns import STACK_TYPE, name_of
from engine.values import SECRET_SIGNATURE, SIGNATURE, Props, has_secret

NOWHERE = "Use `pulumi stack select` to change stack; `pulumi stack ls` lists known ones"


def init(context: Context) -> int:
    """A new, empty stack; its salt goes into the stack's file."""
    if context.parsed.text("secrets-provider", "passphrase") not in ("", "default", "passphrase"):
        raise unsupported(f"the secrets provider {context.parsed.text('secrets-provider')}")
    stack = named(context)
    context.backend.check_layout()
    if context.backend.exists(stack):
        raise CommandError(f"stack '{context.full_name}' already exists")
    vault = context.vault()
    vault.check()
    snapshot = Snapshot(secrets_provider=vault.provider())
    context.backend.create(stack, context.codec(vault, {}).dump(snapshot))
    if not context.stack_file.salt:
        context.stack_file.salt = vault.salt
        context.stack_file.save()
    if not context.parsed.on("no-select"):
        projects.select(context.project, stack, context.environment)
    context.console.error(f"Created stack '{stack}'")
    return 0


def named(context: Context) -> str:
    """The stack that the command's own word names, or --stack, or the selected one."""
    if context.parsed.words:
        name = projects.stack_name(context.parsed.words[0], context.project.name)
        context.parsed.values["stack"] = name
    return context.stack


def select(context: Context) -> int:
    name = named(context)
    context.backend.check_layout()
    if context.parsed.on("create") and not context.backend.exists(name):
        return init(context)
    context.backend.require(name)
    projects.select(context.project, name, context.environment)
    return 0


def unselect(context: Context) -> int:
    projects.select(context.project, "", context.environment)
    context.console.print("Stack was unselected")
    return 0


def ls(context: Context) -> int:
    context.backend.check_layout()
    current = projects.selected(context.project, context.environment)
    rows = [_row(context, stack, stack == current) for stack in context.backend.stacks()]
    if context.parsed.on("json"):
        context.console.print(json.dumps(rows, indent=2))
        return 0
    table = [["NAME", "LAST UPDATE", "RESOURCE COUNT"]]
    for row in rows:
        when = ago(_age(row["lastUpdate"])) if row.get("lastUpdate") else "n/a"
        name = row["name"] + ("*" if row["current"] else "")
        table.append([name, when, str(row["resourceCount"]) if "resourceCount" in row else "n/a"])
    context.console.print(columns(table))
    return 0


def _row(context: Context, stack: str, current: bool) -> Json:
    row: Json = {"name": stack, "current": current}
    document = context.backend.document(stack)
    when = _updated(document)
    if when:
        whole, _, part = when.rstrip("Z").partition(".")
        row["lastUpdate"] = f"{whole}.{part[:3]:0<3}Z"
    count = len(resources_of(document))
    return row | {"resourceCount": count}


def _updated(document: Json) -> str:
    latest = document["checkpoint"].get("latest") or {}
    return str((latest.get("manifest") or {}).get("time") or "")


def _age(when: str) -> float:
    whole = when.rstrip("Z").partition(".")[0]
    try:
        return max(0.0, time.time() - datetime.fromisoformat(whole).replace(tzinfo=UTC).timestamp())
    except ValueError:
        return 0.0


def columns(rows: list[list[str]], indent: str = "") -> str:
    """A table, two blanks between columns, none at the end of a line."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = ["  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)) for row in rows]
    return "\n".join(indent + line.rstrip() for line in lines)


def rm(context: Context) -> int:
    """Forget a stack.  Its file stays, which the CLI would delete: it is where a rack is declared."""
    stack = named(context)
    document = context.document()
    if resources_of(document) and not context.parsed.on("force"):
        raise CommandError(
            f"'{stack}' still has resources; removal rejected. Possible actions:\n"
            f"- Make sure that '{stack}' is the stack that you want to destroy\n"
            "- Run `pulumi destroy` to delete the resources, then run `pulumi stack rm`\n"
            "- Run `pulumi stack rm --force` to override this error"
        )
    if not context.parsed.on("yes"):
        _ask_for_name(context, stack)
    with locks.held(context.backend.locks(stack)):
        context.backend.remove(stack)
    if projects.selected(context.project, {**context.environment, "PULUMI_STACK": ""}) == stack:
        projects.select(context.project, "", context.environment)
    context.console.print(f"Stack '{stack}' has been removed!")
    return 0


def _ask_for_name(context: Context, stack: str) -> None:
    if not context.console.interactive:
        raise CommandError(
            "--yes must be passed in to proceed when running in non-interactive mode", NOT_CONFIRMED
        )
    answer = input(f"This will permanently remove the '{stack}' stack!\nTo confirm, type its name: ")
    if answer.strip() != stack:
        raise CommandError("confirmation declined")


def show(context: Context) -> int:
    """`stack`: what the stack holds."""
    document = context.document()
    if context.parsed.on("show-name"):
        context.console.print(context.stack)
        return 0
    when, manifest = _updated(document), (document["checkpoint"].get("latest") or {}).get("manifest") or {}
    lines = [f"Current stack is {context.stack}:", f"    Managed by {socket.gethostname()}"]
    if when:
        stamp = when.rstrip("Z").replace("T", " ")
        lines.append(f"    Last updated: {ago(_age(when))} ({stamp} +0000 UTC)")
    if manifest.get("version"):
        lines.append(f"    Pulumi version used: {manifest['version']}")
    records = resources_of(document)
    lines.append(f"Current stack resources ({len(records)}):")
    lines += _tree_lines(context, records) if records else ["    No resources currently in this stack"]
    found = _outputs(context, document)
    if found:
        lines += ["", *_output_lines(found)]
    context.console.print("\n".join([*lines, "", NOWHERE]))
    return 0


def _tree_lines(context: Context, records: list[Json]) -> list[str]:
    """The resources as a tree; those without a parent hang from the stack, last."""
    stack_urn = next((r["urn"] for r in records if r["type"] == STACK_TYPE), "")
    children: dict[str, list[Json]] = {}
    for record in records:
        if record["urn"] != stack_urn:
            children.setdefault(record.get("parent", ""), []).append(record)
    if stack_urn:
        children[stack_urn] = children.get(stack_urn, []) + children.pop("", [])
    rows: list[tuple[str, str, list[str]]] = []

    def add(record: Json, first: str, others: str) -> None:
        below = children.get(record["urn"], [])
        indent = others + ("│  " if below else "   ")
        more = [f"URN: {record['urn']}"] if context.parsed.on("show-urns") else []
        more += [f"ID: {record['id']}"] if context.parsed.on("show-ids") and record.get("id") else []
        rows.append((first + record["type"], name_of(record["urn"]), [indent + text for text in more]))
        for i, child in enumerate(below):
            last = i == len(below) - 1
            add(child, others + ("└─ " if last else "├─ "), others + ("   " if last else "│  "))

    roots = [r for r in records if r["urn"] == stack_urn] or children.get("", [])
    for root in roots:
        add(root, "", "")
    width = max(len("TYPE"), *(len(kind) for kind, _, _ in rows))
    lines = [f"    {'TYPE':<{width}}  NAME"]
    for kind, name, more in rows:
        lines += [f"    {kind:<{width}}  {name}", *(f"    {text}" for text in more)]
    return lines


def _outputs(context: Context, document: Json) -> Props:
    """The stack's outputs.  Without --show-secrets no secret is decrypted, and no passphrase is needed."""
    raw = next((r.get("outputs") or {} for r in resources_of(document) if r["type"] == STACK_TYPE), {})
    showing = context.parsed.on("show-secrets") and checkpoint.has_secrets(raw)
    decrypt = context.vault(document).decrypt_state if showing else _masked
    codec = Codec(context.full_name, decrypt, decrypt)
    latest = {"resources": [{"urn": "urn:pulumi:s::p::t::n", "type": STACK_TYPE, "outputs": raw}]}
    snapshot = codec.load({"checkpoint": {"latest": latest}})
    return snapshot.resources[0].outputs


def _masked(_sealed: str) -> str:
    return '"[secret]"'


def _text(value: Any, show_secrets: bool) -> str:
    """An output in one line: a text as it is, anything else as JSON."""
    shown = plain(value, show_secrets)
    if not show_secrets and has_secret(value):
        shown = plain(value, False)
    return shown if isinstance(shown, str) else json.dumps(shown, ensure_ascii=False, separators=(",", ":"))


def _output_lines(found: Props, show_secrets: bool = False) -> list[str]:
    lines = [f"Current stack outputs ({len(found)}):"]
    if not found:
        return [*lines, "    No output values currently in this stack"]
    table = [["OUTPUT", "VALUE"], *([k, _text(v, show_secrets)] for k, v in sorted(found.items()))]
    return [*lines, columns(table, "    ")]


def output(context: Context) -> int:
    """`stack output`: all, or one."""
    found, secrets = _outputs(context, context.document()), context.parsed.on("show-secrets")
    if context.parsed.words:
        name = context.parsed.words[0]
        if name not in found:
            raise CommandError(f"current stack does not have output property '{name}'")
        value = found[name]
        as_json = context.parsed.on("json")
        text = _json(plain(value, secrets)) if as_json else _text(value, secrets)
        context.console.print(text)
    elif context.parsed.on("json"):
        context.console.print(_json(plain(found, secrets)))
    elif context.parsed.on("shell"):
        for key, value in sorted(found.items()):
            context.console.print(f"{key}={shell_word(_text(value, secrets))}")
    else:
        context.console.print("\n".join(_output_lines(found, secrets)))
    return 0


def _json(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)


def shell_word(text: str) -> str:
    """A text that a shell takes as one word: quoted when it has blanks, else each special character escaped."""
    if not text or any(c.isspace() for c in text):
        return shlex.quote(text) if text else "''"
    return "".join("\\" + c if c in "\\'\"`$&|;<>()*?[#~!{" else c for c in text)


def export(context: Context) -> int:
    """The state as a deployment; what is secret stays encrypted unless --show-secrets."""
    document = context.document()
    latest = document["checkpoint"].get("latest") or {}
    if context.parsed.on("show-secrets") and checkpoint.has_secrets(checkpoint.records(latest)):
        latest = _reveal(latest, context.vault(document).decrypt_state)
    text = (
        json.dumps({"version": checkpoint.FORMAT, "deployment": latest}, indent=4, ensure_ascii=False) + "\n"
    )
    file = context.parsed.text("file")
    if not file:
        context.console.print(text, end="")
        return 0
    target = context.cwd / file
    try:
        target.write_text(text, encoding="utf-8")
    except OSError as error:
        raise CommandError(f"could not write {target}: {error.strerror}") from error
    return 0


def _reveal(value: Any, decrypt: checkpoint.Encrypt) -> Any:
    if isinstance(value, dict):
        if value.get(SIGNATURE) == SECRET_SIGNATURE and "ciphertext" in value:
            return {SIGNATURE: SECRET_SIGNATURE, "plaintext": decrypt(value["ciphertext"])}
        return {k: _reveal(v, decrypt) for k, v in value.items()}
    return [_reveal(v, decrypt) for v in value] if isinstance(value, list) else value


def import_(context: Context) -> int:
    """Replace the state by a deployment; plain secrets in it are encrypted again."""
    data = _read_deployment(context)
    try:
        deployment = checkpoint.parse(data, under="deployment")["deployment"]
    except checkpoint.Malformed as error:
        raise CommandError(f"could not read the deployment: {error}") from error
    stack = context.stack
    context.backend.require(stack)
    faults = deployment_faults(deployment, stack)
    if faults and not context.parsed.on("force"):
        faults.append("importing this file could be dangerous; rerun with --force to proceed anyway")
        listed = "".join(f"\n    {i}) {fault}" for i, fault in enumerate(faults, 1))
        raise CommandError(f"{len(faults)} errors occurred:{listed}")
    with locks.held(context.backend.locks(stack)):
        document = {"checkpoint": {"stack": context.full_name, "latest": deployment}}
        vault = context.vault(document)
        vault.check()
        codec = context.codec(vault, document)
        snapshot = codec.load(document)
        snapshot.secrets_provider = vault.provider()
        context.backend.write(stack, codec.dump(snapshot))
    for fault in faults:
        context.console.error(f"warning: {fault}")
    context.console.print("Import complete.")
    return 0


def _read_deployment(context: Context) -> bytes:
    file = context.parsed.text("file")
    if not file:
        return sys.stdin.buffer.read()
    try:
        return (context.cwd / file).read_bytes()
    except OSError as error:
        raise CommandError(f"could not open {file}: {error.strerror}") from error


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


def cancel(context: Context) -> int:
    """Take all locks away, whoever has them."""
    stack = named(context)
    context.backend.require(stack)
    if context.console.interactive and not context.parsed.on("yes"):
        question = (
            f"This will irreversibly cancel the currently running update for '{stack}'! Go on? [yes/no] "
        )
        if not context.confirm(question):
            raise CommandError("confirmation declined")
    locks.cancel(context.backend.locks(stack))
    context.console.print(f"The currently running update for '{stack}' has been canceled!")
    return 0


def unprotect(context: Context) -> int:
    """`state unprotect`: the mark that forbids a delete is taken off, in the state alone."""
    stack, urn, every = context.stack, "".join(context.parsed.words), context.parsed.on("all")
    if not urn and not every:
        raise CommandError("state unprotect: must pass the URN of a resource, or --all")
    context.backend.require(stack)
    with locks.held(context.backend.locks(stack)):
        document = context.document()
        chosen = [r for r in resources_of(document) if every or r["urn"] == urn]
        if not chosen:
            raise CommandError(f'No such resource "{urn}" exists in the current state')
        freed = [r for r in chosen if r.pop("protect", False)]
        document["checkpoint"]["latest"]["manifest"] = checkpoint.manifest()
        context.backend.write(stack, checkpoint.one_line(document))
    context.console.print(f"{len(freed) if every else len(chosen)} resources unprotected")
    return 0

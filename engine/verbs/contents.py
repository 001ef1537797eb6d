"""What a stack holds: `stack`, and `stack output`."""

from __future__ import annotations

import shlex
import socket
import time

from engine.context import Context, resources_of
from engine.display.words import ago, branches
from engine.errors import CommandError
from engine.settings.stackfile import text_of
from engine.state import checkpoint
from engine.state.checkpoint import Codec, Json
from engine.state.clock import seconds_of
from engine.state.urns import STACK_TYPE, name_of
from engine.state.values import Props, plain


def updated(document: Json) -> str:
    return str(_manifest(document).get("time") or "")


def _manifest(document: Json) -> Json:
    return checkpoint.latest(document).get("manifest") or {}


def age(when: str) -> float:
    """Seconds gone by since a time in RFC 3339; 0 where it is none, or is to come."""
    then = seconds_of(when)
    return 0.0 if then is None else max(0.0, time.time() - then)


def columns(rows: list[list[str]], indent: str = "") -> str:
    """A table, two blanks between columns, none at the end of a line."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = ["  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)) for row in rows]
    return "\n".join(indent + line.rstrip() for line in lines)


def show(context: Context) -> int:
    """`stack`: what the stack holds."""
    document = context.document()
    if context.parsed.on("show-name"):
        context.console.print(context.stack)
        return 0
    when, manifest = updated(document), _manifest(document)
    lines = [f"Current stack is {context.stack}:", f"    Managed by {socket.gethostname()}"]
    if when:
        stamp = when.rstrip("Z").replace("T", " ")
        lines.append(f"    Last updated: {ago(age(when))} ({stamp} +0000 UTC)")
    if manifest.get("version"):
        lines.append(f"    Pulumi version used: {manifest['version']}")
    records = resources_of(document)
    lines.append(f"Current stack resources ({len(records)}):")
    lines += _tree_lines(context, records) if records else ["    No resources currently in this stack"]
    found = _outputs(context, document)
    if found:
        lines += ["", *_output_lines(found)]
    say = context.wording.command
    elsewhere = f"Use `{say('stack select')}` to change stack; `{say('stack ls')}` lists known ones"
    context.console.print("\n".join([*lines, "", elsewhere]))
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
    roots = [r for r in records if r["urn"] == stack_urn] or children.get("", [])
    rows: list[tuple[str, str, list[str]]] = []
    for record, branch, others in branches(roots, lambda r: children.get(r["urn"], [])):
        indent = others + ("│  " if children.get(record["urn"]) else "   ")
        more = [f"URN: {record['urn']}"] if context.parsed.on("show-urns") else []
        more += [f"ID: {record['id']}"] if context.parsed.on("show-ids") and record.get("id") else []
        rows.append((branch + record["type"], name_of(record["urn"]), [indent + text for text in more]))
    width = max(len("TYPE"), *(len(kind) for kind, _, _ in rows))
    lines = [f"    {'TYPE':<{width}}  NAME"]
    for kind, name, more in rows:
        lines += [f"    {kind:<{width}}  {name}", *(f"    {text}" for text in more)]
    return lines


def _outputs(context: Context, document: Json) -> Props:
    """The stack's outputs.  Without --show-secrets no secret is decrypted, and no passphrase is needed."""
    raw = next((r.get("outputs") or {} for r in resources_of(document) if r["type"] == STACK_TYPE), {})
    showing = context.parsed.on("show-secrets") and checkpoint.has_secrets(raw)
    decrypt = context.vault(document).decrypt_state if showing else lambda _sealed: '"[secret]"'
    codec = Codec(context.full_name, decrypt, decrypt)
    latest = {"resources": [{"urn": "urn:pulumi:s::p::t::n", "type": STACK_TYPE, "outputs": raw}]}
    snapshot = codec.load({"checkpoint": {"latest": latest}})
    return snapshot.resources[0].outputs


def _output_lines(found: Props, show_secrets: bool = False) -> list[str]:
    lines = [f"Current stack outputs ({len(found)}):"]
    if not found:
        return [*lines, "    No output values currently in this stack"]
    table = [["OUTPUT", "VALUE"], *([k, text_of(plain(v, show_secrets))] for k, v in sorted(found.items()))]
    return [*lines, columns(table, "    ")]


def output(context: Context) -> int:
    """`stack output`: all, or one."""
    found, secrets = _outputs(context, context.document()), context.parsed.on("show-secrets")
    if context.parsed.words:
        name = context.parsed.words[0]
        if name not in found:
            raise CommandError(f"current stack does not have output property '{name}'")
        if context.parsed.on("json"):
            context.console.json(plain(found[name], secrets))
        else:
            context.console.print(text_of(plain(found[name], secrets)))
    elif context.parsed.on("json"):
        context.console.json(plain(found, secrets))
    elif context.parsed.on("shell"):
        for key, value in sorted(found.items()):
            context.console.print(f"{key}={shell_word(text_of(plain(value, secrets)))}")
    else:
        context.console.print("\n".join(_output_lines(found, secrets)))
    return 0


def shell_word(text: str) -> str:
    """A text that a shell takes as one word: quoted when it has blanks, else each special character escaped."""
    if not text or any(c.isspace() for c in text):
        return shlex.quote(text)
    return "".join("\\" + c if c in "\\'\"`$&|;<>()*?[#~!{" else c for c in text)

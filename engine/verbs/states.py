"""Edits of the state alone: `state unprotect`, `state rename`.  No object is touched, and no secret needed."""

from __future__ import annotations

from collections.abc import Callable

from engine.context import Context, resources_of
from engine.errors import CommandError
from engine.run.imports import LONGEST
from engine.state import checkpoint, documents, urns
from engine.state.checkpoint import Json

PROPERTIES = ("inputs", "outputs")


def edit(context: Context, change: Callable[[Json], str]) -> int:
    """Hold the lock, change the document, write it, and print what ``change`` says of it."""
    context.backend.require(context.stack)
    with context.locked():
        document = context.document()
        told = change(document)
        checkpoint.latest(document)["manifest"] = checkpoint.manifest()
        context.backend.write(context.stack, checkpoint.one_line(document))
    context.console.print(told)
    return 0


def unprotect(context: Context) -> int:
    """The mark that forbids a delete is taken off."""
    urn, every = "".join(context.parsed.words), context.parsed.on("all")
    if not urn and not every:
        raise CommandError("state unprotect: must pass the URN of a resource, or --all")

    def change(document: Json) -> str:
        chosen = [r for r in resources_of(document) if every or r["urn"] == urn]
        if not chosen:
            raise _no_such(urn)
        freed = [r for r in chosen if r.pop("protect", False)]
        return f"{len(freed) if every else len(chosen)} resources unprotected"

    return edit(context, change)


def _no_such(urn: str) -> CommandError:
    return CommandError(f'No such resource "{urn}" exists in the current state')


def rename(context: Context) -> int:
    """Another name in the URN of one resource, wherever the state speaks of it."""
    former, name = context.parsed.words
    if not name or "::" in name or not name.isprintable() or len(name) > LONGEST:
        raise CommandError(
            f"state rename: invalid name {documents.short(name)}: it must not be empty, nor have :: in it; "
            f"allowed: printable text of up to {LONGEST} characters"
        )
    context.require_consent()

    def change(document: Json) -> str:
        records = resources_of(document)
        if not any(r["urn"] == former for r in records):
            raise _no_such(former)
        urn = former.removesuffix(urns.name_of(former)) + name
        if any(r["urn"] == urn for r in records):
            raise CommandError(f'a resource named "{urn}" exists in the current state already')
        context.confirm(f"Rename {former}\n    to {urn}? [yes/no] ")
        for record in checkpoint.records(checkpoint.latest(document)):
            fields = {k: urns.renamed(v, former, urn) for k, v in record.items() if k not in PROPERTIES}
            record.update(fields)
        return "Resource renamed"

    return edit(context, change)

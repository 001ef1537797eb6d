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
    return _mark(context, "unprotect", None)


def protect(context: Context) -> int:
    """The mark that forbids a delete is set."""
    return _mark(context, "protect", True)


def _mark(context: Context, verb: str, mark: bool | None) -> int:
    urn, every = "".join(context.parsed.words), context.parsed.on("all")
    if not urn and not every:
        raise CommandError(f"state {verb}: must pass the URN of a resource, or --all")

    def change(document: Json) -> str:
        chosen = [r for r in resources_of(document) if every or r["urn"] == urn]
        if not chosen:
            raise _no_such(urn)
        changed = [r for r in chosen if r.pop("protect", None) != mark]
        for record in chosen if mark else ():
            record["protect"] = mark
        return f"{len(changed) if every else len(chosen)} resources {verb}ed"

    return edit(context, change)


def delete(context: Context) -> int:
    """A resource is forgotten; what it stands for stays as it is.

    Of several records of one URN it is the one that is not an old copy of what was replaced.
    """
    (urn,) = context.parsed.words
    context.require_consent()

    def change(document: Json) -> str:
        records = checkpoint.records(checkpoint.latest(document))
        named = [r for r in records if r["urn"] == urn]
        live = [r for r in named if not r.get("delete")]
        if not named:
            raise _no_such(urn)
        gone = [*(live or named[:1]), *(_below(records, urn) if live else ())]
        _refuse(context, gone)
        told = "\n    ".join(r["urn"] for r in gone)
        context.confirm(f"Forget, and leave on the host as it is:\n    {told}\nGo on? [yes/no] ")
        latest = checkpoint.latest(document)
        latest["resources"] = [r for r in records if not any(r is other for other in gone)]
        return "Resource deleted" if len(gone) == 1 else f"{len(gone)} resources deleted"

    return edit(context, change)


def _refuse(context: Context, gone: list[Json]) -> None:
    first, *others = gone
    if others and not context.parsed.on("target-dependents"):
        listed = "".join(f"\n  {r['urn']}" for r in others)
        raise CommandError(
            f'"{first["urn"]}" can\'t be deleted from the state: these depend on it; delete them first, or with it by '
            f"--target-dependents:{listed}"
        )
    kept = [r["urn"] for r in gone if r.get("protect")]
    if kept and not context.parsed.on("force"):
        raise CommandError(
            f"{' and '.join(kept)}: protected; nothing was deleted from the state; --force does it"
        )


def _below(records: list[Json], urn: str) -> list[Json]:
    """All that depends on a resource, directly or not, in the order of the state."""
    reached, found = {urn}, []
    for record in records:
        lists = [record.get("dependencies"), record.get("replaceWith")]
        lists += (
            record.get("propertyDependencies") or {}
        ).values()  # the CLI writes null where there are none
        provider = urns.provider_of(record.get("provider") or "")
        needs = {record.get("parent"), record.get("deletedWith"), provider}
        needs.update(*(names or () for names in lists))
        if record["urn"] not in reached and needs & reached:
            reached.add(record["urn"])
            found.append(record)
    return found


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

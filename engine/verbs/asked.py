"""What a command line asks of a run."""

from __future__ import annotations

from dataclasses import fields

from engine.context import Context
from engine.display.display import Wishes
from engine.errors import CommandError
from engine.scope import Scope


def wishes_of(context: Context) -> Wishes:
    return Wishes(**{f.name: context.parsed.on(f.name.replace("_", "-")) for f in fields(Wishes)})


def scope_of(context: Context) -> Scope:
    """The part of the stack that the command line names."""
    parsed = context.parsed
    both = parsed.texts("target-replace")
    scope = Scope(
        targets=parsed.texts("target") + both,
        target_dependents=parsed.on("target-dependents"),
        excludes=parsed.texts("exclude"),
        exclude_dependents=parsed.on("exclude-dependents"),
        exclude_protected=parsed.on("exclude-protected"),
        replaces=parsed.texts("replace") + both,
    )
    if scope.targets and (scope.excludes or scope.exclude_protected):
        raise CommandError("--target can't be given together with --exclude or --exclude-protected")
    return scope


def refresh_of(context: Context) -> bool:
    parsed = context.parsed
    return parsed.on("refresh") if parsed.given("refresh") else context.project.refresh


def found_of(context: Context) -> dict[str, str]:
    """The ids, by URN, of objects whose creates were interrupted: --import-pending-creates, twice for each."""
    words = context.parsed.texts("import-pending-creates")
    if len(words) % 2:
        raise CommandError("--import-pending-creates: each URN must be followed by an ID")
    return dict(zip(words[::2], words[1::2], strict=True))


def flags_of(context: Context) -> dict[str, str]:
    """The flags of this run as its history tells them; texts may be secret, so only that they were given."""
    values = context.parsed.values
    return {k: str(v).lower() if isinstance(v, bool) else "set" for k, v in values.items()}

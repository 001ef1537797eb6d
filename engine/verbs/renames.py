"""`stack rename`: another name for a stack, with all that is kept of it, and with the file that declares it."""

from __future__ import annotations

import os
from pathlib import Path

from engine.context import Context
from engine.errors import CommandError
from engine.settings import project as projects
from engine.state import atomic, renaming


def rename(context: Context) -> int:
    """The former state goes last: a rename that was cut off is finished by the same words."""
    former, name = context.stack, projects.stack_name(context.parsed.words[0], context.project.name)
    backend = context.backend
    backend.require(former)
    if name == former:
        raise renaming.taken(name)
    # the new name's lock too: of two stacks that are to have one name the second would run over the first
    with context.locked(former), context.locked(name):
        own = renaming.renamed(context.document(), backend.project, former, name)
        renaming.require_free(backend, name, own)
        backend.refuse_journal(name)
        file, target = _files(context, former, name)
        renaming.write(backend, former, name, own)
        renaming.move_kept(backend, former, name)
        if file.exists():
            file.rename(target)
            atomic.sync_folder(target.parent)
        backend.remove(former)
    if projects.selected(context.project, {**os.environ, "PULUMI_STACK": ""}) == former:
        projects.select(context.project, name)
    context.console.print(f"Renamed {former} to {name}")
    return 0


def _files(context: Context, former: str, name: str) -> tuple[Path, Path]:
    """The stack's file, as it is called and as it will be.  Refuses where that would run over another one."""
    file, target = (context.project.root / f"Pulumi.{stack}.yaml" for stack in (former, name))
    if file.exists() and os.path.lexists(target):
        raise CommandError(
            f"{target} is there already, and {file.name} would have to become it; nothing was changed; "
            "move away the one that is not meant"
        )
    return file, target

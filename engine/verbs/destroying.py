"""What `destroy` says before it begins and when it has ended."""

from __future__ import annotations

from engine.context import Context
from engine.run.aim import deletes
from engine.scope import Scope
from engine.state import urns
from engine.state.records import Snapshot


def has_anything(scope: Scope, snapshot: Snapshot) -> bool:
    """Whether the scope leaves any object to be deleted."""
    records = snapshot.resources
    return any(r.custom and not urns.is_provider(r.type) for r in deletes(scope, records, records)[0])


def finish(context: Context, scope: Scope, snapshot: Snapshot) -> None:
    """``snapshot`` is what the destroy has left.  A stack that still has resources is never removed."""
    if scope.exclude_protected and snapshot.resources:
        context.console.print("All unprotected resources were destroyed. " + left(snapshot))
    elif snapshot.resources:
        return
    elif context.parsed.on("remove"):
        context.backend.remove(context.stack)
        context.console.print(
            "The resources in the stack have been deleted, and the history removed; "
            f"{context.stack_file_path.name} was left as it is."
        )
    else:
        context.console.print(
            "The resources in the stack have been deleted, but the history and configuration associated with the "
            "stack are still maintained. \nIf you want to remove the stack completely, run "
            f"`{context.wording.command(f'stack rm {context.stack}')}`."
        )


def left(snapshot: Snapshot) -> str:
    return f"There are still {len(snapshot.resources)} protected resources associated with this stack."

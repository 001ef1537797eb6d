"""The verbs on stacks as such: init, select, ls, rm, cancel."""

from __future__ import annotations

import os

from engine.context import Context, resources_of
from engine.display.words import ago
from engine.errors import CommandError, unsupported
from engine.settings import project as projects
from engine.state import locks
from engine.state.checkpoint import Json
from engine.state.locks import Lock
from engine.state.records import Snapshot
from engine.verbs.contents import age, columns, updated


def init(context: Context) -> int:
    """A new, empty stack; its salt goes into the stack's file."""
    keeper = context.parsed.text("secrets-provider")
    if keeper not in ("", "default", "passphrase"):
        raise unsupported(f"the secrets provider {keeper}")
    stack = named(context)
    context.backend.require_none(stack)
    vault = context.vault()
    vault.own.check()
    snapshot = Snapshot(secrets_provider=vault.provider())
    context.backend.create(stack, context.codec(vault, {}).dump(snapshot))
    if not context.stack_file.salt:
        context.stack_file.salt = vault.salt
        context.stack_file.save()
    if not context.parsed.on("no-select"):
        projects.select(context.project, stack)
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
    projects.select(context.project, name)
    return 0


def unselect(context: Context) -> int:
    projects.select(context.project, "")
    context.console.print("Stack was unselected")
    return 0


def ls(context: Context) -> int:
    context.backend.check_layout()
    current = projects.selected(context.project)
    rows = [_row(context, stack, stack == current) for stack in context.backend.stacks()]
    if context.parsed.on("json"):
        context.console.json(rows)
        return 0
    table = [["NAME", "LAST UPDATE", "RESOURCE COUNT"]]
    for row in rows:
        when = ago(age(row["lastUpdate"])) if row.get("lastUpdate") else "n/a"
        name = row["name"] + ("*" if row["current"] else "")
        table.append([name, when, str(row["resourceCount"])])
    context.console.print(columns(table))
    return 0


def _row(context: Context, stack: str, current: bool) -> Json:
    row: Json = {"name": stack, "current": current}
    document = context.backend.document(stack)
    when = updated(document)
    if when:
        whole, _, part = when.rstrip("Z").partition(".")
        row["lastUpdate"] = f"{whole}.{part[:3]:0<3}Z"
    return row | {"resourceCount": len(resources_of(document))}


def rm(context: Context) -> int:
    """Forget a stack.  Its file stays, which the CLI would delete: it is where a rack is declared."""
    stack = named(context)
    document, say = context.document(), context.wording.command
    if resources_of(document) and not context.parsed.on("force"):
        raise CommandError(
            f"'{stack}' still has resources; removal rejected. Possible actions:\n"
            f"- Make sure that '{stack}' is the stack that you want to destroy\n"
            f"- Run `{say('destroy', stack)}` to delete the resources, then run `{say('stack rm', stack)}`\n"
            f"- Run `{say('stack rm --force', stack)}` to override this error"
        )
    context.require_consent()
    if not context.parsed.on("yes"):
        question = f"This will permanently remove the '{stack}' stack!\nTo confirm, type its name: "
        if input(question).strip() != stack:
            raise CommandError("confirmation declined")
    with context.locked(stack):
        context.backend.remove(stack)
    if projects.selected(context.project, {**os.environ, "PULUMI_STACK": ""}) == stack:
        projects.select(context.project, "")
    context.console.print(f"Stack '{stack}' has been removed!")
    return 0


def cancel(context: Context) -> int:
    """Take all locks away, whoever has them; of a run that is alive on this machine only where that is said."""
    stack = named(context)
    context.backend.require(stack)
    folder = context.backend.locks(stack)
    alive = [lock for lock in locks.found(folder) if locks.is_alive_here(lock)]
    if alive and not context.parsed.on("force"):
        raise _running(context, stack, alive)
    if context.console.interactive:
        context.confirm(
            f"This will irreversibly cancel the currently running update for '{stack}'! Go on? [yes/no] "
        )
    locks.cancel(folder)
    for lock in alive:
        context.console.error(
            f"warning: its lock, {lock}, is gone, and that update runs on: let no other of '{stack}' begin meanwhile"
        )
    if not alive:
        context.console.print(f"The currently running update for '{stack}' has been canceled!")
    return 0


def _running(context: Context, stack: str, alive: list[Lock]) -> CommandError:
    """A lock is all that `cancel` can take away: who has it goes on, and a second run would not be kept apart."""
    pids = " ".join(str(pid) for pid in map(locks.pid_here, alive) if pid)
    interrupt = f" (or `kill -INT {pids}`)" if pids else ""
    return CommandError(
        f"an update of '{stack}' is running on this machine, its lock {' and '.join(map(str, alive))}; nothing was "
        f"canceled. To stop it: Ctrl-C where it runs{interrupt}; what is under way is finished then. To take the lock "
        f"alone away, while it runs on: `{context.wording.command('cancel --force', stack)}`"
    )

"""The command: looks, says, and where it is asked to writes the stack's file and has the engine import."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import config
from cli import ROOT, live
from cli.adopt import clones, complete, export, moving, stackfile, state, table, whose
from cli.adopt.compare import Comparison, compare
from cli.processes import itself
from cli.words.command_line import UsageError, choose_engine, known_stacks
from config import read
from engine.display.words import plural
from provider.errors import OperatorError
from provider.survey.survey import HostSeen


@dataclass(frozen=True)
class Order:
    """What is asked for; ``out`` is where the import file goes, None for nowhere."""

    stack: str
    lab: bool = False
    write: bool = False
    yes: bool = False
    out: Path | None = None
    engine: str = ""


def run(order: Order) -> int:
    try:
        return _run(order)
    except (UsageError, OperatorError, config.ConfigError) as error:
        for line in str(error).splitlines():
            print(f"error: {line}", file=sys.stderr)
    except OSError as error:
        print(f"error: {error.filename}: {error.strerror}", file=sys.stderr)
    return 1


def _run(order: Order) -> int:
    engine = choose_engine(order.engine)
    if order.stack not in known_stacks():
        raise UsageError(
            f"there is no stack {order.stack!r}; the stacks are {', '.join(sorted(known_stacks()))}"
        )
    uri = live.uris(ROOT, [order.stack], lab=order.lab)[order.stack]
    file = _file(order)
    seen = live.look({order.stack: uri})[order.stack]
    if isinstance(seen, OperatorError):
        raise seen
    if not order.lab:
        whose.refuse_anothers(ROOT, order.stack, engine, seen)
    if order.write and not _write(order, file, seen):
        return 1
    try:
        plan = config.load(order.stack, read.stack_file(file), ROOT, file.name)
    except config.ConfigError:
        _hint(order, file, seen)
        raise
    result = compare(plan, seen)
    alike = list(clones.lines(clones.asked(seen.uri, result.matches.domains)))
    audit = shlex.join(["./trop", "audit", order.stack, *_lab(order)])
    print(table.text(order.stack, seen.uri, result, alike, audit))
    _hint(order, file, seen)
    if not order.yes and order.out is None:
        return 0
    exported = _exported(order, engine, must=order.yes)
    wanted = state.to_import(plan, result.matches, state.known(exported))
    if order.out is not None:
        order.out.write_text(wanted.text, encoding="utf-8")
        count = plural(len(wanted.taken), "object")
        print(f"{order.out}: {count}, for: {_say('import', order, '--file', str(order.out))}")
        for move in wanted.moves if not order.yes else ():
            print(
                f"not in it: {move.what}, which the state has elsewhere; --yes moves it to where the program has it"
            )
    if not order.yes:
        return 0
    if wanted.why:
        hint = f"what is gone from the host leaves the state by: {_say('refresh', order, '--yes')}"
        raise UsageError("\n".join(("nothing is imported:", *wanted.why, *([hint] if wanted.stale else ()))))
    if wanted.moves:
        _move(order, engine, moving.moved(exported, wanted.moves))
        names = dict.fromkeys(move.what for move in wanted.moves)
        print(f"moved in the state to where the program has it ({len(names)}): {', '.join(names)}\n")
        wanted = state.to_import(plan, result.matches, state.known(_exported(order, engine, must=True)))
    return _import(order, engine, wanted) or _left_out(order, result)


def _left_out(order: Order, result: Comparison) -> int:
    """Of what could not be read nothing is in the state; the exit code."""
    for what, line in result.unread:
        print(
            f"error: {what} is not taken over: {line}; once that is mended: {_say('adopt', order, '--yes')}",
            file=sys.stderr,
        )
    return 1 if result.unread else 0


def _file(order: Order) -> Path:
    """The stack's file: in a lab the lab's own."""
    if not order.lab:
        return ROOT / f"Pulumi.{order.stack}.yaml"
    from cli.lab.stack import bare_lab, not_up, stack_file_of

    lab = bare_lab(order.stack)
    if not lab.running:
        raise not_up(lab)
    return stack_file_of(lab)


def _additions(order: Order, file: Path, seen: HostSeen) -> complete.Additions:
    """Raises `config.ConfigError` when the file is wrong beyond what additions can mend."""
    settings = read.stack_file(file)
    own = read.stack_settings(settings, file.name)
    fleet = read.fleet_file(ROOT, own.fleet)
    facts = fleet.hypervisors.get(order.stack)
    slots: dict[str, dict[str, Any]] = {name: {} for name in (facts.slots if facts else ())}
    everything = config.load(order.stack, complete.merged(settings, slots), ROOT, file.name)
    return complete.additions(everything, own, seen)


def _write(order: Order, file: Path, seen: HostSeen) -> bool:
    """Completes the stack's file; whether that was wanted."""
    before = file.read_text(encoding="utf-8")
    after = stackfile.edited(before, _additions(order, file, seen), file.name)
    if before == after:
        print(f"{file} says all of it already.\n")
        return True
    print(stackfile.difference(before, after, str(file)))
    if not order.yes:
        if not sys.stdin.isatty():
            raise UsageError("--write asks before it writes, and nobody is there to answer: --yes does both")
        if input(f"Write this to {file}? [y/N] ").strip().lower() not in ("y", "yes"):
            print("Nothing was written.")
            return False
    beside = file.with_name(f".{file.name}.new")
    beside.write_text(after, encoding="utf-8")
    beside.replace(file)
    print(f"{file} is written.\n")
    return True


def _hint(order: Order, file: Path, seen: HostSeen) -> None:
    new = {} if order.write else _additions(order, file, seen)
    if new:
        print(f"--write would take into {file.name} what is there of: {', '.join(new)}\n")


def _exported(order: Order, engine: str, *, must: bool) -> dict[str, Any]:
    """What the state has; for a file alone (not ``must``), a stack that cannot be read has nothing."""
    exported, why = export.exported(order.stack, engine, lab=order.lab)
    if why and must:
        made = f"./trop stack init {order.stack}"
        hint = "" if order.lab or made in why else f"; a stack is made by: {made}"
        raise UsageError(f"the state of {order.stack} can't be read: {why}{hint}")
    return exported


def _move(order: Order, engine: str, deployment: dict[str, Any]) -> None:
    """Put the edited state in the place of the one that was exported; as it was it stays beside it, as .bak.

    While a run has the stack's lock this is refused, and nothing is changed.
    """
    with tempfile.TemporaryDirectory(prefix="trop-adopt-") as folder:
        file = Path(folder) / "state.json"
        file.write_text(json.dumps(deployment), encoding="utf-8")
        words = ["stack", order.stack, "import", "--file", str(file), "--engine", engine, *_lab(order)]
        done = itself.ended(words)
    if done.returncode != 0:
        said = " ".join(done.stderr.split()).removeprefix("error: ")
        raise UsageError(f"the state of {order.stack} is left as it is: {said}")


def _import(order: Order, engine: str, wanted: state.Import) -> int:
    if wanted.had:
        print(f"in the state already ({len(wanted.had)}): {', '.join(wanted.had)}\n")
    if not wanted.taken:
        print("Nothing is left to import.")
        return 0
    with tempfile.TemporaryDirectory(prefix="trop-adopt-") as folder:
        file = Path(folder) / "import.json"
        file.write_text(wanted.text, encoding="utf-8")
        asked = ["import", order.stack, "--file", str(file), "--yes", "--generate-code=false"]
        line = itself.line([*asked, "--engine", engine, *_lab(order)])
        sys.stdout.flush()
        code = subprocess.run(line, env=itself.environment(), check=False).returncode
    if code == 0:
        count = len(wanted.taken)
        objects = f"{plural(count, 'object')} {'is' if count == 1 else 'are'}"
        print(f"\n{objects} in the state of {order.stack}; nothing on the host was changed.")
        print(f"What an up would do now: {_say('preview', order)}")
    return code


def _say(verb: str, order: Order, *more: str) -> str:
    """The command that follows, as it is typed."""
    engine = ("--engine", order.engine) if order.engine else ()
    return shlex.join(["./trop", verb, order.stack, *more, *_lab(order), *engine])


def _lab(order: Order) -> list[str]:
    return ["--lab"] if order.lab else []

"""A drop-in for the `pulumi` command line, for one project and the file backend."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from engine.context import Context
from engine.display import console
from engine.errors import FAILED, TERMINATED, CommandError, in_line, unsupported
from engine.flag_parser import Command, Parsed, parse, usage
from engine.options import Providers, UnsupportedError
from engine.verbs.flags import GLOBAL, GLOBAL_REFUSED, REFUSED
from engine.verbs.table import COMMANDS
from engine.wording import PULUMI, Wording

INTERRUPTED: Final = 130
FAULT: Final = 255
BY_PATH: Final = {(*c.path[:-1], name): c for c in COMMANDS for name in (c.path[-1], *c.aliases)}


def main(arguments: Sequence[str], *, providers: Providers, wording: Wording = PULUMI) -> int:
    """Carry out one command line; the exit code is the CLI's.  What an operator can cause ends in one line."""
    try:
        code = _run(list(arguments), providers, wording)
    except CommandError as error:
        code = _complain(str(error), error.code)
    except UnsupportedError as error:
        code = _complain(str(error))
    except KeyboardInterrupt:
        code = INTERRUPTED
    except EOFError:
        code = _complain("confirmation declined")
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = FAILED
    except OSError as error:
        code = _complain(f"{error.filename}: {error.strerror}" if error.filename else str(error))
    except Exception as error:
        if os.environ.get("TROP_DEBUG"):
            raise
        text = f"a fault of this engine: {type(error).__name__}: {error} (TROP_DEBUG=1 shows where)"
        code = _complain(text, FAULT)
    if code == TERMINATED:
        leave(code)
    return code


def leave(code: int) -> None:
    """End at once: threads that still wait for a hypervisor are not waited for."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _complain(text: str, code: int = FAILED) -> int:
    print(f"error: {text}", file=sys.stderr, flush=True)
    return code


def _run(arguments: list[str], providers: Providers, wording: Wording) -> int:
    for word in arguments:
        if any("\ud800" <= letter <= "\udfff" for letter in word):
            raise CommandError(f"{in_line(word[:100])} is no UTF-8 text")
    command, rest = find(arguments)
    if command is None:
        return _overview(rest)
    flags = (*command.flags, *GLOBAL)
    parsed = parse(rest, flags, command.refused | GLOBAL_REFUSED)
    if parsed.help:
        print(usage(command, GLOBAL))
        return 0
    _check_words(command, parsed)
    cwd = Path.cwd() / parsed.text("cwd")
    if not cwd.is_dir():
        raise CommandError(f"--cwd: {in_line(str(cwd))} is not a folder")
    color = parsed.text("color", "auto")
    if color not in ("always", "never", "raw", "auto"):
        raise CommandError(
            f'unsupported color option: "{in_line(color)}". Supported values are: always, never, raw, auto'
        )
    made = console.make(color, parsed.on("non-interactive"))
    return command.run(Context(parsed, made, providers, cwd, wording))


def _check_words(command: Command, parsed: Parsed) -> None:
    count = len(parsed.words)
    if not command.at_least <= count <= command.at_most:
        several = f"{command.at_least} to {command.at_most}"
        wanted = str(command.at_most) if command.at_least == command.at_most else several
        raise CommandError(f"pulumi {' '.join(command.path)}: accepts {wanted} arg(s), received {count}")


def find(arguments: list[str]) -> tuple[Command | None, list[str]]:
    """The command that the words name, and what is left of them; flags may stand before its name."""
    words = _names(arguments)
    if not words:
        return None, arguments
    names = [word for _, word in words]
    for refused in (" ".join(names[:2]), names[0]):
        if refused in REFUSED and tuple(names[:2]) not in BY_PATH:
            raise unsupported(f"`pulumi {refused}`")
    for length in (2, 1):
        command = BY_PATH.get(tuple(names[:length]))
        if command is not None:
            taken = {place for place, _ in words[:length]}
            return command, [word for i, word in enumerate(arguments) if i not in taken]
    raise CommandError(f'unknown command "{in_line(names[0])}" for "pulumi"')


def _names(arguments: list[str]) -> list[tuple[int, str]]:
    """The places and texts of the words that are no flags, nor values of global flags."""
    flags = [*GLOBAL, *(flag for command in COMMANDS for flag in command.flags)]
    valued = {spelled for f in flags if f.kind is not bool for spelled in (f"--{f.name}", f"-{f.short}")}
    words: list[tuple[int, str]] = []
    skip = False
    for i, word in enumerate(arguments):
        if skip:
            skip = False
        elif word in valued:
            skip = True
        elif not word.startswith("-"):
            words.append((i, word))
    return words


def _overview(arguments: list[str]) -> int:
    parse(arguments, GLOBAL, GLOBAL_REFUSED)
    width = max(len(" ".join(c.path)) for c in COMMANDS)
    lines = [f"  {' '.join(c.path):<{width}}  {c.help.splitlines()[0]}" for c in COMMANDS]
    print("Usage:\n  pulumi [command]\n\nCommands:\n" + "\n".join(lines))
    return 0

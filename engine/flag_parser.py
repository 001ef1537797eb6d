"""Command lines as the Pulumi CLI reads them: flags before or after words, ``--name value`` or ``--name=value``."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from engine.errors import CommandError, in_line, unsupported

LONGEST: Final = 60  # characters of a word that a message shows
SWITCH: Final = dict.fromkeys(("true", "1", "t", "yes"), True) | dict.fromkeys(
    ("false", "0", "f", "no"), False
)


@dataclass(frozen=True)
class Flag:
    """One flag; ``kind`` is bool (a switch, which may be given ``=false``), str, int, or list (may be repeated)."""

    name: str
    help: str
    kind: type = bool
    short: str = ""


@dataclass(frozen=True)
class Command:
    """One verb: its path (``stack init``), flags and words, and what does it.

    ``words`` names the arguments: ``<one that must be there>``, ``[one that may]``.  ``refused`` are flags that the
    CLI has and this engine has not.
    """

    path: tuple[str, ...]
    help: str
    run: Callable[[Any], int]
    flags: tuple[Flag, ...] = ()
    words: str = ""
    refused: frozenset[str] = frozenset()
    aliases: tuple[str, ...] = ()

    @property
    def at_least(self) -> int:
        return self.words.count("<")

    @property
    def at_most(self) -> int:
        return self.at_least + self.words.count("[")


@dataclass
class Parsed:
    """What a command line says: the flags that were given, and the words."""

    values: dict[str, Any] = field(default_factory=dict)
    words: list[str] = field(default_factory=list)
    help: bool = False

    def on(self, name: str) -> bool:
        return bool(self.values.get(name, False))

    def text(self, name: str, default: str = "") -> str:
        return str(self.values.get(name, default))

    def texts(self, name: str) -> tuple[str, ...]:
        return tuple(self.values.get(name, ()))

    def given(self, name: str) -> bool:
        return name in self.values


def parse(arguments: Sequence[str], flags: Sequence[Flag], refused: frozenset[str]) -> Parsed:
    """Take a command line apart.  Raises `CommandError` for what is unknown, refused or malformed."""
    spelled = {f"--{f.name}": f for f in flags} | {f"-{f.short}": f for f in flags if f.short}
    reader = _Reader(list(arguments), spelled, refused)
    while reader.left:
        word = reader.left.pop(0)
        if word == "--":
            reader.parsed.words += reader.left
            break
        if word in ("--help", "-h"):
            reader.parsed.help = True
        elif word.startswith("--"):
            reader.take_long(word)
        elif word.startswith("-") and len(word) > 1:
            reader.take_short(word)
        else:
            reader.parsed.words.append(word)
    return reader.parsed


@dataclass
class _Reader:
    """A command line under way: what is ``left`` of it, and the flags that there are."""

    left: list[str]
    flags: Mapping[str, Flag]  # as they are spelled
    refused: frozenset[str]
    parsed: Parsed = field(default_factory=Parsed)

    def take_long(self, word: str) -> None:
        name, equals, value = word[2:].partition("=")
        self._keep(f"--{name}", value if equals else None, f"unknown flag: --{in_line(name, LONGEST)}")

    def take_short(self, word: str) -> None:
        """``-y``, ``-sname``, ``-s name``, ``-yf``."""
        letters = word[1:]
        while letters:
            letter, letters = letters[0], letters[1:]
            flag, glued = self.flags.get(f"-{letter}"), None
            if flag and letters and (flag.kind is not bool or letters.startswith("=")):
                glued, letters = letters.removeprefix("="), ""
            where = f"'{in_line(letter, LONGEST)}' in {in_line(word, LONGEST)}"
            self._keep(f"-{letter}", glued, f"unknown shorthand flag: {where}")

    def _keep(self, spelled: str, glued: str | None, unknown: str) -> None:
        flag = self.flags.get(spelled)
        if flag is None:
            name = spelled.removeprefix("-").removeprefix("-")
            raise unsupported(spelled) if name in self.refused else CommandError(unknown)
        value = _value(flag, spelled, glued, self.left)
        self.parsed.values[flag.name] = [*self.parsed.texts(flag.name), value] if flag.kind is list else value


def _value(flag: Flag, spelled: str, glued: str | None, left: list[str]) -> Any:
    if flag.kind is bool and glued is None:
        return True
    if glued is None:
        if not left:
            raise CommandError(f"flag needs an argument: {spelled}")
        glued = left.pop(0)
    try:
        return int(glued) if flag.kind is int else SWITCH[glued.lower()] if flag.kind is bool else glued
    except (ValueError, LookupError) as error:
        form = "a number" if flag.kind is int else "true or false"
        raise CommandError(
            f'invalid argument "{in_line(glued, LONGEST)}" for "{spelled}" flag: expected {form}'
        ) from error


def usage(command: Command, common: Sequence[Flag]) -> str:
    """The help of one command."""
    words = f" {command.words}" if command.words else ""
    lines = [command.help, "", "Usage:", f"  pulumi {' '.join(command.path)}{words} [flags]"]
    if command.aliases:
        lines += ["", "Aliases:", "  " + ", ".join((command.path[-1], *command.aliases))]
    for title, flags in (("Flags", command.flags), ("Global Flags", common)):
        if flags:
            lines += ["", f"{title}:", *_flag_lines(flags)]
    return "\n".join(lines)


def _flag_lines(flags: Sequence[Flag]) -> list[str]:
    def spelled(f: Flag) -> str:
        short = f"-{f.short}, " if f.short else "    "
        return f"  {short}--{f.name}" + (
            "" if f.kind is bool else f" {f.kind.__name__.replace('str', 'string').replace('list', 'string')}"
        )

    width = max(len(spelled(f)) for f in flags)
    return [f"{spelled(f):<{width}}   {f.help}" for f in flags]

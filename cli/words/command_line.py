"""What a line of Pulumi's words asks for, with the stack first; which stacks there are.

    ./trop up trop02 --yes          pulumi up --yes --stack trop02
    ./trop stack trop02 output      pulumi stack output --stack trop02
    ./trop config get trop:vms -s trop02

Ours, and not handed on: ``--engine embedded|pulumi``, ``--lab`` and ``--allow NAME=IMPACT``; and ``--all`` in the
place of a stack, for which see `cli.fleet`.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from cli import ROOT
from engine.verbs.flags import REFUSED
from provider.impact.allow import ALLOWED

ON_ONE_STACK: Final = frozenset({"preview", "pre", "up", "update", "refresh", "destroy", "cancel", "import"})
GROUPS: Final = frozenset({"stack", "config", "state"})
OTHER_NAMES: Final = {"down": "destroy", "dn": "destroy"}
# Of the rest of the CLI's verbs the embedded engine has these two, and says of each other one that it has not.
OTHERS: Final = frozenset({"whoami", "version"}) | {verb for verb in REFUSED if " " not in verb}
VERBS: Final = ON_ONE_STACK | GROUPS | OTHERS | OTHER_NAMES.keys()
ENGINES: Final = ("embedded", "pulumi")

# Options of these verbs that take the next word as their value, so that it is not taken for a stack's name.
_VALUED = """
    --stack -s --message -m --parallel -p --target -t --target-replace --replace --exclude --exclude-target
    --config -c --config-file --color --cwd -C --file --import-file --save-plan --plan --policy-pack
    --policy-pack-config --secrets-provider --out -o --parent --provider --properties --import-pending-creates
"""
WITH_VALUE: Final = frozenset(_VALUED.split())
PATHS: Final = frozenset({"--file", "--config-file", "--import-file", "--save-plan", "--plan", "--out"})


class UsageError(Exception):
    """The words cannot be understood; the message is the one line that the operator gets."""


@dataclass
class Order:
    """What a command line asks for.  ``words`` is what Pulumi would be given, ``--stack`` included."""

    verb: str
    words: list[str] = field(default_factory=list)
    stack: str = ""
    engine: str = ""
    lab: bool = False
    allow: list[str] = field(default_factory=list)


def parse(words: Sequence[str], stacks: frozenset[str]) -> Order:
    """Takes our options out and finds the stack's name.  Raises `UsageError`."""
    order = Order(verb=words[0], words=[words[0]])
    left = iter(words[1:])
    for word in left:
        name, glued, value = word.partition("=")
        if name == "--lab":
            order.lab = True
        elif name == "--engine":
            order.engine = value if glued else _value(name, left)
        elif name == "--allow":
            order.allow.append(_allowed(value if glued else _value(name, left)))
        elif name in ("--stack", "-s"):
            order.stack = value if glued else _value(name, left)
        elif word in WITH_VALUE:
            order.words += [word, _value(word, left)]
        elif not word.startswith("-") and not order.stack and _names_stack(order, word, stacks):
            order.stack = word
        else:
            order.words.append(word)
    if order.stack:
        order.words += ["--stack", order.stack]
    return order


def _allowed(value: str) -> str:
    """``NAME=IMPACT``, as the provider takes it; `UsageError` for what would allow nothing."""
    for entry in value.split(","):
        name, _, impact = entry.rpartition("=")
        if not name.strip() or impact.strip() not in ALLOWED:
            raise UsageError(
                f"--allow {entry!r}: it is NAME=IMPACT, and the impact one of {', '.join(ALLOWED)}"
            )
    return value


def _names_stack(order: Order, word: str, stacks: frozenset[str]) -> bool:
    """`up` and its like begin with a stack; `stack`, `config`, `state` and others only if one is so called."""
    if order.verb == "import":
        return word in stacks
    return order.verb in ON_ONE_STACK or (len(order.words) == 1 and word in stacks)


def _value(option: str, left: Iterator[str]) -> str:
    value = next(left, None)
    if value is None:
        raise UsageError(f"{option} needs a value")
    return value


def known_stacks() -> frozenset[str]:
    """The stacks of the repository."""
    return frozenset(stack_files(ROOT))


def stack_files(root: Path) -> dict[str, Path]:
    """The stacks that have a file in a project, and that file: Pulumi.trop02.yaml is trop02's."""
    return {path.name[len("Pulumi.") : -len(".yaml")]: path for path in sorted(root.glob("Pulumi.*.yaml"))}


def choose_engine(asked: str) -> str:
    """The Pulumi CLI where it is on PATH, the embedded engine elsewhere, or the one asked for."""
    if asked and asked not in ENGINES:
        raise UsageError(f"--engine is {' or '.join(ENGINES)}, not {asked!r}")
    there = shutil.which("pulumi") is not None
    if asked == "pulumi" and not there:
        raise UsageError("--engine pulumi: no pulumi on PATH (the embedded engine needs no --engine)")
    return asked or ("pulumi" if there else "embedded")


def placed(words: Sequence[str], folder: Path, here: Path) -> list[str]:
    """The words with ``--cwd folder`` where it is needed to find the project, file names made absolute."""
    said = any(word in ("--cwd", "-C") or word.startswith("--cwd=") for word in words)
    if said or (folder == ROOT and (here == ROOT or ROOT in here.parents)):
        return list(words)
    moved = [words[0], "--cwd", str(folder)]
    left = iter(words[1:])
    for word in left:
        name, glued, value = word.partition("=")
        if name in PATHS and glued:
            moved.append(f"{name}={here / value}")
        elif name in PATHS:
            moved += [name, str(here / next(left, ""))]
        else:
            moved.append(word)
    return moved


def said_again(order: Order) -> tuple[str, ...]:
    """The options that a command which follows on this one needs too."""
    lab = ("--lab",) if order.lab else ()
    return (*lab, "--engine", order.engine) if order.engine else lab

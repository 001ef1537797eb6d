"""Where the Pulumi CLI is the engine: nothing is deleted beside what is protected, as with the embedded one.

The CLI itself deletes all else first, floats and networks among it, and fails only then.  Its preview fails before
anything is done, but may be skipped; so the state is asked here, in the CLI's own words, before it begins.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Sequence
from typing import Final

from cli.words.command_line import WITH_VALUE, UsageError
from engine.run import aim
from engine.scope import Scope
from engine.state import checkpoint
from engine.state.records import Resource
from engine.state.urns import name_of, type_of
from engine.wording import Wording

SKIPS: Final = frozenset({"--skip-preview", "-f"})
ONLY_LOOKS: Final = frozenset({"--preview-only", "--help", "-h"})
_SHORT: Final = {"-t": "--target", "-x": "--exclude", "-C": "--cwd"}
_LINE: Final = "because it is protected"  # of the CLI's own preview
_NOT_OF_PREVIEW: Final = SKIPS | {"--yes", "-y"}


def refuse(words: Sequence[str], wording: Wording) -> None:
    """`UsageError` where these words would have the CLI delete something protected, or what is around it."""
    if ONLY_LOOKS & set(words):
        return
    if words[0] == "destroy":
        _refuse_destroy(words, wording)
    elif words[0] in ("up", "update") and SKIPS & set(words):
        _refuse_up(words, wording)


def _refuse_destroy(words: Sequence[str], wording: Wording) -> None:
    options = list(_options(words))
    stack = _value(options, "--stack")
    scope = Scope(
        targets=tuple(value for name, value in options if name == "--target"),
        target_dependents=_given(options, "--target-dependents"),
        excludes=tuple(value for name, value in options if name == "--exclude"),
        exclude_dependents=_given(options, "--exclude-dependents"),
        exclude_protected=_given(options, "--exclude-protected"),
    )
    there = _state(options)
    going, _ = aim.deletes(scope, there, there)
    protected = [r.urn for r in going if r.protect and not r.external and not r.delete]
    if protected:
        commands = "; ".join(wording.command(f"state unprotect '{urn}'", stack) for urn in protected)
        raise UsageError(
            f"nothing is destroyed, for {_listed(protected)} protected, and the Pulumi CLI would delete all around "
            f"that first; to let it go, either {wording.unprotect(protected[0])}, or use the command: {commands}"
        )


def _refuse_up(words: Sequence[str], wording: Wording) -> None:
    """What leaves the program only a preview can tell."""
    if not any(r.protect for r in _state(list(_options(words)))):
        return
    looked = subprocess.run(
        ["pulumi", "preview", *(word for word in words[1:] if word not in _NOT_OF_PREVIEW)],
        capture_output=True,
        text=True,
        errors="replace",
    )
    if _LINE in looked.stdout + looked.stderr:
        stack = _value(list(_options(words)), "--stack")
        raise UsageError(
            "nothing is done: a protected resource is not declared any more, and the Pulumi CLI would delete all else "
            f"that is not, and fail then; which it is says {wording.command('preview', stack)}"
        )


def _state(options: Sequence[tuple[str, str]]) -> list[Resource]:
    """The records of the stack, dependencies first, without what only a key would show."""
    where = [
        word
        for name in ("--stack", "--cwd")
        for word in (name, _value(options, name))
        if _value(options, name)
    ]
    asked = subprocess.run(["pulumi", "stack", "export", *where], capture_output=True, check=False)
    if asked.returncode:
        said = " ".join(asked.stderr.decode(errors="replace").split())
        raise UsageError(f"what is protected can't be told, so nothing is done: pulumi stack export: {said}")
    try:
        state = checkpoint.parse(asked.stdout, under="deployment")["deployment"]
    except checkpoint.Malformed as fault:
        raise UsageError(f"what is protected can't be told, so nothing is done: {fault}") from fault
    fields = [(key, name) for key, name in checkpoint.FIELDS if name not in ("inputs", "outputs")]
    return [
        Resource(**{name: record[key] for key, name in fields if record.get(key) is not None})
        for record in state.get("resources") or []
    ]


def _options(words: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Each option with its value, in its long form; "" for a switch."""
    left = iter(words[1:])
    for word in left:
        name, glued, value = word.partition("=")
        if word[:2] in _SHORT and len(word) > 2 and not glued:
            yield _SHORT[word[:2]], word[2:]
        elif glued:
            yield _SHORT.get(name, name), value
        else:
            takes = name in WITH_VALUE or name in _SHORT
            yield _SHORT.get(name, name), next(left, "") if takes else ""


def _given(options: Sequence[tuple[str, str]], name: str) -> bool:
    return any(each == name and value != "false" for each, value in options)


def _value(options: Sequence[tuple[str, str]], name: str) -> str:
    return next((value for each, value in options if each == name), "")


def _listed(urns: Sequence[str]) -> str:
    names = [f"{name_of(urn)} ({type_of(urn).rpartition(':')[2]})" for urn in urns]
    return f"{', '.join(names)} {'is' if len(names) == 1 else 'are'}"

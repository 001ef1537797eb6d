"""Files in a guest, and commands that act on them, through its agent.  Nothing here knows what they are for.

A file is written whole or not at all.  What is secret is there only while a command runs: in a folder of its own under
/run, which is memory; its name is in the command's environment, and its contents come by the agent's channel alone.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from provider.connection import done
from provider.guest.agent import Agent, Done
from provider.guest.allowed import AgentError

RUN: Final = "/run"
READ_SECONDS: Final = 60.0
LONGEST_SAID: Final = 1500  # characters of a command's output that an error has
DEFAULT_MODE: Final = "0644"
DEFAULT_OWNER: Final = "root:root"
HIDDEN: Final = "[secret]"
SHORTEST: Final = 4  # characters of a secret that is looked for in what a command has printed

State = dict[str, dict[str, str]]

_LOOK: Final = """
for file in "$@"; do
    [ -f "$file" ] || continue
    printf '%s %s %s\\n' "$(sha256sum < "$file" | cut -c1-64)" "$(stat -c '%a %U:%G' "$file")" "$file"
done
"""

# Under a name of its own first: the command of a run that was cut off may still be at it.
_WRITE: Final = """
file=$1 mode=$2 owner=$3 new=$1.$$.new~
mkdir -p "${file%/*}" && umask 077 && cat > "$new" && chown "$owner" "$new" && chmod "$mode" "$new" &&
    mv -f "$new" "$file" && sync || { rm -f "$new"; exit 1; }
"""

_REMOVE: Final = 'for file in "$@"; do rm -f "$file" || exit; rmdir "${file%/*}" 2> /dev/null; done; sync\n'

_HIDE: Final = 'umask 077; rm -rf "$1"; mkdir -p "$1"\n'
_PUT: Final = 'umask 077; cat > "$1"\n'
_FORGET: Final = 'rm -rf "$1"\n'

# The folder goes when the command ends, whoever waits for it.
_WITH_SECRETS: Final = """
SECRETS=$1; export SECRETS
trap 'rm -rf "$SECRETS"' EXIT
trap 'kill $!; exit 143' TERM
/bin/sh -c "$2" &
wait $!
"""


@dataclass(frozen=True)
class File:
    """``mode`` in octal digits, ``owner`` as user:group."""

    content: str
    mode: str = DEFAULT_MODE
    owner: str = DEFAULT_OWNER

    @property
    def seen(self) -> Seen:
        return Seen(
            hashlib.sha256(self.content.encode()).hexdigest(), self.mode.lstrip("0") or "0", self.owner
        )


@dataclass(frozen=True)
class Seen:
    """A file as the guest tells of it; ``digest`` is the SHA-256 of its content, ``mode`` without leading zeros."""

    digest: str
    mode: str
    owner: str


@dataclass(frozen=True)
class Told:
    """What a `read` command has said; ``notes`` and ``remarks`` are for the operator, a line each.

    ``fixed``: by name of state, why it can't be changed.  ``keeps``: what it has by field, items with blanks between.
    """

    state: State
    notes: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    fixed: Mapping[str, str] = field(default_factory=dict)
    keeps: State = field(default_factory=dict)


def look(agent: Agent, paths: Collection[str]) -> dict[str, Seen]:
    """Those that are there, by path."""
    found = {}
    for line in agent.run(_LOOK, *sorted(paths)).splitlines() if paths else ():
        digest, mode, owner, path = line.split(" ", 3)
        found[path] = Seen(digest, mode, owner)
    return found


def write(agent: Agent, path: str, file: File) -> None:
    agent.run(_WRITE, path, file.mode, file.owner, stdin=file.content)
    done.add(f"guest {agent.guest}", f"has {path} written")


def remove(agent: Agent, paths: Collection[str]) -> None:
    """Those that are there, and the folders that are empty then."""
    if paths:
        agent.run(_REMOVE, *sorted(paths, reverse=True))
        done.add(f"guest {agent.guest}", f"has {', '.join(sorted(paths))} removed")


def run(agent: Agent, command: str, secrets: Mapping[str, str], name: str, seconds: float) -> None:
    """Run a command that changes things; `AgentError` with its exit code and the end of what it said.

    ``name`` tells its folder of secrets from those of others.
    """
    ended = (
        _with_secrets(agent, command, secrets, name, seconds)
        if secrets
        else agent.execute(command, seconds=seconds)
    )
    if ended.code:
        said = _without(ended.said, secrets.values())[-LONGEST_SAID:]
        raise AgentError(f"guest {agent.guest}: exit code {ended.code}: {said or 'it said nothing'}")
    done.add(f"guest {agent.guest}", "has run its command")


def _with_secrets(agent: Agent, command: str, secrets: Mapping[str, str], name: str, seconds: float) -> Done:
    folder = f"{RUN}/guest-files-{hashlib.sha256(name.encode()).hexdigest()[:12]}"
    try:
        agent.run(_HIDE, folder)
        for secret, value in secrets.items():
            agent.run(_PUT, f"{folder}/{secret}", stdin=value)
        return agent.execute(_WITH_SECRETS, folder, command, seconds=seconds)
    finally:
        agent.run(_FORGET, folder)


def _without(text: str, secrets: Collection[str]) -> str:
    for secret in sorted(secrets, key=len, reverse=True):
        for part in {secret, " ".join(secret.split())}:
            text = text.replace(part, HIDDEN) if len(part) >= SHORTEST else text
    return text


def read(agent: Agent, command: str) -> Told:
    """Run a command that prints what there is: ``{"state": {NAME: {FIELD: TEXT}}, "notes": [TEXT], …}`` (`Told`)."""
    text = agent.run(command, seconds=READ_SECONDS)
    try:
        said = json.loads(text)
        state, keeps = (
            {_text(name): _texts(fields) for name, fields in each.items()}
            for each in (said["state"], said.get("keeps", {}))
        )
        notes, remarks = (tuple(map(_text, said.get(key, ()))) for key in ("notes", "remarks"))
        return Told(state, notes, remarks, _texts(said.get("fixed", {})), keeps)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise AgentError(f"guest {agent.guest}: read prints what is no state: {text[:200]!r}") from error


def _texts(fields: Any) -> dict[str, str]:
    return {_text(field): _text(value) for field, value in fields.items()}


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(value)
    return value

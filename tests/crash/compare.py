"""What a process leaves behind, and what a stack comes to in the end, as lines that can be compared."""

from __future__ import annotations

import difflib
import hashlib
import json
import re
from pathlib import Path

from tests.crash.world import World
from tests.lab.catalogue_stage import STACK

STAMP = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z?|\d{4}-\d\d-\d\dT[\d:.]+[+-]\d\d:\d\d")
PROVIDER = re.compile(r"(providers:libvirt::\w+::)[0-9a-f-]{36}")


def files(state: Path) -> dict[str, bytes]:
    return {str(p.relative_to(state)): p.read_bytes() for p in sorted(state.rglob("*")) if p.is_file()}


def locks(state: Path) -> list[Path]:
    """The locks that a process has left."""
    return list(state.rglob("locks/**/[!.]*.json"))


def unguarded(name: str, state: Path) -> list[str]:
    """What is wrong where no lock was left: all is changed under one, but for the lock's own files."""
    return [] if "locks" in name or locks(state) else [f"there was no lock at {name}"]


def plain_name(name: str) -> str:
    """A file's name without process, time and lock numbers."""
    name = re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "LOCK", name)
    name = re.sub(r"\.\d+\.tmp$", ".N.tmp", name)
    return re.sub(r"\d{10,}", "N", name)


def fingerprint(world: World, state: Path) -> tuple[str, str]:
    """What a process has left behind: what the next one reads, and the names of whatever else lies about.

    The world, the state and whether there is a lock are all that an `up` reads; old states, attributes and half-written
    files only have to be cleared away.
    """
    there = files(state)
    read = "\n".join([*world.seen(), *records(state)])
    names = sorted(plain_name(name) for name in there)
    return hashlib.sha256(read.encode()).hexdigest(), "\n".join(names)


def records(state: Path, outputs: bool = True) -> list[str]:
    """What the state says, without times and the provider's own number; what is pending is part of it.

    Of the outputs some tell what has been before: what was imported once is told as such for ever.
    """
    document = json.loads((state / f".pulumi/stacks/trop/{STACK}.json").read_text())
    latest = document["checkpoint"]["latest"] or {}
    lines = []
    for r in latest.get("resources", []):
        r = {k: v for k, v in r.items() if k not in ("created", "modified", "sourcePosition", "stackTrace")}
        if r["type"].startswith("pulumi:providers:"):
            r.pop("id", None)
        if not outputs:
            r.pop("outputs", None)
        if r["type"].endswith(":Interface"):
            r["id"] = r["id"].partition("/")[2]  # before it: where it was first
        for side in (r.get("inputs", {}), r.get("outputs", {})):
            side.pop("target", None)
            side.get("dhcpHosts", []).sort(key=json.dumps)  # as read they stand in libvirt's order
        lines.append(PROVIDER.sub(r"\1P", json.dumps(r, sort_keys=True)))
    pending = [f"pending: {o['type']} {o['resource']['urn']}" for o in latest.get("pending_operations") or []]
    return sorted(lines) + pending


def end_state(world: World, state: Path) -> dict[str, list[str]]:
    names = {plain_name(n) for n in files(state)}
    return {"world": world.seen(), "state": records(state), "files": sorted(names)}


def differences(have: dict[str, list[str]], want: dict[str, list[str]]) -> list[str]:
    """A line for each thing that is missing, too much or another; of two that belong together, where they part."""
    found = []
    for part, wanted in want.items():
        lacks = [line for line in wanted if line not in have[part]]
        besides = [line for line in have[part] if line not in wanted]
        for line in lacks:
            near = difflib.get_close_matches(line, besides, 1, 0.9)
            found.append(f"{part}: {_parting(line, near[0]) if near else 'lacks ' + line[:400]}")
        if len(lacks) != len(besides):
            found += [f"{part}: has besides {line[:400]}" for line in besides]
    return found


def _parting(line: str, other: str) -> str:
    same = next(
        (line[:n] for n, pair in enumerate(zip(line, other, strict=False)) if pair[0] != pair[1]), line
    )
    return f"{line[:60]} … {same[-80:]} >>> {line[len(same) :][:160]} <<< and now {other[len(same) :][:160]}"

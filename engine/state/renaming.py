"""A stack under another name: its document and its files.

What is new is written before anything that is old goes: cut off anywhere, the former state is whole, or the new one is.
"""

from __future__ import annotations

import contextlib
import copy
from pathlib import Path
from typing import Final

from engine.errors import CommandError
from engine.state import atomic, checkpoint, forms, urns
from engine.state import backend as backends
from engine.state.backend import ORGANIZATION, Backend
from engine.state.checkpoint import Json

OF_OBJECTS: Final = frozenset({"id", "importID", "inputs", "outputs"})  # what a provider has said, URN or not


def renamed(document: Json, project: str, former: str, name: str) -> Json:
    """The state as the stack's other name has it: in every URN that names the stack, and as its own."""
    own = copy.deepcopy(document)
    own["checkpoint"]["stack"] = f"{ORGANIZATION}/{project}/{name}"
    latest = checkpoint.latest(own)
    for record in checkpoint.records(latest):
        fields = {k: urns.of_stack(v, former, name) for k, v in record.items() if k not in OF_OBJECTS}
        record.update(fields)
    latest["manifest"] = checkpoint.manifest()
    return own


def require_free(backend: Backend, name: str, own: Json) -> None:
    """Refuse a name that a stack has, but for the copy that a rename which was cut off has made of ``own``."""
    backend.check_layout()
    if not backend.exists(name):
        return
    backend.require(name)
    if _unstamped(backend.document(name)) != _unstamped(own):
        raise taken(name)


def taken(name: str) -> CommandError:
    return CommandError(f"a stack named {name} already exists")


def _unstamped(document: Json) -> Json:
    """A state without when it was written, and by whom."""
    part = document["checkpoint"]
    latest = {k: v for k, v in (part.get("latest") or {}).items() if k != "manifest"}
    return document | {"checkpoint": part | {"latest": latest}}


def write(backend: Backend, former: str, name: str, own: Json) -> None:
    """The state under the new name, in the form that it has under the former one.

    It is written twice: so its ``.bak`` is of this name too, and not of a stack that had the name before.
    """
    there, data = backend.state_file(former), checkpoint.one_line(own)
    if not backend.exists(name):
        file = there.with_name(f"{name}.json{forms.form_of(there)}")
        backends.with_attributes(file, forms.packed(data, file))
    backend.write(name, data)


def move_kept(backend: Backend, former: str, name: str) -> None:
    """The history and the backups go along, each file under its new name."""
    backend.clear(former)
    for source, target in (
        (backend.history(former), backend.history(name)),
        (backend.backups(former), backend.backups(name)),
    ):
        _move(source, target, former, name)


def _move(source: Path, target: Path, former: str, name: str) -> None:
    files = sorted(source.glob("[!.]*"))
    if files:
        atomic.make_folder(target)
    for file in files:
        rest = file.name.removeprefix(former)
        file.replace(target / (name + rest if rest != file.name else file.name))
    if files:
        atomic.sync_folder(target)
        atomic.sync_folder(source)
    with contextlib.suppress(OSError):  # what is hidden in it stays where it is
        source.rmdir()

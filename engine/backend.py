"""The state folder: ``.pulumi/`` as Pulumi's file backend lays it out, so that the CLI can go on in place."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import shutil
import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from engine import atomic, checkpoint
from engine.errors import NO_SUCH_STACK, CommandError, unsupported
from engine.project import ORGANIZATION, home

META: Final = b"version: 1\n"


def url(environment: Mapping[str, str], project_url: str) -> str:
    """Where the state is: PULUMI_BACKEND_URL, Pulumi.yaml, `pulumi login`, else the home folder."""
    return environment.get("PULUMI_BACKEND_URL") or project_url or _logged_in(environment) or "file://~"


def _logged_in(environment: Mapping[str, str]) -> str:
    try:
        current = json.loads((home(environment) / "credentials.json").read_text()).get("current")
    except (OSError, ValueError, AttributeError):
        return ""
    return str(current or "")


def folder(backend_url: str, base: Path) -> Path:
    """The folder of a ``file://`` URL; a relative one is taken from ``base``.  Other backends are refused."""
    scheme, _, rest = backend_url.partition("://")
    if scheme != "file" or not rest:
        raise unsupported(f"backend {backend_url} (only file:// is one of this engine's)")
    path = urllib.parse.unquote(rest.partition("?")[0])
    return (base / Path(path).expanduser()).absolute()


def with_attributes(path: Path, data: bytes, *, durable: bool = True) -> None:
    """Write a file, and beside it the ``.attrs`` that the CLI's storage layer keeps."""
    atomic.write(path, data, durable=durable)
    attributes = {
        "user.cache_control": "",
        "user.content_disposition": "",
        "user.content_encoding": "",
        "user.content_language": "",
        "user.content_type": "text/plain; charset=utf-8",
        "user.metadata": None,
        "md5": base64.b64encode(hashlib.md5(data, usedforsecurity=False).digest()).decode(),
    }
    line = json.dumps(attributes, separators=(",", ":")).encode() + b"\n"
    atomic.write(attributes_of(path), line, durable=False)


def attributes_of(path: Path) -> Path:
    return path.with_name(path.name + ".attrs")


@dataclass(frozen=True)
class Backend:
    """The file backend at ``folder`` (the one that ``.pulumi`` stands in), for one project."""

    folder: Path
    project: str

    @property
    def root(self) -> Path:
        return self.folder / ".pulumi"

    def state_file(self, stack: str) -> Path:
        return self.root / "stacks" / self.project / f"{stack}.json"

    def locks(self, stack: str) -> Path:
        return self.root / "locks" / ORGANIZATION / self.project / stack

    def history(self, stack: str) -> Path:
        return self.root / "history" / self.project / stack

    def backups(self, stack: str) -> Path:
        return self.root / "backups" / self.project / stack

    def stacks(self) -> list[str]:
        """The names of the project's stacks, sorted."""
        return sorted(p.stem for p in (self.root / "stacks" / self.project).glob("[!.]*.json"))

    def check_layout(self) -> None:
        """Refuse a folder whose layout is not the one of version 1."""
        try:
            meta = (self.root / "meta.yaml").read_bytes()
        except FileNotFoundError:
            if any((self.root / "stacks").glob("*.json")):
                raise CommandError(
                    f"{self.root} has the layout of an old Pulumi; run `pulumi state upgrade` with the CLI"
                ) from None
            return
        if meta.strip() != META.strip():
            raise unsupported(f"{self.root}/meta.yaml: {meta.decode(errors='replace').strip()!r}")

    def exists(self, stack: str) -> bool:
        return self.state_file(stack).is_file()

    def require(self, stack: str) -> None:
        self.check_layout()
        if self.exists(stack):
            return
        if self.state_file(stack).with_suffix(".json.gz").exists():
            raise unsupported(f"a compressed state file ({self.state_file(stack)}.gz)")
        raise CommandError(f"no stack named '{stack}' found", NO_SUCH_STACK)

    def create(self, stack: str, data: bytes) -> None:
        self.check_layout()
        if self.exists(stack):
            raise CommandError(f"stack '{ORGANIZATION}/{self.project}/{stack}' already exists")
        if not (self.root / "meta.yaml").exists():
            with_attributes(self.root / "meta.yaml", META)
        self.write(stack, data)

    def read(self, stack: str) -> bytes:
        self.require(stack)
        return self.state_file(stack).read_bytes()

    def document(self, stack: str) -> checkpoint.Json:
        """The parsed state; a damaged file is told in one line that names the last good one."""
        data = self.read(stack)
        try:
            return checkpoint.parse(data)
        except checkpoint.Malformed as error:
            file = self.state_file(stack)
            good = self.last_good(stack)
            remedy = f"the last good one is {good}" if good else "and no good one was found beside it"
            raise CommandError(
                f"the state file {file} is damaged ({error}); {remedy}; nothing was changed"
            ) from error

    def last_good(self, stack: str) -> Path | None:
        """The newest file from which a damaged state can be put back."""
        state = self.state_file(stack)
        candidates = [state.with_name(state.name + ".bak")]
        candidates += sorted(self.backups(stack).glob("*.json"), reverse=True)
        candidates += sorted(self.history(stack).glob("*.checkpoint.json"), reverse=True)
        return next((c for c in candidates if _is_good(c)), None)

    def write(self, stack: str, data: bytes) -> None:
        """Replace the state; what was there before becomes ``.bak``.  Whenever it stops, a whole state is there."""
        file = self.state_file(stack)
        file.parent.mkdir(parents=True, exist_ok=True)
        backup = file.with_name(file.name + ".bak")
        for old, kept in ((file, backup), (attributes_of(file), attributes_of(backup))):
            if old.exists():
                atomic.duplicate(old, kept)
        with_attributes(file, data)

    def clear(self, stack: str) -> None:
        """Remove what runs that were cut off have left half-written."""
        for folder in (self.state_file(stack).parent, self.history(stack), self.backups(stack)):
            atomic.clear(folder)

    def remove(self, stack: str) -> None:
        """Forget a stack: its state stays as ``.bak``, its history goes."""
        file = self.state_file(stack)
        file.replace(file.with_name(file.name + ".bak"))
        attributes_of(file).unlink(missing_ok=True)
        atomic.sync_folder(file.parent)
        shutil.rmtree(self.history(stack), ignore_errors=True)


def _is_good(path: Path) -> bool:
    try:
        checkpoint.parse(path.read_bytes())
    except (OSError, checkpoint.Malformed):
        return False
    return True


def open_backend(
    project: str, project_url: str, base: Path, environment: Mapping[str, str] = os.environ
) -> Backend:
    return Backend(folder(url(environment, project_url), base), project)

"""The state folder: ``.pulumi/`` as Pulumi's file backend lays it out, so that the CLI can go on in place."""

from __future__ import annotations

import base64
import glob
import hashlib
import json
import os
import shlex
import shutil
import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from engine.errors import NO_SUCH_STACK, CommandError, in_line, unsupported
from engine.state import atomic, checkpoint, forms
from engine.wording import PULUMI, Wording

ORGANIZATION: Final = "organization"  # the one that a file backend has
META: Final = b"version: 1\n"


def home(environment: Mapping[str, str] = os.environ) -> Path:
    """Where the CLI keeps its own things, the selected stack among them."""
    configured = environment.get("PULUMI_HOME")
    return Path(configured) if configured else Path(environment.get("HOME") or Path.home()) / ".pulumi"


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
    try:
        return (base / Path(path).expanduser()).absolute()
    except RuntimeError as error:
        raise CommandError(f"backend {in_line(backend_url)}: there is no such home folder") from error


def with_attributes(path: Path, data: bytes, *, durable: bool = True) -> None:
    """Write a file, and beside it the ``.attrs`` that the CLI's storage layer keeps."""
    atomic.write(path, data, durable=durable)
    give_attributes(path, data)


def give_attributes(path: Path, data: bytes) -> None:
    """To a file that is there, with this in it."""
    attributes = {
        "user.cache_control": "",
        "user.content_disposition": "",
        "user.content_encoding": "",
        "user.content_language": "",
        "user.content_type": "text/plain; charset=utf-8",
        "user.metadata": None,
        "md5": _checksum(data),
    }
    line = json.dumps(attributes, separators=(",", ":")).encode() + b"\n"
    atomic.write(attributes_of(path), line, durable=False)


def attributes_of(path: Path) -> Path:
    return path.with_name(path.name + ".attrs")


def backup_of(path: Path) -> Path:
    return path.with_name(path.name + ".bak")


def _checksum(data: bytes) -> str:
    return base64.b64encode(hashlib.md5(data, usedforsecurity=False).digest()).decode()


Verdict = Literal["as written", "replaced", "cut off", "damaged", "unknown"]


def judge(path: Path, data: bytes) -> Verdict:
    """What the checksum beside a file, which both engines write with it, says of its content.

    A file that differs and is younger was replaced: on purpose, or by a tool that writes no checksums.  The CLI keeps
    the file as ``.bak``, then writes the checksum of what is to come, then that: where it was cut off in between, the
    file is whole, and what it was before.
    """
    attributes = attributes_of(path)
    try:
        written = json.loads(attributes.read_bytes())["md5"]
        younger = path.stat().st_mtime_ns > attributes.stat().st_mtime_ns
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        return "unknown"
    if written == _checksum(data):
        return "as written"
    if younger:
        return "replaced"
    return "cut off" if _is_kept(path, data) else "damaged"


def _is_kept(path: Path, data: bytes) -> bool:
    try:
        return backup_of(path).read_bytes() == data
    except OSError:
        return False


@dataclass(frozen=True)
class Backend:
    """The file backend at ``folder`` (the one that ``.pulumi`` stands in), for one project."""

    folder: Path
    project: str
    wording: Wording = PULUMI

    @property
    def root(self) -> Path:
        return self.folder / ".pulumi"

    def state_file(self, stack: str) -> Path:
        """The file that counts, of all forms of it; where there is none yet, the one to be made."""
        there, form = self._state_files(stack), forms.wanted(os.environ)
        return there[0] if there else self._stacks / f"{stack}.json{form}"

    def _state_files(self, stack: str) -> list[Path]:
        """In each form that is there, the one that counts first."""
        return forms.all_of(self._stacks / f"{stack}.json")

    @property
    def _stacks(self) -> Path:
        return self.root / "stacks" / self.project

    def locks(self, stack: str) -> Path:
        return self.root / "locks" / ORGANIZATION / self.project / stack

    def history(self, stack: str) -> Path:
        return self.root / "history" / self.project / stack

    def backups(self, stack: str) -> Path:
        return self.root / "backups" / self.project / stack

    def stacks(self) -> list[str]:
        """The names of the project's stacks, sorted."""
        files = forms.matching(self._stacks, "[!.]*.json")
        return sorted({forms.plain(file.name).removesuffix(".json") for file in files})

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
            if forms.form_of(file := self.state_file(stack)) == forms.ZSTD:
                raise unsupported(f"a state compressed by zstd ({file})")
            self.refuse_journal(stack)
            return
        kept = str(self.last_good(stack) or "")
        raise CommandError(
            f"no stack named '{stack}' found{self.wording.no_stack(stack, kept)}", NO_SUCH_STACK
        )

    def refuse_journal(self, stack: str) -> None:
        """Of a CLI that writes what it does beside the state, and takes it in at its end or at its next run."""
        journal = self.root / "journal" / self.project / stack
        if journal.is_dir() and any(journal.iterdir()):
            raise CommandError(
                f"an update of '{stack}' by a Pulumi CLI runs, or was cut off: what it did stands in {journal}, not "
                "yet in the state, and that CLI alone can take it in, by any further run of it"
            )

    def require_none(self, stack: str) -> None:
        self.check_layout()
        if self.exists(stack):
            raise CommandError(f"stack '{ORGANIZATION}/{self.project}/{stack}' already exists")

    def create(self, stack: str, data: bytes) -> None:
        self.require_none(stack)
        if not (self.root / "meta.yaml").exists():
            with_attributes(self.root / "meta.yaml", META)
        self.write(stack, data)

    def read(self, stack: str) -> bytes:
        self.require(stack)
        return self.state_file(stack).read_bytes()

    def document(self, stack: str) -> checkpoint.Json:
        """The parsed state; a damaged file is told in one line that names the last good one."""
        data, file = self.read(stack), self.state_file(stack)
        try:
            document = checkpoint.parse(data)
        except checkpoint.Malformed as error:
            raise CommandError(self._damaged(stack, str(error))) from error
        if judge(file, data) == "damaged":
            beside = attributes_of(file)
            raise CommandError(
                self._damaged(stack, "its checksum is another")
                + f"; if it is meant to be so, remove {beside}"
            )
        return document

    def doubt(self, stack: str) -> str:
        """What is to be said of a state that is whole, but not what was written last; empty for all others."""
        file, *others = self._state_files(stack)
        if others:
            also = " and ".join(map(str, others))
            return (
                f"{file} is taken, which is younger than {also}, as Pulumi does; move away what is not meant"
            )
        verdict = judge(file, self.read(stack))
        if verdict == "cut off":
            return f"{file} is the state from before a write that was cut off"
        if verdict != "replaced":
            return ""
        good = self.last_good(stack)
        return f"{file} was changed since it was written" + (
            f"; the last one written is {good}" if good else ""
        )

    def _damaged(self, stack: str, why: str) -> str:
        good = self.last_good(stack)
        remedy = f"the last good one is {good}" if good else "and no good one was found beside it"
        command = self.wording.command(f"stack import --file {shlex.quote(str(good))}", stack)
        command = f"; `{command}` puts it back" if good else ""
        file = self.state_file(stack)
        return f"the state file {file} is damaged ({why}); {remedy}; nothing was changed{command}"

    def last_good(self, stack: str) -> Path | None:
        """The file from which a damaged state is best put back: what it was by its checksum, else the youngest."""
        state = self.state_file(stack)
        kept = [
            *state.parent.glob(f"{glob.escape(stack)}.json*.bak"),
            *forms.matching(self.backups(stack), "*.json"),
            *forms.matching(self.history(stack), "*.checkpoint.json"),
        ]
        good = [file for file in kept if _is_good(file)]
        return max(
            good,
            key=lambda file: (judge(state, file.read_bytes()) == "as written", file.stat().st_mtime_ns),
            default=None,
        )

    def write(self, stack: str, data: bytes) -> None:
        """Replace the state; what was there before becomes ``.bak``.  Whenever it stops, a whole state is there.

        The checksum goes with what it is of, before the new state comes: no state stands beside another's.
        """
        file = self.state_file(stack)
        backup = backup_of(file)
        if attributes_of(file).exists():
            attributes_of(file).replace(attributes_of(backup))
        if file.exists():
            atomic.duplicate(file, backup)
        with_attributes(file, forms.packed(data, file))

    def clear(self, stack: str) -> None:
        """Remove what runs that were cut off have left half-written."""
        for folder in (self.state_file(stack).parent, self.history(stack), self.backups(stack)):
            atomic.clear(folder)

    def remove(self, stack: str) -> None:
        """Forget a stack: its state stays as ``.bak``, its history goes."""
        for file in self._state_files(stack):
            file.replace(backup_of(file))
            attributes_of(file).unlink(missing_ok=True)
            atomic.sync_folder(file.parent)
        shutil.rmtree(self.history(stack), ignore_errors=True)


def _is_good(path: Path) -> bool:
    try:
        data = path.read_bytes()
        checkpoint.parse(data)
    except (OSError, checkpoint.Malformed):
        return False
    return judge(path, data) != "damaged"

"""What a verb works with: the command line, the project, the stack at hand and its secrets."""

from __future__ import annotations

import getpass
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from engine.display.console import Console
from engine.errors import NOT_CONFIRMED, CommandError, in_line, unsupported
from engine.flag_parser import Parsed
from engine.options import Providers
from engine.settings import project as projects
from engine.settings.project import ProjectFile
from engine.settings.stackfile import StackFile
from engine.state import backend as backends
from engine.state import checkpoint, documents, locks, secrets
from engine.state.backend import ORGANIZATION
from engine.state.checkpoint import Codec, Json
from engine.state.secrets import Crypter
from engine.wording import PULUMI, Wording


@dataclass
class Vault:
    """The secrets of one stack.  Nothing is computed before a secret asks for it.

    The stack's file and its state each name a salt; they are the same unless somebody made one of them anew.
    What is written is encrypted under the file's.
    """

    file_salt: str
    state_salt: str
    passphrase: str

    @property
    def salt(self) -> str:
        return self.file_salt or self.state_salt

    @cached_property
    def own(self) -> Crypter:
        """What encrypts; a stack that had no salt gets one now."""
        own = Crypter(self.salt, self.passphrase) if self.salt else Crypter.new(self.passphrase)
        self.file_salt = self.file_salt or own.salt
        return own

    @contextmanager
    def checked(self) -> Iterator[None]:
        """A wrong passphrase is told; that takes a fifth of a second, beside what is done meanwhile."""
        with ThreadPoolExecutor(1) as beside:
            checked = beside.submit(lambda: self.own.check())
            yield
            checked.result()

    def decrypt_setting(self, sealed: str) -> str:
        return Crypter(self.salt, self.passphrase).decrypt(sealed)

    def decrypt_state(self, sealed: str) -> str:
        return Crypter(self.state_salt or self.salt, self.passphrase).decrypt(sealed)

    def provider(self) -> dict[str, Any]:
        """What the state says of how its secrets are kept."""
        return {"type": "passphrase", "state": {"salt": self.own.salt}}


@dataclass
class Context:
    """One command under way.  Project, backend and stack are looked for when they are first asked for."""

    parsed: Parsed
    console: Console
    providers: Providers
    cwd: Path
    wording: Wording = PULUMI

    @cached_property
    def project(self) -> ProjectFile:
        return projects.find(self.cwd)

    @cached_property
    def backend(self) -> backends.Backend:
        url = backends.url(os.environ, self.project.backend_url)
        folder = backends.folder(url, self.project.root)
        return backends.Backend(folder, self.project.name, self.wording)

    @cached_property
    def stack(self) -> str:
        """The stack that was named, or is selected; it need not exist."""
        named = self.parsed.text("stack")
        if named:
            return projects.stack_name(named, self.project.name)
        chosen = projects.selected(self.project)
        if not chosen:
            raise CommandError(
                f"no stack selected; please use `{self.wording.command('stack select')}` or pass --stack"
            )
        return chosen

    @property
    def stack_file_path(self) -> Path:
        named = self.parsed.text("config-file")
        return (self.cwd / named) if named else self.project.root / f"Pulumi.{self.stack}.yaml"

    @cached_property
    def stack_file(self) -> StackFile:
        named = self.parsed.text("config-file")
        if named and not self.stack_file_path.exists():
            raise CommandError(f"--config-file: {in_line(str(self.stack_file_path))} does not exist")
        return StackFile.read(self.stack_file_path, self.project.name)

    def document(self) -> Json:
        """The stack's state as it is on disk now."""
        return self.backend.document(self.stack)

    @contextmanager
    def locked(self, stack: str = "") -> Iterator[None]:
        """Hold the lock of the stack, or of the one named; that of a dead owner is taken over, which is told."""
        stack = stack or self.stack
        cancel = self.wording.command("cancel", stack)
        with locks.held(self.backend.locks(stack), cancel, self.console.error) as taken_over:
            for lock in taken_over:
                self.console.error(
                    f"warning: the lock {lock} was left by a process that is gone; it was taken over"
                )
            yield

    def vault(self, document: Json | None = None) -> Vault:
        """The secrets of the stack; asks for a passphrase when there is a salt, and none was given."""
        state_salt = salt_of(document) if document else ""
        return Vault(self.stack_file.salt, state_salt, self.passphrase())

    def passphrase(self) -> str:
        try:
            return secrets.passphrase()
        except CommandError:
            if not self.console.interactive or os.environ.get("PULUMI_CONFIG_PASSPHRASE_FILE"):
                raise
        return getpass.getpass("Enter your passphrase to unlock config/secrets: ")

    def codec(self, vault: Vault, document: Json) -> Codec:
        """Reads and writes the stack's state; secrets are decrypted only where there are some."""
        return Codec(
            self.full_name,
            lambda text: vault.own.encrypt(text),  # a salt is made where something is to be encrypted
            vault.decrypt_state,
            keep_ciphertexts=vault.salt == (vault.state_salt or vault.salt),
        )

    @property
    def full_name(self) -> str:
        return f"{ORGANIZATION}/{self.project.name}/{self.stack}"

    def require_consent(self) -> None:
        """Refuse where nobody can be asked, and nobody has said yes."""
        if not (self.parsed.on("yes") or self.console.interactive):
            raise CommandError(
                "--yes must be passed in to proceed when running in non-interactive mode", NOT_CONFIRMED
            )

    def confirm(self, question: str) -> None:
        """Ask, unless --yes has answered."""
        if not self.parsed.on("yes") and input(question).strip().lower() not in ("y", "yes"):
            raise CommandError("confirmation declined")

    def write(self, file: str, text: str, failed: str) -> None:
        """Write a file that the command line names; ``failed`` begins what is said where that can't be done."""
        try:
            (self.cwd / file).write_text(text, encoding="utf-8")
        except OSError as error:
            raise CommandError(f"{failed}: {error.strerror}") from error

    def read(self, file: str, failed: str) -> bytes:
        try:
            return documents.read(self.cwd / file)
        except OSError as error:
            raise CommandError(f"{failed} {in_line(file)}: {error.strerror}") from error


def salt_of(document: Json) -> str:
    """The salt in a state.  Refuses a state whose secrets another kind of provider keeps."""
    keeper = checkpoint.latest(document).get("secrets_providers") or {}
    kind = keeper.get("type", "")
    if kind not in ("", "passphrase"):
        raise unsupported(f"the secrets provider {kind}")
    return str((keeper.get("state") or {}).get("salt") or "")


def resources_of(document: Json) -> list[Json]:
    """The resource records of a state, as they are on disk."""
    return checkpoint.latest(document).get("resources") or []

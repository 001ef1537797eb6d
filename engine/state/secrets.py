"""Secrets by passphrase, in Pulumi's own form.

A salt is ``v1:<8 bytes, base64>:v1:<nonce>:<the text "pulumi" encrypted>``, a secret ``v1:<nonce>:<ciphertext
and tag>`` (base64).  The key is PBKDF2-HMAC-SHA256 of the passphrase, 1,000,000 rounds, 32 bytes; the cipher is
AES-256-GCM with 12 bytes of nonce and no additional data.  A key costs about 0.4 s of processor time, so it is
made when the first secret asks for it, and once.
"""

from __future__ import annotations

import base64
import binascii
import functools
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC

from engine.errors import CommandError, in_line
from engine.state import documents

ROUNDS: Final = 1_000_000
NONCE_BYTES: Final = 12
SALT_BYTES: Final = 8
CHECK_TEXT: Final = "pulumi"
WRONG: Final = "getting stack configuration: get stack secrets manager: incorrect passphrase"
UNSET: Final = (
    "getting stack configuration: get stack secrets manager: passphrase must be set with "
    "PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE environment variables"
)


def passphrase(environment: Mapping[str, str] = os.environ) -> str:
    """The operator's passphrase; an empty one is a passphrase too."""
    text = environment.get("PULUMI_CONFIG_PASSPHRASE")
    if text is not None:
        try:
            text.encode()
        except UnicodeError:
            raise CommandError("PULUMI_CONFIG_PASSPHRASE: it is no UTF-8 text") from None
        return text
    file = environment.get("PULUMI_CONFIG_PASSPHRASE_FILE")
    if not file:
        raise CommandError(UNSET)
    try:
        return documents.read(Path(file).expanduser()).decode().strip()
    except OSError as error:
        why = str(error.strerror)
    except (UnicodeError, RuntimeError) as error:
        why = "it is no UTF-8 text" if isinstance(error, UnicodeError) else "there is no such home folder"
    raise CommandError(f"unable to read PULUMI_CONFIG_PASSPHRASE_FILE: {in_line(file)}: {why}")


class Crypter:
    """Encrypts and decrypts under one salt.  Nothing is computed until the first secret, or `check`."""

    def __init__(self, salt: str, passphrase: str) -> None:
        parts = salt.split(":", 2)
        if len(parts) != 3 or parts[0] != "v1":
            raise CommandError(
                f"the encryption salt {salt!r} is malformed: expected v1:<salt>:v1:<nonce>:<text>"
            )
        self.salt, self._passphrase = salt, passphrase

    @classmethod
    def new(cls, passphrase: str) -> Crypter:
        """One with a fresh random salt."""
        raw = base64.b64encode(os.urandom(SALT_BYTES)).decode()
        proof = _seal(_cipher(passphrase, raw), CHECK_TEXT)
        return cls(f"v1:{raw}:{proof}", passphrase)

    def check(self) -> None:
        """Tell a wrong passphrase now rather than at the first secret."""
        _checked(self.salt, self._passphrase)

    def encrypt(self, text: str) -> str:
        return _seal(_checked(self.salt, self._passphrase), text)

    def decrypt(self, sealed: str) -> str:
        cipher = _checked(self.salt, self._passphrase)
        try:
            return _open(cipher, sealed)
        except (InvalidTag, ValueError, binascii.Error) as error:
            raise CommandError(f"decrypting secret: {sealed[:8]}… is not a secret of this stack") from error


@functools.cache
def _checked(salt: str, passphrase: str) -> AESGCM:
    """The cipher, after the salt's proof has told that the passphrase is the right one."""
    _, raw, proof = salt.split(":", 2)
    try:
        cipher = _cipher(passphrase, raw)
        if _open(cipher, proof) != CHECK_TEXT:
            raise CommandError(WRONG)
    except InvalidTag as error:
        raise CommandError(WRONG) from error
    except (ValueError, binascii.Error) as error:
        raise CommandError(f"the encryption salt {salt!r} is malformed: {error}") from error
    return cipher


def _cipher(passphrase: str, raw_salt: str) -> AESGCM:
    salt = base64.b64decode(raw_salt, validate=True)
    # half the time of hashlib's: each run of a stack pays for it once
    return AESGCM(PBKDF2HMAC(hashes.SHA256(), 32, salt, ROUNDS).derive(passphrase.encode()))


def _seal(cipher: AESGCM, text: str) -> str:
    nonce = os.urandom(NONCE_BYTES)
    sealed = cipher.encrypt(nonce, text.encode(), None)
    return f"v1:{base64.b64encode(nonce).decode()}:{base64.b64encode(sealed).decode()}"


def _open(cipher: AESGCM, sealed: str) -> str:
    version, nonce, text = sealed.split(":")
    if version != "v1":
        raise ValueError(f"unknown version {version!r} of a secret")
    return cipher.decrypt(
        base64.b64decode(nonce, validate=True), base64.b64decode(text, validate=True), None
    ).decode()

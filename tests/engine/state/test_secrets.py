"""Secrets are Pulumi's own: what the CLI wrote is read, and the other way round."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.errors import CommandError
from engine.state import secrets
from engine.state.secrets import Crypter
from tests.engine.conftest import PASSPHRASE, SALT


def test_what_the_cli_encrypted_is_read() -> None:
    crypter = Crypter(SALT, PASSPHRASE)
    assert crypter.decrypt("v1:s9e1J12AL/DwvMJP:7GTvDMG42vvHYnEVB0FpuMrvZDQYkg==") == "s3cr3t"
    assert crypter.decrypt("v1:RBjH69mPmSU7yVX0:CQVYwoEeFe8WvmDBB5Wa5M5/2IxAW288") == '"s3cr3t"'


def test_a_text_comes_back_and_never_looks_the_same_twice() -> None:
    crypter = Crypter(SALT, PASSPHRASE)
    first, second = crypter.encrypt("vaš"), crypter.encrypt("vaš")
    assert first != second
    assert crypter.decrypt(first) == crypter.decrypt(second) == "vaš"


def test_a_new_salt_has_the_form_of_the_cli_and_proves_its_passphrase() -> None:
    salt = Crypter.new("another").salt
    assert [len(part) for part in salt.split(":")] == [2, 12, 2, 16, 32]
    Crypter(salt, "another").check()


def test_a_wrong_passphrase_is_the_recorded_line() -> None:
    with pytest.raises(CommandError) as error:
        Crypter(SALT, "wrong").check()
    assert str(error.value) == "getting stack configuration: get stack secrets manager: incorrect passphrase"
    assert error.value.code == 1


def test_no_key_is_made_before_a_secret_asks_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secrets, "_cipher", lambda *_: pytest.fail("a key was made"))
    Crypter(SALT, "wrong")


def test_a_key_is_made_once(monkeypatch: pytest.MonkeyPatch) -> None:
    Crypter(SALT, PASSPHRASE).check()
    monkeypatch.setattr(secrets, "_cipher", lambda *_: pytest.fail("a second key was made"))
    Crypter(SALT, PASSPHRASE).encrypt("text")


@pytest.mark.parametrize("salt", ["", "v2:a:b", "v1:!!!:v1:T2QZGDVONo2KGBVV:vSr/", "v1:UlVvmW74FYY=:junk"])
def test_a_malformed_salt_is_one_line(salt: str) -> None:
    with pytest.raises(CommandError, match="malformed"):
        Crypter(salt, PASSPHRASE).check()


def test_a_malformed_secret_is_one_line() -> None:
    with pytest.raises(CommandError, match="is not a secret of this stack"):
        Crypter(SALT, PASSPHRASE).decrypt("v1:AAAA:BBBB")


def test_the_passphrase_comes_from_the_variable_or_its_file(tmp_path: Path) -> None:
    (tmp_path / "pass").write_text("from a file\n")
    file = str(tmp_path / "pass")
    assert secrets.passphrase({"PULUMI_CONFIG_PASSPHRASE": ""}) == ""
    assert secrets.passphrase({"PULUMI_CONFIG_PASSPHRASE_FILE": file}) == "from a file"
    with pytest.raises(CommandError, match="passphrase must be set with PULUMI_CONFIG_PASSPHRASE"):
        secrets.passphrase({})
    with pytest.raises(CommandError, match="unable to read"):
        secrets.passphrase({"PULUMI_CONFIG_PASSPHRASE_FILE": file + ".not"})

"""What tells a guest from its clones is read as digests, by one shell script, of what is there."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from provider.guest import files, identity
from provider.guest.identity import Identity

pytestmark = pytest.mark.reports("G1")
ID = "0123456789abcdef0123456789abcdef"
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBase64OfTheKey"


def read(folder: Path) -> tuple[str, Identity]:
    script = (identity.READ + files.READ).replace("/etc/", f"{folder}/etc/")
    ran = subprocess.run(["/bin/sh", "-c", script], capture_output=True, text=True, check=True)
    return ran.stdout, identity.identity(ran.stdout)


def guest(folder: Path, machine: str | None, **keys: str) -> Path:
    (folder / "etc/ssh").mkdir(parents=True)
    if machine is not None:
        (folder / "etc/machine-id").write_text(machine)
    for kind, text in keys.items():
        (folder / f"etc/ssh/ssh_host_{kind}_key.pub").write_text(text)
        (folder / f"etc/ssh/ssh_host_{kind}_key").write_text("PRIVATE")
    return folder


def test_clones_have_the_same_digests_whatever_their_keys_are_called(tmp_path: Path) -> None:
    said, one = read(guest(tmp_path / "one", f"{ID}\n", ed25519=f"{KEY} root@base\n", rsa="ssh-rsa AAAB x\n"))
    _, other = read(guest(tmp_path / "other", f"{ID}\n", ed25519=f"{KEY} root@renamed\n"))
    assert one.machine == other.machine != ()
    assert len(one.keys) == 2
    assert set(other.keys) < set(one.keys)
    for secret in (ID, "Base64", "PRIVATE", "root@"):
        assert secret not in said


@pytest.mark.parametrize("text", [None, "", "\n", "uninitialized\n", "not one\n"])
def test_a_machine_id_that_is_yet_to_be_made_is_nobodys(tmp_path: Path, text: str | None) -> None:
    assert read(guest(tmp_path, text))[1] == Identity()


def test_what_files_say_is_read_beside_it_and_never_taken_for_it(tmp_path: Path) -> None:
    folder = guest(tmp_path, f"{ID}\n")
    path = folder / "etc/sysconfig/network-scripts/ifcfg-a"
    path.parent.mkdir(parents=True)
    path.write_text(f"HWADDR=52:54:00:00:01:00\nIPADDR=129.215.175.100\nkey {'0' * 64}\n")
    said, found = read(folder)
    assert [each.path for each in files.settings(said)] == [str(path)]
    assert found.keys == ()
    assert len(found.machine) == 1
    assert identity.identity(f"\0{path}\0key {'0' * 64}\n") == Identity()

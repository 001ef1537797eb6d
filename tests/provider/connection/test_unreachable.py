"""What libvirt, ssh and TLS said when no connection could be had, and what an operator is told of it.

The texts are libvirt 9.0's and OpenSSH 9.2's, as they came from a lab's hypervisor, but for those of polkit, of nc's
socket and of a resolver that answers: there was none.
"""

from __future__ import annotations

import base64
import os
import re
import subprocess
import threading
from pathlib import Path

import pytest

from provider.connection import unreachable, way
from provider.errors import Unreachable
from provider.host.host import Host
from tests.provider.fakes.libvirt import Connection

SSH = "qemu+ssh://operator@trop02/system?keyfile=/none/key"
TLS = "qemu+tls://trop02/system?pkipath=/pki"
LOCAL = "qemu:///system"
TRY = "ssh -i /none/key operator@trop02 true"
CHANGED = """Cannot recv data: @@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@\r
@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @\r
@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@\r
IT IS POSSIBLE THAT SOMEONE IS DOING SOMETHING NASTY!\r
Host key for trop02 has changed and you have requested strict checking.\r
Host key verification failed.: Connection reset by peer"""
SAID = {
    "a changed host key": (SSH, CHANGED, f"know that it was: ssh-keygen -R trop02, then {TRY}"),
    "a changed host key at another port": (
        SSH.replace("trop02", "trop02:23"),
        CHANGED,
        "ssh-keygen -R '[trop02]:23', then ssh -p 23 -i /none/key operator@trop02 true",
    ),
    "an unknown host key": (
        SSH,
        "Cannot recv data: Host key verification failed.: Connection reset by peer",
        f"the host key of trop02 is not known here: compare it and accept it once with: {TRY}",
    ),
    "a refused key": (
        SSH,
        "Cannot recv data: operator@trop02: Permission denied (publickey,password).: Connection reset by peer",
        "trop02 accepts no key that ssh could use here for user operator: put it there with: "
        "ssh-copy-id -i /none/key operator@trop02",
    ),
    "an unknown name": (
        SSH,
        "Cannot recv data: ssh: Could not resolve hostname trop02: Name or service not known: Connection reset by peer",
        "nothing here knows the name trop02: see getent hosts trop02, and libvirt:uri",
    ),
    "no sshd": (
        SSH,
        "Cannot recv data: ssh: connect to host trop02 port 22: Connection refused: Connection reset by peer",
        "trop02 refuses calls at port 22: start sshd there, or mend the port in libvirt:uri",
    ),
    "nobody at the address": (
        SSH,
        "Cannot recv data: ssh: connect to host trop02 port 22: No route to host: Connection reset by peer",
        "trop02 cannot be reached at port 22 (No route to host): is it off, or behind a firewall?",
    ),
    "an sshd that says nothing": (
        SSH,
        "Cannot recv data: Connection timed out during banner exchange\r\nConnection to 10.0.0.1 port 22 timed out: "
        "Connection reset by peer",
        f"trop02 takes the call and says nothing that ssh knows: see what it does with: {TRY}",
    ),
    "not in the group, there": (
        SSH,
        "End of file while reading data: virt-ssh-helper: cannot connect to '/var/run/libvirt/libvirt-sock': Failed to "
        "connect socket to '/var/run/libvirt/libvirt-sock': Permission denied: Input/output error",
        "user operator may not use libvirt on trop02: as root there: usermod -aG libvirt operator, then log in anew",
    ),
    "not in the group, by nc": (
        SSH,
        "End of file while reading data: nc: unix connect failed: Permission denied: Input/output error",
        "user operator may not use libvirt on trop02: as root there: usermod -aG libvirt operator, then log in anew",
    ),
    "not in the group, by polkit": (
        "qemu+unix:///system",
        "authentication unavailable: no polkit agent available to authenticate action 'org.libvirt.unix.manage'",
        "may not use libvirt on this machine: as root there: usermod -aG libvirt ",
    ),
    "no libvirtd, there": (
        SSH,
        "End of file while reading data: virt-ssh-helper: cannot connect to '/var/run/libvirt/libvirt-sock': Failed to "
        "connect socket to '/var/run/libvirt/libvirt-sock': No such file or directory: Input/output error",
        "libvirtd does not listen on trop02 at /var/run/libvirt/libvirt-sock: start it there with: "
        "systemctl start libvirtd (or virtqemud), or mend socket= in libvirt:uri",
    ),
    "no libvirtd, here": (
        LOCAL,
        "Failed to connect socket to '/var/run/libvirt/libvirt-sock': Connection refused",
        "libvirtd does not listen on this machine at /var/run/libvirt/libvirt-sock: start it",
    ),
    "neither helper nor nc": (
        SSH,
        "End of file while reading data: sh: 1: nc: not found: Input/output error",
        "trop02 has nothing that leads ssh to libvirt's socket: install libvirt-clients",
    ),
    "no ssh": (
        SSH,
        "Cannot recv data: there is no ssh on this machine: Connection reset by peer",
        "there is no ssh on this machine: install openssh-client",
    ),
    "no CA": (
        TLS,
        "Cannot read CA certificate '/pki/cacert.pem': No such file or directory",
        "there is no CA certificate /pki/cacert.pem here: put it there, or name its folder: ?pkipath=FOLDER",
    ),
    "another CA": (
        TLS,
        "authentication failed: Failed to verify peer's certificate",
        "the certificate of trop02 is not of this machine's CA, has run out, or is for another name: LIBVIRT_DEBUG=",
    ),
    "no client's certificate": (
        TLS,
        "Unable to read TLS confirmation: Input/output error",
        "trop02 does not accept this machine's certificate, or has been shown none: clientcert.pem and clientkey.pem, "
        "of its CA, belong into /pki",
    ),
    "nothing listens for TLS": (
        TLS,
        "unable to connect to server at 'trop02:16514': Connection refused",
        "trop02 refuses calls at port 16514: start libvirtd (libvirtd-tls.socket) there, or mend the port",
    ),
    "what nobody has seen yet": (SSH, "the moon is full", "the moon is full"),
}


@pytest.mark.parametrize(("uri", "said", "told"), SAID.values(), ids=SAID)
def test_each_reason_is_told_in_plain_words_with_what_to_do(uri: str, said: str, told: str) -> None:
    assert told in unreachable.why(uri, said)


def test_the_page_on_it_says_the_same() -> None:
    """Each row but that of the passphrase is what some text becomes, and each text becomes one of the rows."""
    page = (
        (Path(__file__).parents[3] / "docs/remote.md")
        .read_text(encoding="utf-8")
        .partition("the line says |")[2]
    )
    shown = re.findall(r"^\| .* \| `([^`]+)` \|$", page, re.M)
    rows = [r"[\s\S]*?".join(map(re.escape, row.split("…"))) for row in shown]
    told = [unreachable.why(uri, said) for uri, said, _ in SAID.values()]
    told = [*told[:-1], unreachable.silent(SSH, 10)]  # without the words that are libvirt's own
    assert [line for line in told if not any(re.search(row, line) for row in rows)] == []
    unseen = [row for row in rows if not any(re.search(row, line) for line in told)]
    assert ["passphrase" in row for row in unseen] == [True]


@pytest.mark.parametrize(
    ("text", "locked"),
    [
        ("-----BEGIN OPENSSH PRIVATE KEY-----\n{aes}\n-----END OPENSSH PRIVATE KEY-----\n", True),
        ("-----BEGIN OPENSSH PRIVATE KEY-----\n{none}\n-----END OPENSSH PRIVATE KEY-----\n", False),
        ("-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nAAAA\n", True),
        ("-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n", True),
        ("-----BEGIN RSA PRIVATE KEY-----\nAAAA\n", False),
        ("", False),
    ],
)
def test_a_refused_key_with_a_passphrase_is_named(text: str, locked: bool, tmp_path: Path) -> None:
    begin = b"openssh-key-v1\0\0\0\0"
    aes, none = (base64.b64encode(begin + cipher).decode() for cipher in (b"\x0aaes256-ctr", b"\x04none"))
    key = tmp_path / "a key"
    key.write_text(text.format(aes=aes, none=none), encoding="ascii")
    uri = f"qemu+ssh://operator@trop02/system?keyfile={str(key).replace(' ', '%20')}"
    told = unreachable.why(uri, "operator@trop02: Permission denied (publickey).")
    assert (
        f"has a passphrase, for which nobody is asked; load it into an agent with: ssh-add '{key}'" in told
    ) == locked


@pytest.mark.parametrize(
    ("uri", "opened"),
    [
        ("qemu+ssh://a@trop02/system", "qemu+ssh://a@trop02/system?no_tty=1&command="),
        ("qemu+ssh://trop02/system?no_tty=0", "qemu+ssh://trop02/system?no_tty=0&no_tty=1&command="),
    ],
)
def test_over_ssh_nobody_is_asked_whatever_the_uri_says(uri: str, opened: str) -> None:
    assert way.unasked(uri).startswith(opened)


@pytest.mark.parametrize("uri", [LOCAL, TLS, "qemu+unix:///system?socket=/s", "test:///default", ""])
def test_another_way_is_opened_as_it_is_written(uri: str) -> None:
    assert way.unasked(uri) == uri


def test_an_operators_own_command_stays() -> None:
    assert way.unasked("qemu+ssh://trop02/system?command=/my/ssh").endswith("?command=/my/ssh&no_tty=1")


FAKE = """#!/bin/sh
echo "$@" "$SSH_ASKPASS_REQUIRE$SSH_ASKPASS"
read -r number name state parent group session rest < /proc/$$/stat
echo "$session"
(: < /dev/tty) 2>/dev/null && echo "a terminal"
"""


def test_ssh_runs_without_a_terminal_and_out_of_reach_of_ctrl_c(tmp_path: Path) -> None:
    """At a terminal of the test's own, so that there is one which could be reached."""
    fake = tmp_path / "ssh"
    fake.write_text(FAKE, encoding="ascii")
    fake.chmod(0o755)
    ours, theirs = os.openpty()
    script = str(Path(way.__file__).with_name("ssh.sh"))
    beneath = ["sh", "-c", '"$0" "$@"; exit 0', script]  # not the session's first process, as under libvirt
    at_terminal = ["setsid", "--ctty", "--wait", *beneath, "-l", "a", "--", "trop02"]
    done = subprocess.run(
        at_terminal,
        stdin=theirs,
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}", "SSH_ASKPASS": "/ask", "DISPLAY": ":0"},
    )
    os.close(ours)
    os.close(theirs)
    words, session = done.stdout.splitlines()
    assert words == "-o BatchMode=yes -o ConnectTimeout=8 -l a -- trop02 never"
    assert int(session) != os.getsid(0)


def test_what_was_started_for_a_connection_that_is_given_up_is_ended_and_nothing_else() -> None:
    codes: list[int] = []
    ended = threading.Event()

    def opener(_: str) -> Connection:
        codes.append(subprocess.call(["setsid", "sleep", "600"]))
        ended.set()
        return Connection()

    other = subprocess.Popen(["sleep", "600"])
    try:
        with pytest.raises(Unreachable):
            _ = Host("qemu+ssh://asleep/system", opener, seconds=0.5).conn
        assert ended.wait(30)
        assert other.poll() is None
    finally:
        other.kill()
        other.wait()
    assert codes == [-9]

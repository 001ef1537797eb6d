"""A hypervisor that is not this machine, reached by ssh and by TLS; and one on which its operator is not root."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.hypervisor import PROGRAMS
from tests.done import Done
from tests.lab.catalogue_terms import FLOATS
from tests.lab.lab_guest import page, virsh, wait_for
from tests.lab.remote_server import LISTENS
from tests.lab.remote_stage import STACK, Remote, remote

pytestmark = [pytest.mark.lab, pytest.mark.remote, pytest.mark.one_turn]

ADDRESS, FLOAT1 = FLOATS["float1"]
UNASKED = (
    "nobody could be asked whether another host answers there, which takes root on the hypervisor itself"
)


@pytest.fixture(scope="module")
def made() -> Iterator[Remote]:
    """Two VMs are declared, of which the first holds float1; there is nothing on the host."""
    with remote("Acilamwen", "Ulov") as made:
        yield made


@pytest.fixture(scope="module")
def up(made: Remote) -> Remote:
    """All of it brought up by ssh, from nothing."""
    must(made, "up", "--yes", "--skip-preview")
    return made


@pytest.fixture(scope="module")
def host_clone(up: Remote) -> Path:
    """A clone on the hypervisor itself, with the operator's state."""
    if PROGRAMS in os.environ:
        pytest.skip("the hypervisor's programs are another release's, without a Python for this program")
    up.set(up.clone, libvirt__uri="qemu:///system")
    return up.put_on_host()


def must(made: Remote, verb: str, *words: str) -> str:
    done = made.trop(verb, STACK, *words)
    assert done.code == 0, done.text
    nothing_left(made)
    return done.text


def holder(made: Remote) -> str:
    """Who answers at float1's address, from the campus."""
    return next(iter(page(made.lab, ADDRESS, campus=True)), "").removeprefix("I am ")


def nothing_left(made: Remote, state: str = "state") -> None:
    wait_for(lambda: not made.left() or None, 20)
    assert made.locks(state) == []


def is_one_line(made: Remote, uri: str, done: Done, wanted: str) -> None:
    """The preview says why it ends, once, and with no word of a library's or of ssh's beside it."""
    lines = {
        line[line.index("cannot") :] for line in done.text.splitlines() if "cannot reach libvirt" in line
    }
    assert len(lines) == 1, done.text
    (told,) = lines
    assert told.startswith(f"cannot reach libvirt at {uri}: ")
    assert re.search(wanted, told), told
    assert done.code != 0
    for noise in ("Traceback", "Cannot recv data", "warning :", "assphrase for", "continue connecting"):
        assert noise not in done.text
    nothing_left(made, "other")


def preview(made: Remote, uri: str, *, terminal: bool = False) -> Done:
    """Of a stack of which nothing was ever made: what fails here has only the URI to go by."""
    made.set(made.clone, libvirt__uri=uri)
    try:
        return made.trop("preview", STACK, state="other", terminal=terminal)
    finally:
        made.set(made.clone, libvirt__uri=made.ssh())


def test_over_ssh_a_stack_is_previewed_brought_up_a_float_moved_and_all_of_it_audited(up: Remote) -> None:
    must(up, "preview", "--expect-no-changes")
    wait_for(lambda: holder(up) == "Acilamwen" or None)

    up.hold(up.clone, "Ulov")
    assert "1 to update" in must(up, "preview")
    said = must(up, "up", "--yes")

    assert f"NIC {FLOAT1} moved from Acilamwen to Ulov: " in said
    assert UNASKED in said
    assert holder(up) == "Ulov"
    must(up, "preview", "--expect-no-changes")
    audit = up.trop("audit", STACK, "--json")
    assert (audit.code, audit.err) == (0, "")
    assert {found["level"] for found in json.loads(audit.out)} <= {"note"}
    nothing_left(up)


@pytest.mark.parametrize("terminal", [False, True], ids=["piped", "terminal"])
@pytest.mark.parametrize(
    ("key", "user", "wanted"),
    [
        (
            "refused",
            "operator",
            r"accepts no key .* for user operator: .*: ssh-copy-id -i \S+/refused operator@",
        ),
        (
            "locked",
            "operator",
            r"/locked has a passphrase, for which nobody is asked; .*: ssh-add \S+/locked$",
        ),
        (
            "good",
            "stranger",
            r"user stranger may not use libvirt on \S+: as root there: usermod -aG libvirt stranger,",
        ),
    ],
    ids=["refused key", "key with a passphrase", "not in the group"],
)
def test_who_may_not_is_told_so_in_one_line(
    made: Remote, key: str, user: str, wanted: str, terminal: bool
) -> None:
    uri = made.ssh(user, key)
    is_one_line(made, uri, preview(made, uri, terminal=terminal), wanted)


@pytest.mark.parametrize("terminal", [False, True], ids=["piped", "terminal"])
@pytest.mark.parametrize(
    ("known", "wanted"),
    [("", "is not known here: compare it and accept it once with: ssh -i"), ("refused", "ssh-keygen -R 127")],
    ids=["unknown", "changed"],
)
def test_a_host_key_is_neither_accepted_nor_asked_about(
    made: Remote, known: str, wanted: str, terminal: bool
) -> None:
    there = made.known_hosts.read_text(encoding="ascii")
    another = made.key(known).with_suffix(".pub").read_text(encoding="ascii") if known else ""
    text = f"{LISTENS} {another}" if another else ""
    made.known_hosts.write_text(text, encoding="ascii")
    try:
        done = preview(made, made.ssh(), terminal=terminal)
        assert made.known_hosts.read_text(encoding="ascii") == text
    finally:
        made.known_hosts.write_text(there, encoding="ascii")
    is_one_line(made, made.ssh(), done, wanted)


def test_what_a_line_says_to_do_lets_the_operator_in(made: Remote) -> None:
    """With the stranger: the group that is named is the one that it takes."""
    uri = made.ssh("stranger")
    found = re.search(r"as root there: (.+), then log in anew", preview(made, uri).text)
    assert found is not None
    made.lab.run(["sh", "-c", found[1]], check=True)
    try:
        done = preview(made, uri)
    finally:
        made.lab.run(["gpasswd", "-d", "stranger", "libvirt"], check=True, capture_output=True)
    assert done.code == 0 or "cannot reach" not in done.text, done.text
    nothing_left(made, "other")


def test_a_host_without_libvirt_or_without_sshd_is_told_in_one_line(made: Remote) -> None:
    socket = made.lab.path("/run/libvirt/libvirt-sock")
    away = socket.rename(socket.with_name("away"))
    try:
        done = preview(made, made.ssh())
    finally:
        away.rename(socket)
    is_one_line(
        made, made.ssh(), done, "libvirtd does not listen on 127.0.0.1 at .*: systemctl start libvirtd"
    )
    uri = made.ssh().replace(LISTENS, f"{LISTENS}:2222")
    is_one_line(made, uri, preview(made, uri), "refuses calls at port 2222: start sshd there")


@pytest.mark.parametrize(
    ("daemon", "wanted"),
    [
        ("/run/libvirtd.pid", "no answer within 10 s; see where it waits with: ssh -i"),
        ("/run/sshd.pid", "takes the call and says nothing that ssh knows"),
    ],
    ids=["libvirtd", "sshd"],
)
def test_a_host_that_says_nothing_is_given_up_and_its_ssh_ended(
    made: Remote, daemon: str, wanted: str
) -> None:
    with made.stopped(daemon):
        done = preview(made, made.ssh())
        assert [line for line in made.left() if line.startswith("ssh ")] == []
    is_one_line(made, made.ssh(), done, wanted)


def test_over_tls_a_stack_is_previewed_and_brought_up(up: Remote) -> None:
    up.set(up.clone, libvirt__uri=up.tls)
    key = up.key("good").rename(up.key("away"))  # by ssh there is no way now
    try:
        must(up, "up", "--yes", "--refresh=false")  # as docs/recovery.md has it for another URI
        must(up, "preview", "--expect-no-changes")
        up.set(up.clone, trop__vms={"Acilamwen": {}, "Ulov": {}, "Lothigometh": {}})
        assert "to create" in must(up, "preview")
        must(up, "up", "--yes")
        must(up, "preview", "--expect-no-changes")
    finally:
        key.rename(up.key("good"))
    assert "Lothigometh" in virsh(up.lab, "list", "--name").split()


def test_a_certificate_that_is_not_trusted_is_told_in_one_line(made: Remote) -> None:
    pki = made.folder / "home/pki"
    (pki / "clientcert.pem").rename(pki / "away")
    try:
        done = preview(made, made.tls)
    finally:
        (pki / "away").rename(pki / "clientcert.pem")
    is_one_line(made, made.tls, done, "has been shown none: clientcert.pem and clientkey.pem, of its CA")
    uri = made.tls.replace(LISTENS, "localhost")
    is_one_line(
        made, uri, preview(made, uri), "is for another name: LIBVIRT_DEBUG=warn before the same command"
    )
    uri = f"{made.tls}/none"
    is_one_line(made, uri, preview(made, uri), "there is no CA certificate .*/none/cacert.pem here")


def test_on_the_hypervisor_itself_the_group_libvirt_does_for_all_but_the_probe(
    up: Remote, host_clone: Path
) -> None:
    wait_for(lambda: holder(up) or None)
    other = "Acilamwen" if holder(up) == "Ulov" else "Ulov"
    up.hold(host_clone, other)

    first = up.on_host("operator", "up", STACK, "--yes", "--refresh=false")

    assert first.code == 0, first.text
    assert f"to {other}: " in first.text
    assert UNASKED in first.text
    assert holder(up) == other
    same = up.on_host("operator", "preview", STACK, "--expect-no-changes")
    assert same.code == 0, same.text
    audit = up.on_host("operator", "audit", STACK)
    assert audit.code == 0, audit.text


def test_on_the_hypervisor_itself_a_user_outside_the_group_is_told_how_to_get_in(
    up: Remote, host_clone: Path
) -> None:
    """What libvirt shows to everybody is audited all the same."""
    assert host_clone.is_dir()
    done = up.on_host("stranger", "audit", STACK)
    assert (
        "user stranger may not use libvirt on this machine: as root there: usermod -aG libvirt" in done.text
    )
    assert re.search(r"\d domains, 2 networks, .*, 0 guests asked inside", done.text)
    assert "unreachable" not in done.text

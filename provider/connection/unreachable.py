"""Why no connection could be had, in plain words, and what to do: read from what libvirt, ssh and TLS say of it."""

from __future__ import annotations

import os
import pwd
import re
import shlex
import subprocess
from base64 import b64decode
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

from provider.connection import way
from provider.connection.way import Way

Say = Callable[[Way, "re.Match[str]"], str]


def why(uri: str, said: str) -> str:
    """The reason and the way out; what libvirt said where it is none of those that are known."""
    gone = way.of(uri)
    for sign, say in _REASONS:
        if found := re.search(sign, said):
            return say(gone, found)
    return said


def silent(uri: str, seconds: float) -> str:
    gone = way.of(uri)
    line = f"no answer within {seconds:g} s"
    return f"{line}; see where it waits with: {gone.try_it}" if gone.transport == "ssh" else line


def _changed_key(gone: Way, _: re.Match[str]) -> str:
    known = gone.host if gone.port is None else f"[{gone.host}]:{gone.port}"
    return (
        f"{gone.host} shows another host key than it had: it was installed anew, or somebody stands in between; if you "
        f"know that it was: {shlex.join(['ssh-keygen', '-R', known])}, then {gone.try_it}"
    )


def _unknown_key(gone: Way, _: re.Match[str]) -> str:
    return f"the host key of {gone.host} is not known here: compare it and accept it once with: {gone.try_it}"


def _refused_key(gone: Way, _: re.Match[str]) -> str:
    settings = _ssh_settings(gone)
    keys = [Path(name).expanduser() for name in settings.get("identityfile", ())]
    locked = [str(key) for key in keys if _has_passphrase(key)]
    line = f"{gone.host} accepts no key that ssh could use here for user {_user(gone, settings)}"
    if locked:
        return (
            f"{line}: {', '.join(locked)} has a passphrase, for which nobody is asked; "
            f"load it into an agent with: {shlex.join(['ssh-add', *locked])}"
        )
    return f"{line}: put it there with: {shlex.join(['ssh-copy-id', *gone.words[1:]])}"


def _no_name(gone: Way, _: re.Match[str]) -> str:
    return f"nothing here knows the name {gone.host}: see {shlex.join(['getent', 'hosts', gone.host])}, and libvirt:uri"


def _nobody_listens(gone: Way, found: re.Match[str]) -> str:
    what = {"ssh": "sshd", "tls": "libvirtd (libvirtd-tls.socket)"}.get(gone.transport, "libvirtd")
    return f"{gone.host} refuses calls at port {found['port']}: start {what} there, or mend the port in libvirt:uri"


def _too_far(gone: Way, found: re.Match[str]) -> str:
    reason = f"cannot be reached at port {found['port']} ({found['reason']})"
    return f"{gone.host} {reason}: is it off, or behind a firewall?"


def _no_server(gone: Way, _: re.Match[str]) -> str:
    return f"{gone.host} takes the call and says nothing that ssh knows: see what it does with: {gone.try_it}"


def _not_in_group(gone: Way, _: re.Match[str]) -> str:
    user = _user(gone, _ssh_settings(gone) if gone.transport == "ssh" else {})
    there = f"on {gone.host}" if gone.host else "on this machine"
    return f"user {user} may not use libvirt {there}: as root there: usermod -aG libvirt {user}, then log in anew"


def _no_socket(gone: Way, found: re.Match[str]) -> str:
    there = f"on {gone.host}" if gone.host else "on this machine"
    return (
        f"libvirtd does not listen {there} at {found['socket']}: start it there with: systemctl start libvirtd "
        "(or virtqemud), or mend socket= in libvirt:uri"
    )


def _no_helper(gone: Way, _: re.Match[str]) -> str:
    return (
        f"{gone.host} has nothing that leads ssh to libvirt's socket: install libvirt-clients (virt-ssh-helper) there, "
        "or netcat-openbsd where libvirt:uri says socket= or proxy=netcat"
    )


def _no_ssh(_gone: Way, _: re.Match[str]) -> str:
    return "there is no ssh on this machine: install openssh-client"


def _no_authority(_gone: Way, found: re.Match[str]) -> str:
    return (
        f"there is no CA certificate {found['file']} here: put it there, or name its folder: ?pkipath=FOLDER"
    )


def _untrusted(gone: Way, _: re.Match[str]) -> str:
    return (
        f"the certificate of {gone.host} is not of this machine's CA, has run out, or is for another name: "
        "LIBVIRT_DEBUG=warn before the same command shows which"
    )


def _own_refused(gone: Way, _: re.Match[str]) -> str:
    folder = gone.options.get("pkipath", "~/.pki/libvirt or /etc/pki/libvirt")
    return (
        f"{gone.host} does not accept this machine's certificate, or has been shown none: clientcert.pem and "
        f"clientkey.pem, of its CA, belong into {folder}"
    )


# The first that is found counts; how each was seen stands in the test.
_REASONS: Final[tuple[tuple[str, Say], ...]] = (
    ("HOST IDENTIFICATION HAS CHANGED", _changed_key),
    ("Host key verification failed", _unknown_key),
    (r"Permission denied \([a-z,-]+\)", _refused_key),
    ("Could not resolve hostname|Name or service not known", _no_name),
    (r"connect to host \S+ port (?P<port>\d+): Connection refused", _nobody_listens),
    (r"connect to host \S+ port (?P<port>\d+): (?P<reason>[^:]+)", _too_far),
    (r"during banner exchange|Connection to \S+ port \d+ timed out|kex_exchange_identification", _no_server),
    (r"unable to connect to server at '\S+:(?P<port>\d+)': Connection refused", _nobody_listens),
    (r"unable to connect to server at '\S+:(?P<port>\d+)': (?P<reason>.+)", _too_far),
    (r"Failed to connect socket to '\S+': Permission denied|nc: .*Permission denied", _not_in_group),
    ("no polkit agent available|access denied by policy", _not_in_group),
    (r"Failed to connect socket to '(?P<socket>\S+)': (No such file|Connection refused)", _no_socket),
    (r"nc: (?P<socket>unix connect failed|/\S+): (No such file|Connection refused)", _no_socket),
    (r"(nc|virt-ssh-helper): (command )?not found", _no_helper),
    ("there is no ssh on this machine|Cannot find 'ssh' in path", _no_ssh),
    (r"Cannot read CA certificate '(?P<file>[^']+)': No such file", _no_authority),
    ("Failed to verify peer's certificate", _untrusted),
    ("Unable to read TLS confirmation", _own_refused),
)


def _ssh_settings(gone: Way) -> dict[str, list[str]]:
    """What ssh would go by, each value under its name in small letters; it asks nobody and connects nowhere."""
    found: dict[str, list[str]] = {}
    with suppress(OSError, subprocess.TimeoutExpired):
        done = subprocess.run(
            [*gone.words[:-1], "-G", "--", gone.target],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=5,
        )
        for line in done.stdout.splitlines():
            name, _, value = line.partition(" ")
            found.setdefault(name, []).append(value)
    return found


def _user(gone: Way, settings: dict[str, list[str]]) -> str:
    with suppress(KeyError):
        return gone.user or next(iter(settings.get("user", ())), "") or pwd.getpwuid(os.geteuid()).pw_name
    return "NAME"


def _has_passphrase(key: Path) -> bool:
    """Whether the private key in this file, if there is one, is encrypted: in OpenSSH's own format, or in PEM."""
    try:
        text = key.read_text(encoding="ascii", errors="replace")
    except OSError:
        return False
    if "BEGIN OPENSSH PRIVATE KEY" in text:
        body = "".join(line for line in text.splitlines() if not line.startswith("-----"))
        with suppress(ValueError):
            return b"\x04none" not in b64decode(body)[:32]
    return "ENCRYPTED" in text

"""What a provider prints is to be typed, typed as it is printed: on a libvirt in memory, or for the next run.

A line goes through a shell's words, then through virsh's own or ./trop's.  That the real virsh takes each of these
commands, tests/lab holds.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable
from typing import Any

from cli.words.command_line import parse
from tests.provider.fakes import domain_disks

_WORD = r"""(?:"[^"]*"|[\w./:-]+)"""
_VIRSH = re.compile(rf"virsh -c '[^']*' (?:'[^']*'|{_WORD}(?: {_WORD})*)")
_ALLOW = re.compile(r'--allow (?:"[^"]*"|\S+)')


def lines(text: object) -> list[str]:
    """The lines for virsh in what was printed, each once."""
    return list(dict.fromkeys(_VIRSH.findall(str(text))))


def virsh(conn: Any, line: str) -> None:
    for words in _commands(line):
        _do(conn, *words)


def allow(*printed: object) -> str:
    """What `./trop up` hands to the provider with the ``--allow`` of what was printed."""
    found = dict.fromkeys(each for text in printed for each in _ALLOW.findall(str(text)))
    order = parse(["up", "trop02", *shlex.split(" ".join(found))], frozenset({"trop02"}))
    assert order.allow, printed
    return ",".join(order.allow)


def _commands(line: str) -> Iterable[list[str]]:
    """As virsh reads them: one argument is a line of commands of its own."""
    first, option, _uri, *words = shlex.split(line)
    assert (first, option) == ("virsh", "-c"), line
    if len(words) > 1:
        return [words]
    reader = shlex.shlex(words[0], posix=True, punctuation_chars=";")
    reader.whitespace_split = True
    commands: list[list[str]] = [[]]
    for word in reader:
        commands.append([]) if word == ";" else commands[-1].append(word)
    return commands


def _do(conn: Any, verb: str, *words: str) -> None:
    match verb, words:
        case "resume", [name]:
            conn.lookupByName(name).paused = False
        case "start", [name]:
            conn.lookupByName(name).create()
        case "shutdown", [name]:
            conn.lookupByName(name).shutdown()
        case "managedsave-remove", [name]:
            conn.lookupByName(name).managedSaveRemove()
        case "blockjob", [name, target, "--abort"]:
            domain_disks.aborted(conn.lookupByName(name), target)
        case "net-start", [name]:
            conn.networkLookupByName(name).create()
        case "pool-define-as", [name, "dir", "--target", folder]:
            ids = f"<name>{name}</name><uuid>u-{name}</uuid>"
            conn.storagePoolDefineXML(f"<pool type='dir'>{ids}<target><path>{folder}</path></target></pool>")
        case "pool-build", [name]:
            conn.storagePoolLookupByName(name).build()
        case "pool-start", [name]:
            conn.storagePoolLookupByName(name).create()
        case "pool-destroy", [name]:
            conn.storagePoolLookupByName(name).destroy()
        case "pool-autostart", [name]:
            conn.storagePoolLookupByName(name).setAutostart(1)
        case _:
            raise AssertionError(f"nobody has tried this: {verb} {' '.join(words)}")

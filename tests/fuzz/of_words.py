"""What the fuzzing feeds to the command lines: words as a shell hands them over, bytes that are no UTF-8 among them."""

from __future__ import annotations

import shlex
from functools import cache
from pathlib import Path
from random import Random

from cli import rack
from cli.whois import command as whois
from cli.whois import notation
from cli.words import command_line
from engine import app, flag_parser
from engine.errors import CommandError
from engine.options import UnsupportedError
from engine.verbs.flags import GLOBAL, GLOBAL_REFUSED, YES
from engine.verbs.table import COMMANDS
from tests.config.fleets import ROOT
from tests.engine.conftest import RECORDINGS
from tests.fuzz import loop, mutate
from tests.fuzz.desk import Desk
from tests.fuzz.loop import MANY, Target

Words = tuple[str, ...]
RECORDED = sorted({tuple(shlex.split(f.read_text())[1:]) for f in RECORDINGS.glob("*/*cmd")})
OWN = (
    ("up", "trop02", "--yes", "--allow", "Acilamwen=restart,default=network outage"),
    ("preview", "trop02", "--lab", "--engine=embedded"),
    ("stack", "trop02", "output", "vm0", "--json"),
    ("config", "get", "trop:vms", "-s", "trop02"),
    ("import", "trop02", "libvirt:index/network:Network", "default", "c0ffee", "--file=a.json"),
)
FLAGS = sorted(
    {f"--{flag.name}" for command in COMMANDS for flag in command.flags} | {"-s", "-y", "-C", "--"}
)
ADDRESSES = (
    "52:54:00:02:02:0f", "52-54-00-00-01-00", "5254.0000.0100", "525400000100", "fe:54:00:02:02:0f", "vnet3",
    "fe80::5054:ff:fe00:100", "192.168.202.15", "129.215.175.100", "Acilamwen", "float1", "trop02", "br0", "bridged",
)  # fmt: skip


def _as_shell(text: str | bytes) -> str:
    """A word as a program gets it: anything but a NUL."""
    data = text.encode(errors="surrogatepass") if isinstance(text, str) else text
    return data.replace(b"\0", b"").decode(errors="surrogateescape")


def _spoiled(rng: Random, words: Words) -> Words:
    spoiled = list(words)
    for _ in range(rng.choice((1, 1, 2, 3))):
        at = rng.randrange(len(spoiled) + 1)
        kind = rng.randrange(7)
        if kind == 0 and at < len(spoiled):
            del spoiled[at]
        elif kind == 1:
            spoiled.insert(at, mutate.text(rng))
        elif kind == 2:
            spoiled.insert(at, rng.choice(FLAGS))
        elif kind == 3:
            spoiled.insert(at, f"{rng.choice(FLAGS)}={mutate.text(rng)}")
        elif kind == 4 and at < len(spoiled):
            spoiled[at] = mutate.text(rng)
        elif kind == 5 and spoiled:
            other = rng.randrange(len(spoiled))
            spoiled[at : at + 1] = [spoiled[other]]
        elif at < len(spoiled):
            spoiled[at] = _as_shell(mutate.of_bytes(rng, spoiled[at].encode(errors="surrogatepass")))
    return tuple(map(_as_shell, spoiled))


PLACES = (
    "trop02", "trop:vms", "token", "libvirt:uri", 'a["b"][0]', "vms.Acilamwen.memory", "resources.json", "a.json", "x",
    "libvirt:index/network:Network", "default", "d7c062a9-67f0-5da0-b0c7-4a3d2bd6a3e5", "1", "-1", "9" * 20, "..",
    "urn:pulumi:trop02::trop::libvirt:index/volume:Volume::base", "**Domain::vm0", "networkId", "/dev/zero",
    "urn:pulumi:trop02::trop::trop:index:DockerHostVM$libvirt:index/domain:Domain::vm0", "never",
    "organization/trop/trop02",
)  # fmt: skip


def _composed(rng: Random) -> Words:
    """A verb with as many words as it takes and some of its flags: what is odd is in the values."""
    command = rng.choice(COMMANDS)
    words = [_value(rng) for _ in range(rng.randint(command.at_least, command.at_most))]
    known = command.flags if command.flags and rng.random() < 0.9 else GLOBAL
    for flag in rng.choices(known, k=rng.choice((0, 1, 1, 2, 3))):
        given = (
            str(rng.choice(mutate.NUMBERS[:12])) if flag.kind is int and rng.random() < 0.8 else _value(rng)
        )
        words.append(f"--{flag.name}" if flag.kind is bool else f"--{flag.name}={given}")
    rng.shuffle(words)
    if YES in command.flags and rng.random() < 0.7:
        words.append("--yes")
    return (*command.path, *map(_as_shell, words))


def _value(rng: Random) -> str:
    kind = rng.random()
    if kind < 0.2:
        return mutate.text(rng)
    place = rng.choice(PLACES)
    return place if kind < 0.7 else _as_shell(mutate.of_bytes(rng, place.encode()))


def _recorded(rng: Random) -> Words:
    return _spoiled(rng, rng.choice(RECORDED))


def _own(rng: Random) -> Words:
    return _spoiled(rng, rng.choice(OWN))


def parsed(words: Words) -> None:
    """As far as the verb, its flags and the number of its words."""
    command, rest = app.find(list(words))
    if command is None:
        flag_parser.parse(rest, GLOBAL, GLOBAL_REFUSED)
        return
    known = flag_parser.parse(rest, (*command.flags, *GLOBAL), command.refused | GLOBAL_REFUSED)
    app._check_words(command, known)
    flag_parser.usage(command, GLOBAL)


def ordered(words: Words) -> None:
    """`./trop`'s own options taken out, and the folders put in."""
    if not words or words[0] not in command_line.VERBS:
        return
    line = command_line.parse(words, frozenset({"trop02"}))
    command_line.choose_engine(line.engine or "embedded")
    command_line.placed(line.words, Path("/somewhere"), Path("/elsewhere"))


@cache
def _directory() -> whois.Directory:
    return whois.Directory(rack.load(ROOT))


def address(word: str) -> None:
    answer = _directory().answer(word)
    for line in whois.lines(answer):
        loop.check_words(line)
    whois.as_data([answer], {}, {})


def _address(rng: Random) -> str:
    word = rng.choice(ADDRESSES)
    return _as_shell(mutate.of_bytes(rng, word.encode()) if rng.random() < 0.9 else mutate.text(rng))


@cache
def _desk() -> Desk:
    from tests.fuzz.common import FOLDER

    return Desk(FOLDER)


def whole(case: tuple[Words, dict[str, str], bytes]) -> None:
    """From the words to the exit code; a run that comes to need a provider ends there."""
    code, out, err = _desk().run(*case)
    for line in filter(None, err.split("\n")):
        loop.check_words(line)
    if "a fault of this engine" in err or not 0 <= code < 128:
        raise loop.Undue(f"exit code {code}: {err[:300]}")
    if code and not (out.strip() or err.strip()):
        raise loop.Undue(f"exit code {code}, and nothing said")


_VARIABLES = ("PULUMI_STACK", "PULUMI_BACKEND_URL", "PULUMI_CONFIG_PASSPHRASE_FILE", "PULUMI_HOME")


_TYPED = (
    b"",
    b"",
    b"a value\n",
    b"yes\n",
    b"\xff\xfe",
    b"a\x00b\n",
    b"x" * 5000,
    b'{"version": 3, "deployment": {}}',
)


def _whole(rng: Random) -> tuple[Words, dict[str, str], bytes]:
    environment = {}
    if rng.random() < 0.1:
        name = rng.choice(_VARIABLES)
        value = rng.choice((mutate.text(rng), f"file://{mutate.text(rng)}", "~nobody/x", "/dev/zero", "."))
        environment[name] = _as_shell(value)
    return (_composed if rng.random() < 0.8 else _recorded)(rng), environment, rng.choice(_TYPED)


TARGETS = (
    (
        Target(
            "command line",
            lambda rng: (_composed if rng.random() < 0.3 else _recorded)(rng),
            parsed,
            (CommandError, UnsupportedError),
        ),
        100_000,
    ),
    (Target("trop's own words", _own, ordered, (command_line.UsageError,)), 50_000),
    (Target("address", _address, address, (notation.NotUnderstoodError,)), 50_000),
    (Target("whole command line", _whole, whole, (), MANY), 20_000),
)

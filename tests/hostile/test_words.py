"""Hostile words on the command line: one line on standard error, no provider started, no file written elsewhere."""

from __future__ import annotations

import contextlib
import io
import shutil
from pathlib import Path
from typing import Any

import pytest

from engine import app
from tests.engine.conftest import CREATED, RECORDINGS
from tests.hostile import values

PROGRAM = RECORDINGS / "program"


class Asked(BaseException):
    """A provider was started for what can be known without it."""


class Desk:
    """A project with a stack that has resources, and with nobody who could do anything about them."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder, self.root, self.state = folder, folder / "project", folder / "state"
        stack = self.state / ".pulumi/stacks/trop/trop02.json"
        stack.parent.mkdir(parents=True)
        self.root.mkdir()
        shutil.copy(PROGRAM / "Pulumi.yaml", self.root)
        shutil.copy(RECORDINGS / "00-stack-init/Pulumi.trop02.yaml", self.root)
        (self.root / "__main__.py").write_text("raise SystemExit('the program was run')\n")
        (self.state / ".pulumi/meta.yaml").write_text("version: 1\n")
        shutil.copy(CREATED, stack)
        monkeypatch.setenv("PULUMI_BACKEND_URL", f"file://{self.state}")
        monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "x")
        monkeypatch.setenv("PULUMI_HOME", str(folder / "home"))
        monkeypatch.setenv("PULUMI_STACK", "trop02")
        monkeypatch.delenv("TROP_DEBUG", raising=False)
        monkeypatch.chdir(self.root)

    def run(self, *words: str) -> tuple[int, str]:
        """Exit code and standard error of one command line."""

        def asked(*_: Any) -> Any:
            raise Asked

        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = app.main([*words, "--non-interactive"], providers={"libvirt": asked})
        return code, err.getvalue()

    def files(self) -> dict[Path, bytes]:
        return {path: path.read_bytes() for path in self.folder.rglob("*") if path.is_file()}


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    return Desk(tmp_path, monkeypatch)


RULE = ": a stack name may only contain alphanumeric, hyphens, underscores, or periods"
STACKS = {what: RULE for what in values.NAMES if what not in ("nothing", "two dots", "300 characters", "a slash")} | {
    "two dots": ": it is a folder's; allowed: a name with a letter or a digit",
    "300 characters": ": a stack name cannot exceed 100 characters",
}  # fmt: skip
ON_A_STACK = (
    ("up", "--yes", "--stack"),
    ("destroy", "--yes", "--stack"),
    ("config", "set", "a", "b", "--stack"),
    ("stack", "init"),
    ("stack", "rm", "--yes", "--force"),
    ("stack", "select", "--create"),
    ("cancel", "--yes"),
)


@pytest.mark.parametrize(
    ("words", "what", "why"),
    [
        pytest.param(words, what, why, id=f"{' '.join(words)}: {what}")
        for number, words in enumerate(ON_A_STACK)
        for what, why in STACKS.items()
        if number == 0 or what in ("two dots", "two lines", "markup")
    ],
)
def test_a_stack_s_name_that_would_be_another_file(
    desk: Desk, words: tuple[str, ...], what: str, why: str
) -> None:
    before = desk.files()
    name = values.NAMES[what]
    code, said = desk.run(*words, name)
    assert said == f"error: invalid stack name {values.cut(name)!r}{why}\n"
    assert (code, desk.files()) == (1, before)


def test_a_stack_s_name_that_is_a_folder_leaves_every_history(desk: Desk) -> None:
    """Its history would be the folder above, with that of all stacks."""
    kept = desk.state / ".pulumi/history/trop/trop02/x.json"
    kept.parent.mkdir(parents=True)
    kept.write_text("{}")
    (desk.state / ".pulumi/stacks/trop/...json").write_text(
        (desk.state / ".pulumi/stacks/trop/trop02.json").read_text()
    )
    code, _ = desk.run("stack", "rm", "..", "--yes", "--force")
    assert (code, kept.exists()) == (1, True)


LONG = "9" * 5000
NO_KEY = "invalid configuration key: could not parse"
KEY = "(configuration keys should be of the form `<namespace>:<name>`)"
NETWORK = "libvirt:index/network:Network"
NO_TYPE = "type: expected package:module:Name, got "
IMPORT = "import: 1 error, nothing was imported:\n  * import"
SHOWS = "allowed: printable text of up to 1000 characters"
ID = "dcb9559b-fd2f-5a17-8ce0-f2074a6f4c8b"
WORDS = {
    "a key without an end": (
        ("config", "set", "a:b:c:d", "x"),
        f"{NO_KEY} a:b:c:d as a configuration key {KEY}",
    ),
    "a key of two lines": (
        ("config", "get", "a\nb:c:d:e"),
        f"{NO_KEY} a\\nb:c:d:e as a configuration key {KEY}",
    ),
    "a path without an end": (("config", "set", "--path", 'a["', "x"), "invalid configuration path 'a[\"'"),
    "a path beyond a list": (
        ("config", "set", "--path", "a[7]", "x"),
        "index 7 is beyond the end of the list",
    ),
    "a path beyond all lists": (
        ("config", "set", "--path", f"a[{LONG}]", "x"),
        "index 999999999999999999 is beyond the end of the list",
    ),
    "a number of 5,000 places for a flag": (
        ("preview", "--parallel", LONG),
        f'invalid argument "{LONG[:57]}..." for "--parallel" flag: expected a number',
    ),
    "markup for a flag": (
        ("preview", "--parallel", "<&>"),
        'invalid argument "<&>" for "--parallel" flag: expected a number',
    ),
    "bytes that are no text": (("config", "set", "a", "b\udcff"), r"b\udcff is no UTF-8 text"),
    "an unknown flag of two lines": (("preview", "--a\nb"), r"unknown flag: --a\nb"),
    "an unknown letter that is a line break": (
        ("preview", "-j\nb"),
        r"unknown shorthand flag: '\n' in -j\nb",
    ),
    "a switch's value of two lines": (
        ("preview", "--diff=a\nb"),
        r'invalid argument "a\nb" for "--diff" flag: expected true or false',
    ),
    "a colour of two lines": (
        ("preview", "--color", "a\nb"),
        r'unsupported color option: "a\nb". Supported values are: always, never, raw, auto',
    ),
    "a new name of two lines": (
        ("state", "rename", "urn:pulumi:a::b::c::d", "a\nb", "--yes"),
        rf"state rename: invalid name 'a\nb': it must not be empty, nor have :: in it; {SHOWS}",
    ),
    "an unknown flag that moves the cursor": (("preview", "--\x1b[2J"), r"unknown flag: --\x1b[2J"),
    "an unknown verb of two lines": (("a\nb",), 'unknown command "a\\nb" for "pulumi"'),
    "a colour that is none": (
        ("preview", "--color", "<&>"),
        'unsupported color option: "<&>". Supported values are: always, never, raw, auto',
    ),
    "a type that is none": (("import", "../../etc", "n", ID), f"{IMPORT} (n): {NO_TYPE}'../../etc'"),
    "a type with another in it": (
        ("import", f"a:b:C${NETWORK}", "n", ID),
        f"{IMPORT} (n): {NO_TYPE}'a:b:C${NETWORK}'",
    ),
    "a name of two lines": (
        ("import", NETWORK, "a\nb", ID),
        f"{IMPORT} (a\\nb): name: 'a\\nb' is no name; {SHOWS}",
    ),
    "an ID that moves the cursor": (
        ("import", NETWORK, "n", "\x1b[2J"),
        f"{IMPORT} (n): id: '\\x1b[2J' is no id; {SHOWS}",
    ),
    "a file of two lines": (
        ("import", "--file", "a\nb"),
        "could not read import file: open a\\nb: No such file or directory",
    ),
    "a file without an end": (
        ("import", "--file", "/dev/zero"),
        "could not read import file: open /dev/zero: File too large",
    ),
    "a state that is none": (
        ("stack", "import", "--file", "/etc/hostname"),
        "could not read the deployment: Expecting value: line 1 column 1 (char 0)",
    ),
    "a folder that is none": (("preview", "--cwd", "a\nb"), "--cwd: {}/a\\nb is not a folder"),
    "a settings file that is none": (
        ("preview", "--config-file", "../\x1b[2J"),
        "--config-file: {}/../\\x1b[2J does not exist",
    ),
}


@pytest.mark.parametrize(("words", "said"), WORDS.values(), ids=WORDS)
def test_a_word_that_means_nothing(desk: Desk, words: tuple[str, ...], said: str) -> None:
    before = desk.files()
    code, line = desk.run(*words)
    assert line == f"error: {said}\n".replace("{}", str(desk.root))
    assert (code, desk.files()) == (1, before)


FILE = "unable to read PULUMI_CONFIG_PASSPHRASE_FILE: "
PASSPHRASE, ITS_FILE, BACKEND = (
    "PULUMI_CONFIG_PASSPHRASE",
    "PULUMI_CONFIG_PASSPHRASE_FILE",
    "PULUMI_BACKEND_URL",
)
NOBODYS, NO_HOME = "~nobody-at-all/x", "there is no such home folder"
VARIABLES = {
    "a passphrase that is no text": (PASSPHRASE, "\udcff", f"{PASSPHRASE}: it is no UTF-8 text"),
    "a passphrase's file that is no text": (ITS_FILE, "{}/bytes", FILE + "{}/bytes: it is no UTF-8 text"),
    "a passphrase's file without an end": (ITS_FILE, "/dev/zero", f"{FILE}/dev/zero: File too large"),
    "a passphrase's file of nobody's": (ITS_FILE, NOBODYS, f"{FILE}{NOBODYS}: {NO_HOME}"),
    "a passphrase's file of two lines": (ITS_FILE, "a\nb", FILE + r"a\nb: No such file or directory"),
    "a backend of nobody's": (BACKEND, f"file://{NOBODYS}", f"backend file://{NOBODYS}: {NO_HOME}"),
    "a stack that is no text": ("PULUMI_STACK", "\udcff", rf"invalid stack name '\udcff'{RULE}"),
}


@pytest.mark.parametrize(("variable", "value", "said"), VARIABLES.values(), ids=VARIABLES)
def test_a_variable_that_means_nothing(
    desk: Desk, variable: str, value: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (desk.root / "bytes").write_bytes(b"\xff")
    if variable == ITS_FILE:
        monkeypatch.delenv(PASSPHRASE)
    monkeypatch.setenv(variable, value.replace("{}", str(desk.root)))
    before = desk.files()
    code, line = desk.run("config", "--show-secrets")
    assert line == f"error: {said}\n".replace("{}", str(desk.root))
    assert (code, desk.files()) == (1, before)


def test_a_value_on_standard_input_that_is_no_text(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"\xff\xfe")))
    before = desk.files()
    assert desk.run("config", "set", "a") == (
        1,
        "error: the value on standard input is no UTF-8 text\n",
    )
    assert desk.files() == before

"""Whole command lines, with the recorded program and provider: exit code, text and errors are the CLI's."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from engine.verbs.imports import NO_CODE
from tests.engine.conftest import CREATED, RECORDINGS
from tests.engine.harness import Case, Project, parts, runs

# Where a case does not begin with the stack of 04/01: a recorded state, or "" for the empty stack.
BEGINS = {
    "01-preview-empty-stack/": "",
    "02-preview-diff-empty-stack/": "",
    "04-up-create/": "",
    "07-replace-create-first/10": "07-replace-create-first/09-old-cannot-be-deleted",
    "08-replace-delete-first/10": "08-replace-delete-first/09-create-fails-after-delete",
    "10-create-fails/": "",
    "11-rerun-after-failure/01": "10-create-fails/01-up",
    "11-rerun-after-failure/02": "10-create-fails/01-up",
    "11-rerun-after-failure/0": "10-create-fails/04-created-but-init-failed",
    "12-refresh/06": "12-refresh/05-drift-applied",
    "15-import/04": "15-import/03-option-up",
    "15-import/05": "15-import/03-option-up",
    "16-protect/12": "16-protect/11-destroy",
    "17-killed/03": "17-killed/01-up-killed",
    "17-killed/05": "17-killed/01-up-killed",
    "17-killed/06": "17-killed/01-up-killed",
    "17-killed/07": "17-killed/01-up-killed",
    "17-killed/08": "17-killed/01-up-killed",
    "17-killed/09": "17-killed/01-up-killed",
    "17-killed/11": "17-killed/01-up-killed",
    "17-killed/15": "17-killed/14-killed-during-update",
    "17-killed/17": "17-killed/16-killed-during-delete",
    "17-killed/19": "17-killed/18-killed-during-delete-again",
    "18-concurrent/02": "17-killed/01-up-killed",
    "18-concurrent/04d": "17-killed/01-up-killed",
    "19-interrupt/04": "19-interrupt/01-provider-ignores-cancel",
    "20-check-failure/01": "",
    "20-check-failure/02": "",
    "21-program-errors/01": "",
    "21-program-errors/02": "",
    "21-program-errors/03-": "",
    "23-aliases/06": "23-aliases/05-rename-with-alias-up",
    "23-aliases/07": "23-aliases/05-rename-with-alias-up",
    "27-retain-and-deleted-with/06": "27-retain-and-deleted-with/05-set-deleted-with-up",
    "28-ignore-changes/04": "",
    "30-unknown-outputs/01": "",
    "30-unknown-outputs/02": "",
    "32-providers/01": "",
    "32-providers/02": "",
    "32-providers/06": "04-up-create/01-up-yes",
    "32-providers/07": "04-up-create/01-up-yes",
    "32-providers/0": "32-providers/02-explicit-up",
    "33-get-and-invoke/03": "33-get-and-invoke/02-get-up",
    "33-get-and-invoke/04": "33-get-and-invoke/02-get-up",
    "34-resource-options/02": "34-resource-options/01-up",
}
# What must be done before a case.
BEFORE = {
    "12-refresh/09": [Case("12-refresh", "08-gone-applied")],
    "17-killed/09": [Case("17-killed", "08-refresh-clear-pending-creates")],
    "16-protect/09": [Case("16-protect", "08-state-unprotect")],
    "16-protect/10": [Case("16-protect", "08-state-unprotect")],
    "16-protect/11": [Case("16-protect", "08-state-unprotect")],
    "16-protect/16": [Case("16-protect", "08-state-unprotect")],
    "15-import/13": [Case("15-import", "12-cli-file-no-code")],
    "27-retain-and-deleted-with/06": [Case("16-protect", "08-state-unprotect")],
    "27-retain-and-deleted-with/02": [Case("27-retain-and-deleted-with", "01-set-retain-up")],
    "27-retain-and-deleted-with/03": [Case("27-retain-and-deleted-with", "01-set-retain-up")],
    "27-retain-and-deleted-with/04": [Case("27-retain-and-deleted-with", "01-set-retain-up")],
}
# Settings that a case has, and the recorded stack has not.
SETTINGS = {
    "20-check-failure/07": ("libvirt:uri", "bad"),
    "32-providers/06": ("libvirt:uri", "qemu+ssh://hv1/system"),
    "32-providers/07": ("libvirt:uri", "qemu+ssh://hv1/system"),
}
TWINS = """
libvirt.Network("twin", name="twin")
libvirt.Network("twin", name="twin")
"""
# Cases in which only what is said at the end can be compared: how far the rest comes, or when, is chance.
CHANCE = (
    "10-create-fails/01",
    "10-create-fails/02",
    "15-import/08-",
    "15-import/09",
    "16-protect/03",
    "21-program-errors/05",
    "21-program-errors/09",
    "21-program-errors/10",
    "21-program-errors/12",
    "24-target/06",
    "33-get-and-invoke/05",
)
# Cases that are not compared, and why.
LEFT_OUT = {
    "06-update-one-property/07": "kept whole for its traceback; the same text is in 07/09",
    "09-remove-from-program/06": "the CLI tells the old outputs or the new ones, as it happens",
    "12-refresh/13": "the CLI shows inputs that no provider has checked as a difference",
    "15-import/06": "the CLI only warns of a replacement at preview; here it is an error already",
    "15-import/07": "the CLI only warns of a replacement at preview; here it is an error already",
    "16-protect/01": "nothing is deleted while something protected stands in the way: see test_shell.py",
    "16-protect/02": "nothing is deleted while something protected stands in the way: see test_shell.py",
    "16-protect/05": "nothing is deleted while something protected stands in the way: see test_shell.py",
    "16-protect/06": "nothing is deleted while something protected stands in the way: see test_shell.py",
    "14-option-refresh-always/04": "nothing is deleted while something protected stands in the way",
    "16-protect/07": "begins with a state that was not recorded: see test_parts.py",
    "16-protect/17": "begins with a state that was not recorded; stack files stay: see test_shell.py",
    "17-killed/02": "a dead owner's lock is taken over: see test_locks.py",
    "17-killed/01": "is killed",
    "17-killed/10": "safer here: what was made is taken over: see test_parts.py",
    "17-killed/14": "is killed",
    "17-killed/16": "is killed",
    "17-killed/18": "is killed",
    "18-concurrent/0": "needs another run at the same time: see test_locks.py",
    "19-interrupt/": "needs a signal: see test_signals.py",
    "21-program-errors/06": "there is no process whose exit code could be told",
    "21-program-errors/11": "needs a broken program",
    "21-program-errors/13": "see test_secrets.py",
    "21-program-errors/14": "see test_secrets.py",
    "35-program-process/": "there is no process of its own",
    "33-get-and-invoke/07": "the traceback has the SDK's own frames, whose paths differ",
}
KEPT = {"18-concurrent/02", "18-concurrent/04d", "19-interrupt/04"}


def _by_prefix(table: dict[str, str], name: str) -> str | None:
    return next((table[prefix] for prefix in table if name.startswith(prefix)), None)


def cases() -> list[Case]:
    found = []
    for file in sorted(RECORDINGS.glob("*/*cmd")):
        case = Case(file.parent.name, file.name.removesuffix("cmd").rstrip("."))
        name = f"{case.folder}/{case.step}"
        kept = any(name.startswith(k) for k in KEPT)
        verb = case.words[0] in ("preview", "up", "refresh", "destroy", "import")
        if verb and "--json" not in case.words and (kept or _by_prefix(LEFT_OUT, name) is None):
            found.append(case)
    return found


def prepare(case: Case, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    project = Project(folder, monkeypatch)
    project.make()
    name = f"{case.folder}/{case.step}"
    start = _by_prefix(BEGINS, name)
    if start is None:
        project.put_state(CREATED)
    elif start:
        project.put_state(RECORDINGS / f"{start}.state.json")
    if "refresh: always" in case.text("variant.txt"):
        file = project.root / "Pulumi.yaml"
        file.write_text(file.read_text() + "options: {refresh: always}\n")
    if "two resources of the same type and name" in case.text("variant.txt"):
        program = project.root / "__main__.py"
        program.write_text(program.read_text() + TWINS)
    for prefix, setting in SETTINGS.items():
        if name.startswith(prefix):
            assert project.run("config", "set", *setting).code == 0
    for earlier in next((BEFORE[prefix] for prefix in BEFORE if name.startswith(prefix)), []):
        assert earlier.play(project).code == 0
    return project


@pytest.mark.parametrize("case", cases(), ids=lambda c: f"{c.folder}/{c.step}")
def test_a_command_line_says_what_the_cli_says(
    case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = prepare(case, tmp_path, monkeypatch)
    outcome = case.play(project)
    chance = any(f"{case.folder}/{case.step}".startswith(prefix) for prefix in CHANCE)
    own_errors, errors = (_errors(text, project) for text in (outcome.err, case.text("stderr.txt")))
    if chance:
        own_errors, errors = sorted(own_errors), sorted(errors)
    assert (outcome.code, own_errors) == (case.code, errors)
    if "--diff" in case.words:
        assert blocks(outcome.out, project.root) == blocks(case.text("stdout.txt"), project.root)
        return
    if chance:
        assert said(outcome.out, project.root) == said(case.text("stdout.txt"), project.root)
        return
    text = outputs_kept(case.text("stdout.txt")) if case.code == 1 else case.text("stdout.txt")
    own, recorded = runs(without_code(outcome.out)), runs(without_code(text))
    assert len(own) == len(recorded)
    for mine, theirs in zip(own, recorded, strict=True):
        assert parts(mine, project.root) == parts(theirs, project.root)


def said(text: str, project: Path) -> list[str]:
    """The messages at the end of the last run."""
    return parts(runs(text)[-1], project).get("Diagnostics:", [])


def outputs_kept(text: str) -> str:
    """What a failed run says, with the outputs that the CLI shows as removed as what they are: still in the state."""

    def kept(block: re.Match[str]) -> str:
        return re.sub(r"^( *)- ", r"\1  ", block[0], flags=re.M)

    return re.sub(r"^Outputs:\n(?: +- .*\n| +}\n)+", kept, text, flags=re.M)


def without_code(text: str) -> str:
    """What an import says, without the code that the CLI prints, or the line that stands in its place."""
    return text.partition("Please copy the following code")[0].replace(NO_CODE + "\n", "")


def _errors(text: str, project: Project) -> list[str]:
    return text.replace(str(project.root), "<project>").rstrip("\n").split("\n")


def blocks(text: str, project: Path) -> list[str]:
    """A --diff text as blocks, one a resource, in an order that does not depend on chance."""
    text = text.replace(str(project), "<project>")
    text = re.sub(r"default_0_5_4::[-0-9a-f]+|hv::[-0-9a-f]+", "<provider>", text)
    text = re.sub(r"^Duration: \S+", "Duration: T", text, flags=re.M)
    pieces = re.split(
        r"^(?=[ ]*(?:[-+~=>]{1,2} ?)?\S+: \([\w-]+|[ ]*--outputs:--|Resources:)", text, flags=re.M
    )
    return sorted(piece.rstrip("\n") for piece in pieces)

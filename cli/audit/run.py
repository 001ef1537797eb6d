"""The command itself: look, judge, show."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import config
from cli import ROOT
from cli.audit import look, show
from cli.audit.rules import audit
from cli.words.command_line import UsageError

CLEAN, FOUND, NOT_DONE = 0, 1, 2


def run(stacks: Sequence[str], *, lab: bool, as_json: bool, root: Path = ROOT) -> int:
    """`CLEAN`, `FOUND` (faults, not notes), or `NOT_DONE` with a line on stderr."""
    try:
        world = look.world(root, stacks, lab=lab)
    except (UsageError, config.ConfigError) as error:
        print(f"error: {error}", file=sys.stderr)
        return NOT_DONE
    findings = audit(world)
    if as_json:
        print(show.as_json(findings))
    else:
        show.show(world, findings)
    return FOUND if any(f.level == "fault" for f in findings) else CLEAN

"""A command of this clone as another user of the machine, also where the clone lies in a folder of root's."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from cli import ROOT


def words(place: Path, user: int, groups: Sequence[int] = ()) -> list[str]:
    """What to put before the command; takes root. In its own mount namespace the clone is shown at the folder place."""
    belong = f"--groups={','.join(map(str, groups))}" if groups else "--clear-groups"
    show = f'mount --bind "$0" "$1" && shift && exec setpriv --reuid={user} --regid={user} {belong} "$@"'
    return ["unshare", "--mount", "--propagation", "private", "sh", "-c", show, str(ROOT), str(place)]


def python(place: Path) -> str:
    """The interpreter that runs this, as it is found there."""
    mine = Path(sys.executable)
    return str(place / mine.relative_to(ROOT) if mine.is_relative_to(ROOT) else mine)

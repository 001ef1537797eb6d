"""Python's byte code of this program, made once at setup.

Where Python may not write any while it runs (PYTHONDONTWRITEBYTECODE, as containers set it; a clone that is read-only),
it would otherwise compile some 200 files anew at each start. Packages in .venv are compiled by pip.
"""

from __future__ import annotations

import compileall
import sys
from pathlib import Path
from typing import Final

from cli import ROOT

FOLDERS: Final = ("cli", "components", "config", "engine", "lab", "provider")


def compile_all(root: Path = ROOT) -> None:
    """What is compiled already is left; where a file can't be written, Python goes on without."""
    for name in FOLDERS:
        compileall.compile_dir(root / name, quiet=2)


if __name__ == "__main__":
    compile_all()
    sys.exit(0)

"""Python's byte code of this program, made once at setup.

Where Python may not write any while it runs (PYTHONDONTWRITEBYTECODE, as containers set it; a clone that is read-only),
it would otherwise compile some 200 files anew at each start. Packages in .venv are compiled by pip.
"""

from __future__ import annotations

import compileall
import importlib.util
import os
import sys
from pathlib import Path
from typing import Final

from cli import ROOT

FOLDERS: Final = ("cli", "components", "config", "engine", "lab", "provider")


def compile_all(root: Path = ROOT) -> None:
    """What is compiled already is left; where a file can't be written, Python goes on without."""
    for name in FOLDERS:
        compileall.compile_dir(root / name, quiet=2)


def state() -> str:
    """In which state a measurement is made, for its table."""
    if not sys.dont_write_bytecode and os.access(ROOT / "cli", os.W_OK):
        return "byte code is kept"
    made = Path(importlib.util.cache_from_source(str(ROOT / "cli/words/command_line.py")))
    return "byte code is that of setup" if made.exists() else "byte code is made anew at each start"


if __name__ == "__main__":
    compile_all()

"""`python -m cli.scale.sdk FOLDER STACK [plain]`: what the SDK alone needs to register a stack's resources.

The project's program runs under Pulumi's SDK as the embedded engine runs it, but each registration is answered at once
(`cli.registered`).  ``plain`` leaves the SDK to itself; else it gets the turn of its loop that the embedded engine
gives it (`engine.program.program`), without which it waits longer.
"""

from __future__ import annotations

import asyncio
import os
import runpy
import sys
from pathlib import Path

from pulumi.runtime.config import set_all_config

from cli.registered import Monitor, run
from engine.program.program import ENVIRONMENT
from engine.settings import project, stackfile


def register(folder: Path, stack: str, *, plain: bool) -> int:
    """How many resources the program has registered."""
    name = project.find(folder).name
    config = stackfile.StackFile.read(folder / f"Pulumi.{stack}.yaml", name)

    async def program() -> None:
        set_all_config(dict(config.texts(lambda sealed: sealed)), [])
        runpy.run_path(str(folder), run_name="__main__")
        if not plain:
            await asyncio.sleep(0)

    os.environ.update(ENVIRONMENT)
    monitor = Monitor(name, stack, lambda request: str(request.name))
    run(program, monitor)
    return len(monitor.requests)


if __name__ == "__main__":
    print(register(Path(sys.argv[1]), sys.argv[2], plain="plain" in sys.argv[3:]))

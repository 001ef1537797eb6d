"""The lock on a lab's state folder, held by its first process for as long as that lives.

It is seen through every root and PID namespace that has this folder, and ends with the process, however that ends.
"""

import contextlib
import fcntl
import os
from pathlib import Path


def take(state: Path) -> None:
    """Hold the folder until this process, and what it forks, has ended. Raises OSError if somebody else does."""
    fcntl.flock(os.open(state, os.O_RDONLY), fcntl.LOCK_EX | fcntl.LOCK_NB)


def is_free(state: Path) -> bool:
    """Whether nobody holds the folder; one that is not there is free."""
    with contextlib.suppress(FileNotFoundError):
        folder = os.open(state, os.O_RDONLY)
        try:
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        finally:
            os.close(folder)
    return True

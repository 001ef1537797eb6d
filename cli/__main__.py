"""`python -m cli`, which `./trop` starts.

The stack verbs are handed on before anything else is imported: a preview must not pay for the other commands.
"""

from __future__ import annotations

import atexit
import gc
import sys
from collections.abc import Callable

# A command is over before much of what it made is garbage: by Python's own numbers a tenth of a preview went into
# looking for some.
GARBAGE = (50_000, 20, 100)


def main(words: list[str]) -> int:
    gc.set_threshold(*GARBAGE)
    from cli.stack_verbs import run
    from cli.words.command_line import VERBS

    if words and words[0] in VERBS:
        return carefully(lambda: run(words))
    from cli.commands import app

    return carefully(lambda: app(words, prog_name="./trop"))


def carefully(action: Callable[[], int]) -> int:
    """Runs the action; an expected error becomes one line and exit code 1."""
    try:
        return action()
    except Exception as error:
        if not isinstance(error, _expected()):
            raise
        print(f"error: {error}", file=sys.stderr)
        return 1


def _expected() -> tuple[type[Exception], ...]:
    """Only for an error: they take time to load."""
    from cli.words.command_line import UsageError
    from config.errors import ConfigError
    from lab.facts import LabError

    return LabError, UsageError, ConfigError


if __name__ == "__main__":
    atexit.register(gc.freeze)  # nor is any looked for at the end
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)

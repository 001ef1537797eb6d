"""`python -m cli`, which `./trop` starts.

The stack verbs are handed on before anything else is imported: a preview must not pay for the other commands.
"""

from __future__ import annotations

import sys


def main(words: list[str]) -> int:
    from cli.stacks import VERBS, run

    if words and words[0] in VERBS:
        return run(words)
    from cli.commands import app

    app(words, prog_name="./trop")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)

"""The error of the command line: what is printed after ``error: ``, and the exit code that goes with it."""

from __future__ import annotations

from typing import Final

FAILED: Final = 1
NOT_CONFIRMED: Final = 2
NO_SUCH_STACK: Final = 6
CHANGES_FOUND: Final = 7
TERMINATED: Final = 8


def shown(text: str, keep: str = "\n") -> str:
    """A text in which nothing moves a terminal's cursor or turns what it shows around: such characters are escaped."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in keep else ascii(c)[1:-1] for c in text)


def cut(text: str, longest: int) -> str:
    """A text as a message shows it: cut, where it has more characters."""
    return text if len(text) <= longest else text[: longest - 3] + "..."


def in_line(text: str, longest: int = 0) -> str:
    """A text as a part of one line: no line breaks either; ``longest`` 0: however long."""
    return shown(cut(text, longest) if longest else text, keep="")


class CommandError(Exception):
    """Something that the operator can cause or mend; ``code`` is the exit code, as the Pulumi CLI has it."""

    def __init__(self, message: str, code: int = FAILED) -> None:
        super().__init__(shown(message))
        self.code = code


def unsupported(what: str) -> CommandError:
    """The refusal of something that the Pulumi CLI has and this engine has not."""
    return CommandError(f"{in_line(what)} is not supported by the embedded engine; use the Pulumi CLI")

"""The one error type that reaches an operator: a single line, no traceback."""


def plain(text: str) -> str:
    """A text as one line, in which nothing moves a terminal's cursor or turns what it shows around."""
    line = " ".join(text.split())
    return line if line.isprintable() else "".join(c if c.isprintable() else ascii(c)[1:-1] for c in line)


class OperatorError(Exception):
    """Something that an operator can cause or mend: what, where, why, and what to do, in one line."""

    def __init__(self, line: str) -> None:
        super().__init__(plain(line))


class Lacking(OperatorError):
    """Something that the host has to have by itself: ``what`` is missing, the same for all that need it."""

    def __init__(self, wanted_for: str, what: str, advice: str) -> None:
        super().__init__(f"{wanted_for}: {what}: {advice}")
        self.wanted_for, self.what, self.advice = wanted_for, plain(what), plain(advice)


class NotThere(Lacking):
    """An object that a resource needs, and that the same run may make yet."""


class NotUnderstood(OperatorError):
    """What libvirt has answered is not as libvirt writes it."""


class Refused(OperatorError):
    """A change that is not made because of what it would do to what runs."""


class Unreachable(OperatorError):
    """No connection could be had: nothing was begun."""


class Unfinished(OperatorError):
    """Work that was begun and has not ended: what was done, what was not, and how to go on."""


class TakenBack(Refused, Unfinished):
    """Work that was begun, met what refuses it, and was taken back as far as it could be: the line says how far."""

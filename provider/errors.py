"""The one error type that reaches an operator: a single line, no traceback."""


class OperatorError(Exception):
    """Something that an operator can cause or mend: what, where, why, and what to do, in one line."""


class Refused(OperatorError):
    """A change that is not made because of what it would do to what runs."""

"""How an operator is told what to type: in the Pulumi CLI's words, unless the engine's caller has others."""

from __future__ import annotations

from typing import Final


class Wording:
    """The CLI's own words.  A caller whose commands are others passes a class of its own to `engine.app.main`."""

    def command(self, words: str, stack: str = "") -> str:
        """A command line, given what stands behind `pulumi` in it; ``stack``: the one that it is about."""
        return f"pulumi {words}"

    def no_stack(self, stack: str, kept: str) -> str:
        """The way out where a stack is not there, to stand behind the line that says so; empty for none.

        ``kept``: the file with the last good state of a stack that was there, empty where there was none.
        """
        return ""

    def unprotect(self, urn: str) -> str:
        """What lets go of a protected resource that the program declares, as an order."""
        return "remove the `protect` flag from the resource in your Pulumi program and run `pulumi up`"


PULUMI: Final = Wording()

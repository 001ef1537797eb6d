"""What the embedded engine tells an operator to type, in ./trop's words: each works as it is printed."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import Final

from cli.words.command_line import known_stacks
from engine.state import urns
from engine.wording import Wording

VM: Final = "trop:index:DockerHostVM"


@dataclass(frozen=True)
class TropWording(Wording):
    """``options``: those of ./trop that the command at hand was given, and the next one needs too."""

    options: tuple[str, ...] = ()

    def command(self, words: str, stack: str = "") -> str:
        verb, _, rest = words.partition(" ")
        return " ".join(word for word in ("./trop", verb, stack, rest, *self.options) if word)

    def no_stack(self, stack: str, kept: str) -> str:
        if stack in known_stacks():
            put_back = self.command(f"stack import --file {shlex.quote(kept)}", stack)
            back = f"; then, to have its last state back: {put_back}" if kept else ""
            return f"; to make it: {self.command(f'stack init {stack}')}{back}"
        return f"; the stacks are {', '.join(sorted(known_stacks()))}"

    def unprotect(self, urn: str) -> str:
        stack = urn.removeprefix("urn:pulumi:").partition("::")[0]
        up = f"`{self.command('up', stack)}`"
        if VM not in urns.qualified_type(urn).split("$"):
            return f"declare it and run {up}, which protects VMs alone"
        return (
            f"say `protect: false` of {urns.name_of(urn)} under trop:vms in Pulumi.{stack}.yaml (declare it there "
            f"again, if it was taken out) and run {up}"
        )

"""The stack verbs: a line of Pulumi's words, handed to the Pulumi CLI or the embedded engine."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cli import ROOT
from cli.words.command_line import (
    ON_ONE_STACK,
    OTHER_NAMES,
    choose_engine,
    known_stacks,
    parse,
    placed,
    said_again,
)

if TYPE_CHECKING:
    from engine.wording import Wording

MAY_DELETE: Final = ("destroy", "up", "update")


def run(words: Sequence[str]) -> int:
    """Carries out one command line beginning with one of `VERBS`; the exit code is Pulumi's.  Raises `UsageError`."""
    words = [OTHER_NAMES.get(words[0], words[0]), *words[1:]]
    if words[0] in ON_ONE_STACK and "--all" in words:
        # The tables of many stacks take time to load, and one stack needs none.
        from cli.fleet import command as fleet

        return fleet.run(words)
    from cli.words.wording import TropWording

    order = parse(words, known_stacks())
    engine = choose_engine(order.engine)
    environment = {"LIBVIRT_ALLOW": ",".join(order.allow)} if order.allow else {}
    wording = TropWording(said_again(order))
    environment["LIBVIRT_ADOPT"] = wording.command("adopt {stack} --yes")
    folder = ROOT
    extra: list[str] = []
    if order.lab:
        from cli.lab.stack import prepare

        folder, extra, lab_environment = prepare(order, engine)
        if any(word.partition("=")[0] == "--config-file" for word in order.words):
            extra = []  # the one said goes before the lab's own
        environment |= lab_environment
    os.environ.update(environment)
    return hand_over(engine, placed(order.words, folder, Path.cwd()) + extra, wording)


def hand_over(engine: str, words: Sequence[str], wording: Wording) -> int:
    """Runs the words with the engine; with the Pulumi CLI this process becomes it, unless `cli.protected` refuses."""
    if engine == "pulumi":
        if words[0] in MAY_DELETE:
            from cli import protected  # what only these need takes time to load

            protected.refuse(words, wording)
        sys.stdout.flush()
        os.execvp("pulumi", ["pulumi", *words])
    from engine.app import main
    from provider.protocol.plugin import servicer

    return main(list(words), providers={"libvirt": servicer}, wording=wording)

"""`./trop map`: the rack as a picture, as declared, or beside that as seen; the file's name says the form."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Final

from cli import live, rack
from cli.fleet.plugged import Sight
from cli.map import drawing, mermaid, png
from cli.map.compare import picture
from cli.map.model import Picture
from cli.words.command_line import UsageError
from lab.facts import LabError
from provider.errors import OperatorError

DECLARED: Final = "docs/rack.svg"  # the README's picture
FORMS: Final[Mapping[str, Callable[[Picture], bytes]]] = {
    ".svg": lambda shown: drawing.draw(shown).encode(),
    ".png": lambda shown: png.render(drawing.draw(shown)),
    ".mmd": lambda shown: mermaid.chart(shown).encode(),
    ".md": lambda shown: mermaid.document(shown).encode(),
}


def run(root: Path, output: Path, *, seen: bool, lab: bool) -> int:
    """Writes the picture.  Raises `UsageError` or `ConfigError`."""
    if output.suffix not in FORMS:
        raise UsageError(f"{output.name}: the name of a map ends with one of {', '.join(FORMS)}")
    if (seen or lab) and output.resolve() == (root / DECLARED).resolve():
        raise UsageError(f"{DECLARED} shows what is declared; give the picture of what is seen another name")
    declared = rack.load(root)
    found = sight(root, declared.plans, lab=lab) if seen or lab else None
    shown = picture(declared.fleet, declared.plans, found)
    try:
        write(shown, output)
    except OSError as error:
        raise UsageError(f"{output}: the map can't be written there: {error.strerror}") from error
    for card in shown.cards:
        if card.reason:
            print(f"{card.name} is drawn grey: {card.reason}")
        for line in card.unread:
            print(f"{card.name}: {line}")
    for twins in rack.twins(found or {}):
        print(f"{twins.what}: {twins.mend}")
    print(f"{output} shows the rack as it is {'declared and seen' if shown.live else 'declared'} now.")
    return 0


def sight(root: Path, stacks: Iterable[str], *, lab: bool) -> Sight:
    """What is on each hypervisor, or why that is not known."""
    down = _down(stacks) if lab else {}
    where, unsaid = live.known(root, (stack for stack in stacks if stack not in down), lab=lab)
    unasked = {stack: OperatorError(why) for stack, why in (down | unsaid).items()}
    return {**unasked, **live.look(where)}


def _down(stacks: Iterable[str]) -> dict[str, str]:
    """The stacks whose lab does not run, and that in words."""
    from cli.lab.stack import bare_lab  # only for --lab: the lab's modules take time to load

    down: dict[str, str] = {}
    for stack in stacks:
        try:
            if not bare_lab(stack).running:
                down[stack] = f"the lab {stack} is not up on this machine"
        except LabError as error:
            down[stack] = str(error)
    return down


def write(shown: Picture, output: Path) -> None:
    output.write_bytes(FORMS[output.suffix](shown))

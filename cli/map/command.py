"""`./trop map`: the rack as a picture, as declared, or beside that as seen; the file's name says the form."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from cli import live, rack
from cli.fleet.plugged import Sight
from cli.map import drawing, mermaid, png
from cli.map.compare import picture
from cli.map.model import Picture
from cli.words.order import UsageError
from config.errors import ConfigError
from lab.facts import LabError
from provider.errors import OperatorError

DECLARED: Final = "docs/rack.svg"  # the README's picture
FORMS: Final = (".svg", ".png", ".mmd", ".md")


def rack_svg(root: Path) -> str:
    """The picture of the project in ``root`` as declared: its fleet file, and every stack file of a hypervisor."""
    declared = rack.load(root)
    return drawing.draw(picture(declared.fleet, declared.plans))


def run(root: Path, output: Path, *, seen: bool, lab: bool) -> int:
    """Writes the picture.  Raises `UsageError` or `ConfigError`."""
    if output.suffix not in FORMS:
        raise UsageError(f"{output.name}: the name of a map ends with one of {', '.join(FORMS)}")
    if (seen or lab) and output.resolve() == (root / DECLARED).resolve():
        raise UsageError(f"{DECLARED} shows what is declared; give the picture of what is seen another name")
    declared = rack.load(root)
    shown = picture(
        declared.fleet, declared.plans, sight(root, declared.plans, lab=lab) if seen or lab else None
    )
    try:
        write(shown, output)
    except OSError as error:
        raise UsageError(f"{output}: the map can't be written there: {error.strerror}") from error
    for card in shown.cards:
        if card.reason:
            print(f"{card.name} is drawn grey: {card.reason}")
    print(f"{output} shows the rack as it is {'declared and seen' if shown.live else 'declared'} now.")
    return 0


def sight(root: Path, stacks: Iterable[str], *, lab: bool) -> Sight:
    """What is on each hypervisor, or why that is not known."""
    where: dict[str, str] = {}
    unasked: dict[str, OperatorError] = {}
    for stack in stacks:
        try:
            if lab:
                need_running(stack)
            where |= live.uris(root, [stack], lab=lab)
        except (UsageError, ConfigError, LabError) as error:
            unasked[stack] = OperatorError(str(error))
    return {**unasked, **live.look(where)}


def need_running(stack: str) -> None:
    """Raises `UsageError` for a stack whose lab does not run."""
    from cli.lab.stack import bare_lab  # only for --lab: the lab's modules take time to load

    if not bare_lab(stack).running:
        raise UsageError(f"the lab {stack} is not up on this machine")


def write(shown: Picture, output: Path) -> None:
    output.write_bytes(_bytes(shown, output.suffix))


def _bytes(shown: Picture, form: str) -> bytes:
    if form == ".png":
        return png.render(drawing.draw(shown))
    text = {".svg": drawing.draw, ".mmd": mermaid.chart, ".md": mermaid.document}[form](shown)
    return text.encode("utf-8")

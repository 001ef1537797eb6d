"""What is typed on a machine of each release.  Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from lab.machine.releases import RELEASES, release


@dataclass(frozen=True)
class Part:
    """``words`` follow `./trop test`; with ``check`` `./trop check` is typed before it."""

    release: str
    words: tuple[str, ...] = ()
    check: bool = False


# Marks of labs that are played in every other run of `.ci/run`, by lot; all of them in each soak, and by `./trop test`.
TURNS: Final = ("one_turn", "other_turn")
# Before a release of this program: hours.
EVERYWHERE_SOAK: Final = (
    Part("debian12", check=True),
    Part("debian13"),
    Part("debian14"),
    *(Part(name, ("-m", "firstday")) for name in ("debian12", "debian13", "debian14")),
    Part("debian11"),
)
# On a release that has no Python for us: what reaches its libvirtd.
REMOTE: Final = "remote or endtoend or move"


def of_every_change(left_out: str) -> Sequence[Part]:
    """All of it where most work, but for one turn's labs; on the release after it a first day to its first `up`."""
    return (
        Part("debian12", ("-m", f"not {left_out}"), check=True),
        Part("debian13", ("-m", "firstday and first")),
    )


def parts(
    on: Sequence[str], words: Sequence[str], *, everywhere: bool, soak: bool, left_out: str
) -> Sequence[Part]:
    """``left_out``: the turn that is not this run's.  Raises `LabError` for a release that there is not."""
    if everywhere:
        return EVERYWHERE_SOAK if soak else of_every_change(left_out)
    return [Part(release(name).name, (*words, *(["--soak"] if soak else []))) for name in on]


def here(part: Part) -> tuple[str, ...]:
    """The words of a part whose tests run on this machine, against that release's libvirtd."""
    assert not RELEASES[part.release].python
    return part.words or ("-m", REMOTE)

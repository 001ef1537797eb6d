"""The comparison as an operator reads it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cli.adopt.compare import Comparison, Difference
from provider.resource import remedy

NOTHING = "–"
HEAD = ("object", "what", "declared", "on the host")
WIDEST = 48


def text(stack: str, uri: str, result: Comparison, clones: Sequence[str] = (), audit: str = "") -> str:
    """``clones``: what VMs have in common that each is to have of its own, which ``audit`` tells more of."""
    alike = [f"\nof one image ({len(clones)}); what to do is told by: {audit}"] if clones else []
    alike += [f"  {line}" for line in clones]
    return "\n".join([f"{stack} at {uri}", *_groups(uri, result), *alike, ""])


def _groups(uri: str, result: Comparison) -> Iterator[str]:
    yield f"\nagrees ({len(result.agrees)}): {', '.join(result.agrees) or 'nothing'}"
    yield f"\ndiffers ({len(result.differs)}):" if result.differs else "\ndiffers: nothing"
    yield from _columns(result.differs)
    yield "\non the host, not declared, left alone:" + ("" if result.undeclared else " nothing")
    yield from (f"  {line}" for line in result.undeclared)
    yield f"\ndeclared, not there ({len(result.missing)}): {', '.join(result.missing) or 'nothing'}"
    if result.unread:
        yield f"\nnot known, and not taken over ({len(result.unread)}):"
        yield from (f"  {what}: {line}" for what, line in result.unread)
    if result.unseen:
        yield f"\nnot known besides ({len(result.unseen)}):"
        yield from (f"  {line}" for line in result.unseen)
    if result.remembered:
        look = remedy.virsh(uri, f"pool-refresh {remedy.word(result.pool)}")
        names = ", ".join(result.remembered)
        yield f"\nas libvirt saw it last: what the disks of VMs that are off stand on ({names}); it looks again by"
        yield f"  {look}"
    if result.why:
        yield f"\nin the way of taking it over ({len(result.why)}):"
        yield from (f"  {line}" for line in result.why)


def _columns(differs: Sequence[Difference]) -> Iterator[str]:
    if not differs:
        return
    rows = [HEAD, *((d.object, d.what, d.declared or NOTHING, d.found or NOTHING) for d in differs)]
    widths = [min(WIDEST, max(len(row[i]) for row in rows)) for i in range(len(HEAD) - 1)]
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=False)]
        yield "  " + "  ".join([*cells, row[-1]]).rstrip()

"""Disks whose declared file is not the top of its chain: snapshots stand on it, or a block job is at work.

What lies above a declared file is somebody else's: it is told, and neither taken away nor missed.  Words and decisions;
nothing is looked up.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from provider.host.disk_files import Chain
from provider.resource import remedy


@dataclass(frozen=True)
class Above:
    """``files``: what stands on the declared ``path``, from the top down."""

    target: str
    path: str
    files: tuple[str, ...]


def above(chains: Collection[Chain], ours: Collection[str]) -> list[Above]:
    """Of each disk that is a file upon one of ours."""
    found = []
    for chain in chains:
        place = next((n for n, path in enumerate(chain.files) if path in ours), 0)
        if place:
            found.append(Above(chain.target, chain.files[place], chain.files[:place]))
    return found


def commit(uri: str, name: str, each: Above) -> str:
    """The line that puts what was written since back into the declared file, while the guest runs.  Without a base it
    would go into the base image, which others stand on."""
    words = ("blockcommit", remedy.word(name), each.target, "--base", remedy.word(each.path))
    return remedy.virsh(uri, " ".join((*words, "--active", "--pivot", "--wait")))


def pull(uri: str, name: str, target: str, base: str) -> str:
    """The line that writes into a header what its base is, and the format, while the guest runs; nothing is copied that
    is not above that base."""
    words = ("blockpull", remedy.word(name), target, "--base", remedy.word(base), "--wait")
    return remedy.virsh(uri, " ".join(words))


def rebase(path: str, base: str) -> str:
    """To be typed on the hypervisor, for a file that nobody has open: its header says its base's format then."""
    return f"qemu-img rebase -u -F qcow2 -b {remedy.word(base)} {remedy.word(path)}"


def told(uri: str, name: str, chains: Collection[Chain], ours: Collection[str], runs: bool) -> Iterator[str]:
    """A line for each snapshot and each block job on a disk of ours."""
    for each in above(chains, ours):
        yield f"{stands(name, each, runs)}; it is left as it is; {mend(uri, name, each, runs)}"
    for chain in chains:
        if chain.job and set(chain.files) & set(ours):
            yield f"{name}: {_job(chain)}; it is left as it is"


def stands(name: str, each: Above, runs: bool) -> str:
    """Ulov: vda runs on …/Ulov.s1, a snapshot that stands on the declared …/Ulov.qcow."""
    one = len(each.files) == 1
    what = "a snapshot that stands" if one else "snapshots that stand"
    verb = "runs on" if runs else "starts with"
    return f"{name}: {each.target} {verb} {' upon '.join(each.files)}, {what} on the declared {each.path}"


def mend(uri: str, name: str, each: Above, runs: bool) -> str:
    first = "" if runs else f"start {name}, then "
    return f"to put what was written since back into that file, {first}type: {commit(uri, name, each)}"


def lost_by_start(now: Collection[Chain], defined: Collection[Chain]) -> list[str]:
    """What the running guest has written to files of which its definition knows nothing."""
    tops = {chain.target: chain.path for chain in defined}
    return [
        f"{chain.path} (its {chain.target}, where a start would go back to {tops[chain.target]})"
        for chain in now
        if chain.target in tops and tops[chain.target] in chain.below
    ]


def _job(chain: Chain) -> str:
    if chain.job == "copy":
        return f"{chain.target} is being copied to {chain.to} by a block job; once that is pivoted to, it is the disk"
    return f"{chain.target} is being committed into {chain.to} by a block job"

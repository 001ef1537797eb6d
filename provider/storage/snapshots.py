"""Disks whose declared file is not the top of its chain: snapshots stand on it, another file has its place, or a block
job is at work.

What another hand put there is told, and neither taken away nor missed.  Words and decisions; nothing is looked up.
"""

from __future__ import annotations

import shlex
from collections.abc import Collection, Iterator, Mapping
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


@dataclass(frozen=True)
class Instead:
    """``file``, empty for a disk that is no file, has the place of the declared ``path``, which is nowhere in it."""

    target: str
    path: str
    file: str


def instead(
    slots: Collection[tuple[str, str]], chains: Collection[Chain], places: Mapping[str, str]
) -> list[Instead]:
    """Of each file of ours that was seen at a place (``places``: the target name by path) and is in no disk any more,
    what is there now: a copy that was pivoted to, or a snapshot into which all was pulled."""
    reached = {path for _, path in slots} | {path for each in chains for path in each.files}
    there = dict(slots)
    return [
        Instead(target, path, there[target])
        for path, target in places.items()
        if path not in reached and target in there and there[target] not in places
    ]


def back(uri: str, name: str, each: Instead) -> str:
    """The lines that copy the disk into the declared path again, and go on there.

    Into a new file: what was there is kept, for nobody knows what it holds, and so is what was moved aside before; and
    a copy into an overlay leaves out what reads as zero, where its base would show through.
    """
    to = f"--dest {remedy.word(each.path)} --format qcow2 --transient-job --pivot --wait"
    copy = remedy.virsh(uri, f"blockcopy {remedy.word(name)} {each.target} {to}")
    aside = shlex.join(["mv", "--backup=numbered", each.path, f"{each.path}.before"])
    return f"on the hypervisor: {aside}, then: {copy}"


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


def told(
    uri: str,
    name: str,
    chains: Collection[Chain],
    others: Collection[Instead],
    ours: Collection[str],
    runs: bool,
) -> Iterator[str]:
    """A line for each snapshot and each block job on a disk of ours, and each other file in the place of one."""
    for other in others:
        yield f"{replaced(name, other, runs)}; it is left as it is; {way_back(uri, name, other, runs)}"
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


def replaced(name: str, each: Instead, runs: bool) -> str:
    """Ulov: vda runs on …/copy.qcow2, in the place of the declared …/Ulov.qcow, which is in no disk of it.

    Of one that is off libvirt need not say what its disk stands on, and the file's header may be nowhere to be read.
    """
    file = each.file or "what is no file"
    if not runs:
        seen = "whether it stands on that is not seen while it is off"
        return f"{name}: {each.target} starts with {file}, in the place of the declared {each.path}; {seen}"
    return f"{name}: {each.target} runs on {file}, in the place of the declared {each.path}, which is in no disk of it"


def way_back(uri: str, name: str, each: Instead, runs: bool) -> str:
    if not runs:
        return f"once {name} runs, this names the line that brings it back into that file"
    return f"to have it there again, {back(uri, name, each)}"


def kept(uri: str, name: str, disk: Chain, path: str, other: Instead | None, runs: bool) -> str:
    """Why the disk of ours (``path``) can't be unplugged: its file alone would go, or what was written since would stay
    behind; empty where nothing is in the way.  ``other``: what has its place."""
    for each in above([disk], {path}):
        return f"{stands(name, each, runs)}; {mend(uri, name, each, runs)}"
    if other is not None:
        return f"{replaced(name, other, runs)}; {way_back(uri, name, other, runs)}"
    if disk.job:
        end = remedy.virsh(uri, f"blockjob {remedy.word(name)} {disk.target} --abort")
        return f"{name}: {_job(disk)}; wait until it has ended, or end it: {end}"
    return ""


def lost_by_start(now: Collection[Chain], defined: Collection[Chain]) -> dict[str, str]:
    """The files of which the running guest's definition knows nothing, each with what a start would do."""
    tops = {chain.target: chain.path for chain in defined}
    return {
        chain.path: f"its {chain.target}, where a start would go back to {tops[chain.target]}"
        for chain in now
        if tops.get(chain.target, chain.path) != chain.path and chain.path not in tops.values()
    }


def jobs(chains: Collection[Chain]) -> list[str]:
    """Block jobs that the end of the guest ends."""
    return [
        f"a block job ({chain.job}) that writes its {chain.target} to {chain.to}"
        for chain in chains
        if chain.job
    ]


def _job(chain: Chain) -> str:
    if chain.job == "copy":
        return f"{chain.target} is being copied to {chain.to} by a block job; once that is pivoted to, it is the disk"
    return f"{chain.target} is being committed into {chain.to} by a block job"

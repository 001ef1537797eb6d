"""What people who run hypervisors, guests and stacks have reported of neighbouring tools: by item, what it is called.

A test of one is marked ``@pytest.mark.reports("H1")``, or with several; ``./trop test -m reports`` runs them and prints
a line for each item.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Item:
    """``kind``: what went wrong in general; siblings of it are cases of its tests."""

    name: str
    kind: str


REPORTS: Final = {
    "H1": Item("a damaged lease file", "an error about one object passed on as one about the host"),
    "H2": Item("a volume that can't be opened", "a removal in parts that is refused after the first"),
    "H3": Item("two hypervisors with one host UUID", "an attribute that others set taken for identity"),
    "H4": Item("a reserved address that a stranger has leased", "a plan told as a fact"),
    "H5": Item("a pool that is busy with somebody's clone", "a passing condition given a few tries"),
    "H6": Item("a subnet that an interface of the host has", "compared with libvirt's objects, not the host"),
    "H7": Item("a network restart that can't start again", "stopped before it is known that it can start"),
    "H8": Item("lease times that an operator has set", "an element written anew, not changed in place"),
    "H9": Item("a question that a driver does not know", "an answer taken for silence"),
    "H10": Item("lab status with a damaged lease file", "libvirt's own error reaches the operator"),
    "H11": Item("remedies of the audit that do not mend", "a remedy by the finding's kind, not its cause"),
    "H12": Item("a new VM on a full pool", "a fault of the host told by its last consequence"),
    "H13": Item("the lease of a VM that was retired", "what a declared change leaves told as a fault"),
    "D1": Item("an external snapshot of a guest's disk", "a disk known by its top file alone"),
    "D2": Item("an overlay that stands on nothing any more", "what loses nothing refused as data loss"),
    "D3": Item("overlay: false for a disk that the stack has", "not ours to declare done by deleting"),
    "D4": Item("what an overlay stands on, as libvirt remembers", "libvirt's cache taken for the file"),
    "D5": Item("an overlay on one without a format in its header", "runs on what it can't be started with"),
    "D6": Item("a guest paused because its disk is full", "libvirt's reason thrown away"),
    "D7": Item("adopt takes the maximum for what the guest has", "two readers of one fact"),
    "G2": Item("a new VM has QEMU's oldest CPU", "what nobody says is left to defaults of long ago"),
    "G6": Item("a new VM has no source of randomness", "what nobody says is left to defaults of long ago"),
    "N1": Item("a float moved away from a saved VM", "shut off taken for starts with its definition"),
    "N2": Item("a VLAN in the guest with its NIC's MAC", "a MAC taken for the identity of an interface"),
    "N3": Item("a float for a q35 guest without a free port", "promised what the device model must keep"),
    "N4": Item("the audit takes the only working float away", "a remedy that looks at one end alone"),
    "G1": Item("clones with one machine-id", "the seed leaves to the image what tells clones apart"),
    "G3": Item("files for devices called default and float1", "free names taken for those of devices"),
    "G4": Item("the metric of a float's route gets lost", "a word that one of several readers knows"),
    "G5": Item("a changed seed at next boot", "what libvirt does told for what comes of it"),
    "G7": Item("show cloud-init shows one file of three", "what is shown is not all that is given"),
    "S1": Item("a living CLI's lock is taken over", "absence taken for proof"),
    "S2": Item("a compressed state, and stack init over it", "one of five places looks for both forms"),
    "S3": Item("one stack file, three readers", "one file, several readers"),
    "S4": Item("a version that is a whole number", "advice that can't be followed where it is given"),
    "S5": Item(
        "a lab's declarations are written before its lock", "what is shared is changed before its lock"
    ),
    "S6": Item("a lab that no longer follows the repository's file", "a merge in silence"),
    "S7": Item("audit --lab judges by a file of before", "a copy that only some commands renew"),
    "S8": Item("flock on NFS", "a local file system is taken for granted"),
    "T1": Item("packets whose IP length is 0", "a length is trusted to cut by, where 0 means all"),
    "T2": Item("one packet with a bad time ends the capture", "an odd value taken for a lost frame"),
    "T3": Item("coloured text is not annotated", "what separates is told by single bytes"),
    "V1": Item("a stack's volume becomes a new, empty one", "names that Docker prefixes by itself"),
    "V2": Item("a service made by docker service create", "taken over by name"),
    "V3": Item("Docker's client is upgraded", "a digest over another program's serialisation"),
    "V4": Item("the next field restarts every service", "what identifies a declaration changes with the code"),
    "V5": Item("container logs without an end", "what grows without a limit can't be declared"),
    "W3": Item("a second stack takes the first one's networks", "who a host is, by several rules"),
    "W4": Item("memory below what a guest uses", "a change that the guest can't follow left in force"),
    "W5": Item("a subnet that waits for its network's restart", "a plan told as a fact"),
    "W10": Item("domif-setlink moves a NIC off its network", "a remedy that does more than it says"),
}  # fmt: skip


def told(key: str) -> str:
    """As it stands in the list of items that have passed or not."""
    item = REPORTS[key]
    return f"{key} {item.name} ({item.kind})"

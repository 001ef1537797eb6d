"""What every resource handler of this provider looks like.

A handler is plain and synchronous: properties in, properties out.  The plugin (``provider/protocol/plugin.py``) turns
gRPC messages into these calls, runs them in a thread, strips secrets before and wraps them again after, and turns
`OperatorError` into the one line that an operator reads.

Invariants that every handler keeps:
- ``preview=True`` never changes anything; it raises the same `Refused`/`OperatorError` that the real call would.
- ``read`` returns inputs only for keys that the given inputs have (what is not declared is not ours to say), in the
  declared spelling when the value is equal; all that can be told when there are no inputs (an import).
- ``read`` returns None only when the object is surely gone.
- ``create`` is safe to repeat: it takes up the object that an earlier, killed create of the same URN has made.
- ``delete`` of what is gone already is fine.
- No handler ever asks for a replacement: what can't be changed in place is `Refused` by ``update``, preview included.
- Success is what libvirt's XML says afterwards, never a return code.
- Every change is told by `Call.note` with its impact, in the preview as in the real call.  One with an impact beyond
  ``live`` and ``next boot`` is `Refused` unless allowed (`provider.impact.allow`).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from provider.impact.kinds import Impact, Note

if TYPE_CHECKING:
    from provider.host.host import Host

Props = dict[str, Any]
Kind = Literal["add", "delete", "update"]


class Computed:
    """A value that is not known at preview; there is one, `COMPUTED`."""

    def __repr__(self) -> str:
        return "COMPUTED"


COMPUTED = Computed()


@dataclass(frozen=True)
class Failure:
    """A property that is wrong: path in Pulumi's notation (``dhcpHosts[2].mac``), and why, with what is allowed."""

    path: str
    reason: str


@dataclass
class Checked:
    inputs: Props
    failures: list[Failure] = field(default_factory=list)


@dataclass
class Diff:
    """Changed property paths -> kind; a path of ``inputs`` unless it stands in ``output_paths`` (drift of a state)."""

    changes: dict[str, Kind] = field(default_factory=dict)
    output_paths: Collection[str] = ()


@dataclass
class Found:
    id: str
    inputs: Props
    outputs: Props


@dataclass
class Call:
    """Where a handler works: the hypervisor, the resource's URN, and its time limit in seconds (0: the default)."""

    host: Host
    urn: str
    timeout: float = 0.0
    notes: list[Note | str] = field(default_factory=list)
    condemned: Collection[str] = ()  # in `refuse_delete`: the IDs of all objects that the same run deletes

    @property
    def name(self) -> str:
        return self.urn.split("::")[-1]

    def note(self, impact: Impact, path: str, text: str) -> None:
        """Say what one change does to what runs; at preview and when it is made, once for each change.

        ``path``: the property (``dhcpHosts``), or "" for the object; ``text``: what is done to which object, and what
        of it is felt, in one line.  The operator sees it beside the resource, and counted in the summary.
        """
        self.notes.append(Note(impact, path, text))

    def tell(self, text: str) -> None:
        """Say something of the resource that is no change, in one line: the operator sees it beside it, once a call."""
        line = " ".join(text.split())
        if line not in self.notes:
            self.notes.append(line)


class Resource(ABC):
    """One resource type; methods in the order of a life cycle."""

    token: ClassVar[str]  # "libvirt:index/network:Network"
    # As in a Pulumi schema: inputProperties, requiredInputs, properties, required.
    schema: ClassVar[Mapping[str, Any]]
    # Inputs that the ID is made of: an ID is never secret, nor can they be.
    in_id: ClassVar[tuple[str, ...]] = ()
    compares_alone: ClassVar[bool] = False  # `diff` asks nothing of libvirt, and is over at once
    # Outputs that tell inputs in other words: secret with them.
    made_of: ClassVar[Mapping[str, tuple[str, ...]]] = {}

    @abstractmethod
    def check(self, call: Call, olds: Props, news: Props) -> Checked:
        """Validate without touching libvirt: others wait meanwhile.  Values may be `COMPUTED`."""

    @abstractmethod
    def diff(self, call: Call, id: str, olds: Props, old_inputs: Props, news: Props) -> Diff:
        """Compare ``old_inputs`` with ``news`` (both checked), and ``olds`` (outputs) where a state has drifted."""

    @abstractmethod
    def create(self, call: Call, inputs: Props, preview: bool) -> tuple[str, Props]:
        """Make it; id and outputs.  At preview: id "" and outputs with `COMPUTED` where only `up` can tell."""

    @abstractmethod
    def read(self, call: Call, id: str, inputs: Props, outputs: Props) -> Found | None: ...

    @abstractmethod
    def update(
        self, call: Call, id: str, olds: Props, old_inputs: Props, news: Props, preview: bool
    ) -> Props: ...

    @abstractmethod
    def delete(self, call: Call, id: str, outputs: Props) -> None: ...

    def refuse_delete(self, call: Call, id: str, outputs: Props) -> None:  # noqa: B027 (most have nothing to say)
        """At preview: raise what ``delete`` would raise before it changes anything, and note its impact.

        Other deletes of the same run come before this one, and have not happened yet: what they take away (the domain
        that uses a volume) must not be held against it; ``call.condemned`` has the IDs of the objects that go too.
        """

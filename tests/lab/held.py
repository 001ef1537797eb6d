"""A resource on a lab's hypervisor, held as an engine would hold it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from provider.domain.resource import Domain
from provider.host.host import Host
from provider.network.resource import Network
from provider.resource.base import Call, Props, Resource
from provider.storage.pool import Pool
from provider.storage.volume import Volume

KIND = {"Network": Network, "Pool": Pool, "Volume": Volume, "Domain": Domain}


@dataclass
class Held:
    """A resource as an engine would hold it."""

    host: Host
    kind: str
    inputs: Props
    id: str = ""
    outputs: Props = field(default_factory=dict)
    seen: Props = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    @property
    def handler(self) -> Resource:
        return KIND[self.kind]()

    def call(self) -> Call:
        token = f"libvirt:index/{self.kind.lower()}:{self.kind}"
        return Call(self.host, f"urn:pulumi:t::t::{token}::{self.inputs['name']}")

    def make(self) -> Held:
        self.inputs = self.handler.check(self.call(), {}, self.inputs).inputs
        self.id, self.outputs = self.handler.create(self.call(), self.inputs, False)
        return self

    def drift(self) -> dict[str, str]:
        found = self.handler.read(self.call(), self.id, self.inputs, self.outputs)
        assert found is not None
        self.outputs, self.seen = found.outputs, found.inputs
        return dict(self.handler.diff(self.call(), self.id, self.outputs, self.seen, self.inputs).changes)

    def up(self, **changes: Any) -> list[str]:
        """The impacts, which the preview must have said just so; afterwards nothing is left to do."""
        self.drift()
        news, said = {**self.inputs, **changes}, []
        for preview in (True, False):
            call = self.call()
            outputs = self.handler.update(call, self.id, self.outputs, self.seen, news, preview)
            said.append([str(note) for note in call.notes])
        self.inputs, self.outputs, self.notes = news, outputs, said[1]
        assert said[0] == said[1]
        assert self.drift() == {}
        return [note.split(":")[0].removeprefix("impact ") for note in said[1]]

    def delete(self) -> None:
        self.handler.delete(self.call(), self.id, self.outputs)

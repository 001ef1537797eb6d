"""A guest whose services are a text, and the files and commands that are brought into it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from provider.guest.resource import GuestFiles
from provider.guest.tools import Tools
from provider.impact.kinds import Note
from tests.provider.fakes.domain_world import World, _Made
from tests.provider.fakes.shell_guest import ShellGuests

SECRET = "correct horse battery"


class Place(World):
    """One guest, Acilamwen.  What runs in it is a text in ``state``; apply copies the declared one there."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder
        self.guests = ShellGuests()
        self.handler = GuestFiles(Tools(self.conn.clock, self.guests.send))
        self.vm = self.made()
        self.wanted = str(folder / "etc/wanted")
        self.now = folder / "now"
        self.now.write_text("{}")

    def inputs(self, state: Any = None, **more: Any) -> dict[str, Any]:
        state = {"one": {"image": "a:1", "status": "running"}} if state is None else state
        return {
            "domain": self.vm.id,
            "files": {self.wanted: {"content": json.dumps(state)}},
            # Whole or not at all: one that was cut off may go on.
            "apply": f"cat {self.wanted} > {self.now}.$$ && mv {self.now}.$$ {self.now}",
            "read": f"""printf '{{"state": %s}}' "$(cat {self.now})" """,
            "state": state,
            **more,
        }

    def brought(self, **more: Any) -> Brought:
        made = Brought(self, self.inputs(**more))
        made.id, made.outputs = self.handler.create(made.call, made.inputs, False)
        made.read_inputs = made.inputs
        self.conn.calls.clear()
        made.call.notes.clear()
        return made


class Brought(_Made):
    def __init__(self, place: Place, inputs: dict[str, Any]) -> None:
        self.handler = place.handler
        super().__init__(place.call(place.handler, "Acilamwen"), inputs)

    def notes(self) -> list[str]:
        """What was noted since the last time, impacts as ``kind: text``."""
        told = [f"{n.impact}: {n.text}" if isinstance(n, Note) else n for n in self.call.notes]
        self.call.notes.clear()
        return told

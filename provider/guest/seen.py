"""What a guest says of its files and its state, beside what is declared; and what a change is told as.  Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from provider.connection import api
from provider.errors import OperatorError
from provider.guest import schema
from provider.guest.store import Seen, State, Told
from provider.impact import allow
from provider.resource.base import Call, Props

SHOWN: Final = 12  # digits of a digest
KEEPING: Final = "declare what is to stay"
UNTOLD: Final = ""  # what a command prints of something that it can't tell: it is taken for what is declared


@dataclass(frozen=True)
class Guest:
    """``files`` are those that are there, of those that were asked for."""

    files: Mapping[str, Seen]
    said: Told

    @property
    def state(self) -> State:
        return self.said.state

    def as_inputs(self, inputs: Props) -> Props:
        """The inputs with what is there in the place of what is declared; equal where that agrees."""
        found = dict(inputs)
        if "files" in inputs:
            wanted = schema.files(inputs)
            found["files"] = {
                path: inputs["files"][path]
                if self.files[path] == wanted[path].seen
                else _other(self.files[path])
                for path in inputs["files"]
                if path in self.files
            }
        if "state" in inputs:
            found["state"] = {
                name: self.fields(name, wanted)
                for name, wanted in inputs["state"].items()
                if name in self.state
            }
        return found

    def fields(self, name: str, wanted: Mapping[str, str]) -> dict[str, str]:
        """Of one name, the declared fields as they are."""
        there = self.state[name]
        return {field: there.get(field) or value for field, value in wanted.items()}

    def strangers(self, inputs: Props) -> dict[str, str]:
        """What nobody declared, by name: ``image busybox:1, status running``."""
        if "state" not in inputs:
            return {}
        return {n: _said(fields) for n, fields in sorted(self.state.items()) if n not in inputs["state"]}

    def told(self, guest: str, inputs: Props) -> Iterator[str]:
        """What an operator is to know of it, and nothing is done about."""
        for name, said in self.strangers(inputs).items():
            yield f"{guest}: {name} is not declared ({said}); it is left alone"
        for note in (*self.said.notes, *self.beside(inputs)):
            yield f"{guest}: {note}"

    def beside(self, inputs: Props) -> Iterator[str]:
        """What is said beside the state: remarks, what can't be changed, and what a change would lose."""
        yield from self.said.remarks
        for name, why in sorted(self.said.fixed.items()):
            if name in inputs.get("state", {}):
                yield f"{name} can't be changed: {why}"
        for name in sorted(inputs.get("state", {})):
            if lost := self.lost(name, inputs):
                yield f"{name} would lose at its next change: {lost}; {inputs.get('keeping', KEEPING)}"

    def lost(self, name: str, wanted: Props) -> str:
        """What the declared one has not, of what is there and may hold data; empty where nothing is."""
        there, kept = self.said.keeps.get(name, {}), wanted.get("keeps", {}).get(name, {})
        parts = []
        for field_, text in sorted(there.items()):
            items = [item for item in text.split() if item not in kept.get(field_, item).split()]
            if items:
                parts.append(f"{field_} {', '.join(items)} (declared: {kept[field_] or 'none'})")
        return "; ".join(parts)

    def outputs(self, domain: api.Domain, inputs: Props) -> Props:
        undeclared = [f"{name}: {said}" for name, said in self.strangers(inputs).items()]
        return {"guest": domain.name(), "undeclared": undeclared}

    def wrong(self, inputs: Props) -> list[str]:
        """Where it is not what is declared: a phrase for each file and each name of state."""
        wanted = schema.files(inputs)
        files = [
            f"{path} is another one"
            for path, file in sorted(wanted.items())
            if self.files.get(path) != file.seen
        ]
        return files + [
            f"{name} {'is not there' if name not in self.state else _differences(self.fields(name, fields), fields)}"
            for name, fields in sorted(inputs.get("state", {}).items())
            if name not in self.state or self.fields(name, fields) != fields
        ]


def comparable(inputs: Props) -> Props:
    """What matters: how long something may take does not, nor what would be refused, and how that is told."""
    return {k: v for k, v in inputs.items() if k not in ("wait", "timeout", "keeps", "keeping")}


def gone(olds: Props, news: Props) -> tuple[str, ...]:
    """Paths that were declared and are not any more, in the same guest."""
    if olds.get("domain") != news["domain"]:
        return ()
    return tuple(path for path in sorted(olds.get("files", {})) if path not in news.get("files", {}))


def foretell_unseen(call: Call, guest: str) -> None:
    call.note("live", "", f"files and state are brought into {guest} once its agent answers")


def foretell(call: Call, guest: str, there: Guest, olds: Props, news: Props) -> None:
    """A note for the files, and one for each name of state that is not as it is to be, sorted: maps have no order."""
    olds = olds if olds.get("domain") == news["domain"] else {}
    written = sorted(path for path, file in schema.files(news).items() if there.files.get(path) != file.seen)
    if written:
        call.note("live", "files", f"{guest}: {_listed(written)} written")
    removed = [path for path in gone(olds, news) if path in there.files]
    if removed:
        call.note("live", "files", f"{guest}: {_listed(removed)} removed")
    restarting = set()
    for name, fields in sorted(news.get("state", {}).items()):
        if name not in there.state:
            call.note("live", "state", f"{name} of {guest} is brought up: {_said(fields)}")
        elif (now := there.fields(name, fields)) != fields:
            restarting.add(name)
            _keep_what_is_there(call, guest, name, there, news)
            call.note("service restart", "state", f"{name} of {guest}: {_differences(now, fields)}")
    for name in sorted(olds.get("state", {})):
        if name not in news.get("state", {}) and name in there.state:
            call.note("service restart", "state", f"{name} of {guest} is taken away")
    for secret, concerned in sorted(news.get("concerns", {}).items()):
        known = olds.get("secretFiles", {})
        if secret in known and known[secret] != news.get("secretFiles", {}).get(secret):
            for name in concerned:
                if name in there.state and name not in restarting:
                    restarting.add(name)
                    _keep_what_is_there(call, guest, name, there, news)
                    call.note("service restart", "secretFiles", f"{name} of {guest}: {secret} is another one")


def _keep_what_is_there(call: Call, guest: str, name: str, there: Guest, news: Props) -> None:
    """Before it is changed: refused where it can't be, or where it would lose what may hold data."""
    if why := there.said.fixed.get(name):
        raise OperatorError(f"{guest}: {name} can't be changed: {why}")
    lost = there.lost(name, news)
    if lost and not allow.allowed(name, "data loss"):
        keeping = news.get("keeping", KEEPING)
        raise OperatorError(
            f"{guest}: {name} would lose {lost}; {keeping}; to change it all the same: {allow.how(name, 'data loss')}"
        )
    if lost:
        call.note("data loss", "state", f"{name} of {guest} loses {lost}")


def foretell_removal(call: Call, guest: str, outputs: Props) -> None:
    names = sorted(outputs.get("state", {})) if "remove" in outputs else []
    for name in names:
        call.note("service restart", "", f"{name} of {guest} is taken away")
    if not names:
        call.note("live", "", f"{guest}: {_listed(list(outputs.get('files', {})))} removed")


def _other(file: Seen) -> Props:
    return {"content": f"(SHA-256 {file.digest[:SHOWN]}…)", "mode": file.mode, "owner": file.owner}


def _said(fields: Mapping[str, str]) -> str:
    return (
        ", ".join(f"{field} {value}" for field, value in sorted(fields.items()) if value != UNTOLD)
        or "nothing is told"
    )


def _differences(now: Mapping[str, str], wanted: Mapping[str, str]) -> str:
    changed = sorted(field for field, value in wanted.items() if now[field] != value)
    return ", ".join(f"{field} {now[field]} -> {wanted[field]}" for field in changed)


def _listed(paths: list[str]) -> str:
    shown = ", ".join(paths[:3])
    more = f" and {len(paths) - 3} more" if len(paths) > 3 else ""
    return f"{shown}{more} {'is' if len(paths) == 1 else 'are'}"

"""What `import` is to take over: the entries of an import file, resolved to URNs.  Pure.

The file is the Pulumi CLI's: ``{"nameTable": {name: urn}, "resources": [{type, name, id, parent, ...}]}``.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from engine.errors import CommandError, cut, in_line
from engine.options import Import
from engine.state import documents, urns

LONGEST: Final = 1000  # characters of a name or an ID
_TYPE: Final = re.compile(r"[A-Za-z0-9._-]+:[A-Za-z0-9._/-]+:[A-Za-z0-9._-]+")
PLACEHOLDER: Final = "<PLACEHOLDER>"
TEXTS: Final = frozenset(
    {"type", "name", "id", "parent", "provider", "version", "pluginDownloadUrl", "logicalName"}
)
SWITCHES: Final = frozenset({"component", "remote"})
KEYS: Final = TEXTS | SWITCHES | {"properties"}


@dataclass(frozen=True)
class Entry:
    """One resource of the file.  ``name`` is how others in the file call it, ``logical_name`` stands in the URN."""

    type: str
    name: str
    id: str = ""
    parent: str = ""
    provider: str = ""
    version: str = ""
    logical_name: str = ""
    component: bool = False
    properties: tuple[str, ...] = ()


@dataclass(frozen=True)
class Plan:
    """An import file: its entries, and the URNs that names in it stand for."""

    entries: tuple[Entry, ...]
    names: Mapping[str, str]


def parse(data: bytes, where: str) -> Plan:
    """Read an import file.  Raises `CommandError` that lists all that is wrong with it."""
    try:
        document = documents.parse(data, once=True)
    except documents.Malformed as error:
        raise CommandError(f"could not read {where}: not valid JSON: {error}") from error
    if not isinstance(document, dict) or not isinstance(document.get("resources"), list):
        raise CommandError(f'could not read {where}: expected an object with a list "resources"')
    faults: list[str] = []
    names = document.get("nameTable") or {}
    if not isinstance(names, dict) or not all(is_urn(urn) for urn in names.values()):
        faults.append("nameTable: expected an object of names and URNs")
        names = {}
    faults += [f"{key}: unknown key" for key in sorted(document.keys() - {"nameTable", "resources"})]
    places = ((f"resources[{i}]", raw) for i, raw in enumerate(document["resources"]))
    return Plan(_entries(places, faults, where), names)


def _entries(places: Iterable[tuple[str, Any]], faults: list[str], where: str) -> tuple[Entry, ...]:
    entries = [entry_of(raw, place, faults) for place, raw in places]
    refuse(faults, where)
    return tuple(entry for entry in entries if entry is not None)


def is_urn(value: Any) -> bool:
    return isinstance(value, str) and value.startswith("urn:pulumi:") and value.count("::") >= 3


def refuse(faults: list[str], where: str) -> None:
    """Raise for what was found wrong, if anything was."""
    if faults:
        many = "1 error" if len(faults) == 1 else f"{len(faults)} errors"
        raise CommandError(
            f"{where}: {many}, nothing was imported:\n" + "\n".join(f"  * {in_line(f)}" for f in faults)
        )


def entry_of(raw: Any, where: str, faults: list[str]) -> Entry | None:
    """One entry of a file; None when something is wrong with it, which goes to ``faults``."""
    if not isinstance(raw, dict):
        faults.append(f"{where}: expected an object, got {type(raw).__name__}")
        return None
    before = len(faults)
    name = raw.get("name")
    where = f"{where} ({cut(name, 60)})" if isinstance(name, str) and name else where
    faults += [f"{where}: {key}: unknown key" for key in sorted(raw.keys() - KEYS)]
    for keys, kind, form in ((TEXTS, str | None, "a text"), (SWITCHES, bool, "true or false")):
        wrong = [key for key in sorted(keys & raw.keys()) if not isinstance(raw[key], kind)]
        faults += [f"{where}: {key}: expected {form}" for key in wrong]
    properties = raw.get("properties") or []
    if not isinstance(properties, list) or not all(isinstance(p, str) for p in properties):
        faults.append(f"{where}: properties: expected a list of names")
    if len(faults) == before:
        faults += [f"{where}: {problem}" for problem in _problems(raw)]
    if len(faults) > before:
        return None
    texts = {k: raw.get(k) or "" for k in ("type", "name", "id", "parent", "provider", "version")}
    return Entry(
        **texts,
        logical_name=raw.get("logicalName") or "",
        component=raw.get("component", False),
        properties=tuple(properties),
    )


def _problems(raw: Mapping[str, Any]) -> list[str]:
    """What is missing or not to be had in an entry whose values have the right types."""
    kind, id_ = raw.get("type") or "", raw.get("id") or ""
    found = [f"{key} is missing" for key in ("type", "name") if not raw.get(key)]
    if kind and not _TYPE.fullmatch(kind):
        found.append(f"type: expected package:module:Name, got {documents.short(kind)}")
    elif not urns.is_object(kind):
        found.append(f"type: {kind} can't be imported")
    if raw.get("remote"):
        found.append("remote components are not supported by the embedded engine; use the Pulumi CLI")
    if raw.get("pluginDownloadUrl"):
        found.append("pluginDownloadUrl is not supported by the embedded engine; use the Pulumi CLI")
    if raw.get("component"):
        found += ["id: a component has none"] if id_ else []
    elif not id_:
        found.append("id is missing")
    elif id_ == PLACEHOLDER:
        found.append(f"id: still {PLACEHOLDER}; put the object's id there, or take the entry out")
    for key in ("name", "logicalName", "id"):
        text = raw.get(key) or ""
        if not text.isprintable() or len(text) > LONGEST:
            found.append(
                f"{key}: {documents.short(text)} is no {key}; allowed: printable text of up to {LONGEST} characters"
            )
    return found


def resolve(
    plan: Plan, stack: str, project: str, protect: bool, version_of: Callable[[str], str], where: str
) -> tuple[Import, ...]:
    """The entries with URNs in place of names, parents before their children.

    ``version_of`` gives the version of a package whose entry names none.  Raises `CommandError`.
    """
    resolver = _Resolver(plan, stack, project, protect, version_of)
    for entry in plan.entries:
        resolver.settle(entry, ())
    imports = tuple(resolver.done.values())
    refuse(resolver.faults + _clashes(imports), where)
    return imports


@dataclass
class _Resolver:
    """Follows the names of one import file; what is wrong with them is gathered in ``faults``."""

    plan: Plan
    stack: str
    project: str
    protect: bool
    version_of: Callable[[str], str]
    done: dict[str, Import] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._root = urns.stack_urn(self.stack, self.project)
        self._by_name = {entry.name: entry for entry in self.plan.entries}
        times = Counter(entry.name for entry in self.plan.entries)
        self.faults += [
            f"{name}: two resources have this name; give one another, and its own as logicalName"
            for name in sorted(name for name, count in times.items() if count > 1)
        ]

    def settle(self, entry: Entry, children: tuple[str, ...]) -> Import:
        """The entry as an import; ``children`` are the names through which it was come to."""
        if entry.name not in self.done:
            parent = self._urn(entry.parent, (*children, entry.name)) if entry.parent else self._root
            version = entry.version or self.version_of(urns.package_of(entry.type))
            self.done[entry.name] = Import(
                urn=urns.make(self.stack, self.project, parent, entry.type, entry.logical_name or entry.name),
                type=entry.type,
                parent=parent,
                id=entry.id,
                component=entry.component,
                provider=self.plan.names.get(entry.provider, entry.provider),
                version="" if entry.component or entry.provider else version,
                protect=self.protect and not entry.component,
                properties=entry.properties,
            )
        return self.done[entry.name]

    def _urn(self, name: str, children: tuple[str, ...]) -> str:
        """The URN that a parent's name stands for; the file's own resources come before its table."""
        if name in children:
            self.faults.append(f"{name}: is among its own parents")
        elif name in self._by_name:
            return self.settle(self._by_name[name], children).urn
        elif name in self.plan.names:
            return self.plan.names[name]
        else:
            self.faults.append(
                f"{children[-1]}: its parent {name!r} stands neither in nameTable nor among the resources"
            )
        return self._root


def _clashes(imports: tuple[Import, ...]) -> list[str]:
    """Two entries for one URN, two for one object, providers that are no URN, and URNs of other stacks."""
    faults: list[str] = []
    seen: set[str] = set()
    objects: dict[tuple[str, str, str], str] = {}
    for i in imports:
        if i.urn in seen:
            faults.append(f"duplicate import '{urns.name_of(i.urn)}' of type '{i.type}'")
        seen.add(i.urn)
        other = "" if i.component else objects.setdefault((i.type, i.id, i.provider), i.urn)
        if other and other != i.urn:
            faults.append(f"'{i.id}' is imported twice: as '{other}' and as '{i.urn}'")
        if i.provider and not is_urn(i.provider):
            faults.append(f"{urns.name_of(i.urn)}: the provider {i.provider!r} does not stand in nameTable")
    return faults


def single(raw: Mapping[str, Any], parent: str, provider: str) -> Plan:
    """The plan of `import TYPE NAME ID`; ``parent`` and ``provider`` are ``name=urn``, a URN alone, or empty."""
    names: dict[str, str] = {}
    (entry,) = _entries((("import", raw),), [], "import")
    entry = replace(entry, parent=_named("--parent", parent, names))
    return Plan((replace(entry, provider=_named("--provider", provider, names)),), names)


def _named(flag: str, text: str, names: dict[str, str]) -> str:
    """The name in ``text``, whose URN goes to ``names``."""
    if not text:
        return ""
    name, _, urn = (flag, "", text) if is_urn(text) else text.partition("=")
    if not is_urn(urn):
        raise CommandError(f"{flag}: expected name=urn, got {text!r}")
    names[name] = urn
    return name

"""On 200 random hosts no object's fault is another's: all that can be read is seen, judged, taken over and previewed.

What is odd of them stands in `odd_hosts`.
"""

from __future__ import annotations

import functools
import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import config
from cli import live
from cli.adopt import compare, complete, declared, state, table
from cli.adopt import run as adopt
from cli.audit import look, show
from cli.audit.finding import Finding
from cli.audit.rules import audit
from cli.audit.world import World as Audited
from config import read
from config.settings import Settings
from provider.errors import OperatorError
from provider.guest.agent import Agent
from provider.host.host import Host
from provider.survey.survey import HostSeen
from tests.cli.audit.picture import RACK
from tests.config import fleets
from tests.lifecycle.odd_hosts import ODDITIES
from tests.lifecycle.odd_preview import Judged, previewed
from tests.lifecycle.whole_host import PLAN, SETTINGS, STACK, URI, VMS, Place, Whole, survey, whole
from tests.provider.fakes.basics import Clock, error

HOSTS = 200
OWN = Settings.model_validate(SETTINGS)
TOLD = ("unread", "untold")
SAME, UNSTARTED = Judged("same", frozenset()), Judged("update", frozenset({"autostart"}))
MADE = {f"new {token}" for token in (declared.VOLUME, declared.SEED, declared.DOMAIN)}
MIXTURES = st.lists(st.sampled_from(sorted(ODDITIES)), min_size=1, max_size=6)


@dataclass(frozen=True)
class Ground:
    """Where it is played; ``found`` and ``new``: what is found, and would be declared, on the host as it was made."""

    root: Path
    whole: Whole
    found: frozenset[tuple[str, str, str]]
    new: dict[str, Any]


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    """The stack's files, an engine that imports whatever it is given, and the hosts' guests without agents."""
    root = tmp_path_factory.mktemp("odd")
    made = whole(root / "stack")
    (root / "config").mkdir()
    (root / "config/fleet.yaml").write_text((fleets.ROOT / "config/fleet.yaml").read_text(encoding="utf-8"))
    patch = pytest.MonkeyPatch()
    resources = functools.cache(lambda plan, ids: list(_resources(plan, dict(ids))))
    _resources = declared.resources
    patch.setattr(declared, "resources", lambda plan, ids: resources(_Same(plan), tuple(sorted(ids.items()))))
    patch.setattr(read, "fleet_file", functools.cache(read.fleet_file))  # it is the same for all hosts
    patch.setattr(adopt, "ROOT", root)
    patch.setattr(subprocess, "run", _engine)
    patch.setattr(look, "Agent", lambda domain, clock: Agent(domain, Clock(), _silent))
    place = made.clean()
    _not_started(place)
    seen = survey(place.conn)
    found = frozenset(map(_words, _findings(place, seen)))
    yield Ground(root, made, found, complete.additions(PLAN, OWN, seen))
    patch.undo()


def _silent(domain: Any, text: str, seconds: int) -> str:
    raise error(86, "Guest agent is not responding")


class _Same:
    """A plan as a key: equal ones have one."""

    def __init__(self, plan: config.Plan) -> None:
        self.plan, self._text = plan, repr(plan)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.plan, name)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and self._text == other._text

    def __hash__(self) -> int:
        return hash(self._text)


IMPORTED: list[dict[str, Any]] = []


def _engine(words: list[str], **_options: Any) -> subprocess.CompletedProcess[str]:
    words = words[words.index("cli") + 1 :]
    if words[0] == "import":
        IMPORTED.append(json.loads(Path(words[words.index("--file") + 1]).read_text(encoding="utf-8")))
    return subprocess.CompletedProcess(words, 0, "{}", "")


def odd(data: st.DataObject, place: Place) -> Place:
    def choose(options: Any) -> Any:
        return options[data.draw(st.integers(0, len(options) - 1))]

    for name in data.draw(MIXTURES):
        ODDITIES[name](place, choose)
    return place


@pytest.mark.slow
@pytest.mark.reports("H1", "H2", "H3", "H9")
@given(data=st.data())
@settings(max_examples=HOSTS, suppress_health_check=list(HealthCheck))
def test_no_objects_fault_is_anothers(data: st.DataObject, ground: Ground) -> None:
    place = odd(data, ground.whole.clean())
    _not_started(place)
    seen = survey(place.conn)
    _nothing_is_lost(place, seen)
    _audited(place, seen, ground)
    _adopted(place, seen, ground)
    _previewed(place, ground)


def _not_started(place: Place) -> None:
    """A fault of each declared object, so that it shows which are judged."""
    for domain in place.conn.domains.values():
        domain.auto = False
    for each in (*place.conn.networks, *place.conn.pools):
        each.starts_with_host = 0


def _nothing_is_lost(place: Place, seen: HostSeen) -> None:
    for kind, found, there in (
        ("domain", seen.domains, place.conn.domains.values()),
        ("network", seen.networks, place.conn.networks),
        ("pool", seen.pools, place.conn.pools),
    ):
        unread = seen.unread_of(kind)  # type: ignore[arg-type]
        names = {each.name for each in found} | {each.name for each in unread}  # type: ignore[attr-defined]
        assert names >= {each.name() for each in there} or None in names
        assert all("\n" not in each.line for each in unread)


def _words(finding: Finding) -> tuple[str, str, str]:
    return finding.kind, finding.where, finding.what


def _findings(place: Place, seen: HostSeen) -> list[Finding]:
    host = Host(URI, lambda _: place.conn)
    patch = pytest.MonkeyPatch()
    patch.setattr(look.Host, "open", lambda _uri: host)
    patch.setattr(host, "close", lambda: None)
    try:
        asked = look._ask(PLAN, seen)
    finally:
        patch.undo()
    rack = type(RACK)(RACK.fleet, {**RACK.plans, STACK: PLAN})
    hosts: dict[str, HostSeen | OperatorError] = {STACK: asked.host}
    if place.twin:
        hosts["trop03"] = replace(
            seen, domains=(), networks=(), pools=(), volumes=(), unread=(), name="trop03"
        )
    world = Audited(rack, hosts, {STACK: asked}, now=1.0)
    found = audit(world)
    show.show(world, found)
    assert json.loads(show.as_json(found)) is not None
    if place.twin:
        between = "same-host" if seen.name is None else "same-uuid"
        assert [f.kind for f in found if f.kind.startswith("same-")] == [between]
    return [f for f in found if f.stack == STACK and not f.kind.startswith("same-")]


def _where(what: str) -> str:
    return what.removeprefix("VM ")


def _audited(place: Place, seen: HostSeen, ground: Ground) -> None:
    """Nothing is found that is neither there on the whole host nor odd, and of what can be read all that is."""
    wanted, found = ground.found, _findings(place, seen)
    words = {_words(f) for f in found if f.kind not in TOLD}
    more = {(kind, where) for kind, where, _ in words - wanted}
    sure = {each for each, told in place.found.items() if not told.needs & place.spoilt}
    assert sure <= more <= place.found.keys()
    spoilt = {_where(what) for what in place.spoilt}
    assert words >= {w for w in wanted if w[0] == "autostart-off" and w[1] not in spoilt}
    told = {f.what.partition("; which MACs")[0] for f in found if f.kind in TOLD}
    assert told == {each.line for each in seen.unread}


def _adopted(place: Place, seen: HostSeen, ground: Ground) -> None:
    result = compare.compare(PLAN, seen)
    assert table.text(STACK, URI, result)
    taken = state.to_import(PLAN, result.matches, state.known({}))
    every = {record.what for record in place.records.values()}
    assert set(taken.taken) >= every - place.spoilt
    assert set(taken.taken) | {what for what, _ in result.unread} == every
    assert (taken.why, result.missing) == ((), ())
    new = complete.additions(PLAN, OWN, seen)
    for name in VMS:
        own = {f"VM {name}", f"overlay {name}.qcow", f"seed disk {name}-seed.iso"}
        assert new.get(name, {}).items() <= ground.new.get(name, {}).items()
        assert new.get(name) == ground.new.get(name) or own & place.spoilt
    _typed(place, seen, ground.root, {what for what, _ in result.unread})


def _typed(place: Place, seen: HostSeen, root: Path, unread: set[str]) -> None:
    """`./trop adopt trop02 --write --yes`."""
    file = root / f"Pulumi.{STACK}.yaml"
    file.write_text(yaml.safe_dump({"config": {"libvirt:uri": URI, "trop:vms": SETTINGS["vms"]}}))
    patch = pytest.MonkeyPatch()
    patch.setattr(live, "look", lambda uris: dict.fromkeys(uris, seen))
    IMPORTED.clear()
    try:
        code = adopt.run(adopt.Order(STACK, engine="embedded", write=True, yes=True))
    finally:
        patch.undo()
    assert code == (1 if unread else 0)
    ids = {each["id"] for document in IMPORTED for each in document["resources"] if "id" in each}
    assert ids >= {record.id for record in place.records.values() if record.what not in place.spoilt}


def _previewed(place: Place, ground: Ground) -> None:
    """Refused is what is spoilt alone; of all else each difference and what is odd is told, and what is new is made."""
    needed = {f"network {name}" for name in ("default", "bridged")} | place.every("pool", "overlay", "seed")
    edited = not (needed & place.spoilt or place.baseless)
    told = previewed(ground.whole, place, edited)
    assert told.refused.keys() <= place.spoilt | place.unsure, told.refused
    assert told.code == bool(told.refused)
    assert not [line for line in told.refused.values() if "a fault of this provider" in line]
    judged = {what: judged for what, judged in told.judged.items() if what not in told.refused}
    assert {what for what, how in judged.items() if how.op == "create"} == (MADE if edited else set())
    for what in place.every() - told.refused.keys():
        starts = what.startswith(("VM", "network", "pool"))
        assert judged[what] == (UNSTARTED if starts else SAME), what
    for each in place.found.values():
        known = not each.needs & (place.spoilt | told.refused.keys())
        assert not known or each.words in told.said.get(each.of, ""), each

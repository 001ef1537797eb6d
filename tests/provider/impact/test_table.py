"""The table of impacts is whole, and the page made from it is up to date."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from provider.domain import stage as domain_stage
from provider.impact import allow
from provider.impact import page as impact_doc
from provider.impact.kinds import TABLE, Harm, Note
from provider.network.change import NAMES, SERVED
from provider.protocol.resources import RESOURCES
from provider.resource.base import Resource
from tests.provider.fakes import typed

HARM: tuple[Harm, ...] = ("restart", "network outage", "data loss")


def paths(properties: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    """All property paths of a schema, objects before their members."""
    for key, spec in properties.items():
        yield prefix + key
        members = spec.get("items", spec).get("properties", {})
        yield from paths(members, f"{prefix}{key}.")


def covered(token: str, key: str, spec: Mapping[str, Any]) -> bool:
    """Whether there is an entry for the property, or one for each of its members."""
    if (token, key) in TABLE:
        return True
    members = spec.get("properties", {})
    return bool(members) and all(covered(token, f"{key}.{name}", member) for name, member in members.items())


@pytest.mark.parametrize("handler", RESOURCES, ids=lambda handler: handler.__name__)
def test_every_property_has_an_impact(handler: type[Resource]) -> None:
    inputs = handler.schema["inputProperties"]
    missing = [key for key, spec in inputs.items() if not covered(handler.token, key, spec)]
    assert missing == [], "add them to provider/impact/kinds.py"


@pytest.mark.parametrize("handler", RESOURCES, ids=lambda handler: handler.__name__)
def test_no_impact_is_of_a_property_that_is_not_there(handler: type[Resource]) -> None:
    known = set(paths(handler.schema["inputProperties"]))
    assert [path for token, path in TABLE if token == handler.token and path not in known] == []


@pytest.mark.parametrize("key", sorted(domain_stage.STAGED))
def test_what_is_staged_in_a_domain_says_next_boot(key: str) -> None:
    entry = TABLE["libvirt:index/domain:Domain", key]
    assert "next boot" in (entry.impact, entry.otherwise)


@pytest.mark.parametrize("key", sorted(SERVED | {NAMES}))
def test_what_a_running_network_takes_says_live(key: str) -> None:
    entries = [entry for (token, path), entry in TABLE.items() if path == key and token.endswith(":Network")]
    assert [entry.impact for entry in entries] == ["live"]


def test_the_page_of_impacts_is_up_to_date() -> None:
    written = impact_doc.FILE.read_text(encoding="utf-8")
    assert written == impact_doc.document(), f"write it anew: {impact_doc.COMMAND}"


def test_a_note_is_one_line_that_begins_with_its_impact() -> None:
    note = Note("next boot", "memory", "domain A:\n256 -> 512")
    assert str(note) == "impact next boot: memory: domain A: 256 -> 512"
    assert str(Note("restart", "", "domain A is stopped")) == "impact restart: domain A is stopped"


@pytest.mark.parametrize("impact", HARM)
@pytest.mark.parametrize("name", ["default", "a guest, of 2018", "50%"])
def test_what_is_printed_allows_it_as_it_is_typed_for_either_engine(
    impact: Harm, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = allow.how(name, impact)
    monkeypatch.setenv("LIBVIRT_ALLOW", "other=restart")
    assert not allow.allowed(name, impact)
    assert f"LIBVIRT_ALLOW={allow.word(name, impact)}" in line
    monkeypatch.setenv("LIBVIRT_ALLOW", typed.allow(line))
    assert allow.allowed(name, impact)

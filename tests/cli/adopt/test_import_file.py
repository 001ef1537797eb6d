"""The import file: components before their children, and nothing that the state has already."""

from __future__ import annotations

import json
from typing import Any

from cli.adopt import declared, state
from cli.adopt.match import matches
from tests.cli import hosts
from tests.cli.adopt.beside import all_there, plan_of


def exported(*records: tuple[str, str]) -> dict[str, Any]:
    return {"deployment": {"resources": [{"urn": urn, **({"id": id} if id else {})} for urn, id in records]}}


ROOT_URN = "urn:pulumi:trop02::trop::"
COMPONENT = f"{ROOT_URN}trop:index:DockerHostVM::Ulov"
RECORD = f"{ROOT_URN}trop:index:DockerHostVM${declared.DOMAIN}::Ulov"


def entries(text: str) -> dict[str, dict[str, Any]]:
    return {e["name"]: e for e in json.loads(text)["resources"]}


def test_the_import_file_names_components_before_their_children_and_each_by_its_own_name() -> None:
    plan = plan_of(Ulov={})
    wanted = state.to_import(plan, matches(plan, all_there(plan)), state.known({}))
    found = entries(wanted.text)

    assert found["DockerHostVM Ulov"] == {
        "type": "trop:index:DockerHostVM", "name": "DockerHostVM Ulov", "logicalName": "Ulov", "component": True,
    }  # fmt: skip
    assert found["Domain Ulov"] == {
        "type": declared.DOMAIN, "name": "Domain Ulov", "logicalName": "Ulov", "id": hosts.uuid_of("Ulov"),
        "parent": "DockerHostVM Ulov", "version": "0.5.4",
    }  # fmt: skip
    assert list(found).index("DockerHostVM Ulov") < list(found).index("Volume Ulov")
    assert len(wanted.taken) == 8
    assert json.loads(wanted.text)["nameTable"] == {}


def test_what_the_state_has_already_is_not_imported_again() -> None:
    plan = plan_of(Ulov={})
    known = state.known(exported((COMPONENT, ""), (RECORD, hosts.uuid_of("Ulov"))))
    wanted = state.to_import(plan, matches(plan, all_there(plan)), known)
    found = entries(wanted.text)

    assert wanted.had == ("VM Ulov",)
    assert wanted.why == ()
    assert "Domain Ulov" not in found
    assert "DockerHostVM Ulov" not in found
    assert found["Volume Ulov"]["parent"] == "DockerHostVM Ulov"
    assert json.loads(wanted.text)["nameTable"] == {"DockerHostVM Ulov": COMPONENT}


def test_an_object_that_the_state_has_by_another_id_is_in_the_way() -> None:
    plan = plan_of(Ulov={})
    known = state.known(exported((COMPONENT, ""), (RECORD, "an-older-one")))
    wanted = state.to_import(plan, matches(plan, all_there(plan)), known)

    assert wanted.why == (
        f"VM Ulov: the state has an-older-one in its place, and on the host it is {hosts.uuid_of('Ulov')}",
    )

"""What the fuzzing feeds to `config`: the fleet file and the stack's settings, as texts and as documents."""

from __future__ import annotations

import json
from random import Random
from typing import Any
from unittest import mock

import yaml

import config
from config import read
from config.errors import ConfigError
from config.fleet import Fleet
from config.settings import from_pulumi
from tests.config.fleets import ROOT
from tests.fuzz import mutate
from tests.fuzz.common import FOLDER, file_of, spoiled_bytes
from tests.fuzz.loop import MANY, Target

FLEET = (ROOT / "config" / "fleet.yaml").read_bytes()
STACK = (ROOT / "Pulumi.trop02.yaml").read_bytes()
FACTS, OWN = yaml.safe_load(FLEET), read.stack_file(ROOT / "Pulumi.trop02.yaml")


def fleet_text(data: bytes) -> None:
    file_of("fleet.yaml", data)
    config.load("trop02", {**OWN, "fleet": "fleet.yaml"}, FOLDER, "Pulumi.trop02.yaml")


def stack_text(data: bytes) -> None:
    settings = read.stack_file(file_of("Pulumi.trop02.yaml", data))
    with _facts(FACTS):
        config.load("trop02", settings, ROOT, "Pulumi.trop02.yaml")


def plan_of(case: tuple[dict[str, Any], dict[str, Any]]) -> None:
    facts, own = case
    with _facts(facts):
        config.load("trop02", own, ROOT, "Pulumi.trop02.yaml")


def _facts(facts: Any) -> Any:
    """Instead of reading the fleet file: these facts are in it."""
    return mock.patch.object(read, "fleet_file", lambda _root, file: read.checked(Fleet, facts, file, ""))


def _plan_case(rng: Random) -> tuple[Any, Any]:
    kind = rng.random()
    facts = mutate.of_document(rng, FACTS) if kind < 0.7 else FACTS
    own = mutate.of_document(rng, OWN) if kind > 0.6 else OWN
    return facts if isinstance(facts, dict) else {}, own if isinstance(own, dict) else {}


def settings_of(values: dict[str, str]) -> None:
    plan_of((FACTS, from_pulumi(values)))


def _values(rng: Random) -> dict[str, str]:
    text = json.dumps(OWN.get("vms", {}))
    data = mutate.of_bytes(rng, text.encode()).decode(errors="replace")
    return {"trop:vms": data, **({"trop:fleet": mutate.text(rng)} if rng.random() < 0.1 else {})}


_OWN_ERRORS = (ConfigError,)
TARGETS = (
    (Target("fleet file", spoiled_bytes(FLEET), fleet_text, _OWN_ERRORS, MANY), 20_000),
    (Target("stack settings", spoiled_bytes(STACK), stack_text, _OWN_ERRORS, MANY), 20_000),
    (Target("plan", _plan_case, plan_of, _OWN_ERRORS, MANY), 80_000),
    (Target("settings from Pulumi", _values, settings_of, _OWN_ERRORS, MANY), 50_000),
)

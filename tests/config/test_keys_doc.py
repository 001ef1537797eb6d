"""docs/keys.md: written from the models, whole, and with an example that is taken."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import BaseModel

import config
from config import keys_doc
from config.fleet import Fleet
from config.read import stack_file
from config.settings import Settings
from tests.config import fleets


def models(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    """The model, and those that are in it."""
    yield model
    for field in model.model_fields.values():
        inner, _ = keys_doc._model_in(field.annotation)
        if inner is not None:
            yield from models(inner)


def test_the_page_is_what_the_models_say() -> None:
    written = keys_doc.FILE.read_text(encoding="utf-8")

    assert written == keys_doc.document(), f"write it anew: {keys_doc.COMMAND}"


@pytest.mark.parametrize("model", [Settings, Fleet])
def test_each_key_has_a_meaning_in_one_line_and_each_model_a_sentence(model: type[BaseModel]) -> None:
    for each in models(model):
        assert each.__doc__, each
        for name, field in each.model_fields.items():
            said = field.description or ""
            assert said.endswith("."), f"{each.__name__}.{name}"
            assert "\n" not in said
            assert "|" not in said


def test_the_example_is_taken_and_says_what_its_comment_says(tmp_path: Path) -> None:
    file = tmp_path / fleets.STACK_FILE
    file.write_text(keys_doc.EXAMPLE, encoding="utf-8")
    plan = config.load("trop02", stack_file(file), fleets.ROOT, fleets.STACK_FILE)
    archive, data = plan.vms[0].disks

    assert (data.file, data.pool) == ("Acilamwen.data.qcow2", None)
    assert (archive.pool, archive.format) == ("slow", "raw")
    assert keys_doc.EXAMPLE in keys_doc.document()


def keys_in(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from keys_in(inner)


def test_every_key_that_the_repositorys_own_files_use_is_on_the_page() -> None:
    page = keys_doc.document()
    given = set(keys_in(fleets.rack_facts()))
    stack = yaml.safe_load((fleets.ROOT / fleets.STACK_FILE).read_text(encoding="utf-8"))["config"]
    given |= {key for key in keys_in(stack) if key[0].islower()}
    names = {
        "campus",
        "databases",
        "trop01",
        "trop02",
        "trop03",
        "trop04",
        "br0",
        "br1",
        "Stevedore",
        "docker-ce-stable",
    }
    names |= {"fedora", "debian", "apache", *stack["trop:vms"]["Eterathiel"]["services"]["stack"]["services"]}
    names |= {f"float{number}" for number in range(1, 5)} | fleets.rack_facts()["hypervisors"]["trop02"][
        "slots"
    ].keys()

    assert sorted(key for key in given - names if f"`{key}`" not in page) == []


@pytest.mark.parametrize(
    ("row", "what"),
    [
        ("| `trop:emulation` | see below | – |", "a model"),
        ("| `memory` | 1 or more | – |", "a number"),
        ("| `format` | `qcow2` or `raw` | `qcow2` |", "a choice"),
        ("| `guest` | `agent`, `cloud-init` or `none` | `agent` |", "a choice of three"),
        (
            "| `size` | a size such as 20 GiB (B, KiB, MiB, GiB, TiB; whole sectors of 512 B) | must be given |",
            "a form",
        ),
        ("| `slots` | by name, each 1 to 254 | – |", "a mapping"),
        ("| `ports` | a list, each ports as docker ps prints them", "a list"),
    ],
)
def test_a_row_says_what_is_allowed_and_what_holds_otherwise(row: str, what: str) -> None:
    assert row in keys_doc.document(), what

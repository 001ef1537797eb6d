"""What declarations and the plan are made of: models that take no unknown keys, and texts of a certain form."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from netaddr import AddrFormatError  # type: ignore[import-untyped]
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError


class Declared(BaseModel):
    """Keys in camelCase, none beside the declared ones, never changed."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, alias_generator=to_camel, arbitrary_types_allowed=True
    )


class Planned(BaseModel):
    """What follows from declarations: plain values, never changed."""

    model_config = ConfigDict(frozen=True, extra="forbid")


@dataclass(frozen=True)
class Matching:
    """Lets texts pass that match; ``allowed`` completes "allowed: …" in the message, and stands in docs/keys.md."""

    pattern: str
    allowed: str

    def __call__(self, text: str) -> str:
        if not re.fullmatch(self.pattern, text):
            raise PydanticCustomError("form", "{allowed}", {"allowed": self.allowed})
        return text


@dataclass(frozen=True)
class Parsed:
    """Makes of a text what ``build`` makes of it; ``allowed`` as for `Matching`."""

    build: Callable[[str], Any]
    allowed: str

    def __call__(self, value: Any) -> Any:
        if isinstance(value, str):
            try:
                return self.build(value)
            except (AddrFormatError, ValueError):
                pass
        raise PydanticCustomError("form", "{allowed}", {"allowed": self.allowed})


def like(pattern: str, allowed: str) -> AfterValidator:
    """A validator of texts that match a pattern."""
    return AfterValidator(Matching(pattern, allowed))


def parsed(build: Callable[[str], Any], allowed: str) -> BeforeValidator:
    """A validator of texts that ``build`` takes; it raises ValueError for any other."""
    return BeforeValidator(Parsed(build, allowed))


def without(characters: str) -> AfterValidator:
    """A validator of texts in which none of the characters of a regular expression stands."""

    def clean(text: str) -> str:
        odd = re.search(characters, text)
        if odd is not None:
            raise PydanticCustomError("form", "{allowed}", {"allowed": f"text without {odd[0]!a}"})
        return text

    return AfterValidator(clean)


def printable(text: str) -> str:
    """A text that is what it looks like: nothing in it is invisible or turns it around."""
    odd = next((c for c in text if not c.isprintable()), None)
    if odd is not None:
        raise PydanticCustomError("form", "{allowed}", {"allowed": f"text without {odd!a}"})
    return text

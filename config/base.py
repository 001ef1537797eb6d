"""What declarations and the plan are made of: models that take no unknown keys, and texts of a certain form."""

from __future__ import annotations

import re

from pydantic import AfterValidator, BaseModel, ConfigDict
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


def like(pattern: str, allowed: str) -> AfterValidator:
    """A validator of texts that match; ``allowed`` completes "allowed: …" in the message."""

    def matching(text: str) -> str:
        if not re.fullmatch(pattern, text):
            raise PydanticCustomError("form", "{allowed}", {"allowed": allowed})
        return text

    return AfterValidator(matching)


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

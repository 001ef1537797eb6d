"""All that the fuzzing feeds: each target with real inputs to spoil, the error type of its layer, and how many cases
of a million are its own: the slow ones get fewer."""

from __future__ import annotations

from tests.fuzz import of_captures, of_config, of_engine, of_provider, of_words
from tests.fuzz.loop import Target

ALL: tuple[tuple[Target, int], ...] = (
    *of_captures.TARGETS,
    *of_config.TARGETS,
    *of_engine.TARGETS,
    *of_provider.TARGETS,
    *of_words.TARGETS,
)

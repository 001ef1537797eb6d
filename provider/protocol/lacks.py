"""What a host lacks is told once a run, however many resources need it."""

from __future__ import annotations

from collections.abc import Iterable

from provider.errors import Lacking, OperatorError


class Lacks:
    """Safe to share between threads."""

    def __init__(self) -> None:
        self._told: set[str] = set()
        self._failed: dict[str, str] = {}

    def forget(self) -> None:
        """Another run begins."""
        self._told, self._failed = set(), {}

    def told(self, lacks: Iterable[Lacking]) -> None:
        """These were told beforehand, with what to do."""
        self._told |= {lack.what for lack in lacks}

    def met(self, lack: Lacking, urn: str, preview: bool) -> None:
        """Raise what the operator is told of it.  At preview that is one resource's failure, which fails the whole
        preview: the others go on, so that what else is wrong with them is seen."""
        if preview and self._failed.setdefault(lack.what, urn) != urn:
            return
        if lack.what in self._told:
            raise OperatorError(f"{lack.wanted_for}: {lack.what} (a warning says what to do)") from lack
        raise lack

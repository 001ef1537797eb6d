"""Replacing one resource when others depend on it, and the old one has to go first."""

from __future__ import annotations

from engine.events import Step
from engine.options import ProviderError
from engine.run import graph
from engine.run.session import Session
from engine.state import urns
from engine.state.records import Resource
from engine.state.values import UNKNOWN


def would_go(urn: str) -> str:
    """What is said of something that a delete would take along, and that was not named."""
    return (
        f"Resource '{urn}' will be destroyed but was not specified in --target list.\n"
        "Either include resource in --target list or pass --target-dependents to proceed."
    )


class Replacements:
    """What this run deletes before its turn, and what its replacements have left to be deleted at the end."""

    def __init__(self, session: Session, seen: set[str]):
        self._session, self._seen = session, seen
        self.deleted: set[str] = set()  # URNs deleted ahead of their turn
        # By the identities of the old copies that are left to be deleted, which show the same difference.
        self.steps: dict[int, Step] = {}

    def rename(self, former: str, urn: str) -> None:
        """What was deleted ahead under a former name is the goal's all the same."""
        if former in self.deleted:
            self.deleted.remove(former)
            self.deleted.add(urn)

    async def delete_ahead(self, root: Resource) -> list[Resource]:
        """Dependents to delete before ``root``, last ones first.  Raises `HaltError` when one is protected.

        A dependent must go when the provider says that it would be replaced if each property that depends on what
        goes were another value.  The graph is the old state's; what the program has registered already in this run
        can't depend on ``root``.
        """
        going = {root.urn}
        condemned: list[Resource] = []
        records = [r for r in self._session.journal.remaining() if r.urn not in self._seen]
        for r in graph.dependents({root.urn}, records, children=False):
            if await self._goes_with(r, going):
                going.add(r.urn)
                condemned.append(r)
        self._refuse_protected(root, [r.urn for r in condemned if r.protect])
        self._refuse_untargeted(condemned)
        ahead = [r for r in reversed(condemned) if r.urn not in self.deleted]
        self.deleted.update(r.urn for r in ahead)
        return ahead

    def _refuse_protected(self, root: Resource, protected: list[str]) -> None:
        if not protected:
            return
        lines = "\n".join(f"  * {urn}" for urn in protected)
        message = f"replacing this would delete protected resources that depend on it:\n{lines}"
        if not self._session.preview:
            raise self._session.refuse(message, root.urn)
        self._session.say("error", message, root.urn)
        self._session.step_failed = True

    def _refuse_untargeted(self, condemned: list[Resource]) -> None:
        """What the run is not about can't be deleted on the way."""
        untargeted = [r.urn for r in condemned if not self._session.aim.takes(r)]
        for urn in untargeted[1:]:
            self._session.say("error", would_go(urn), urn)
        if untargeted:
            raise self._session.refuse(would_go(untargeted[0]), untargeted[0])

    async def _goes_with(self, r: Resource, going: set[str]) -> bool:
        """Whether ``r`` would be replaced if all in ``going`` are."""
        if not r.custom or r.external or urns.is_provider(r.type):
            return False
        if urns.provider_of(r.provider) in going:
            return True
        news = {
            k: UNKNOWN if set(r.property_dependencies.get(k, [])) & going else v for k, v in r.inputs.items()
        }
        if not any(v is UNKNOWN for v in news.values()):
            return False
        try:
            client = await self._session.registry.client(r.provider)
            diff = await client.diff(r, news, [])
        except ProviderError as e:
            raise self._session.refuse(str(e), r.urn) from None
        return diff.replace

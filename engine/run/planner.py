"""From a goal of the program to the steps that reach it.  One goal at a time; nothing here changes the world.

The rules are Pulumi's, as the recordings show them (README, "Calls on preview and up").
"""

from __future__ import annotations

from pulumi.runtime.proto.provider_pb2 import CheckFailure

from engine.events import Op, Step
from engine.paths import keep_old
from engine.providers.client import Diff
from engine.run import aliases
from engine.run.goals import Goal
from engine.run.replacing import Replacements
from engine.run.session import HaltError, Session
from engine.scope import matches
from engine.state import urns
from engine.state.records import Resource
from engine.state.values import Props, has_secret

IMPORT_REPLACED = (
    "previously-imported resources that still specify an ID may not be replaced; "
    "please remove the `import` declaration from your program"
)


class Planner:
    """Keeps what must be known across goals: which URNs were seen, and what was deleted ahead of its turn."""

    def __init__(self, session: Session):
        self.session = session
        self.seen: set[str] = set()
        self._replaced: set[str] = set()
        self._former: dict[str, str] = {}  # URN -> the one that the state had the resource under
        self.replacements = Replacements(session, self.seen)

    def claim(self, urn: str) -> None:
        """Each URN once a run."""
        if urn in self.seen:
            raise self.session.refuse(f"Duplicate resource URN '{urn}'; try giving it a unique name", urn)
        other = next((u for u, former in self._former.items() if former == urn), "")
        if other:
            raise self.session.refuse(
                f"Duplicate resource URN '{urn}' conflicting with alias on resource with URN '{other}'", urn
            )
        self.seen.add(urn)

    def former_urns(self, goal: Goal) -> list[str]:
        """What the resource may be called in the state, if not by its present URN."""
        return aliases.former(goal.urn, goal.parent, goal.former, self._former.get(goal.parent, ""))

    def adopt(self, goal: Goal) -> None:
        """Take the record that the state has under a former name of the goal as the goal's own."""
        if self.session.journal.find(goal.urn) is not None:
            return
        taken = {former: urn for urn, former in self._former.items()}
        for former in self.former_urns(goal):
            other = taken.get(former, former if former in self.seen else "")
            if other:
                raise self.session.refuse(
                    f"Duplicate resource alias '{former}' applied to resource with URN '{goal.urn}' "
                    f"conflicting with resource with URN '{other}'",
                    goal.urn,
                )
            if self.session.journal.find(former) is not None:
                self._former[goal.urn] = former
                self.session.journal.rename(former, goal.urn)
                self.replacements.rename(former, goal.urn)
                return

    def passes_by(self, goal: Goal) -> list[Step] | None:
        """The steps for a goal that this run is not about; None when it is.  Raises `HaltError` where it can't be."""
        session, new = self.session, goal.record()
        if not session.options.scope.narrows:
            return None
        if session.aim.takes(new):
            lacking = session.aim.lacks(new)
            if lacking:
                raise session.refuse(
                    f"Resource '{goal.urn}' depends on '{lacking}' which was was not specified in --target list.",
                    goal.urn,
                )
            return None
        old = self.session.journal.find(goal.urn)
        if old is None:
            session.aim.skipped.add(goal.urn)
            return []
        return [Step.of("same", old, _on_present_provider(old, goal))]

    async def plan(self, goal: Goal) -> list[Step]:
        """The steps for one goal, in their order.  Raises `HaltError` when there is nothing to be done with it."""
        old = self.session.journal.find(goal.urn)
        recreating = goal.urn in self.replacements.deleted
        forced = old is not None and matches(self.session.options.scope.replaces, goal.urn)
        fresh = old is None or old.external or recreating or forced
        new = goal.record()
        if old is not None and not old.external:
            new.inputs = keep_old(goal.inputs, old.inputs, goal.ignore_changes)
        if goal.custom:
            olds = {} if fresh or old is None else old.inputs
            new.inputs = await self._check(new, olds, goal.inputs if fresh else new.inputs)
        if old is None or old.external:
            return [Step.of("create", None, new)]
        if recreating:
            return self._replace(old, new, Diff(changes=True), first=True, dependents=[])
        if forced:
            return await self._plan_replacement(goal, old, new, Diff(changes=True, replaces=["id"]))
        diff = await self._diff(old, new)
        if not diff.replace and self._replaced & set(goal.replace_with):
            diff = Diff(changes=True, keys=diff.keys, replaces=["id"], detailed=diff.detailed)
        if diff.replace or old.pending_replacement:
            return await self._plan_replacement(goal, old, new, diff, check=True)
        if diff.changes or old.init_errors:
            return [_step("update", old, new, diff)]
        return [Step.of("same", old, new)]

    async def _check(self, new: Resource, olds: Props, news: Props) -> Props:
        """The inputs as the provider takes them.  Raises `HaltError` when it doesn't."""
        registry = self.session.registry
        if urns.is_provider(new.type):
            inputs, failures = await registry.check(new.urn, self.session.journal.find(new.urn), news)
        else:
            inputs, failures = await (await registry.client(new.provider)).check(new.urn, olds, news)
        for failure in failures:
            self.session.say("error", complaint(new, failure, news), new.urn)
        if failures:
            self.session.give_up()
            raise HaltError(new.urn)
        return inputs

    async def _diff(self, old: Resource, new: Resource) -> Diff:
        if not new.custom:
            return Diff(changes=old.inputs != new.inputs)
        if urns.is_provider(new.type):
            diff = await self.session.registry.diff(old, new.inputs)
            if diff.replace:
                raise self.session.refuse(
                    f"the provider '{urns.name_of(new.urn)}' asks to be replaced", new.urn
                )
            return diff
        if self.session.is_unread(old):
            return Diff()
        if await self._provider_moved(old, new):
            return Diff(changes=True, keys=["provider"], replaces=["provider"])
        client = await self.session.registry.client(new.provider)
        diff = await client.diff(old, new.inputs, new.ignore_changes)
        diff.fall_back(old.inputs, new.inputs)
        diff.force(new.replace_on_changes)
        return diff

    async def _provider_moved(self, old: Resource, new: Resource) -> bool:
        """Whether the resource goes to another provider, and that one says that this means another object."""
        before, after = (urns.provider_of(r.provider) for r in (old, new))
        if before == after or (urns.is_default_provider(before) and urns.is_default_provider(after)):
            return False  # by itself that says nothing
        records = {r.urn: r for r in self.session.journal.current()}
        if before not in records or after not in records:
            return False
        client = await self.session.registry.client(new.provider)
        return (await client.diff_config(after, "", records[before], records[after].inputs)).replace

    async def _plan_replacement(
        self, goal: Goal, old: Resource, new: Resource, diff: Diff, check: bool = False
    ) -> list[Step]:
        """``check``: the inputs were checked against the old ones, and are now to be those of another object."""
        session = self.session
        if old.protect:
            unprotect = session.options.wording.unprotect(old.urn)
            session.say(
                "error",
                f'unable to replace resource "{old.urn}"\nas it is currently marked for protection. To unprotect the '
                f"resource, {unprotect}",
                old.urn,
            )
            if not session.preview:
                session.stopping.set()
                raise HaltError(old.urn)
            session.step_failed = True
        if goal.import_id:
            changes = [
                f"{k}: {{{_shown(old.inputs.get(k))}}} => {{{_shown(new.inputs.get(k))}}}"
                for k in diff.replaces
            ]
            raise session.refuse(";\n".join([IMPORT_REPLACED, *changes]), old.urn)
        if check:
            new.inputs = await self._check(new, {}, goal.inputs)
        first = diff.delete_first if goal.delete_before_replace is None else goal.delete_before_replace
        first = first or old.pending_replacement
        dependents = await self.replacements.delete_ahead(old) if first else []
        return self._replace(old, new, diff, first, dependents)

    def _replace(
        self, old: Resource, new: Resource, diff: Diff, first: bool, dependents: list[Resource]
    ) -> list[Step]:
        self._replaced.add(new.urn)
        logical = _step("replace", old, new, diff)
        create = _step("create-replacement", old, new, diff)
        if not first:
            self.replacements.steps[id(old)] = create
            return [create, logical]
        deletes = [Step.of("delete-replaced", r) for r in dependents]
        if not old.pending_replacement and old.urn not in self.replacements.deleted:
            deletes.append(Step.of("delete-replaced", old))
        return [*deletes, logical, create]


def _step(op: Op, old: Resource, new: Resource, diff: Diff) -> Step:
    return Step.of(op, old, new, diffs=diff.keys, replaces=diff.replaces, detailed_diff=diff.detailed)


def _on_present_provider(old: Resource, goal: Goal) -> Resource:
    """The record as it is; only its provider may have another id, because this run has replaced that."""
    before, after = (urns.provider_of(p) for p in (old.provider, goal.provider))
    return old.copy(provider=goal.provider if before == after else old.provider)


def complaint(new: Resource, failure: CheckFailure, news: Props) -> str:
    """What Check found wrong, in the CLI's words."""
    where = f"{new.type} resource '{urns.name_of(new.urn)}'"
    if not failure.property:
        return f"{where} has a problem: {failure.reason}"
    value = news.get(failure.property)
    has = f"value {{{_shown(value)}}} has a problem" if failure.property in news else "has a problem"
    return f"{where}: property {failure.property} {has}: {failure.reason}"


def _shown(value: object) -> str:
    """A value in a message; one that has a secret in it, at any depth, is not shown."""
    if has_secret(value):
        return "[secret]"
    return str(value).lower() if isinstance(value, bool) else str(value)

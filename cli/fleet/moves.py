"""Floats that change hypervisors: which have to wait, and whether they may be plugged in afterwards.  Pure.

A MAC that is plugged in on two hypervisors makes answers flap between two guests.  One hypervisor cannot see that of
another, so it is the fleet's run that looks at all of them before a float goes from one to the other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import config
from cli.fleet.plugged import Plugged, Sight, hidden, plugged
from provider.errors import OperatorError


@dataclass(frozen=True)
class Gain:
    """A float that a stack shall have and its hypervisor has not, while another has it, or may have it."""

    stack: str
    held: config.Float
    held_by: tuple[Plugged, ...]
    unasked: tuple[str, ...]  # hypervisors that could not be looked at, and domains

    @property
    def _home(self) -> str:
        return f"{self.stack} ({self.held.holder})"

    def __str__(self) -> str:
        if not self.held_by:
            return f"{self.held.label} is new on {self._home}"
        there = ", ".join(f"{p.hypervisor} ({p.vm})" for p in self.held_by)
        return f"{self.held.label} moves from {there} to {self._home}"

    @property
    def waits_for(self) -> str:
        """What an up of all stacks does about it."""
        if self.unasked:
            return f"it is not plugged in while {', '.join(self.unasked)} cannot be asked"
        return "up --all lets it be released there first"

    @property
    def not_plugged(self) -> str:
        return f"{self.held.label} is not plugged in on {self._home}"


def held_twice(plans: Mapping[str, config.Plan]) -> list[str]:
    """Floats that two stacks hold, which one fleet file makes impossible; one line for each."""
    homes: dict[str, list[str]] = {}
    for stack, plan in plans.items():
        for held in plan.floats:
            homes.setdefault(f"{held.label} ({held.mac})", []).append(f"{stack} ({held.holder})")
    return [
        f"{label} is held on {' and on '.join(stacks)}: their files name different fleet files"
        for label, stacks in homes.items()
        if len(stacks) > 1
    ]


def gains(plans: Mapping[str, config.Plan], sight: Sight) -> list[Gain]:
    """The floats that must not be plugged in before another look.

    A float that its hypervisor has already is none of them, whoever else has it: there it is drift.
    """
    found = []
    for stack, plan in plans.items():
        for held in plan.floats:
            places = plugged(held.mac, sight)
            if any(p.hypervisor == stack for p in places):
                continue
            unasked = (*_unasked(stack, sight), *_unread(stack, sight))
            if places or unasked:
                found.append(Gain(stack, held, tuple(places), unasked))
    return found


def _unasked(stack: str, sight: Sight) -> tuple[str, ...]:
    return tuple(h for h, seen in sight.items() if isinstance(seen, OperatorError) and h != stack)


def _unread(stack: str, sight: Sight) -> tuple[str, ...]:
    return tuple(
        f"{u.name or 'the domains'} on {h}" for h, those in hidden(stack, sight).items() for u in those
    )


def why_not(gain: Gain, sight: Sight, failed: Sequence[str]) -> str:
    """Why the float may not be plugged in after the others' runs; empty if nothing speaks against it.

    ``sight`` is a fresh one; ``failed`` are the stacks whose run did not end well.
    """
    said = gain.not_plugged
    for hypervisor in _unasked(gain.stack, sight):
        return (
            f"{said}: {hypervisor} cannot be asked whether it still has {gain.held.mac}: {sight[hypervisor]}; "
            f"when you know that it has not: ./trop up {gain.stack}"
        )
    for hypervisor, those in hidden(gain.stack, sight).items():
        for each in those:
            if each.runs:
                return (
                    f"{said}: whether {each.name or 'a domain'} on {hypervisor} has {gain.held.mac} is not known: "
                    f"{each.line}; when you know that it has not: ./trop up {gain.stack}"
                )
    for place in plugged(gain.held.mac, sight):
        if place.hypervisor != gain.stack and place.up:
            why = "its run failed" if place.hypervisor in failed else "its run did not take it out"
            if place.saved:
                why = f"start it there, or give up what it had in memory: virsh managedsave-remove {place.vm}"
            has = "is saved with" if place.saved else "still has"
            return f"{said}: {place.vm} on {place.hypervisor} {has} {gain.held.mac} with its link up; {why}"
    return f"{said}: the stack's first run failed" if gain.stack in failed else ""

"""The impact of each change that an update of a domain makes, in words."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from provider.domain import amounts, diff
from provider.domain.changes import Plan
from provider.domain.given_up import given_up
from provider.domain.read import AMOUNTS, Domain
from provider.domain.seen import Ours
from provider.impact.allow import allowed
from provider.impact.kinds import Note
from provider.nic import nic
from provider.nic.plan import CONFIG, LIVE
from provider.resource import shape
from provider.storage import snapshots

_WHERE: Mapping[int, str] = {
    LIVE: "in the running guest",
    CONFIG: "in the persistent definition",
    LIVE | CONFIG: "in the running guest and in the persistent definition",
}


_COMES_BACK = " from its managed save image: it goes on where it was, with what it had"


def notes(plan: Plan, failed: Mapping[str, str], waited: Collection[str] = ()) -> Iterator[Note]:
    """A note for each change; ``failed``: amounts that the running guest has not taken, and why.

    ``waited``: the properties that waited for a restart before already.
    """
    yield from _amounts(plan, failed)
    added = [f"NIC {step.mac}" for step in plan.nics if step.action == "plug"]
    added += [f"disk {step.path}" for step in plan.disks if step.action == "plug"]
    if plan.seen.is_saved and not plan.brings_back and added:
        yield Note(
            "next boot",
            "",
            f"{plan.name} is saved, and its image has no {', '.join(added)}: the up after its start plugs it in",
        )
    for path in plan.changes:
        key = shape.top(path)
        if key in plan.keys and key not in AMOUNTS:
            saved = plan.seen.is_saved
            yield _staged(plan, path, key, amounts.SAVED if saved else "the guest was started otherwise")
        elif key in ("autostart", "title", "description", "metadata"):
            yield Note("live", path, f"{plan.name}: {key} is set; the guest sees nothing of it")
        elif key == "running" and plan.declared[key]:
            yield Note("live", path, f"{plan.name} is started{_COMES_BACK if plan.brings_back else ''}")
        elif key == "running":
            yield Note("restart", path, goes_down(plan.name, "stays off, as declared"))
    if plan.starts:
        yield Note("live", "restarting", f"{plan.name} is started: an allowed restart of it was cut off")
    elif plan.seen.marked:
        yield Note(
            "live", "restarting", f"the mark of a cut off restart of {plan.name} is removed, and nothing else"
        )
    if plan.restart:
        for key in waited:
            if key in plan.pending and key not in plan.keys:
                yield Note("restart", key, f"{plan.name} is shut down (ACPI) and started, and then has it")
    yield from _disks(plan)
    yield from _nics(plan)


def of_disks(uri: str, seen: Domain, declared: Ours) -> Iterator[str]:
    """What is upon the declared disks, or in their places, or is being done to them by another hand."""
    side = seen.now or seen.seen
    return snapshots.told(uri, seen.seen.name, side.chains, side.replaced, declared, seen.running)


def goes_down(name: str, then: str) -> str:
    """What is said of a guest that stops because that is declared; pulling the plug takes another word."""
    hard = ", hard where it does not (allowed)" if allowed(name, "restart") else ""
    return f"guest {name} is shut down (ACPI){hard}, and {then}"


def _amounts(plan: Plan, failed: Mapping[str, str]) -> Iterator[Note]:
    live = {step.key: step for step in plan.amounts}
    for key in AMOUNTS:
        step = live.get(key)
        if step is not None and key in failed:
            yield _staged(plan, key, key, failed[key], waits=True)
        elif step is not None:
            unit, how = (
                (" MiB", "by its balloon") if key == "memory" else ("", "the guest brings them online")
            )
            change = f"{plan.name}: {step.was:g} -> {step.wanted}{unit} while it runs ({how})"
            yield Note("live", key, change + _given_up(plan, key))
        elif key in plan.keys:
            why = plan.short.get(key) or amounts.why_not(key, plan.declared[key], plan.seen)
            yield _staged(plan, key, key, why)


def _staged(plan: Plan, path: str, key: str, why: str, waits: bool = False) -> Note:
    old, new = shape.at(plan.read, path), shape.at(plan.declared, path)
    change = f"{plan.name}: {diff.shown(old)} -> {diff.shown(new)}"
    if plan.restart and key in plan.pending:
        return Note("restart", path, f"{change}: it is shut down (ACPI) and started for it")
    if not waits and key not in plan.pending and plan.seen.now is not None:
        return Note("live", path, f"{change} in the persistent definition; the running guest has it so")
    because = f": {why}" if why else ""
    return Note(
        "next boot", path, f"{change} once it was shut down and started{because}{_given_up(plan, key)}"
    )


def _given_up(plan: Plan, key: str) -> str:
    lost = given_up(plan.seen.xml, plan.declared, {key}) if key in plan.keys else []
    return f"; its definition gives up {', '.join(lost)} for it" if lost else ""


def _disks(plan: Plan) -> Iterator[Note]:
    for index in plan.unknown_disks:
        why = plan.waiting.unknown
        where = ", in the persistent definition" if why else ""
        text = f"{plan.name}: a new disk is plugged in once its volume is there{where}"
        yield _at_once_or_waiting(plan, f"disks[{index}]", text, why)
    seen: dict[tuple[str, str], tuple[str, int]] = {}
    for step in plan.disks:
        _, flags = seen.get((step.action, step.path), ("", 0))
        seen[step.action, step.path] = step.target, flags | step.flags
    for (action, path), (target, flags) in seen.items():
        done = "plugged in" if action == "plug" else "unplugged"
        kept = "" if action == "plug" else "; the file stays as it is; unmount it inside before"
        text = f"{plan.name}: {target} {path} is {done} {_WHERE[flags]}{kept}"
        yield _at_once_or_waiting(
            plan, "disks", text, plan.waiting.disks.get(path, "") if action == "plug" else ""
        )


def _nics(plan: Plan) -> Iterator[Note]:
    found: dict[tuple[str, str, str], int] = {}
    for step in plan.nics:
        if step.action == "fence":
            continue  # a part of the unplugging
        place = nic.place_of(step.xml)
        was = place
        if step.action == "move" and step.nic is not None:
            group = nic.port_group(step.nic)
            was = step.nic.place + (f" (and out of its port group {group})" if group else "")
        text = {
            "plug": f"is plugged into {place}",
            "unplug": f"is unplugged from {place}, its link down until the guest has let go",
            "move": f"goes from {was} to {place}; the guest keeps its address until it asks for another",
            "link": f"has its link {'up' if step.nic is not None and step.nic.link == 'down' else 'down'}",
        }[step.action]
        found[step.action, step.mac, text] = found.get((step.action, step.mac, text), 0) | step.flags
    for (action, mac, text), flags in found.items():
        line = f"{plan.name}: NIC {mac} {text} ({_WHERE[flags]})"
        why = plan.waiting.nics.get(mac, "") if action == "plug" else ""
        yield _at_once_or_waiting(plan, "networkInterfaces", line, why)


def _at_once_or_waiting(plan: Plan, path: str, text: str, why: str) -> Note:
    """``why`` the running guest has no place for it; empty where it has."""
    if not why:
        return Note("live", path, text)
    if plan.restart:
        return Note("restart", path, f"{text}; the guest is shut down (ACPI) and started for it: {why}")
    return Note("next boot", path, f"{text}; the guest has it once it was shut down and started: {why}")

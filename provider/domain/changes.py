"""What an update of a domain does, found out before anything is done: refused, live, or at the guest's next start."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from provider.connection import api
from provider.domain import amounts as domain_amounts
from provider.domain import diff, new, next_start, room, stage, sweep
from provider.domain import disks as domain_disks
from provider.domain import read as domain_read
from provider.domain.read import disk_path
from provider.errors import Refused
from provider.host.definitions import both_xmls
from provider.host.disk_files import Chain
from provider.host.macs import same_mac
from provider.impact.allow import allowed
from provider.nic import plan as nic_plan
from provider.nic.refusals import require_networks
from provider.resource import saved, shape
from provider.resource.base import COMPUTED, Call, Kind, Props
from provider.storage import snapshots

_UNPLUGGABLE = "its bus cannot let go of it while the guest runs: needs a restart of the guest"
_BOOTS = "the guest boots from it: needs a restart of the guest"


@dataclass(frozen=True)
class Plan:
    """``read``: the declared properties as they are; ``changes`` to what is declared; ``keys``: those to be staged.

    ``pending``: what waits for the guest's next start once all is done; ``restart``: it is started anew for that.
    ``waiting``: disks and NICs that the running guest has no place for.
    """

    name: str
    declared: Props
    seen: domain_read.Domain
    read: Props
    changes: Mapping[str, Kind]
    keys: frozenset[str]
    amounts: Sequence[domain_amounts.Step] = ()
    disks: Sequence[domain_disks.Step] = ()
    nics: Sequence[nic_plan.Step] = ()
    # Amounts that the guest can't do with while it runs: why.
    short: Mapping[str, str] = field(default_factory=dict)
    pending: Sequence[str] = ()
    restart: bool = False
    starts: bool = False  # a restart was cut off while it was off, and its running is not declared
    unknown_disks: Sequence[int] = field(default=())  # places of disks that are not there yet at preview
    waiting: room.Waiting = field(default_factory=room.Waiting)

    @property
    def brings_back(self) -> bool:
        """Whether it is saved, and started: everything else is done once it runs."""
        return self.seen.is_saved and (self.starts or self.declared.get("running") is True)


def planned(call: Call, domain: api.Domain, news: Props, olds: Props) -> Plan:
    """`Refused` or `OperatorError` for what cannot be done; nothing is changed."""
    host, own = call.host, olds.get("own", {})
    declared = shape.known(news)
    read, seen = next_start.look(host, domain, declared, own)
    changes = diff.differences(read, declared, {}, sweep.network_name(host))
    keys = diff.to_stage(changes)
    plan = Plan(
        name=domain.name(),
        declared=declared,
        seen=seen,
        read=read,
        changes=changes,
        keys=keys,
        disks=disks(news, own, seen),
        nics=nics(call, domain, declared, own, seen),
        starts=seen.marked and not seen.running and "running" not in declared,
        unknown_disks=[i for i, d in enumerate(_entries(news)) if disk_path(d) is COMPUTED],
        waiting=room.waiting(news, seen),
    )
    _refuse(plan, own)
    _refuse_unplugging(call, plan, own)
    _refuse_saved(call, domain, plan)
    _require(call, domain, plan)
    if declared.get("running", seen.running) != seen.running:
        if declared["running"]:
            _doubt_start(call, domain, plan)
        return plan
    amounts = domain_amounts.steps(declared, seen, keys, olds.get("pendingRestart", ()))
    short = {s.key: why for s in amounts if (why := domain_amounts.cannot_do_with(domain, s, call.tell))}
    amounts = [step for step in amounts if step.key not in short]
    staged = next_start.awaited(host, domain_amounts.after(seen, amounts), declared, keys)
    pending = sorted({*staged, *plan.waiting.keys})
    plan = replace(plan, amounts=amounts, pending=pending, short=short)
    if not (pending and allowed(domain.name(), "restart")):
        return plan
    _refuse_losses(plan)
    _refuse_end(call, plan)
    return replace(plan, restart=True)


def but_known_disks(
    call: Call, id: str, changes: Mapping[str, Kind], news: Props, own: Props
) -> dict[str, Kind]:
    """But for disks that are the declared ones by what they stand on: an import has read the top files alone."""
    of_disks = [path for path in changes if shape.top(path) == "disks"]
    domain = call.host.domain_by_uuid(id) if of_disks and "imported" in own else None
    if domain is None or shape.unknown(news["disks"]):
        return dict(changes)
    wanted = {"disks": news["disks"]}
    read, _ = next_start.look(call.host, domain, wanted, own)
    return {path: kind for path, kind in changes.items() if path not in of_disks or read != wanted}


def disks(news: Props, own: Props, seen: domain_read.Domain) -> list[domain_disks.Step]:
    """Disks whose file only an `up` can tell are left to it, and so is whether they are one of before."""
    if "disks" not in news:
        return []
    paths = [disk_path(disk) for disk in _entries(news)]
    gone = () if COMPUTED in paths else own.get("disks", ())
    live = None if seen.now is None else seen.now.slots
    known = [p for p in paths if p is not COMPUTED]
    return domain_disks.plan(known, gone, live, seen.seen.slots, room.waiting(news, seen).disks)


def nics(
    call: Call, domain: api.Domain, declared: Props, own: Props, seen: domain_read.Domain
) -> list[nic_plan.Step]:
    if "networkInterfaces" not in declared:
        return []
    live, config = both_xmls(domain)
    wanted = new.wanted_nics(call.host, declared)
    waiting = room.waiting(declared, seen).nics
    return nic_plan.plan(wanted, own.get("macs", ()), live, config or seen.xml, waiting)


def _entries(news: Props) -> list[Props]:
    value = news.get("disks")
    return value if isinstance(value, list) else []


def _refuse(plan: Plan, own: Props) -> None:
    """Whatever can't be changed in place, all of it at once and by name."""
    unfit = stage.unfit(plan.seen.xml, plan.declared, plan.keys)
    phrases = diff.refused(plan.read, plan.declared, plan.changes, unfit)
    if "disks" in plan.declared:
        phrases += _disk_phrases(plan.declared, own, plan.seen)
    if phrases:
        raise Refused(f"domain {plan.name}: not done in place, and nothing was changed: {'; '.join(phrases)}")


def _refuse_unplugging(call: Call, plan: Plan, own: Props) -> None:
    """A disk goes with all that is written on it: not while that is in another file than the one that is declared."""
    side = plan.seen.now or plan.seen.seen
    wanted = {disk_path(disk) for disk in _entries(plan.declared)}
    gone = {path: place for path, place in own.get("places", {}).items() if path not in wanted}
    others = {each.path: each for each in snapshots.instead(side.slots, side.chains, gone)}
    leaving = {step.path: step.target for step in plan.disks if step.action == "unplug"}
    chains = {chain.target: chain for chain in side.chains}
    for path, target in {**leaving, **{path: each.target for path, each in others.items()}}.items():
        disk = chains.get(target, Chain(target, ""))
        why = snapshots.kept(call.host.uri, plan.name, disk, path, others.get(path), plan.seen.running)
        if why:
            raise Refused(f"domain {plan.name}: disk {path} is not unplugged, and nothing was changed: {why}")


def _refuse_saved(call: Call, domain: api.Domain, plan: Plan) -> None:
    """A saved guest comes back with the devices of its image: none may go meanwhile, nor be another's by then."""
    image = plan.seen.saved
    if image is None:
        return
    macs, files = {n.mac for n in image.nics}, set(image.disks)
    if plan.brings_back:
        has, uuid = sweep.everybody(call.host, call.tell), domain.UUIDString()
        written = set(has[uuid.lower()].files & files) if uuid.lower() in has else files
        new.refuse_taken(
            call.host.uri, has, f"domain {plan.name}, which is saved, is not started", macs, written, uuid
        )
        return
    kept = [f"NIC {step.mac}" for step in plan.nics if step.action == "unplug" and step.mac in macs]
    kept += [f"disk {step.path}" for step in plan.disks if step.action == "unplug" and step.path in files]
    if kept:
        raise saved.refusal(
            call.host.uri, plan.name, f"its image still has {', '.join(dict.fromkeys(kept))} as before"
        )


def _disk_phrases(declared: Props, own: Props, seen: domain_read.Domain) -> Iterator[str]:
    """Disks that are in the way of a declared one, and those that cannot go."""
    config = seen.seen.slots
    live = None if seen.now is None else seen.now.slots
    paths = [disk_path(disk) for disk in declared["disks"]]
    there = {path for _, path in (*config, *(live or ()))}
    boots = next((path for _, path in config), None)  # the first in the order of their names
    replaced = None
    for index, (path, disk) in enumerate(zip(paths, declared["disks"], strict=True)):
        other = domain_disks.blocked(path, live, config) if path not in seen.seen.disks else None
        if index == 0 and path not in there and boots is not None and boots not in paths:
            other = replaced = boots
        if other is not None:
            key = "volumeId" if "volumeId" in disk else "file"
            yield f"disks[{index}].{key} {other} -> {path} (needs a restart of the guest)"
    for target, path in config:
        if path not in own.get("disks", ()) or path in paths or path == replaced:
            continue
        if path == boots:
            yield f"disks: {path} -> none ({_BOOTS})"
        elif target.startswith("hd") and live is not None:
            yield f"disks: {path} -> none ({_UNPLUGGABLE})"


def _require(call: Call, domain: api.Domain, plan: Plan) -> None:
    """The networks, files and formats that new devices need; and that no other domain has the MAC or the file."""
    who = f"domain {domain.name()}"
    declared = plan.declared
    macs = {step.mac for step in plan.nics if step.action in ("plug", "move")}
    if macs:
        all_wanted = new.wanted_nics(call.host, declared)
        wanted = tuple(w for w in all_wanted if same_mac(w.mac) in macs)
        require_networks(call.host, who, wanted, call.tell)
    plugged = {same_mac(e["mac"]) for e in plan.read.get("networkInterfaces", ())}
    missing = {same_mac(e["mac"]) for e in declared.get("networkInterfaces", ())} - plugged
    paths = {step.path for step in plan.disks if step.action == "plug"}
    if missing or paths:
        new.refuse_taken(
            call.host.uri, sweep.everybody(call.host, call.tell), who, missing, paths, domain.UUIDString()
        )
    if paths:
        formats(call, plan.name, plan.disks)


def formats(call: Call, name: str, steps: Sequence[domain_disks.Step]) -> dict[str, str]:
    return {
        step.path: new.disk_format(call.host, name, step.path, call.tell)
        for step in steps
        if step.action == "plug"
    }


def _refuse_losses(plan: Plan) -> None:
    """A start takes everything that only the running guest has, also what nobody has declared."""
    config = set() if plan.seen.config is None else {n.mac for n in plan.seen.config}
    ours = {step.mac for step in plan.nics}
    lost = [f"NIC {n.mac}" for n in plan.seen.live or () if n.mac not in config | ours]
    if plan.seen.now is not None:
        gone_back = snapshots.lost_by_start(plan.seen.now.chains, plan.seen.seen.chains)
        kept = {*plan.seen.seen.disks, *(step.path for step in plan.disks)}
        lost += [f"disk {p}" for p in plan.seen.now.disks if p not in kept and p not in gone_back]
        lost += [f"{path} ({why})" for path, why in gone_back.items()]
        lost += snapshots.jobs(plan.seen.now.chains)
    if lost and plan.seen.config is not None:
        raise Refused(
            f"domain {plan.name}: is not restarted, and nothing was changed: only the running guest has "
            f"{', '.join(lost)}, and a start would lose it; put it into the persistent definition, or unplug it"
        )


def _after(plan: Plan) -> str:
    """The definition as it will be."""
    return stage.staged(plan.seen.xml, plan.declared, plan.keys)


def _refuse_end(call: Call, plan: Plan) -> None:
    """A guest that runs on what it could not be started with is not stopped."""
    found = next_start.hindrances(call.host, _after(plan), call.tell)
    if found:
        raise Refused(
            f"domain {plan.name}: is not restarted, and nothing was changed: it would not start again: "
            f"{'; '.join(found)}"
        )


def _doubt_start(call: Call, domain: api.Domain, plan: Plan) -> None:
    """The start is tried all the same: what was seen beforehand may be wrong, and stops nothing that runs."""
    saved.file_told(call.tell, domain, "its start without it makes it useless, for the disk goes on")
    for line in next_start.hindrances(call.host, _after(plan), call.tell):
        call.tell(f"{plan.name} is to be started, and will not start as it is: {line}")

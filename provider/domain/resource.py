"""``libvirt:index/domain:Domain``: a virtual machine, made once and then changed only as gently as it can be."""

from __future__ import annotations

from contextlib import AbstractContextManager
from functools import partial
from typing import ClassVar, Final

from provider.connection import api, errors, states
from provider.domain import amounts, apart, life, new, next_start, notes, pending, room, sweep
from provider.domain import changes as domain_changes
from provider.domain import diff as domain_diff
from provider.domain import disks as domain_disks
from provider.domain import read as domain_read
from provider.domain import schema as domain_schema
from provider.domain.changes import Plan
from provider.domain.read import as_read, imported, started_with_less
from provider.domain.seen import same_amount
from provider.errors import OperatorError, Refused
from provider.host.clock import Clock, SystemClock
from provider.host.others import Everybody, Has
from provider.impact.allow import allowed
from provider.nic import apply as nic_apply
from provider.nic.refusals import require_networks
from provider.resource import remedy, shape
from provider.resource.base import COMPUTED, Call, Checked, Diff, Found, Props, Resource
from provider.resource.mark import uuid_of
from provider.resource.names import UUID
from provider.resource.own import by_import, not_ours

TOKEN: Final = "libvirt:index/domain:Domain"


class Domain(Resource):
    token: ClassVar[str] = TOKEN
    schema = domain_schema.SCHEMA

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock = clock or SystemClock()

    def check(self, call: Call, olds: Props, news: Props) -> Checked:
        inputs = domain_schema.filled(call.urn, olds, news)
        return Checked(inputs, list(domain_schema.failures(inputs)))

    def diff(self, call: Call, id: str, olds: Props, old_inputs: Props, news: Props) -> Diff:
        name = sweep.network_name(call.host)
        own = olds.get("own", {})
        changes = domain_diff.differences(old_inputs, news, own, name)
        changes = domain_diff.beside_adopted(changes, news, own.get("adopted", {}))
        changes = domain_changes.but_known_disks(call, id, changes, news, own)
        changes |= apart.changes(changes, shape.known(news), own.get("apart", {}))
        drifted = {
            "persistent": olds.get("persistent") is False and not own.get("adopted", {}).get("transient"),
            "restarting": olds.get("restarting"),
            "pendingRestart": olds.get("pendingRestart") and allowed(str(news.get("name", "")), "restart"),
        }
        outputs = tuple(key for key, so in drifted.items() if so)
        return Diff({**changes, **dict.fromkeys(outputs, "update")}, output_paths=outputs)

    def create(self, call: Call, inputs: Props, preview: bool) -> tuple[str, Props]:
        uuid = uuid_of(call.urn)
        found = _own_or_free(call, uuid, inputs)
        if preview:
            _refuse_conflicts(call.host.uri, sweep.everybody(call.host, call.tell), inputs, uuid)
            _require_networks(call, shape.known(inputs))
            new.require_cpu(call.host, {"name": call.name, **shape.known(inputs)}, call.tell)
            call.host.made.domains.add(uuid)
            outputs = {**inputs, "state": COMPUTED, "persistent": True}
            return uuid if found else "", {**outputs, "own": domain_diff.owned(inputs)}
        with _claimed(call, uuid, inputs):
            found = _defined(call, uuid, inputs, found)
        _set_autostart(found, inputs)
        if inputs.get("running", True):
            self._start(call, found)
        return uuid, _outputs(call, found, inputs, inputs, domain_diff.owned(inputs))

    def read(self, call: Call, id: str, inputs: Props, outputs: Props) -> Found | None:
        by_name = not inputs and not UUID.fullmatch(id)  # an import may name it
        domain = call.host.domain_by_name(id) if by_name else call.host.domain_by_uuid(id)
        if domain is None:
            return None
        if not inputs:
            seen = sweep.observe(call.host, domain)
            read = imported(seen)
            found = domain_diff.owned(read)
            less = started_with_less(seen.seen) | ({"transient": True} if seen.config is None else {})
            own = domain_diff.owned_since_import(read, less, {key: found[key] for key in ("macs", "disks")})
            return Found(seen.seen.uuid, read, _outputs(call, domain, read, read, own, seen))
        if halted := states.halted(domain):
            way_out = remedy.goes_on(call.host.uri, domain.name(), halted)
            call.tell(f"guest {domain.name()} does not go on: it is {halted.said}; {way_out}")
        before = outputs.get("own", {})
        adopted = dict(before.get("adopted", {}))
        if domain.isPersistent():
            adopted.pop("transient", None)
        read, seen = next_start.look(call.host, domain, inputs, {**before, "adopted": adopted})
        adopted = domain_read.still_adopted(seen.seen, inputs, adopted)
        of_disks = notes.of_disks(call.host.uri, seen, next_start.ours(inputs, {}))
        for line in (*of_disks, *room.told(inputs, seen)):
            call.tell(line)
        waited = outputs.get("pendingRestart", ())
        own = domain_diff.owned_since_import(inputs, adopted, before.get("imported"))
        sides = apart.apart(seen, inputs, own, waited)
        read |= {
            key: now
            for key, (now, defined) in sides.get("amounts", {}).items()
            if same_amount(key, defined, inputs[key])
        }
        own |= {"apart": sides} if sides else {}
        after = _outputs(call, domain, read, inputs, own, seen)
        return Found(id, read, next_start.with_pending(after, apart.waits(seen, inputs, own, waited)))

    def update(
        self, call: Call, id: str, olds: Props, old_inputs: Props, news: Props, preview: bool
    ) -> Props:
        """Compares with what is there now, not with what was: the state may be older than the domain."""
        domain = _existing(call, id)
        own = olds.get("own", {})
        plan = domain_changes.planned(call, domain, news, olds)
        persistent = bool(domain.isPersistent())
        own_after = next_start.owned_after(news, own, plan.keys)
        if plan.brings_back:
            call.host.starting.add(domain.UUIDString())
        if preview:
            _note(call, plan, olds, {}, persistent)
            turns = plan.starts or plan.declared.get("running", plan.seen.running) != plan.seen.running
            state = COMPUTED if turns else states.word(domain)
            kept = {key: value for key, value in olds.items() if key != "restarting"}
            outputs = {**kept, **news, "state": state, "persistent": True, "own": own_after}
            return next_start.with_pending(outputs, [] if plan.restart else plan.pending)
        life.define_again(call.host, domain)
        if plan.brings_back:
            self._start(call, domain)
        next_start.stage(call.host, domain, plan.declared, plan.keys)
        _set_autostart(domain, plan.declared)
        self._mend(call, domain, plan, own)
        failed = self._resize(call, domain, plan)
        self._turn(call, domain, plan)
        _note(call, plan, olds, failed, persistent)
        return _outputs(call, domain, news, plan.declared, own_after)

    def delete(self, call: Call, id: str, outputs: Props) -> None:
        domain = call.host.domain_by_uuid(id)
        if domain is not None:
            life.refuse_under_snapshots(call.host, domain, outputs.get("own", {}))
            _note_removal(call, domain)
            life.shut_down(call.host.uri, domain, self._clock, call.timeout)
            life.undefine(domain)

    def refuse_delete(self, call: Call, id: str, outputs: Props) -> None:
        domain = call.host.domain_by_uuid(id)
        if domain is not None:
            life.refuse_under_snapshots(call.host, domain, outputs.get("own", {}))
            life.refuse_removal(call.host.uri, domain)
            _note_removal(call, domain)

    def _mend(self, call: Call, domain: api.Domain, plan: Plan, own: Props) -> None:
        """Texts, disks and NICs, each only where it differs; what waits for the guest comes last."""
        declared = plan.declared
        seen = sweep.observe(call.host, domain, plan.seen.ours)
        read = as_read(declared, seen, sweep.network_name(call.host))
        for key in life.TEXTS:
            if key in declared and read.get(key) != declared[key]:
                life.set_text(domain, key, declared[key])
        if "metadata" in declared and read.get("metadata") != declared["metadata"]:
            life.set_metadata(domain, declared["metadata"])
        disks = domain_changes.disks(declared, own, seen)
        plugs = [step for step in disks if step.action == "plug"]
        slots = partial(sweep.slots, call.host, ours=plan.seen.ours)
        formats = domain_changes.formats(call, plan.name, plugs)
        domain_disks.perform(domain, plugs, formats, slots, self._clock)
        steps = domain_changes.nics(call, domain, declared, own, seen)
        nic_apply.perform(domain, steps, self._clock, call.timeout)
        unplugs = [step for step in disks if step.action == "unplug"]
        domain_disks.perform(domain, unplugs, {}, slots, self._clock, call.timeout)

    def _resize(self, call: Call, domain: api.Domain, plan: Plan) -> dict[str, str]:
        """Amounts that the running guest has not taken, and why: it gets them at its next start."""
        results = {step.key: amounts.perform(domain, step, self._clock, call.tell) for step in plan.amounts}
        return {key: why for key, why in results.items() if why}

    def _start(self, call: Call, domain: api.Domain) -> None:
        if not domain.isActive():
            call.host.started.add(domain.UUIDString())
        life.start(call.host.uri, domain, self._clock)

    def _turn(self, call: Call, domain: api.Domain, plan: Plan) -> None:
        if plan.restart:
            life.restart(call.host.uri, domain, self._clock, call.timeout)
            call.host.started.add(domain.UUIDString())
        elif plan.starts or plan.declared.get("running") is True:
            self._start(call, domain)
        elif plan.declared.get("running") is False:
            life.shut_down(call.host.uri, domain, self._clock, call.timeout)
        if plan.seen.marked and not plan.restart:
            life.unmark(domain)


def _note(call: Call, plan: Plan, olds: Props, failed: dict[str, str], persistent: bool) -> None:
    if not persistent:
        call.note("live", "persistent", f"{plan.name} is defined again, as it runs")
    for note in notes.notes(plan, failed, olds.get("pendingRestart", ())):
        call.note(note.impact, note.path, note.text)


def _note_removal(call: Call, domain: api.Domain) -> None:
    if domain.isActive():
        call.note("restart", "", notes.goes_down(domain.name(), "is removed; its disks are not touched"))
    elif states.is_saved(domain):
        what = "which is saved, is removed, and what it had in memory is lost (allowed); its disks are not touched"
        call.note("restart", "", f"{domain.name()}, {what}")
    else:
        call.note("live", "", f"{domain.name()}, which is shut off, is removed; its disks are not touched")


def _own_or_free(call: Call, uuid: str, inputs: Props) -> api.Domain | None:
    """Our own domain of this URN from an earlier, killed create; None when the name is free; else an error."""
    named = call.host.domain_by_name(str(inputs["name"]))
    if named is not None and named.UUIDString().lower() != uuid:
        raise not_ours(call, TOKEN, f"domain {inputs['name']}", named.UUIDString())
    own = call.host.domain_by_uuid(uuid)
    if own is not None and own.name() != inputs["name"]:
        raise Refused(
            f"domain {own.name()} was made by an earlier create of {call.name}, which now is to be named "
            f"{inputs['name']}; to go on with it, name it {own.name()} again, or {by_import(call.urn, TOKEN, uuid)}"
        )
    return own


def _claimed(call: Call, uuid: str, inputs: Props) -> AbstractContextManager[None]:
    """No other new domain gets its MACs and disks meanwhile; `Refused` when another domain has one of them."""
    owned = domain_diff.owned(inputs)
    has = Has(str(inputs["name"]), frozenset(owned["macs"]), frozenset(owned["disks"]))
    return call.host.others.claimed(
        uuid,
        has,
        lambda: sweep.everybody(call.host, call.tell),
        lambda everybody: _refuse_conflicts(call.host.uri, everybody, inputs, uuid),
    )


def _refuse_conflicts(uri: str, everybody: Everybody, inputs: Props, uuid: str) -> None:
    """MACs and disks that another domain has; what is not known at preview is left to the `up`."""
    owned, who = domain_diff.owned(inputs), f"domain {inputs['name']}"
    paths = {path for path in owned["disks"] if path is not COMPUTED}
    new.refuse_taken(uri, everybody, who, set(owned["macs"]), paths, uuid)


def _defined(call: Call, uuid: str, inputs: Props, found: api.Domain | None) -> api.Domain:
    """Also over one of our own that a killed create has left without starting it: nothing runs in it."""
    if found is not None and found.isActive():
        life.define_again(call.host, found)
        return found
    who, xml = f"domain {inputs['name']}", new.definition(call.host, uuid, inputs, call.tell)
    _require_networks(call, inputs)
    try:
        return call.host.conn.defineXML(xml)
    except errors.VirtError as error:
        raise OperatorError(f"{who} is not defined: {errors.said(error)}") from error


def _require_networks(call: Call, inputs: Props) -> None:
    who, nics = f"domain {inputs.get('name', call.name)}", new.wanted_nics(call.host, inputs)
    require_networks(call.host, who, nics, call.tell)


def _existing(call: Call, id: str) -> api.Domain:
    domain = call.host.domain_by_uuid(id)
    if domain is None:
        raise OperatorError(
            f"domain {id} of {call.name} is gone from {call.host.uri}; refresh, then run this again"
        )
    return domain


def _set_autostart(domain: api.Domain, inputs: Props) -> None:
    if "autostart" in inputs and bool(domain.autostart()) != inputs["autostart"]:
        domain.setAutostart(int(inputs["autostart"]))


def _outputs(
    call: Call,
    domain: api.Domain,
    inputs: Props,
    declared: Props,
    own: Props,
    seen: domain_read.Domain | None = None,
) -> Props:
    """What libvirt says of it, beside the inputs as they are; ``declared``: what may wait for a restart."""
    seen = seen or sweep.observe(call.host, domain, next_start.ours(declared, own))
    said = {"type": seen.seen.type, "machine": seen.seen.machine, "emulator": seen.seen.emulator}
    outputs = {
        **{key: value for key, value in said.items() if value is not None},
        **inputs,
        "state": states.word(domain),
        "persistent": bool(domain.isPersistent()),
        **({"restarting": True} if seen.marked else {}),
        "own": domain_diff.placed(own, seen.seen.slots, inputs),
    }
    return next_start.with_pending(outputs, pending.pending(declared, seen))

"""``libvirt:index/domain:Domain``: a virtual machine, made once and then changed only as gently as it can be."""

from __future__ import annotations

import re
from typing import ClassVar, Final

from provider.errors import OperatorError, Refused
from provider.resources import domain_diff, domain_next, domain_schema
from provider.resources.base import COMPUTED, Call, Checked, Diff, Found, Props, Resource
from provider.resources.own import not_ours
from provider.virt import (
    api,
    domain_life,
    domain_new,
    domain_pending,
    domain_read,
    domain_stage,
    domain_sweep,
    errors,
    nic,
    nic_apply,
    nic_plan,
)
from provider.virt.domain_read import as_read, disk_path, imported, started_with_less
from provider.virt.mark import uuid_of

TOKEN: Final = "libvirt:index/domain:Domain"
_UUID: Final = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


class Domain(Resource):
    token: ClassVar[str] = TOKEN
    schema = domain_schema.SCHEMA

    def __init__(self, clock: nic_apply.Clock | None = None) -> None:
        self._clock = clock or nic_apply.SystemClock()

    def check(self, call: Call, olds: Props, news: Props) -> Checked:
        inputs = domain_schema.filled(call.urn, olds, news)
        return Checked(inputs, list(domain_schema.failures(inputs)))

    def diff(self, call: Call, id: str, olds: Props, old_inputs: Props, news: Props) -> Diff:
        name = domain_sweep.network_name(call.host)
        changes = domain_diff.differences(old_inputs, news, olds.get("own", {}), name)
        if olds.get("persistent") is False:
            changes["persistent"] = "update"
            return Diff(changes, output_paths=("persistent",))
        return Diff(changes)

    def create(self, call: Call, inputs: Props, preview: bool) -> tuple[str, Props]:
        uuid = uuid_of(call.urn)
        found = _own_or_free(call, uuid, inputs)
        _refuse_conflicts(call, inputs, {uuid})
        if preview:
            outputs = {**inputs, "hostUuid": call.host.uuid, "state": COMPUTED, "persistent": True}
            return uuid if found else "", {**outputs, "own": domain_diff.owned(inputs)}
        if found is None or not found.isActive():
            # Also over one of our own that a killed create has left without starting it: nothing runs in it.
            xml = domain_new.definition(call.host, uuid, inputs)
            domain_new.require_networks(
                call.host, f"domain {inputs['name']}", domain_new.wanted_nics(call.host, inputs)
            )
            found = _define(call, str(inputs["name"]), xml)
        elif not found.isPersistent():
            domain_life.define_again(call.host, found)
        _set_autostart(found, inputs)
        if inputs.get("running", True):
            domain_life.start(found, self._clock)
        return uuid, _outputs(call, found, inputs, inputs)

    def read(self, call: Call, id: str, inputs: Props, outputs: Props) -> Found | None:
        by_name = not inputs and not _UUID.fullmatch(id)  # an import may name it
        domain = call.host.domain_by_name(id) if by_name else call.host.domain_by_uuid(id)
        if domain is None:
            return None
        if not inputs:
            seen = domain_sweep.observe(call.host, domain)
            read = imported(seen)
            own = domain_diff.owned({}, started_with_less(seen.seen))
            return Found(seen.seen.uuid, read, {**_outputs(call, domain, read, read), "own": own})
        adopted = outputs.get("own", {}).get("adopted", {})
        read, _ = domain_next.look(call.host, domain, inputs, adopted)
        own = domain_diff.owned(inputs, adopted)
        return Found(id, read, {**_outputs(call, domain, read, inputs), "own": own})

    def update(
        self, call: Call, id: str, olds: Props, old_inputs: Props, news: Props, preview: bool
    ) -> Props:
        """Compares with what is there now, not with what was: the state may be older than the domain."""
        domain = _existing(call, id)
        declared = domain_diff.known(news)
        own = olds.get("own", {})
        seen, keys = _refuse_changes(call, domain, declared, own)
        own_after = domain_next.owned_after(news, own, keys)
        if preview:
            turns = declared.get("running", seen.running) != seen.running
            state = COMPUTED if turns else domain_sweep.state(domain)
            outputs = {**olds, **news, "state": state, "persistent": True, "own": own_after}
            awaited = [] if turns else domain_next.awaited(call.host, seen, declared, keys)
            return domain_next.with_pending(outputs, awaited)
        domain_life.define_again(call.host, domain)
        domain_next.stage(call.host, domain, declared, keys)
        _set_autostart(domain, declared)
        self._mend(call, domain, declared, own)
        if declared.get("running") is True:
            domain_life.start(domain, self._clock)
        elif declared.get("running") is False:
            domain_life.shut_down(domain, self._clock, call.timeout)
        return {**_outputs(call, domain, news, declared), "own": own_after}

    def delete(self, call: Call, id: str, outputs: Props) -> None:
        domain = call.host.domain_by_uuid(id)
        if domain is not None:
            domain_life.shut_down(domain, self._clock, call.timeout)
            domain_life.undefine(domain)

    def _mend(self, call: Call, domain: api.Domain, declared: Props, own: Props) -> None:
        """Description, metadata and NICs, each only where it differs."""
        seen = domain_sweep.observe(call.host, domain)
        read = as_read(declared, seen, domain_sweep.network_name(call.host))
        if "description" in declared and read.get("description") != declared["description"]:
            domain_life.set_description(domain, declared["description"])
        if "metadata" in declared and read.get("metadata") != declared["metadata"]:
            domain_life.set_metadata(domain, declared["metadata"])
        if "networkInterfaces" in declared:
            wanted = domain_new.wanted_nics(call.host, declared)
            live, config = nic_apply.both_xmls(domain)
            steps = nic_plan.plan(wanted, own.get("macs", ()), live, config)
            nic_apply.perform(domain, steps, self._clock, call.timeout)


def _own_or_free(call: Call, uuid: str, inputs: Props) -> api.Domain | None:
    """Our own domain of this URN from an earlier, killed create; None when the name is free; else an error."""
    named = call.host.domain_by_name(str(inputs["name"]))
    if named is not None and named.UUIDString().lower() != uuid:
        raise not_ours(call, TOKEN, f"domain {inputs['name']}", named.UUIDString())
    own = call.host.domain_by_uuid(uuid)
    if own is not None and own.name() != inputs["name"]:
        raise Refused(
            f"domain {own.name()} was made by an earlier create of {call.name}, which now is to be named "
            f"{inputs['name']}; to go on with it: pulumi import {TOKEN} {call.name} {uuid}"
        )
    return own


def _refuse_conflicts(call: Call, inputs: Props, own: set[str]) -> None:
    """MACs and disks that another domain has; what is not known at preview is left to the `up`."""
    owned = domain_diff.owned(inputs)
    who = f"domain {inputs['name']}"
    if owned["macs"]:
        domain_new.refuse_taken_macs(call.host, who, set(owned["macs"]), own)
    paths = {path for path in owned["disks"] if path is not COMPUTED}
    if paths:
        domain_new.refuse_taken_disks(call.host, who, paths, own)


def _define(call: Call, name: str, xml: str) -> api.Domain:
    try:
        return call.host.conn.defineXML(xml)
    except errors.VirtError as error:
        raise OperatorError(f"domain {name} is not defined: {errors.said(error)}") from error


def _existing(call: Call, id: str) -> api.Domain:
    domain = call.host.domain_by_uuid(id)
    if domain is None:
        raise OperatorError(
            f"domain {id} of {call.name} is gone from {call.host.uri}; refresh, then run this again"
        )
    return domain


def _refuse_changes(
    call: Call, domain: api.Domain, declared: Props, own: Props
) -> tuple[domain_read.Domain, frozenset[str]]:
    """Whatever can't be changed in place, by name; and a new NIC's MAC that another domain has.

    What the domain is like, and which properties its guest gets at its next start.
    """
    read, seen = domain_next.look(call.host, domain, declared, own.get("adopted", {}))
    changes = domain_diff.differences(read, declared, {}, domain_sweep.network_name(call.host))
    keys = domain_diff.to_stage(changes)
    phrases = domain_diff.refused(read, declared, changes, domain_stage.unfit(seen.xml, declared, keys))
    still = {disk_path(disk) for disk in declared.get("disks", ())}
    phrases += [
        f"disks: {path} -> none (needs a restart of the guest)"
        for path in own.get("disks", ())
        if "disks" in declared and path not in still and path in seen.seen.disks
    ]
    if phrases:
        raise Refused(
            f"domain {domain.name()}: not done in place yet, and nothing was changed: {'; '.join(phrases)}"
        )
    plugged = {nic.same_mac(e["mac"]) for e in read.get("networkInterfaces", ())}
    missing = set(domain_diff.owned(declared)["macs"]) - plugged
    if missing:
        domain_new.refuse_taken_macs(call.host, f"domain {domain.name()}", missing, {domain.UUIDString()})
    return seen, keys


def _set_autostart(domain: api.Domain, inputs: Props) -> None:
    if "autostart" in inputs and bool(domain.autostart()) != inputs["autostart"]:
        domain.setAutostart(int(inputs["autostart"]))


def _outputs(call: Call, domain: api.Domain, inputs: Props, declared: Props) -> Props:
    """What libvirt says of it, beside the inputs as they are; ``declared``: what may wait for a restart."""
    seen = domain_sweep.observe(call.host, domain)
    said = {"type": seen.seen.type, "machine": seen.seen.machine, "emulator": seen.seen.emulator}
    outputs = {
        **{key: value for key, value in said.items() if value is not None},
        **inputs,
        "hostUuid": call.host.uuid,
        "state": domain_sweep.state(domain),
        "persistent": bool(domain.isPersistent()),
        "own": domain_diff.owned(inputs),
    }
    return domain_next.with_pending(outputs, domain_pending.pending(declared, seen))

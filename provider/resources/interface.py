"""``libvirt:index/interface:Interface``: a NIC with a life of its own, plugged into a domain while it runs.

Matched by MAC.  It is plugged in exactly once, in the running guest and in the persistent definition; copies of it and
forbidden MACs on its domain are drift.  Every other NIC of the domain is somebody else's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, ClassVar, Final

from provider.errors import OperatorError, Refused
from provider.resources import shape
from provider.resources.base import COMPUTED, Call, Checked, Diff, Failure, Found, Props, Resource
from provider.resources.domain_schema import mac_failure
from provider.virt import api, domain_new, nic, nic_apply, nic_plan
from provider.virt.nic import Nic, Wanted

_STRING: Final = {"type": "string"}
_BOOLEAN: Final = {"type": "boolean"}
_STRINGS: Final = {"type": "array", "items": _STRING}

INPUTS: Final[Mapping[str, Any]] = {
    "domain": {
        **_STRING,
        "description": "UUID of the domain; another one moves the NIC there, make before break.",
    },
    "network": {**_STRING, "description": "Name of the network."},
    "mac": {**_STRING, "description": "What the NIC is known by: no other domain of the host may have it."},
    "model": {**_STRING, "description": "virtio for a new NIC that does not say."},
    "link": {**_STRING, "description": "up or down; left as it is when not declared."},
    "forbiddenMacs": {
        **_STRINGS,
        "description": "NICs with one of these MACs are unplugged from the domain.",
    },
}


class Interface(Resource):
    token: ClassVar[str] = "libvirt:index/interface:Interface"
    schema: ClassVar[Mapping[str, Any]] = {
        "description": "A NIC of a domain that comes and goes while the guest runs.",
        "inputProperties": INPUTS,
        "requiredInputs": ["domain", "network", "mac"],
        "properties": {
            **INPUTS,
            "hostUuid": _STRING,
            "alias": {
                **_STRING,
                "description": "libvirt's name of the NIC; ua-… for one that this provider made.",
            },
            "target": {**_STRING, "description": "The host's end of it (vnet7) while the guest runs."},
            "holder": {**_STRING, "description": "Name of the domain."},
            "live": {**_BOOLEAN, "description": "Whether the running guest has it."},
            "persistent": {**_BOOLEAN, "description": "Whether the persistent definition has it."},
            "extra": {
                **_STRINGS,
                "description": "Drift: what is plugged in too often, not at all, or must not be.",
            },
        },
        "required": ["domain", "network", "mac", "hostUuid", "holder", "live", "persistent", "extra"],
    }

    def __init__(self, clock: nic_apply.Clock | None = None) -> None:
        self._clock = clock or nic_apply.SystemClock()

    def check(self, call: Call, olds: Props, news: Props) -> Checked:
        return Checked(news, list(_failures(news)))

    def diff(self, call: Call, id: str, olds: Props, old_inputs: Props, news: Props) -> Diff:
        old, new = _comparable(old_inputs), _comparable(news)
        # What is not declared any more is left as it is; only forbiddenMacs says something by its absence.
        compared = {k: v for k, v in old.items() if k in new or k == "forbiddenMacs"}
        changes = shape.changed(compared, new)
        if olds.get("extra"):
            return Diff({**changes, "extra": "update"}, output_paths=("extra",))
        return Diff(changes)

    def create(self, call: Call, inputs: Props, preview: bool) -> tuple[str, Props]:
        if preview and inputs["domain"] is COMPUTED:
            _refuse_taken(call, inputs, set())
            return "", _unknown(call, inputs)
        domain = _domain(call, inputs["domain"])
        _refuse_taken(call, inputs, {inputs["domain"]})
        _refuse_other_place(domain, inputs)
        if preview:
            return "", _unknown(call, inputs)
        self._settle(call, domain, inputs)
        return _id(inputs), _outputs(call, domain, inputs)

    def read(self, call: Call, id: str, inputs: Props, outputs: Props) -> Found | None:
        """``outputs`` tell where it was last: a move keeps the ID that it was created with."""
        uuid, _, mac = id.partition("/")
        domain = call.host.domain_by_uuid(str(outputs.get("domain", inputs.get("domain", uuid))))
        if domain is None:
            return None
        live, config = nic_apply.both_xmls(domain)
        mine = [
            n
            for xml in (config, live)
            for n in nic.nics(xml)
            if n.mac == nic.same_mac(inputs.get("mac", mac))
        ]
        if not mine:
            return None
        if not inputs:
            read = {"domain": domain.UUIDString(), "network": mine[0].network or "", "mac": mine[0].mac}
            return Found(f"{read['domain']}/{mine[0].mac}", read, _outputs(call, domain, read))
        read = _as_read(inputs, mine, domain.UUIDString())
        return Found(id, read, {**_outputs(call, domain, inputs), **read})

    def update(
        self, call: Call, id: str, olds: Props, old_inputs: Props, news: Props, preview: bool
    ) -> Props:
        if preview and news["domain"] is COMPUTED:
            return {**olds, **_unknown(call, news)}
        before = str(olds.get("domain", old_inputs["domain"]))
        domain = _domain(call, news["domain"])
        _refuse_changed(old_inputs, news)
        _refuse_taken(call, news, {news["domain"], before})
        _refuse_other_place(domain, news)
        if preview:
            return {**olds, **news, "extra": []}
        source = call.host.domain_by_uuid(before) if not _same_uuid(before, news["domain"]) else None
        if source is not None:
            self._move(call, source, domain, news)
        else:
            self._settle(call, domain, news)
        return _outputs(call, domain, news)

    def delete(self, call: Call, id: str, outputs: Props) -> None:
        uuid, _, mac = id.partition("/")
        domain = call.host.domain_by_uuid(outputs.get("domain", uuid))
        if domain is not None:
            self._remove(call, domain, outputs.get("mac", mac))

    def _settle(self, call: Call, domain: api.Domain, inputs: Props) -> None:
        """Make the domain's NICs as declared; what is so already is not touched."""
        wanted = _wanted(inputs)
        domain_new.require_networks(call.host, f"NIC {inputs['mac']}", (wanted,))
        live, config = nic_apply.both_xmls(domain)
        steps = nic_plan.plan([wanted], inputs.get("forbiddenMacs", ()), live, config)
        nic_apply.perform(domain, steps, self._clock, call.timeout)

    def _move(self, call: Call, source: api.Domain, target: api.Domain, inputs: Props) -> None:
        """Plug in at the new domain with the link down, switch the links, unplug at the old one.

        Never two links up with one MAC, and done again from wherever an earlier attempt was cut off.
        """
        mac = nic.same_mac(inputs["mac"])
        there = [n for xml in nic_apply.both_xmls(source) for n in nic.nics(xml) if n.mac == mac]
        if any(n.link == "up" for n in there):
            self._settle(call, target, {**inputs, "link": "down"})
            self._switch_existing(source, replace(_wanted(inputs), link="down"))
        self._settle(call, target, {**inputs, "link": inputs.get("link", "up")})
        self._remove(call, source, inputs["mac"])

    def _switch_existing(self, domain: api.Domain, wanted: Wanted) -> None:
        """Switch links where the NIC is, and plug nothing in where it is not."""
        live, config = nic_apply.both_xmls(domain)
        steps = [s for s in nic_plan.plan([wanted], (), live, config) if s.action in ("fence", "link")]
        nic_apply.perform(domain, steps, self._clock)

    def _remove(self, call: Call, domain: api.Domain, mac: str) -> None:
        live, config = nic_apply.both_xmls(domain)
        nic_apply.perform(domain, nic_plan.plan([], [mac], live, config), self._clock, call.timeout)


def _failures(inputs: Props) -> Iterator[Failure]:
    yield from mac_failure("mac", inputs["mac"])
    for index, mac in enumerate(inputs.get("forbiddenMacs", ())):
        wrong = list(mac_failure(f"forbiddenMacs[{index}]", mac))
        yield from wrong
        if (
            not wrong
            and COMPUTED not in (mac, inputs["mac"])
            and nic.same_mac(mac) == nic.same_mac(inputs["mac"])
        ):
            yield Failure(f"forbiddenMacs[{index}]", f"{mac} is the MAC of this interface itself")
    if inputs.get("link", "up") not in ("up", "down", COMPUTED):
        yield Failure("link", f'must be "up" or "down", not "{inputs["link"]}"')


def _comparable(inputs: Props) -> Props:
    """MACs as values, and forbidden ones as a set."""
    plain = dict(inputs)
    if isinstance(plain.get("mac"), str):
        plain["mac"] = nic.same_mac(plain["mac"])
    if isinstance(plain.get("domain"), str):
        plain["domain"] = plain["domain"].lower()
    forbidden = plain.get("forbiddenMacs")
    if isinstance(forbidden, list) and COMPUTED not in forbidden:
        plain["forbiddenMacs"] = sorted({nic.same_mac(mac) for mac in forbidden})
    return plain


def _wanted(inputs: Props) -> Wanted:
    return Wanted(
        mac=inputs["mac"],
        network=inputs["network"],
        model=inputs.get("model", nic.DEFAULT_MODEL),
        link=inputs.get("link"),
    )


def _as_read(inputs: Props, mine: list[Nic], domain: str) -> Props:
    """The declared keys with what the NIC has; where running guest and definition differ, what is not as declared."""
    read = dict(inputs)
    if not _same_uuid(inputs["domain"], domain):
        read["domain"] = domain
    read["network"] = next(
        (n.network or n.place for n in mine if n.network != inputs["network"]), inputs["network"]
    )
    for key in ("model", "link"):
        if key in inputs:
            there = [getattr(n, key) for n in mine]
            read[key] = next((value for value in there if value != inputs[key]), inputs[key])
    return read


def _outputs(call: Call, domain: api.Domain, inputs: Props) -> Props:
    live, config = nic_apply.both_xmls(domain)
    mac = nic.same_mac(inputs["mac"])
    here = [[n for n in nic.nics(xml) if n.mac == mac] for xml in (live, config)]
    mine = [n for side in here for n in side]
    said = {
        "alias": next((n.alias for n in mine if n.alias is not None), None),
        "target": next((n.target for n in here[0] if n.target is not None), None),
    }
    return {
        **inputs,
        **{key: value for key, value in said.items() if value is not None},
        "hostUuid": call.host.uuid,
        "holder": domain.name(),
        "live": bool(here[0]),
        "persistent": bool(here[1]),
        "extra": nic_plan.drift([_wanted(inputs)], inputs.get("forbiddenMacs", ()), live, config),
    }


def _unknown(call: Call, inputs: Props) -> Props:
    known = {"hostUuid": call.host.uuid, "alias": nic.alias_for(inputs["mac"]), "extra": []}
    return {**inputs, **known, "target": COMPUTED, "holder": COMPUTED, "live": COMPUTED, "persistent": True}


def _id(inputs: Props) -> str:
    return f"{inputs['domain']}/{nic.same_mac(inputs['mac'])}"


def _domain(call: Call, uuid: str) -> api.Domain:
    domain = call.host.domain_by_uuid(uuid)
    if domain is None:
        raise OperatorError(f"{call.name}: there is no domain {uuid} on {call.host.uri}")
    return domain


def _same_uuid(one: str, other: str) -> bool:
    return one.lower() == other.lower()


def _refuse_taken(call: Call, inputs: Props, own: set[str]) -> None:
    if inputs["mac"] is not COMPUTED:
        domain_new.refuse_taken_macs(call.host, f"NIC {inputs['mac']}", {inputs["mac"]}, own)


def _refuse_other_place(domain: api.Domain, inputs: Props) -> None:
    """A NIC with this MAC that is on another network: taking it off there is an outage for the guest."""
    if COMPUTED in (inputs["network"], inputs["mac"]):
        return
    wanted = _wanted(inputs)
    for xml in nic_apply.both_xmls(domain):
        mine = [n for n in nic.nics(xml) if n.mac == nic.same_mac(wanted.mac)]
        if mine and not any(n.is_on(wanted) for n in mine):
            raise Refused(
                f"NIC {wanted.mac} of domain {domain.name()}: network {mine[0].place} -> {wanted.network} is not done "
                "in place yet, and nothing was changed; it takes the guest off its network"
            )


def _refuse_changed(old: Props, new: Props) -> None:
    if nic.same_mac(old["mac"]) != nic.same_mac(new["mac"]):
        raise Refused(
            f"NIC {old['mac']}: mac {old['mac']} -> {new['mac']} is another NIC, and is not done in place; "
            "give it a resource of its own, and remove this one"
        )
    for key, default in (("model", nic.DEFAULT_MODEL), ("network", None)):
        if key in new and old.get(key, default) != new[key]:
            raise Refused(
                f"NIC {new['mac']}: {key} {old.get(key, default)} -> {new[key]} is not done in place yet, and nothing "
                "was changed; it takes the guest off its network"
            )

"""Networks: DHCP and DNS change while guests are plugged in; the rest is staged, and waits for a restart.

The restart is the operator's to allow, for one run: guests are cut off for as long as it takes.
"""

from __future__ import annotations

from provider.connection import api
from provider.errors import OperatorError, Refused
from provider.host import kernel
from provider.impact.allow import allowed
from provider.network import diff as network_diff
from provider.network import leases, rules, startable, tell
from provider.network.bring import as_seen, bring, verify
from provider.network.change import fresh, waits_now
from provider.network.host import check_host, plugged, sides
from provider.network.replug import left_aside, unplugged
from provider.network.schema import SCHEMA
from provider.network.seen import declarable, view
from provider.network.startable import Start
from provider.resource import shape
from provider.resource.base import COMPUTED, Call, Checked, Diff, Found, Kind, Props, Resource
from provider.resource.mark import uuid_of
from provider.resource.own import check_uuid, macs_of, named, not_ours, remove, there

# Outputs that the next update mends when they are not as here.
_STATES: dict[str, object] = {"active": True, "persistent": True, "unplugged": []}
_OTHER = "otherLeases"
_WAITS, _LEFT = "pendingRestart", "leftOver"  # there only while there are any
# of what an import reads: not worth declaring, or not to be declared
_NOTHING: tuple[object, ...] = ([], {"enabled": False})
_CHOSEN = ("mode", "bridge", "mac")  # what libvirt, or its default, says where nothing is declared


class Network(Resource):
    token = "libvirt:index/network:Network"
    schema = SCHEMA

    def __init__(self, look: kernel.Look = kernel.look) -> None:
        self._look = look

    def check(self, call: Call, olds: Props, news: Props) -> Checked:
        inputs = named(call, olds, news)
        return Checked(inputs, rules.failures(inputs))

    def diff(self, call: Call, id: str, olds: Props, old_inputs: Props, news: Props) -> Diff:
        drifted: dict[str, Kind] = {
            key: "update" for key, good in _STATES.items() if olds.get(key, good) != good
        }
        name = olds.get("name", news.get("name"))
        if olds.get(_LEFT):
            drifted[_LEFT] = "delete"
        if olds.get(_WAITS) and isinstance(name, str) and allowed(name, "network outage"):
            drifted[_WAITS] = "delete"
        return Diff({**network_diff.changes(old_inputs, news), **drifted}, drifted)

    def create(self, call: Call, inputs: Props, preview: bool) -> tuple[str, Props]:
        uuid, wanted = uuid_of(call.urn), {"mode": "nat", **inputs}
        existing = None if wanted["name"] is COMPUTED else call.host.network_by_name(wanted["name"])
        if existing is not None and existing.UUIDString() != uuid:
            raise not_ours(call, self.token, f"network {wanted['name']}", existing.UUIDString())
        check_host(call.host, wanted, uuid, call.tell)
        if existing is None:
            startable.check(call, self._look, Start.of(fresh(shape.known(wanted), uuid)))
        if preview:
            call.host.made.networks.update((wanted["name"], uuid))
            made = ["bridge"] if wanted["mode"] == "bridge" else ["bridge", "mac"]
            return "", {**dict.fromkeys(made, COMPUTED), **wanted, **_STATES, _OTHER: {}}
        if existing is None:
            self._make(call, wanted, uuid)
        else:
            bring(call, existing, wanted, restyled=False, preview=False, look=self._look)
        return uuid, self._outputs(call, self._found(call, uuid), inputs)

    def _make(self, call: Call, inputs: Props, uuid: str) -> None:
        network = call.host.conn.networkDefineXML(fresh(inputs, uuid))
        try:
            network.create()
            if "autostart" in inputs:
                network.setAutostart(int(inputs["autostart"]))
            verify(network, inputs)
        except Exception:
            remove(network)  # what a failed create leaves would be nobody's: it is in no state
            raise

    def read(self, call: Call, id: str, inputs: Props, outputs: Props) -> Found | None:
        check_uuid(id, "network", call.host.network_by_name)
        network = call.host.network_by_uuid(id)
        if network is None:
            return None
        if waits := tell.waiting_subnet(network.name(), sides(network)):
            call.tell(waits)
        if inputs:
            seen = as_seen(network, inputs)
        else:
            base = sides(network).base
            everything = {**view(base), "autostart": bool(network.autostart()), "addresses": declarable(base)}
            seen = {key: value for key, value in everything.items() if value not in _NOTHING}
        return Found(network.UUIDString(), seen, self._outputs(call, network, seen))

    def update(
        self, call: Call, id: str, olds: Props, old_inputs: Props, news: Props, preview: bool
    ) -> Props:
        network = self._found(call, id)
        known = shape.known(news)
        restyled = "xml" in known and known["xml"] != old_inputs.get("xml")
        waits = bring(call, network, known, restyled, preview, self._look)
        if preview:
            call.host.made.networks.update((network.name(), id))  # one that was stopped is started
            kept = {key: value for key, value in olds.items() if key not in (_WAITS, _LEFT)}
            return {_OTHER: {}, **kept, **news, **_STATES, **({_WAITS: list(waits)} if waits else {})}
        return self._outputs(call, self._found(call, id), news)

    def delete(self, call: Call, id: str, outputs: Props) -> None:
        network = call.host.network_by_uuid(id)
        if network is None:
            return
        self.refuse_delete(call, id, outputs)
        remove(network)
        if call.host.network_by_uuid(id) is not None:
            raise OperatorError(
                f"network {outputs.get('name', id)} is still on {call.host.uri}, though libvirt deleted it"
            )

    def refuse_delete(self, call: Call, id: str, outputs: Props) -> None:
        network = call.host.network_by_uuid(id)
        if network is None:
            return
        guests = plugged(call.host, network.name(), call.condemned, macs_of(call.condemned))
        if guests:
            verb = "is" if len(guests) == 1 else "are"
            raise Refused(
                f"network {network.name()} is not deleted: {', '.join(guests)} {verb} plugged into it"
            )
        call.note("live", "", f"network {network.name()} is removed; no guest is plugged into it by then")

    def _found(self, call: Call, id: str) -> api.Network:
        return there(call, call.host.network_by_uuid(id), f"network {id}")

    def _outputs(self, call: Call, network: api.Network, inputs: Props) -> Props:
        both = sides(network)
        reserved = inputs.get("dhcpHosts", view(both.base)["dhcpHosts"])
        seen, waits = view(both.base), waits_now(inputs, both)
        left = left_aside(call.host, network, call.tell)
        return {
            **{key: seen[key] for key in _CHOSEN if key in seen},
            **inputs,
            "active": bool(network.isActive()),
            "persistent": bool(network.isPersistent()),
            "unplugged": sorted({domain.name() for domain, _ in unplugged(call.host, network, call.tell)}),
            _OTHER: leases.others(network, reserved, call.tell),
            **({_WAITS: list(waits)} if waits else {}),
            **({_LEFT: left.name()} if left else {}),
        }

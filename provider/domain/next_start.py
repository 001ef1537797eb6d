"""What a guest gets at its next start: put into its persistent definition, and never into the running guest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Final

from lxml import etree

from provider.connection import api, errors
from provider.domain import diff, new, room, sweep
from provider.domain import pending as domain_pending
from provider.domain import read as domain_read
from provider.domain import stage as domain_stage
from provider.domain.seen import Ours, Seen
from provider.errors import OperatorError
from provider.host import kernel, optional
from provider.host.elements import attribute
from provider.host.host import Host
from provider.resource.base import Props
from provider.storage import chain

# What libvirt answers where it is not to say, or its driver does not know how.
_UNASKED: Final = frozenset({errors.NO_SUPPORT, 29, 84, 88})  # denied, unsupported, access denied


def look(
    host: Host, domain: api.Domain, declared: Props, own: Mapping[str, Any]
) -> tuple[Props, domain_read.Domain]:
    """The declared properties as the domain has them, and the domain as it was seen; ``own``: the output."""
    seen, adopted = sweep.observe(host, domain, ours(declared, own)), own.get("adopted", {})
    names = sweep.network_name(host)
    read = domain_read.as_read(declared, seen, names, adopted)
    for key, kept in room.kept(declared, seen, names).items():
        read[key] = [*read[key], *kept]
    return read | {key: declared[key] for key in new.overruled(declared)}, seen


def ours(declared: Props, own: Mapping[str, Any]) -> Ours:
    """The files of the disks that are declared, or were; one that is not any more has no place to be missed at."""
    disks = declared.get("disks")
    paths = [domain_read.disk_path(disk) for disk in disks] if isinstance(disks, list) else []
    places, known = own.get("places", {}), [path for path in paths if isinstance(path, str)]
    return dict.fromkeys(own.get("disks", ()), "") | {path: places.get(path, "") for path in known}


def stage(host: Host, domain: api.Domain, declared: Props, keys: frozenset[str]) -> None:
    """Define the domain as it is defined, with these declared properties; a running guest goes on as it is."""
    if not keys:
        return
    before = sweep.observe(host, domain)
    try:
        host.conn.defineXML(domain_stage.staged(before.xml, declared, keys))
    except errors.VirtError as error:
        raise OperatorError(
            f"domain {domain.name()}: {', '.join(sorted(keys))} cannot be changed, and nothing was: "
            f"{errors.said(error)}"
        ) from error
    read, _ = look(host, domain, {key: declared[key] for key in keys}, {})
    left = diff.differences(read, {key: declared[key] for key in keys}, {}, lambda _uuid: None)
    if left:
        raise OperatorError(
            f"domain {domain.name()}: libvirt took the definition, but does not have {', '.join(sorted(left))} in it"
        )


def hindrances(host: Host, xml: str, tell: optional.Tell) -> list[str]:
    """Why a guest of this definition would not start, as far as that can be told beforehand; each with what mends it.

    Its disks' chains, its networks, the host's memory; and what libvirt says of it (emulator, machine, CPU) when it is
    asked for QEMU's command line.  What can't be looked at hinders nothing.
    """
    seen = sweep.facts(host, xml)
    found = [line for path in (*seen.disks, *seen.cdroms) for line in chain.hindrances(host, path, tell)]
    names = dict.fromkeys(nic.network for nic in seen.nics if nic.network)
    networks = {name: host.network_by_name(name) for name in names}
    for name, network in networks.items():
        if name not in host.made.networks and (network is None or not network.isActive()):
            what = "is not there" if network is None else "does not run"
            found.append(f"its network {name} {what}")
    bridges = _bridges(seen, networks, tell)
    found += [f"the host has no bridge {name}" for name in bridges if not _has(host, name, tell)]
    memory = optional.look(tell, f"the memory of {host.uri}", lambda: int(host.conn.getInfo()[1]), None)
    if memory is not None and seen.memory > memory:
        found.append(f"it takes {seen.memory} MiB of memory, and the host has {memory}")
    error = errors.refusal(host.conn.domainXMLToNative, "qemu-argv", xml)
    if error is not None and errors.lost(error):
        raise error
    if error is not None and errors.code(error) not in _UNASKED:
        found.append(errors.said(error))
    return found


def _bridges(seen: Seen, networks: Mapping[str, api.Network | None], tell: optional.Tell) -> list[str]:
    """Those of its NICs that stand on a bridge of the host's own: by name, or by a network that is one."""
    names = [nic.bridge for nic in seen.nics]
    unknown = "whether its bridge is there is not known"
    for name, network in networks.items():
        xml = (
            None
            if network is None
            else optional.look(tell, f"network {name}", network.XMLDesc, None, unknown)
        )
        root = None if xml is None else etree.fromstring(xml.encode())
        if root is not None and attribute(root, "forward", "mode") == "bridge":
            names.append(attribute(root, "bridge", "name"))
    return [name for name in dict.fromkeys(names) if name]


def _has(host: Host, bridge: str, tell: optional.Tell) -> bool:
    """True where nothing is known of it."""
    there = kernel.look(host.uri)
    if there is not None:
        return bridge in there.devices
    ask, unknown = partial(host.interface_by_name, bridge), "whether it is there is not known"
    return optional.look(tell, f"bridge {bridge} of {host.uri}", ask, bridge, unknown) is not None


def awaited(host: Host, seen: domain_read.Domain, declared: Props, keys: frozenset[str]) -> list[str]:
    """What would wait for a restart once these properties were staged."""
    after = sweep.facts(host, domain_stage.staged(seen.xml, declared, keys), seen.ours)
    return domain_pending.pending(declared, replace(seen, seen=after))


def owned_after(news: Props, own: Props, keys: frozenset[str]) -> Props:
    """The ``own`` output of an update: amounts that were adopted hold until they are staged; it is persistent now."""
    adopted = {key: value for key, value in own.get("adopted", {}).items() if key not in keys | {"transient"}}
    return diff.owned(news, adopted) | ({"places": own["places"]} if "places" in own else {})


def with_pending(outputs: Props, pending: Sequence[str]) -> Props:
    outputs = {key: value for key, value in outputs.items() if key != "pendingRestart"}
    return {**outputs, "pendingRestart": list(pending)} if pending else outputs

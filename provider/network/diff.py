"""Which declared properties of a network differ from the ones before.  Pure."""

from __future__ import annotations

from ipaddress import ip_network
from typing import Any

from provider.resource import shape
from provider.resource.base import Kind, Props
from provider.resource.shape import declared_changes


def changes(old_inputs: Props, news: Props) -> dict[str, Kind]:
    """Path in ``news`` -> kind.  MACs and subnets are compared as values, reservations by MAC; subnets beside the
    declared ones are others'."""
    old, new = _canonical(old_inputs), _canonical(news)
    if _has_all(old.get("addresses"), new.get("addresses")):
        old["addresses"] = new["addresses"]
    old_hosts, new_hosts = old.pop("dhcpHosts", None), new.pop("dhcpHosts", None)
    found = declared_changes(old, new)
    if new_hosts is not None:
        found |= _host_changes(old_hosts, new_hosts)
    return found


def _has_all(there: Any, wanted: Any) -> bool:
    known = isinstance(there, list) and isinstance(wanted, list) and not shape.unknown(wanted)
    return known and bool(wanted) and set(wanted) <= set(there)


def _canonical(inputs: Props) -> Props:
    result = shape.known(inputs)
    if "mac" in result:
        result["mac"] = result["mac"].lower()
    if "dhcpHosts" in result:
        result["dhcpHosts"] = [
            {**host, "mac": host["mac"].lower()} if "mac" in host else host for host in result["dhcpHosts"]
        ]
    if "addresses" in result:
        result["addresses"] = [str(ip_network(address, strict=False)) for address in result["addresses"]]
    return {**inputs, **result}


def _host_changes(old: Any, new: Any) -> dict[str, Kind]:
    """By MAC, so that one reservation that is missing is one addition, and not a change of all after it."""
    if not isinstance(old, list) or shape.unknown(new):
        return {"dhcpHosts": "add" if old is None else "update"}
    before = {host["mac"]: host for host in old if "mac" in host}
    after = {host["mac"] for host in new}
    found: dict[str, Kind] = {
        f"dhcpHosts[{index}]": "delete" for index, host in enumerate(old) if host.get("mac") not in after
    }
    for index, host in enumerate(new):
        path = f"dhcpHosts[{index}]"
        if host["mac"] not in before:
            found[path] = "update" if path in found else "add"
        else:
            found |= shape.changed(before[host["mac"]], host, path)
    return found

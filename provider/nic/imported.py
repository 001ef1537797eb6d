"""A NIC that was imported, and what is declared of it for the first time: what is so already is no change.

An import reads what libvirt knows.  What is inside the guest, and which MACs are forbidden beside it, it cannot know;
so these are compared with the guest and with its domain when they are declared.
"""

from __future__ import annotations

from collections.abc import Mapping

from provider.connection import errors
from provider.errors import OperatorError
from provider.guest import setup as guest_setup
from provider.guest.tools import Tools
from provider.nic import seen as interface_seen
from provider.nic.bring import INSIDE
from provider.resource.base import COMPUTED, Call, Kind, Props


def left(
    call: Call, tools: Tools, found: Mapping[str, Kind], old_inputs: Props, news: Props
) -> dict[str, Kind]:
    """Of the changes those that change something."""
    so = set()
    if "forbiddenMacs" not in old_inputs and not _forbidden(call, news):
        so.add("forbiddenMacs")
    if "guest" not in old_inputs and (news.get("guest") != "agent" or _inside(call, tools, news)):
        so |= set(INSIDE) - {"mac"} - old_inputs.keys()
    return {path: kind for path, kind in found.items() if path not in so}


def _forbidden(call: Call, news: Props) -> bool:
    """Whether the domain has a NIC with a forbidden MAC; taken for so while that can't be told."""
    macs, uuid = news.get("forbiddenMacs", ()), news["domain"]
    if COMPUTED in (macs, uuid) or COMPUTED in macs:
        return True
    domain = call.host.domain_by_uuid(uuid)
    return domain is None or any(interface_seen.has(domain, mac) for mac in macs)


def _inside(call: Call, tools: Tools, news: Props) -> bool:
    """Whether the guest has the addresses on this NIC, as its agent tells."""
    uuid, mac, addresses = news["domain"], news["mac"], news.get("addresses", ())
    if COMPUTED in (uuid, mac, addresses) or COMPUTED in addresses:
        return False
    domain = call.host.domain_by_uuid(uuid)
    if domain is None:
        return False
    agent = tools.agent(domain)
    try:
        return call.host.agents.answers(agent) and guest_setup.has_addresses(agent, mac, addresses)
    except (OperatorError, errors.VirtError):
        return False

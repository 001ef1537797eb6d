"""Asking, before a NIC's link goes up, whether somebody else answers at its addresses."""

from __future__ import annotations

from functools import partial

from provider.errors import Refused
from provider.guest import setup as guest_setup
from provider.guest.agent import RUNNING
from provider.guest.tools import Tools
from provider.host import arp_probe
from provider.host.definitions import both_xmls
from provider.host.macs import same_mac
from provider.nic import nic
from provider.nic.move import Seat
from provider.nic.task import Task


def refuse_others(task: Task, tools: Tools, sources: list[Seat]) -> bool:
    """`Refused` names the MAC of somebody else who answers; whether all could be asked for."""
    if task.setup is None or task.bridge is None:
        return False
    mac = same_mac(task.wanted.mac)
    running = [domain for seat, domain in zip(sources, task.sources, strict=True) if seat.live is not None]
    if task.guest == "agent":
        # An old holder that was booted since has all its NICs answer for the address: only this one shall.
        for agent in map(tools.agent, running):
            agent.tries(partial(guest_setup.quiet, agent, task.setup))
    held = any(
        seat.live == "up" and domain.state()[0] == RUNNING
        for seat, domain in zip(sources, task.sources, strict=True)
    )
    xmls = [xml for domain in (task.target, *running) for xml in both_xmls(domain)]
    own = {found for xml in xmls for found in nic.macs(xml)} - {mac}
    for address in task.setup.addresses:
        ip = address.split("/")[0]
        answers = tools.ask(task.uri, task.bridge, ip)
        if answers is None:
            return False
        other = arp_probe.conflict(answers, mac, held, own)
        if other is not None:
            raise Refused(
                f"somebody else answers at {ip} already, with MAC {other}: another hypervisor's guest may have it; "
                "unplug it there first"
            )
    return True

"""Asking, before a NIC's link goes up, whether somebody else answers at its addresses."""

from __future__ import annotations

from contextlib import suppress

from provider.connection import api, errors
from provider.errors import OperatorError, Refused
from provider.guest import agent as guest_agent
from provider.guest import setup as guest_setup
from provider.guest.agent import Agent
from provider.guest.config import Setup
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
        for domain in running:
            _quiet(domain, task.setup, tools)
    held = any(
        seat.live == "up" and domain.state()[0] == guest_agent.RUNNING
        for seat, domain in zip(sources, task.sources, strict=True)
    )
    own = {found for domain in (task.target, *running) for found in _macs(domain)} - {mac}
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


def _quiet(domain: api.Domain, setup: Setup, tools: Tools) -> None:
    """An old holder that was booted since has all its NICs answer for the address: only this one shall."""
    agent = Agent(domain, tools.clock, tools.send)
    with suppress(OperatorError, errors.VirtError):
        if agent.answers():
            guest_setup.quiet(agent, setup)


def _macs(domain: api.Domain) -> set[str]:
    return {found for xml in both_xmls(domain) for found in nic.macs(xml)}

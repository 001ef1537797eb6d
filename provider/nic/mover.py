"""Doing a plan of `move`: one NIC from where it is to the domain that shall have it.

What goes wrong before the links are switched leaves things as they were; after it, the links go back.  An old holder
that does not let go keeps nothing from being done: its link is down, and it is told by `Outcome.held`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import replace
from typing import Final

from provider.connection import api, errors, states
from provider.errors import OperatorError, Refused, TakenBack, Unfinished
from provider.guest import gateway_probe
from provider.guest import setup as guest_setup
from provider.guest.allowed import INTERFACES
from provider.guest.config import Setup, Style
from provider.guest.tools import Tools
from provider.host.agents import Agents
from provider.host.macs import same_mac
from provider.nic import move, plan, probe, refusals, seat
from provider.nic.apply import NoRoom
from provider.nic.move import TARGET, Seat, Step
from provider.nic.plan import CONFIG, LIVE
from provider.nic.task import Outcome, Task

UNPLUG_SECONDS: Final = 30.0  # for the old holder to let go; 0.1 to 0.7 s at rest
ROLLBACK_SECONDS: Final = 6.0


class Mover:
    def __init__(self, tools: Tools, task: Task) -> None:
        self._tools = tools
        self._task = task
        self._mac = same_mac(task.wanted.mac)
        self._agent = tools.agent(task.target)
        self._style: Style | None = None
        self._name: str | None = None
        self._outcome = Outcome()
        self._switched = False
        self._lowered: list[api.Domain] = []
        self._ready: dict[Step, list[plan.Step]] = {}

    def run(self) -> Outcome:
        target = seat.look(self._task.target, self._mac)
        if self._task.waits:
            target = replace(target, running=False)
        sources = [seat.look(s, self._mac) for s in self._task.sources]
        steps = move.plan(target, sources, self._task.wanted.link or "up")
        try:
            if target.running:
                self._prepare(steps)
            for step in steps:
                if step.action in ("down", "up") and not self._ready:
                    self._read_ahead(steps)
                began = self._tools.clock.monotonic()
                self._switched = self._switched or step.action in move.SWITCHES
                self._do(step, sources)
                part = "switch" if step.action in ("down", "up") else step.action
                took = self._tools.clock.monotonic() - began
                self._outcome.parts[part] = self._outcome.parts.get(part, 0.0) + took
        except (OperatorError, errors.VirtError) as error:
            raise self._undone(error, target, sources) from error
        self._ask_gateway()
        return self._outcome

    def set_up_again(self) -> Outcome:
        """Set up inside a guest what is plugged in there already."""
        self._prepare([Step("guest")])
        self._set_up()
        self._announce()
        self._ask_gateway()
        return self._outcome

    def _read_ahead(self, steps: list[Step]) -> None:
        """While the links are switched nobody answers: the calls for it are made up before."""
        for step in steps:
            if step.action == "down":
                self._ready[step] = seat.fences(self._task.sources[step.seat], self._mac)
            elif step.action == "up":
                self._ready[step] = seat.rises(self._task.target, self._mac, LIVE)

    def _do(self, step: Step, sources: list[Seat]) -> None:
        task, clock, mac = self._task, self._tools.clock, self._mac
        domain = task.target if step.seat == TARGET else task.sources[step.seat]
        work: dict[move.Action, Callable[[], None]] = {
            "plug": lambda: seat.plug(domain, task.wanted, clock, waits=task.waits),
            "guest": self._set_up,
            "probe": lambda: self._probe(sources),
            "down": lambda: self._lower(domain, step),
            "up": lambda: seat.link_up(domain, mac, LIVE, clock, self._ready.pop(step)),
            "announce": self._announce,
            "forget": lambda: seat.forget(domain, mac, clock),
            "keep": lambda: seat.link_up(domain, mac, CONFIG, clock),
            "clean": lambda: self._clean(domain),
            "unplug": lambda: self._unplug(domain),
        }
        work[step.action]()

    def _probe(self, sources: list[Seat]) -> None:
        self._outcome.probed = probe.refuse_others(self._task, self._tools, sources)

    def _lower(self, domain: api.Domain, step: Step) -> None:
        self._lowered.append(domain)
        seat.link_down(domain, self._mac, self._tools.clock, self._ready.pop(step))

    def _prepare(self, steps: list[Step]) -> None:
        """The guest's file is there before the NIC: what sets NICs up in the guest finds it when the NIC comes."""
        task = self._task
        if task.guest != "agent" or task.setup is None or Step("guest") not in steps:
            return
        began = self._tools.clock.monotonic()
        if halted := states.halted(task.target):
            raise refusals.halted(task.uri, task.target, halted)
        if not self._agent.answers(task.agent_seconds):
            raise self._silent()
        refusals.require_allowed(self._agent)
        self._style = guest_setup.look(self._agent)
        guest_setup.quiet(self._agent, task.setup)
        guest_setup.write(self._agent, self._style, task.setup)
        self._outcome.parts["guest"] = self._tools.clock.monotonic() - began

    def _silent(self) -> OperatorError:
        """What is known of it is said, and no more is guessed."""
        task, name = self._task, self._agent.guest
        if halted := states.halted(task.target):
            return refusals.halted(task.uri, task.target, halted)
        return OperatorError(
            f"the agent of guest {name} does not answer within {task.agent_seconds:g} s: it is booting, without an "
            'operating system or without an agent; declare guest "none" for one that has none'
        )

    def _set_up(self) -> None:
        task, clock = self._task, self._tools.clock
        if task.guest is None:
            return
        if task.guest != "agent" and not (self._agent.answers() and self._agent.does(INTERFACES)):
            return  # nobody to ask: that libvirt's XML has it must do
        limit = task.seconds or guest_setup.SEEN_SECONDS
        seen = guest_setup.wait_seen(self._agent, self._mac, clock, limit)
        if seen is None:
            raise OperatorError(f"guest {self._agent.guest} does not show NIC {self._mac} within {limit:g} s")
        self._name = seen.name
        if task.setup is None:
            return
        if self._style is not None:
            guest_setup.apply(self._agent, self._style, seen.name, task.setup)
            self._outcome.inside = True
        elif task.guest == "cloud-init":
            self._require_addresses(task.setup, limit)

    def _require_addresses(self, setup: Setup, limit: float) -> None:
        if not guest_setup.wait_addresses(self._agent, setup, self._tools.clock, limit):
            raise OperatorError(
                f"guest {self._agent.guest} has NIC {self._mac}, but not {', '.join(setup.addresses)} on it within "
                f"{limit:g} s"
            )

    def _announce(self) -> None:
        """Tell the network, and see that the guest has the addresses now that the link is up."""
        setup = self._task.setup
        if setup is None or self._style is None or self._name is None:
            return
        guest_setup.announce(self._agent, self._style, self._name, setup)
        self._require_addresses(setup, self._task.seconds or guest_setup.CHECK_SECONDS)

    def _ask_gateway(self) -> None:
        """Of a guest that was set up: nothing is undone because a router is away."""
        setup = self._task.setup
        if setup is None or setup.gateway is None or self._style is None or self._name is None:
            return
        if seat.look(self._task.target, self._mac).live == "up":
            with suppress(OperatorError, errors.VirtError):
                said = gateway_probe.ask(self._agent, self._name, setup.gateway)
                self._outcome.silent = setup.gateway if said == "silent" else None

    def _clean(self, domain: api.Domain) -> None:
        if self._task.written and not remove_file(domain, self._mac, self._tools):
            self._outcome.left.append(domain.name())

    def _unplug(self, domain: api.Domain) -> None:
        limit = self._task.seconds or UNPLUG_SECONDS
        try:
            seat.unplug(domain, self._mac, self._tools.clock, limit)
        except OperatorError:
            if seat.look(domain, self._mac).live != "down":
                raise
            self._outcome.held.append(domain.name())

    def _undone(
        self, error: OperatorError | errors.VirtError, target: Seat, sources: list[Seat]
    ) -> OperatorError:
        """Put things back, and say in the error what was done; the NIC at the new holder goes if it was not up."""
        if isinstance(error, NoRoom) and not sources:
            return error  # nothing was taken from anybody: the definition has it, and it waits
        why = str(error) if isinstance(error, OperatorError) else errors.said(error)
        kind = TakenBack if isinstance(error, Refused) else Unfinished
        task = self._task
        # After the persistent definitions were changed there is no way back, and none is needed.
        if target.link == "up" or {"forget", "keep"} & self._outcome.parts.keys():
            link = seat.look(task.target, self._mac).link
            return kind(
                f"{why}; {task.target.name()} has NIC {self._mac}, its link is {link}; run this again"
            )
        if target.running:
            self._quietly(lambda: seat.link_down(task.target, self._mac, self._tools.clock))
        back = [s.name() for s in self._lowered if self._raised(s)]
        gone = self._quietly(self._unplug_again)
        said = [f"NIC {self._mac} is {'out of' if gone else 'still in'} {task.target.name()}"]
        if not gone:
            said.append("its link there is down")
        if back:
            said.append(f"its link is up again at {', '.join(back)}")
        elif not self._switched and any(s.link == "up" for s in sources):
            names = [d.name() for d, s in zip(task.sources, sources, strict=True) if s.link == "up"]
            said.append(f"nothing was switched: {', '.join(names)} has it as before")
        return kind(f"{why}; {', '.join(said)}; run this again")

    def _raised(self, source: api.Domain) -> bool:
        down = seat.look(self._task.target, self._mac).live != "up"
        return down and self._quietly(lambda: seat.link_up(source, self._mac, LIVE, self._tools.clock))

    def _unplug_again(self) -> None:
        if self._style is not None:
            remove_file(self._task.target, self._mac, self._tools)
        seat.unplug(self._task.target, self._mac, self._tools.clock, ROLLBACK_SECONDS)

    def _quietly(self, work: Callable[[], None]) -> bool:
        with suppress(OperatorError, errors.VirtError):
            work()
            return True
        return False


def remove_file(domain: api.Domain, mac: str, tools: Tools) -> bool:
    """Take our file for the NIC out of a guest whose agent answers at once; whether it was done."""
    agent = tools.agent(domain)
    return agent.tries(lambda: guest_setup.remove(agent, mac))


def still_inside(
    domain: api.Domain, mac: str, addresses: Collection[str], tools: Tools, agents: Agents
) -> bool | str:
    """Whether a guest that was set up still has our file; or why that is not known, empty where it does not run.

    One that may not be asked for files has it where the NIC has the addresses.
    """
    agent = tools.agent(domain)
    try:
        if not agents.answers(agent):
            return f"guest {domain.name()}: its agent does not answer" if agent.can_answer() else ""
        if not agent.does() and guest_setup.has_addresses(agent, mac, addresses):
            return True
        return guest_setup.has_file(agent, mac)
    except (OperatorError, errors.VirtError) as error:
        return errors.said(error)

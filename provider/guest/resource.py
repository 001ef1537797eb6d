"""``libvirt:index/guestFiles:GuestFiles``: files in a guest, a command that acts on them, and what is to come of it.

Through the QEMU guest agent alone.  What a guest says is compared with what is declared at each read, so that what was
done in it by hand is drift.  A guest that can't be asked is not drift: it is told, and nothing else.
"""

from __future__ import annotations

from typing import ClassVar, Final

from provider.connection import api
from provider.errors import OperatorError
from provider.guest import schema, seen, store
from provider.guest.allowed import AgentError, Blocked
from provider.guest.seen import Guest
from provider.guest.tools import Tools
from provider.host.agents import Agents
from provider.host.clock import SystemClock
from provider.resource import shape
from provider.resource.base import COMPUTED, Call, Checked, Diff, Found, Props, Resource
from provider.resource.own import domain_of, to_be_made

ASK_SECONDS: Final = 4.0  # for an agent to answer where nothing is to be written


class GuestFiles(Resource):
    token: ClassVar[str] = "libvirt:index/guestFiles:GuestFiles"
    schema = schema.SCHEMA
    in_id = ("domain",)

    def __init__(self, tools: Tools | None = None) -> None:
        self._tools = tools or Tools(SystemClock())

    def check(self, call: Call, olds: Props, news: Props) -> Checked:
        return Checked(news, list(schema.failures(news)))

    def diff(self, call: Call, id: str, olds: Props, old_inputs: Props, news: Props) -> Diff:
        """By top-level property: paths of files have dots and slashes, which Pulumi's own paths are made of."""
        changes = shape.changed(seen.comparable(old_inputs), seen.comparable(news))
        return Diff({shape.top(path): "update" for path in changes})

    def create(self, call: Call, inputs: Props, preview: bool) -> tuple[str, Props]:
        if preview and to_be_made(call, inputs["domain"]):
            seen.foretell_unseen(call, "a guest that is not made yet")
            return "", {**inputs, "guest": COMPUTED, "undeclared": COMPUTED}
        domain = domain_of(call, inputs["domain"])
        outputs = self._bring(call, domain, {}, inputs, preview)
        return f"{inputs['domain']}/{call.name}", outputs

    def read(self, call: Call, id: str, inputs: Props, outputs: Props) -> Found | None:
        if not inputs:
            raise OperatorError(
                f"{id}: files in a guest are not imported: declare them; what is there already is compared, and kept"
            )
        domain = call.host.domain_by_uuid(str(inputs.get("domain", outputs.get("domain"))))
        if domain is None:
            return None  # and with it all that was in it
        try:
            guest = self._look(domain, inputs, ASK_SECONDS, agents=call.host.agents)
        except AgentError as error:
            call.tell(f"{error}; what is in it was not compared")
            return Found(id, inputs, outputs)
        for line in guest.told(domain.name(), inputs):
            call.tell(line)
        found = guest.as_inputs(inputs)
        return Found(id, found, {**outputs, **found, **guest.outputs(domain, inputs)})

    def update(
        self, call: Call, id: str, olds: Props, old_inputs: Props, news: Props, preview: bool
    ) -> Props:
        if preview and to_be_made(call, news["domain"]):
            seen.foretell_unseen(call, "a guest that is not made yet")
            return {**olds, **news}
        domain = domain_of(call, news["domain"])
        return self._bring(call, domain, old_inputs, news, preview)

    def _bring(self, call: Call, domain: api.Domain, olds: Props, news: Props, preview: bool) -> Props:
        """Tell what changes, and make it so; ``olds``: the inputs before, as they were seen in the guest."""
        unseen: Props = {**news, "guest": domain.name(), "undeclared": []}
        if preview and shape.unknown(news):
            seen.foretell_unseen(call, domain.name())
            return unseen
        try:
            seconds = ASK_SECONDS if preview else news.get("wait", schema.WAIT)
            agents = call.host.agents if preview else None
            guest = self._look(domain, news, seconds, seen.gone(olds, news), agents)
        except AgentError as error:
            if isinstance(error, Blocked) or not preview:
                raise
            call.tell(f"{error}; it is waited for by up")
            seen.foretell_unseen(call, domain.name())
            return unseen
        seen.foretell(call, domain.name(), guest, olds, news)
        if not preview:
            guest = self._apply(call, domain, guest, olds, news)
        return {**news, **guest.outputs(domain, news)}

    def _apply(self, call: Call, domain: api.Domain, guest: Guest, olds: Props, news: Props) -> Guest:
        agent = self._tools.agent(domain)
        wanted = schema.files(news)
        for path, file in wanted.items():
            if guest.files.get(path) != file.seen:
                store.write(agent, path, file)
        if "apply" in news:
            seconds = call.timeout or news.get("timeout", schema.TIMEOUT)
            store.run(agent, news["apply"], news.get("secretFiles", {}), call.urn, seconds)
        store.remove(agent, [path for path in seen.gone(olds, news) if path in guest.files])
        now = self._look(domain, news, ASK_SECONDS)
        wrong = now.wrong(news)
        if wrong:
            raise AgentError(f"guest {domain.name()}: apply has ended well, and yet {'; '.join(wrong)}")
        return now

    def _look(
        self,
        domain: api.Domain,
        inputs: Props,
        seconds: float,
        more: tuple[str, ...] = (),
        agents: Agents | None = None,
    ) -> Guest:
        """``more``: paths to look for beside those of the inputs.  ``agents``: whom to ask by, once in a run."""
        agent = self._tools.agent(domain)
        if not domain.isActive():
            raise AgentError(f"guest {domain.name()} is shut off")
        if not (agents.answers(agent, seconds) if agents else agent.answers(seconds)):
            raise AgentError(f"guest {domain.name()}: its agent does not answer")
        files = store.look(agent, [*inputs.get("files", {}), *more])
        told = store.read(agent, inputs["read"]) if "read" in inputs else store.Told({})
        return Guest(files, told)

    def refuse_delete(self, call: Call, id: str, outputs: Props) -> None:
        domain = call.host.domain_by_uuid(outputs["domain"])
        if domain is not None and outputs["domain"] not in call.condemned:
            seen.foretell_removal(call, domain.name(), outputs)

    def delete(self, call: Call, id: str, outputs: Props) -> None:
        domain = call.host.domain_by_uuid(outputs["domain"])
        if domain is None:
            return
        agent = self._tools.agent(domain)
        if not agent.answers(ASK_SECONDS):
            call.tell(f"guest {domain.name()}: its agent does not answer: what is in it stays")
            return
        try:
            agent.require()
        except Blocked as error:
            call.tell(f"guest {domain.name()}: {error.why}: what is in it stays")
            return
        seen.foretell_removal(call, domain.name(), outputs)
        if "remove" in outputs:
            seconds = call.timeout or outputs.get("timeout", schema.TIMEOUT)
            store.run(agent, outputs["remove"], {}, call.urn, seconds)
        store.remove(agent, list(outputs.get("files", {})))

"""Behind the plugin's calls: the libvirt that is reached, the handlers, and how one of these is put to work there."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

from provider.connection import errors
from provider.connection.done import kept
from provider.errors import Lacking, OperatorError
from provider.host import optional
from provider.host.host import Host
from provider.host.identity import Identity
from provider.host.sights import Sights
from provider.impact import allow
from provider.protocol.answers import Task, config_failures, token_of
from provider.protocol.lacks import Lacks
from provider.protocol.resources import RESOURCES
from provider.protocol.workers import Context, Report, Workers
from provider.resource import upstream
from provider.resource.base import COMPUTED, Call, Props, Resource

# What a handler is asked for, in a thread; and the message with its answer.
Work = Callable[[Call, Resource], Any]


class Reach:
    def __init__(self, host_of: Callable[[str], Host]) -> None:
        self._host_of = host_of
        self._host: Host | None = None
        self._sights = Sights()
        self._lacks = Lacks()
        self._handlers: dict[str, Resource] = {kind.token: kind() for kind in RESOURCES}
        # Where messages about a resource go.  The embedded engine puts its own here.
        self.report: Report | None = None
        self._workers = Workers(lambda: self._host.uri if self._host else "?", lambda: self.report)

    def close(self) -> None:
        """End the threads and the connection, as the end of a process would: the embedded engine is done with it.

        A step that is still at work is not waited for, and finds its connection closed.
        """
        self._workers.close()
        if self._host is not None:
            self._host.close()

    def _configure(self, uri: Any) -> list[str]:
        """Reach the host of this URI from now on; what of `allow` can allow nothing there, a line each."""
        if self._host is not None:
            self._host.close()
            self._host = None
        self._sights.forget()
        self._lacks.forget()
        if uri is COMPUTED:
            return []
        wrong = config_failures({"uri": uri} if uri is not None else {})
        if wrong:
            raise OperatorError(f"libvirt:uri {wrong[0].reason}")
        self._host = self._host_of(str(uri))
        return allow.in_vain(self._host.uri, self._host.conn)

    def _same_host(self, old: Any, new: Any) -> None:
        """`OperatorError` if the URIs lead to two hosts; an old one that answers no more can't be asked."""
        if old == new or not isinstance(old, str) or not isinstance(new, str):
            return
        before, after = self._host_of(old), self._host_of(new)
        try:
            known = before.identity(Identity(), optional.unheard)
        except (OperatorError, errors.VirtError):
            return
        finally:
            before.close()
        try:
            after.check_is(known, optional.unheard)
        finally:
            after.close()

    async def _run(
        self,
        context: Context,
        request: Any,
        failed: str,
        work: Work,
        known: Props | None = None,
        changes: bool = False,
        instead: Callable[[Call, Lacking], Any] | None = None,
    ) -> Any:
        """A handler's work in a thread; what it notes is told, and its failure said (``failed``: "is not made").

        ``known``: the outputs in the state; one that ``changes`` nothing shares what it sees with others that look.
        ``instead``: the answer where something is lacking, and does not come later in the run.
        """
        task = Task(request.urn, failed)

        def done() -> Any:
            handler = self._handler(token_of(request.urn))
            with self._sights.changing(changes), kept(task.done) if changes else nullcontext():
                call = self._call(request, task, known, looks=not changes)
                if changes:
                    call.host.made.forget()
                return work(call, handler)

        def lacks(lack: Lacking) -> Any:
            return instead(self._call(request, task, known, looks=not changes), lack) if instead else None

        return await self._workers.run(context, done, task, instead=lacks if instead else None)

    def _handler(self, token: str) -> Resource:
        if token in self._handlers:
            return self._handlers[token]
        known = (
            "of pulumi-libvirt is not implemented by this provider"
            if token in upstream.TYPES
            else "is unknown"
        )
        raise OperatorError(f"resource type {token} {known}; there are {', '.join(sorted(self._handlers))}")

    def _call(
        self, request: Any, task: Task | None = None, known: Props | None = None, looks: bool = False
    ) -> Call:
        """Where the handler is to work; see `_reached`."""
        notes = [] if task is None else task.told
        call = Call(Host(""), request.urn, getattr(request, "timeout", 0.0), notes)
        call.host = self._reached(call.tell, known, looks)
        return call

    def _reached(self, tell: optional.Tell, known: Props | None = None, looks: bool = False) -> Host:
        """The host, once it is sure to be the one that the state is of.

        One that only ``looks`` shares what it sees with the others that do.
        """
        host = self._host
        if host is None:
            raise OperatorError("libvirt:uri is not known yet: it comes from a resource that is not made yet")
        if known:
            host.check_is(Identity.of(known), tell)
        return self._sights.of(host) if looks else host

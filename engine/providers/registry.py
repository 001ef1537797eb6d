"""The providers of a run: which there are, and which one a resource belongs to.

A provider is itself a resource (``pulumi:providers:libvirt``): Check, Diff, Create and Update of it become CheckConfig,
DiffConfig and Configure.  Each is served by a servicer object of its own, as each had a process with the CLI.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

from pulumi.runtime.proto.provider_pb2 import CheckFailure

from engine.events import Severity
from engine.options import CLI, ProviderError, Providers, UnsupportedError
from engine.providers.client import INTERNAL, Diff, ProviderClient
from engine.state import urns
from engine.state.records import Resource
from engine.state.values import Props, has_unknown


class Registry:
    """Finds and configures providers; `cancel` and `close` end them, as the run does."""

    def __init__(
        self,
        factories: Providers,
        find: Callable[[str], Resource | None],
        report: Callable[[str, Severity, str], None],
    ):
        """``find`` gives the record of a URN.

        ``report`` takes a message about a resource (URN, severity, text) from providers that have any.
        """
        self._factories, self._find, self._report = factories, find, report
        self._loading = asyncio.Lock()
        self._started: list[ProviderClient] = []
        self._configured: dict[str, ProviderClient] = {}  # by provider URN
        self._checked: dict[str, ProviderClient] = {}  # asked about a new configuration, not yet given it

    async def check(self, urn: str, old: Resource | None, news: Props) -> tuple[Props, list[CheckFailure]]:
        """CheckConfig; what comes back has the engine's own key again."""
        if has_unknown(news):
            raise UnsupportedError(
                f"the provider '{urns.name_of(urn)}' takes a setting from a resource that is not there yet: "
                f"this engine does not have that; {CLI}"
            )
        client = await self._start(urn)
        self._checked[urn] = client
        inputs, failures = await client.check_config(urn, old.inputs if old else {}, news)
        return {**inputs, INTERNAL: {}}, failures

    async def diff(self, old: Resource, news: Props) -> Diff:
        diff = await self._checked[old.urn].diff_config(old.urn, old.id, old, news)
        if diff.changes is None:
            diff.changes = old.inputs != news
        return diff

    async def settle(self, new: Resource, changed: bool) -> None:
        """The provider's step: configure it, unless it is configured and the same."""
        if new.urn in self._configured and not changed:
            return
        client = self._checked[new.urn]
        await client.configure(new.urn, urns.known(new.id), new.inputs)
        self._configured[new.urn] = client

    async def client(self, reference: str) -> ProviderClient:
        """The configured provider of a reference; one that this run has not met is taken from the state."""
        urn = urns.provider_of(reference)
        if urn in self._configured:
            return self._configured[urn]
        async with self._loading:
            if urn not in self._configured:
                record = self._find(urn)
                if record is None:
                    raise ProviderError(f"the state has no provider '{urn}'")
                client = await self._start(urn)
                await client.configure(urn, record.id, record.inputs)
                self._configured[urn] = client
        return self._configured[urn]

    async def cancel(self) -> None:
        """Tell every provider to stop what it does; a provider's failing at that is its own affair."""
        for client in self._started:
            with contextlib.suppress(ProviderError):
                await client.cancel()

    def close(self) -> None:
        """Nothing more is asked of any of them.  What they still held then is not worth failing a run that is over."""
        for client in self._started:
            with contextlib.suppress(Exception):
                client.close()

    async def _start(self, urn: str) -> ProviderClient:
        package = urns.package_of(urns.type_of(urn))
        factory = self._factories.get(package)
        if factory is None:
            have = ", ".join(sorted(self._factories))
            raise UnsupportedError(
                f"there is no provider for package '{package}' here (there is: {have}); {CLI}"
            )
        servicer = factory()
        if hasattr(servicer, "report"):  # an attribute of ours, not of Pulumi's protocol
            servicer.report = self._report
        client = ProviderClient(servicer)
        await client.start()
        self._started.append(client)
        return client

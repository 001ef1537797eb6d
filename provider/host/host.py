"""One hypervisor: the connection to its libvirt, opened at first need, kept, opened again when it died."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from typing import Final
from uuid import NAMESPACE_URL, uuid5

import libvirt

from provider.connection import api, done, errors, keepalive, time_limit
from provider.errors import OperatorError
from provider.host import identity, optional
from provider.host.agents import Agents
from provider.host.clock import Clock, SystemClock
from provider.host.identity import Identity
from provider.host.made import Made
from provider.host.optional import Tell
from provider.host.others import Others
from provider.host.turns import Turns
from provider.host.uses import Looks
from provider.host.xml_in import of_libvirt, parsed

# libvirt-python prints every error to stderr unless it is given a handler; ours are raised, and told once.
libvirt.registerErrorHandler(lambda _context, _error: None, None)


_UNNAMED: Final = "whether it is another one with the same UUID can't be told"


class Host:
    """Safe to share between threads, as libvirt's own connections are.

    Lookups answer None for libvirt's own "no such" code alone; whatever else goes wrong is raised.
    """

    def __init__(
        self,
        uri: str,
        opener: Callable[[str], api.Connection] = keepalive.opened,
        seconds: float = time_limit.SECONDS,
    ) -> None:
        self.uri = uri
        self._opener = opener
        self._seconds = seconds
        self.clock: Clock = SystemClock()
        # Held while a pool is refreshed or a volume is made: libvirt refuses the one during the other.
        self.storage = Turns()
        self.others = Others()
        self.uses = Looks()
        self.agents = Agents()
        self.made = Made()
        # Pool's UUID -> when libvirt began to look at its files last (monotonic).
        self.looked: dict[str, float] = {}
        # Volume -> when it was read (monotonic) and the file that it stands on; emptied before a volume is made.
        self.backings: dict[str, tuple[float, str | None]] = {}
        # UUIDs of the domains that this run is to start, as far as it has come, and has started: they are booting.
        self.starting: set[str] = set()
        self.started: set[str] = set()
        self._lock = threading.Lock()
        self._asking = threading.Lock()
        self._streaming = threading.Lock()
        self._streams: Host | None = None
        self._conn: api.Connection | None = None
        self._uuid: str | None = None
        self._told: set[str] = set()
        self._names: list[str | None] = []  # the one that it has, once it was asked
        self._failures = 0
        self._failure: OperatorError | None = None

    @classmethod
    def open(cls, uri: str, opener: Callable[[str], api.Connection] = keepalive.opened) -> Host:
        """A host that has answered; `OperatorError` with the URI when it does not within `time_limit.SECONDS`."""
        host = cls(uri, opener)
        _ = host.conn
        return host

    @property
    def conn(self) -> api.Connection:
        """The living connection; handles from one that died never recover, so look objects up anew.

        Who waited while another's attempt failed gets that failure: ten resources wait 10 s once.
        """
        seen = self._failures
        with self._lock:
            if self._conn is not None and not self._conn.isAlive():
                self._conn = self._uuid = None
                self._names.clear()
            if self._conn is None:
                if self._failure is not None and self._failures != seen:
                    raise self._failure
                self._conn = self._open()
            return done.seen_by(self._conn)

    @contextlib.contextmanager
    def streaming(self) -> Iterator[api.Connection]:
        """A connection for streams alone, and for one at a time.

        Where a stream shares its connection with calls of other threads, libvirt's client (9.0) now and then loses a
        call's reply, for which that thread then waits for ever, or its error, or closes the connection.
        """
        with self._streaming:
            if self._streams is None:
                self._streams = Host(self.uri, self._opener, self._seconds)
            yield self._streams.conn

    def _open(self) -> api.Connection:
        try:
            return time_limit.in_time(self.uri, self._opener, self._seconds)
        except OperatorError as failure:
            self._failures += 1
            self._failure = failure
            raise

    @property
    def uuid(self) -> str:
        """The host's UUID from its capabilities; made from the URI for libvirt's test driver, which has none."""
        conn = self.conn
        with self._asking:  # the answer is long, and all that a refresh reads asks for it at the same time
            if self._uuid is None:
                self._uuid = _uuid_in(conn.getCapabilities()) or str(uuid5(NAMESPACE_URL, self.uri))
            return self._uuid

    def name(self, tell: Tell) -> str | None:
        """What it calls itself; None where it does not say, which is told once."""
        conn = self.conn
        with self._asking:
            if not self._names:
                ask = conn.getHostname
                self._names.append(optional.look(tell, f"the name of {self.uri}", ask, None, _UNNAMED))
            return self._names[0]

    def check_is(self, state: Identity, tell: Tell) -> None:
        """Refuse to work on another host than the one in the state."""
        if state.uuid is None:
            return
        uuid = self._uuid_if_told(tell)
        same = identity.same_uuid(uuid, state.uuid)
        if same and state.name is None:
            return  # of an older version: the next refresh takes the name into it
        now = Identity(uuid, self.name(tell))
        identity.refuse_another(self.uri, now, state)
        if same and now.name is not None and not identity.can_tell(now, state):
            self._tell_once(
                tell, f"{self.uri} is known by its UUID alone, since it calls itself {now.name}: {_UNNAMED}"
            )

    def _tell_once(self, tell: Tell, line: str) -> None:
        with self._asking:
            new = line not in self._told
            self._told.add(line)
        if new:
            tell(line)

    def identity(self, state: Identity, tell: Tell) -> Identity:
        """What the state is to have of it: a name in the spelling that it has, as far as that is the host's."""
        uuid = self._uuid_if_told(tell) or state.uuid
        now = Identity(uuid, self.name(tell))
        return state if state.name is not None and identity.same_host(now, state) else now

    def _uuid_if_told(self, tell: Tell) -> str | None:
        return optional.look(tell, f"the UUID of {self.uri}", lambda: self.uuid, None, "its name must do")

    def close(self) -> None:
        with self._lock:
            conn, self._conn, self._uuid = self._conn, None, None
        if conn is not None and conn.isAlive():
            conn.close()
        if self._streams is not None:
            self._streams.close()

    def network_by_name(self, name: str) -> api.Network | None:
        return errors.unless(errors.NO_NETWORK, self.conn.networkLookupByName, name)

    def network_by_uuid(self, uuid: str) -> api.Network | None:
        return errors.unless(errors.NO_NETWORK, self.conn.networkLookupByUUIDString, uuid)

    def interface_by_name(self, name: str) -> api.HostInterface | None:
        """A device of the host's own."""
        return errors.unless(errors.NO_INTERFACE, self.conn.interfaceLookupByName, name)

    def pool_by_name(self, name: str) -> api.Pool | None:
        return errors.unless(errors.NO_STORAGE_POOL, self.conn.storagePoolLookupByName, name)

    def pool_by_uuid(self, uuid: str) -> api.Pool | None:
        return errors.unless(errors.NO_STORAGE_POOL, self.conn.storagePoolLookupByUUIDString, uuid)

    def volume_by_path(self, path: str) -> api.Volume | None:
        """The volume, if an active pool knows it; a file made behind libvirt's back needs a refresh first."""
        return errors.unless(errors.NO_STORAGE_VOL, self.conn.storageVolLookupByPath, path)

    def domain_by_name(self, name: str) -> api.Domain | None:
        return errors.unless(errors.NO_DOMAIN, self.conn.lookupByName, name)

    def domain_by_uuid(self, uuid: str) -> api.Domain | None:
        return errors.unless(errors.NO_DOMAIN, self.conn.lookupByUUIDString, uuid)


@of_libvirt("a host")
def _uuid_in(capabilities: str) -> str | None:
    found: str | None = parsed(capabilities).findtext("host/uuid")
    return found

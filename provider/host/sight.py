"""A host looked at as a whole: what is on it is listed in a few sweeps, and each object read at most once.

For reading many objects, as a refresh does.  What was read is kept, so a sight is thrown away when anything is changed.
What it does not have is asked of libvirt itself: an object that came after the sweep is found all the same.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from typing import Any, Final, TypeVar

from provider.connection import api
from provider.host import disk_files
from provider.host.host import Host
from provider.host.optional import Tell
from provider.host.uses import Looks

T = TypeVar("T")

# virConnectListAllDomainsFlags
ACTIVE: Final = 1
PERSISTENT: Final = 4
RUNNING: Final = 16
SHUT_OFF: Final = 64
MANAGED_SAVE: Final = 256
AUTOSTART: Final = 1024
_XML: Final = 0  # the key of what `XMLDesc` says without flags
_STATES: Final = {RUNNING: 1, SHUT_OFF: 5}  # the list that a domain is in -> virDomainState


class Once:
    """Answers of libvirt that are asked for once, however many want them; a failure is not kept."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._known: dict[Hashable, Any] = {}

    def get(self, key: Hashable, ask: Callable[[], T]) -> T:
        with self._lock:
            if key not in self._known:
                self._known[key] = ask()
            answer: T = self._known[key]
            return answer

    def forget(self, key: Hashable) -> None:
        with self._lock:
            self._known.pop(key, None)


class Sight(Host):
    """A host, for reading.  Pools, volumes and domains remember what they have said; networks, which are few, don't."""

    def __init__(self, host: Host) -> None:
        super().__init__(host.uri)
        self._host, self._once = host, Once()
        self.storage, self.clock, self.made = host.storage, host.clock, host.made
        self.uses = Looks(kept=True)

    @property
    def conn(self) -> Any:
        """The host's connection, but that what it lists is what this sight has listed."""
        return _Connection(self, self._host.conn)

    @property
    def uuid(self) -> str:
        return self._host.uuid

    def name(self, tell: Tell) -> str | None:
        return self._host.name(tell)

    @contextmanager
    def streaming(self) -> Iterator[api.Connection]:
        with self._host.streaming() as conn:
            yield conn

    def close(self) -> None:
        """The connection is the host's."""

    def domains(self) -> dict[str, _Domain]:
        """By UUID, in libvirt's order."""
        return self._once.get("domains", lambda: _by_uuid(_Domain(self, d) for d in self._listed(0)))

    def is_in(self, uuid: str, flag: int) -> bool:
        """Whether libvirt lists the domain under one of its filters."""
        return uuid in self._once.get(flag, lambda: frozenset(d.UUIDString() for d in self._listed(flag)))

    def _listed(self, flag: int) -> list[api.Domain]:
        return self._host.conn.listAllDomains(flag)

    def networks(self) -> dict[str, api.Network]:
        return self._once.get("networks", lambda: _by_uuid(self._host.conn.listAllNetworks()))

    def pools(self) -> dict[str, _Pool]:
        return self._once.get(
            "pools", lambda: _by_uuid(_Pool(p) for p in self._host.conn.listAllStoragePools())
        )

    def network_by_name(self, name: str) -> api.Network | None:
        return _named(self.networks(), name) or self._host.network_by_name(name)

    def network_by_uuid(self, uuid: str) -> api.Network | None:
        return self.networks().get(uuid.lower()) or self._host.network_by_uuid(uuid)

    def pool_by_name(self, name: str) -> api.Pool | None:
        return _named(self.pools(), name) or self._host.pool_by_name(name)

    def pool_by_uuid(self, uuid: str) -> api.Pool | None:
        return self.pools().get(uuid.lower()) or self._host.pool_by_uuid(uuid)

    def domain_by_name(self, name: str) -> api.Domain | None:
        return _named(self.domains(), name) or self._host.domain_by_name(name)

    def domain_by_uuid(self, uuid: str) -> api.Domain | None:
        return self.domains().get(uuid.lower()) or self._host.domain_by_uuid(uuid)


def look(host: Host) -> Sight:
    """The host as it is now, or as it was seen by the sight that it already is."""
    return host if isinstance(host, Sight) else Sight(host)


class _Connection:
    def __init__(self, sight: Sight, conn: api.Connection) -> None:
        self._sight, self._conn = sight, conn

    def listAllDomains(self, flags: int = 0) -> list[Any]:
        return list(self._sight.domains().values())

    def listAllNetworks(self, flags: int = 0) -> list[Any]:
        return list(self._sight.networks().values())

    def listAllStoragePools(self, flags: int = 0) -> list[Any]:
        return list(self._sight.pools().values())

    def __getattr__(self, name: str) -> Any:
        return getattr(self._conn, name)


class _Object:
    """An object of libvirt's; its name and UUID are in its handle, and cost no call."""

    def __init__(self, real: Any) -> None:
        self._real, self._once = real, Once()

    def XMLDesc(self, flags: int = 0) -> str:
        return self._once.get(flags, lambda: str(self._real.XMLDesc(flags)))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)


class _Domain(_Object):
    """What filters of the list tell is not asked of each domain."""

    def __init__(self, sight: Sight, real: api.Domain) -> None:
        super().__init__(real)
        self._sight, self._uuid = sight, real.UUIDString()

    def _state(self) -> int | None:
        return next((number for flag, number in _STATES.items() if self._is_in(flag)), None)

    def isActive(self) -> int:
        """By the same lists as its state, so that the two never differ."""
        state = self._state()
        return int(self._is_in(ACTIVE) if state is None else state == _STATES[RUNNING])

    def isPersistent(self) -> int:
        return int(self._is_in(PERSISTENT))

    def autostart(self) -> int:
        return int(self._is_in(AUTOSTART))

    def hasManagedSaveImage(self, flags: int = 0) -> int:
        return int(self._is_in(MANAGED_SAVE))

    def managedSaveGetXMLDesc(self, flags: int = 0) -> str:
        return self._once.get(("saved", flags), lambda: str(self._real.managedSaveGetXMLDesc(flags)))

    def state(self, flags: int = 0) -> list[int]:
        """Of a domain that runs without libvirt's reason, which the lists don't have: there is none for running."""
        state = self._state()
        if state == _STATES[RUNNING]:
            return [state, 0]
        real = self._once.get("state", lambda: list(self._real.state(flags)))
        return real if state in (None, real[0]) else [state, 0]

    def _is_in(self, flag: int) -> bool:
        return self._sight.is_in(self._uuid, flag)


class _Pool(_Object):
    def isActive(self) -> int:
        return self._once.get("active", lambda: int(self._real.isActive()))

    def isPersistent(self) -> int:
        return self._once.get("persistent", lambda: int(self._real.isPersistent()))

    def autostart(self) -> int:
        return self._once.get("autostart", lambda: int(self._real.autostart()))

    def refresh(self, flags: int = 0) -> int:
        """libvirt looks at the files once; what was listed and told before is asked for anew."""
        return self._once.get("refreshed", self._refresh)

    def _refresh(self) -> int:
        for known in ("volumes", _XML):
            self._once.forget(known)
        return int(self._real.refresh())

    def _volumes(self) -> dict[str, _Volume]:
        return self._once.get("volumes", lambda: {v.name(): _Volume(v) for v in self._real.listAllVolumes()})

    def listAllVolumes(self, flags: int = 0) -> list[Any]:
        return list(self._volumes().values())

    def storageVolLookupByName(self, name: str) -> Any:
        return self._volumes().get(name) or self._real.storageVolLookupByName(name)


class _Volume(_Object):
    def path(self) -> str:
        return disk_files.path_of(self.XMLDesc())


def _by_uuid(objects: Any) -> dict[str, Any]:
    return {each.UUIDString().lower(): each for each in objects}


def _named(objects: dict[str, Any], name: str) -> Any:
    return next((each for each in objects.values() if each.name() == name), None)

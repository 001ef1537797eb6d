"""libvirt's pools and volumes in memory: the calls that the provider makes, as a real 9.0 answers them.

What a real one does and this one does too: a file made behind its back is seen after a refresh only; any volume is
deleted without a question; files stay when their pool goes, and the next pool over their folder has them.
"""

from __future__ import annotations

import copy
import posixpath
from errno import ENOENT
from typing import TYPE_CHECKING

from lxml import etree

from tests.provider.fakes.basics import error, written

if TYPE_CHECKING:
    from tests.provider.fakes.libvirt import Connection


class Volume:
    def __init__(self, pool: Pool, xml: str) -> None:
        self.pool, self.root = pool, etree.fromstring(xml.encode())
        self.data = b""

    def name(self) -> str:
        return str(self.root.findtext("name"))

    def path(self) -> str:
        return posixpath.join(self.pool.folder, self.name())

    def key(self) -> str:
        return self.path()

    def XMLDesc(self, flags: int = 0) -> str:
        if self.path() not in self.pool.conn.files:
            raise error(38, f"cannot open volume '{self.path()}': No such file or directory", number=ENOENT)
        root = copy.deepcopy(self.root)
        target = root.find("target")
        etree.SubElement(target, "path").text = self.path()
        if root.find("allocation") is None:
            etree.SubElement(root, "allocation").text = "200704"
        return written(root)

    def delete(self, flags: int = 0) -> int:
        self.pool.conn.files.discard(self.path())
        self.pool.volumes.pop(self.name(), None)
        return 0

    def resize(self, capacity: int, flags: int = 0) -> int:
        if any(self.path() in str(domain.live) for domain in self.pool.conn.listAllDomains()):
            raise error(1, 'internal error: Failed to get "write" lock')
        self.root.find("capacity").text = str(capacity)
        return 0

    def download(self, stream: Stream, offset: int, length: int, flags: int = 0) -> int:
        stream.left = self.data[offset : offset + length]
        return 0

    def upload(self, stream: Stream, offset: int, length: int, flags: int = 0) -> int:
        stream.into = self
        self.data = b""
        return 0


class Stream:
    left: bytes = b""
    into: Volume | None = None

    def __init__(self, conn: Connection) -> None:
        self.conn = conn

    def recv(self, nbytes: int) -> bytes:
        chunk, self.left = self.left[:nbytes], self.left[nbytes:]
        return chunk

    def send(self, data: bytes) -> int:
        if self.into is None or self.conn.uploads_fail:
            raise error(38, "Cannot write data: No space left on device")
        self.into.data += data
        return len(data)

    def finish(self) -> int:
        return 0

    def abort(self) -> int:
        return 0


class Pool:
    def __init__(self, conn: Connection, xml: str) -> None:
        self.conn, self.root = conn, etree.fromstring(xml.encode())
        self.active = self.starts_with_host = 0
        self.persistent = 1
        self.volumes: dict[str, Volume] = {}
        self.unseen: dict[str, Volume] = {}  # files that libvirt has not looked at yet

    @property
    def folder(self) -> str:
        return str(self.root.findtext("target/path"))

    def name(self) -> str:
        return str(self.root.findtext("name"))

    def UUIDString(self) -> str:
        return str(self.root.findtext("uuid"))

    def XMLDesc(self, flags: int = 0) -> str:
        return written(self.root)

    def isActive(self) -> int:
        return self.active

    def isPersistent(self) -> int:
        return self.persistent

    def autostart(self) -> int:
        return self.starts_with_host

    def setAutostart(self, autostart: int) -> int:
        self.starts_with_host = autostart
        return 0

    def build(self, flags: int = 0) -> int:
        self.conn.folders.add(self.folder)
        return 0

    def create(self, flags: int = 0) -> int:
        if self.folder not in self.conn.folders:
            raise error(38, f"cannot open path '{self.folder}': No such file or directory")
        self.active = 1
        for name, volume in self.conn.left.pop(self.folder, {}).items():
            volume.pool = self
            if volume.path() in self.conn.files:
                self.volumes[name] = volume
        return 0

    def destroy(self) -> int:
        self.active = 0
        if not self.persistent:
            self.conn.pools.remove(self)
        return 0

    def undefine(self) -> int:
        if self.active:
            raise error(55, f"storage pool '{self.name()}' is still active")
        self.conn.pools.remove(self)
        self.conn.left[self.folder] = self.volumes
        return 0

    def refresh(self, flags: int = 0) -> int:
        if not self.active:
            raise error(55, f"storage pool '{self.name()}' is not active")
        self.volumes |= self.unseen
        self.unseen = {}
        for name, volume in list(self.volumes.items()):
            if volume.path() not in self.conn.files:
                del self.volumes[name]
        return 0

    def listAllVolumes(self, flags: int = 0) -> list[Volume]:
        return list(self.volumes.values())

    def storageVolLookupByName(self, name: str) -> Volume:
        if not self.active:
            raise error(55, f"storage pool '{self.name()}' is not active")
        if name not in self.volumes:
            raise error(50, f"Storage volume not found: no storage vol with matching name '{name}'")
        return self.volumes[name]

    def createXML(self, xmlDesc: str, flags: int = 0) -> Volume:  # noqa: N803
        volume = Volume(self, xmlDesc)
        if volume.name() in self.volumes:
            raise error(90, f"storage volume '{volume.name()}' exists already")
        self.volumes[volume.name()] = volume
        self.conn.files.add(volume.path())
        return volume

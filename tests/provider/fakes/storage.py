"""libvirt's pools and volumes in memory: the calls that the provider makes, as a real 9.0 answers them.

What a real one does and this one does too: a file made behind its back is seen after a refresh only, and so is what a
known one has become (its base, its size, its format); a base that is there has its times beside it; the room that is
left is that of the last refresh; while another client's volume is made, no refresh is to be had; any volume is deleted
without a question; files stay when their pool goes, and the next pool over their folder has them.
"""

from __future__ import annotations

import copy
import posixpath
from errno import ENOENT
from typing import TYPE_CHECKING

from lxml import etree

from provider.storage.volume_xml import view
from tests.provider.fakes.basics import Clock, error, written
from tests.provider.fakes.domain_xml import drop
from tests.provider.fakes.qcow2 import head, looked_at

if TYPE_CHECKING:
    from tests.provider.fakes.libvirt import Connection


class Volume:
    def __init__(self, pool: Pool, xml: str) -> None:
        self.pool, self.root = pool, etree.fromstring(xml.encode())
        self.data = b""
        if self.root.find("target/format[@type='qcow2']") is not None:
            seen = view(self.XML())
            base = seen.backing
            self.data = head(seen.capacity, base and base.path, base and base.format)

    def name(self) -> str:
        return str(self.root.findtext("name"))

    def path(self) -> str:
        return posixpath.join(self.pool.folder, self.name())

    def key(self) -> str:
        return self.path()

    def XMLDesc(self, flags: int = 0) -> str:
        if self.path() not in self.pool.conn.files:
            raise error(38, f"cannot open volume '{self.path()}': No such file or directory", number=ENOENT)
        return self.XML()

    def XML(self) -> str:
        root = copy.deepcopy(self.root)
        target = root.find("target")
        etree.SubElement(target, "path").text = self.path()
        if root.find("allocation") is None:
            etree.SubElement(root, "allocation").text = "200704"
        base = root.find("backingStore")
        if base is not None and base.findtext("path") in self.pool.conn.files:
            etree.SubElement(etree.SubElement(base, "timestamps"), "mtime").text = "1540000000.0"
        return written(root)

    def delete(self, flags: int = 0) -> int:
        self.pool.conn.files.discard(self.path())
        self.pool.volumes.pop(self.name(), None)
        return 0

    def resize(self, capacity: int, flags: int = 0) -> int:
        if any(self.path() in str(domain.live) for domain in self.pool.conn.listAllDomains()):
            raise error(1, 'internal error: Failed to get "write" lock')
        self.grow(capacity)
        return 0

    def grow(self, capacity: int) -> None:
        self.root.find("capacity").text = str(capacity)
        self.data = self.data[:24] + capacity.to_bytes(8, "big") + self.data[32:] if self.data else b""

    def download(self, stream: Stream, offset: int, length: int, flags: int = 0) -> int:
        if self.pool.conn.downloads_fail is not None:
            raise self.pool.conn.downloads_fail
        stream.left = self.data[offset : offset + length]
        return 0

    def upload(self, stream: Stream, offset: int, length: int, flags: int = 0) -> int:
        stream.into, stream.left_to_keep = self, self.pool.conn.keeps
        self.pool.conn.keeps = None
        self.data = b""
        return 0


class Stream:
    left: bytes = b""
    into: Volume | None = None
    left_to_keep: int | None = None

    def __init__(self, conn: Connection) -> None:
        self.conn = conn

    def recv(self, nbytes: int) -> bytes:
        chunk, self.left = self.left[:nbytes], self.left[nbytes:]
        return chunk

    def send(self, data: bytes) -> int:
        if self.into is None or self.conn.uploads_fail:
            raise error(38, "Cannot write data: No space left on device")
        self.into.data += data if self.left_to_keep is None else data[: self.left_to_keep]
        if self.left_to_keep is not None:
            self.left_to_keep = max(0, self.left_to_keep - len(data))
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
        self.busy, self.clock = 0.0, Clock()  # until when another client makes a volume
        self.refresh_fails = ""
        self.room: int | None = None  # what its file system has left; known after a refresh

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
        if self.clock.monotonic() < self.busy:
            raise error(1, f"internal error: pool '{self.name()}' has asynchronous jobs running.")
        if self.refresh_fails:
            raise error(38, self.refresh_fails)
        drop(self.root, "available")
        if self.room is not None:
            etree.SubElement(self.root, "available", unit="bytes").text = str(self.room)
        self.volumes |= self.unseen
        self.unseen = {}
        for name, volume in list(self.volumes.items()):
            if volume.path() not in self.conn.files:
                del self.volumes[name]
            else:
                looked_at(volume.root, volume.path(), volume.data)
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
        if self.conn.full:
            raise error(38, f"cannot create file '{volume.path()}': No space left on device")
        if volume.name() in self.volumes:
            raise error(90, f"storage volume '{volume.name()}' exists already")
        self.volumes[volume.name()] = volume
        self.conn.files.add(volume.path())
        return volume

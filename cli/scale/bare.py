"""What a program without any engine would do: the calls that change something, and nothing between them.

Run by itself, with libvirt-python alone: bare.py dump|up|read|change|destroy URI FILE THREADS [started].  ``dump``
writes what is there to FILE, from which ``up`` makes the same again; THREADS calls are under way at a time.
"""

import pickle
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import libvirt

INACTIVE = 2
CHUNK = 256 * 1024
# A connection for streams alone, one at a time: libvirt's client loses calls that share it (see Host.streaming).
STREAMS: list[Any] = []
ONE = threading.Lock()


def dump(host: Any, file: str, *_: Any) -> None:
    pool = host.storagePoolLookupByName("live")
    volumes = {v.name(): (v.XMLDesc(), _download(v)) for v in pool.listAllVolumes()}
    vms = []
    for domain in host.listAllDomains():
        own = [value for name, value in volumes.items() if name.startswith(domain.name())]
        vms.append((domain.XMLDesc(INACTIVE), domain.autostart(), own))
    made = {
        "networks": [(n.XMLDesc(1), n.autostart()) for n in host.listAllNetworks()],
        "pool": pool.XMLDesc(),
        "vms": vms,
    }
    with open(file, "wb") as out:
        pickle.dump(made, out)


def _download(volume: Any) -> bytes | None:
    """The bytes of a seed; None for an overlay, which is made anew."""
    if "<backingStore>" in volume.XMLDesc():
        return None
    data = b""
    with _stream(volume) as (stream, there):
        there.download(stream, 0, 16 << 20)
        while chunk := stream.recv(CHUNK):
            data += chunk
    return data


@contextmanager
def _stream(volume: Any) -> Iterator[Any]:
    with ONE:
        stream = STREAMS[0].newStream()
        yield stream, STREAMS[0].storageVolLookupByPath(volume.path())
        stream.finish()


def up(host: Any, file: str, threads: int, started: bool) -> None:
    with open(file, "rb") as source:
        made = pickle.load(source)
    for xml, autostart in made["networks"]:
        network = host.networkDefineXML(xml)
        network.create()
        network.setAutostart(autostart)
    pool = host.storagePoolDefineXML(made["pool"])
    pool.build()
    pool.create()
    pool.setAutostart(1)

    def make(vm: Any) -> None:
        xml, autostart, volumes = vm
        for volume_xml, data in volumes:
            volume = pool.createXML(volume_xml)
            if data is not None:
                _upload(volume, data)
        domain = host.defineXML(xml)
        domain.setAutostart(autostart)
        if started:
            domain.create()

    _each(threads, make, made["vms"])


def _upload(volume: Any, data: bytes) -> None:
    sent = 0
    with _stream(volume) as (stream, there):
        there.upload(stream, 0, len(data))
        while sent < len(data):
            sent += stream.send(data[sent : sent + CHUNK])


def read(host: Any, _file: str, threads: int, _started: bool) -> None:
    for network in host.listAllNetworks():
        network.XMLDesc(0), network.XMLDesc(1), network.autostart(), network.isActive()
    volumes: list[Any] = []
    for pool in host.listAllStoragePools():
        pool.XMLDesc(), pool.autostart()
        volumes += pool.listAllVolumes() if pool.name() == "live" else []

    def look(each: Any) -> None:
        each.XMLDesc()
        if isinstance(each, libvirt.virDomain):
            each.XMLDesc(INACTIVE), each.autostart(), each.state()
        else:
            _download(each)

    _each(threads, look, [*volumes, *host.listAllDomains()])


def change(host: Any, _file: str, _threads: int, started: bool) -> None:
    domain = min(host.listAllDomains(), key=lambda d: d.name())
    domain.setMetadata(0, "changed by a script", None, None, 3 if started else 2)


def destroy(host: Any, _file: str, threads: int, _started: bool) -> None:
    def remove(domain: Any) -> None:
        if domain.isActive():
            domain.destroy()
        domain.undefine()

    _each(threads, remove, host.listAllDomains())
    pool = host.storagePoolLookupByName("live")
    _each(threads, lambda volume: volume.delete(), pool.listAllVolumes())
    pool.destroy()
    pool.undefine()
    for network in host.listAllNetworks():
        network.destroy()
        network.undefine()


def _each(threads: int, do: Any, items: Any) -> None:
    with ThreadPoolExecutor(threads) as workers:
        list(workers.map(do, items))


if __name__ == "__main__":
    verb, uri, path, count, *rest = sys.argv[1:]
    connection = libvirt.open(uri)
    STREAMS.append(libvirt.open(uri))
    VERBS: dict[str, Any] = {"dump": dump, "up": up, "read": read, "change": change, "destroy": destroy}
    VERBS[verb](connection, path, int(count), "started" in rest)
    connection.close()

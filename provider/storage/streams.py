"""The bytes of volumes, there and back."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Final

from provider.connection import api, errors
from provider.errors import OperatorError
from provider.host.host import Host
from provider.storage import qcow2

_CHUNK: Final = 256 * 1024


def read_head(host: Host, volume: api.Volume) -> bytes | None:
    """As much of the file as a header takes; None where libvirt refuses it, or its driver can't."""
    try:
        return download(host, volume, qcow2.HEADER_BYTES)
    except (OperatorError, errors.VirtError) as error:
        if errors.lost(error):
            raise
        return None


def download(host: Host, volume: api.Volume, limit: int) -> bytes:
    """The first ``limit`` bytes of the volume's file, or all of it when it is shorter."""
    data = b""
    with _stream(host, volume) as (stream, there):
        there.download(stream, 0, limit)
        while chunk := stream.recv(_CHUNK):
            if isinstance(chunk, int):
                raise OperatorError(f"{volume.path()} can't be read from {host.uri}")
            data += chunk
    return data


def upload(host: Host, volume: api.Volume, data: bytes) -> None:
    sent = 0
    with _stream(host, volume) as (stream, there):
        there.upload(stream, 0, len(data))
        while sent < len(data):
            done = stream.send(data[sent : sent + _CHUNK])
            if done < 0:
                raise OperatorError(f"{volume.path()} can't be written on {host.uri}")
            sent += done


@contextlib.contextmanager
def _stream(host: Host, volume: api.Volume) -> Iterator[tuple[api.Stream, api.Volume]]:
    """A stream, and the volume on its connection; finished at the end, or aborted."""
    with host.streaming() as conn:
        there, stream = conn.storageVolLookupByPath(volume.path()), conn.newStream()
        try:
            yield stream, there
            stream.finish()
        except Exception:
            with contextlib.suppress(errors.VirtError):  # the error that led here is the one to tell
                stream.abort()
            raise

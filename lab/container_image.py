"""Container images written as files, in the form that `docker load` reads: no Docker is needed to make one.

The same content gives the same bytes, and so the same image id.
"""

import hashlib
import io
import json
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

_EPOCH: Final = "1970-01-01T00:00:00Z"
_SECOND: Final = 1_000_000_000  # in Docker's unit of time


@dataclass(frozen=True)
class Health:
    """A shell command that ends with 0 in a healthy container, run each so many seconds."""

    command: str
    interval: int = 10
    timeout: int = 10
    retries: int = 6


@dataclass(frozen=True)
class Image:
    """What `docker load` makes of it. tag is "name:version"; layers are tar archives, the lowest first.

    ports are those of TCP that it listens on; stop_signal is what Docker sends to end it.
    """

    tag: str
    layers: tuple[bytes, ...]
    command: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    ports: tuple[int, ...] = ()
    health: Health | None = None
    stop_signal: str = "SIGTERM"


def layer(files: Mapping[str, bytes], links: Mapping[str, str] | None = None) -> bytes:
    """A layer with these files, all of them root's and executable, their folders, and these symbolic links.

    Paths are relative to the container's root.
    """
    written = io.BytesIO()
    paths = sorted({*files, *(links or {})})
    folders = sorted({above for path in paths for above in _above(path)})
    with tarfile.open(fileobj=written, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for folder in folders:
            archive.addfile(_entry(folder, tarfile.DIRTYPE))
        for path, content in sorted(files.items()):
            archive.addfile(_entry(path, tarfile.REGTYPE, len(content)), io.BytesIO(content))
        for path, target in sorted((links or {}).items()):
            link = _entry(path, tarfile.SYMTYPE)
            link.linkname = target
            archive.addfile(link)
    return written.getvalue()


def archive(images: Sequence[Image]) -> bytes:
    """One archive of all the images, for `docker load`; a layer that several have is in it once."""
    contents: dict[str, bytes] = {}
    manifest = []
    for image in images:
        config = json.dumps(_config(image), sort_keys=True).encode()
        name = f"{_digest(config)}.json"
        contents[name] = config
        layers = [f"{_digest(each)}/layer.tar" for each in image.layers]
        contents.update(zip(layers, image.layers, strict=True))
        manifest.append({"Config": name, "RepoTags": [image.tag], "Layers": layers})
    contents["manifest.json"] = json.dumps(manifest).encode()
    return layer(contents)


def image_id(image: Image) -> str:
    """What Docker calls it: the digest of its configuration."""
    return f"sha256:{_digest(json.dumps(_config(image), sort_keys=True).encode())}"


def _config(image: Image) -> dict[str, Any]:
    run: dict[str, Any] = {
        "Cmd": list(image.command),
        "Env": ["PATH=/bin", *(f"{name}={value}" for name, value in sorted(image.env.items()))],
        "StopSignal": image.stop_signal,
        "WorkingDir": "/",
    }
    if image.ports:
        run["ExposedPorts"] = {f"{port}/tcp": {} for port in image.ports}
    if image.health:
        run["Healthcheck"] = {
            "Test": ["CMD-SHELL", image.health.command],
            "Interval": image.health.interval * _SECOND,
            "Timeout": image.health.timeout * _SECOND,
            "Retries": image.health.retries,
        }
    return {
        "architecture": "amd64",
        "os": "linux",
        "created": _EPOCH,
        "config": run,
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{_digest(each)}" for each in image.layers]},
        "history": [{"created": _EPOCH, "created_by": "lab"} for _ in image.layers],
    }


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _above(path: str) -> list[str]:
    """The folders that a path is in, the outermost first."""
    parts = path.split("/")[:-1]
    return ["/".join(parts[: count + 1]) for count in range(len(parts))]


def _entry(name: str, kind: bytes, size: int = 0) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.type, entry.size, entry.mode = kind, size, 0o755
    return entry

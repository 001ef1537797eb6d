"""What a preview was asked to make: it is not there, and will be by the time that what needs it is made."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass


@dataclass(frozen=True)
class File:
    """A file of a pool that is to be made; ``size`` in bytes, 0 where only its making can tell."""

    format: str
    size: int = 0


class Made:
    """Of one run, since an engine has a process or a servicer of its own for the preview.  Safe to share between
    threads: each of these is one step for Python.

    ``networks`` by name and by UUID, ``domains`` by UUID in lower case, ``pools`` with their folder (None: not known
    yet), ``files`` by path, ``volumes`` by pool and name.
    """

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Nothing is foreseen any more: the run itself goes by what is there."""
        self.networks: set[str] = set()
        self.domains: set[str] = set()
        self.pools: dict[str, str | None] = {}
        self.files: dict[str, File] = {}
        self.volumes: dict[tuple[str, str], File] = {}

    def volume(self, pool: str, name: str, path: str | None, file: File) -> None:
        self.volumes[pool, name] = file
        if path is not None:
            self.files[path] = file

    def may_have(self, path: str) -> bool:
        """Whether the file is to be made, or is one of a pool that is: then it may have been in its folder before."""
        folder = posixpath.normpath(posixpath.dirname(path))
        folders = [posixpath.normpath(each) for each in self.pools.values() if each is not None]
        return path in self.files or folder in folders

"""The bench's hypervisors: labs of their own, with an image that has no operating system on it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from cli.lab.command import need_packages
from cli.scale import project
from lab.facts import Bridge, HostFacts
from lab.hypervisor import Lab


@contextlib.contextmanager
def hypervisors(root: Path, size: project.Size) -> Iterator[list[Lab]]:
    """As many labs, up; they are gone at the end, whatever happens.  Raises `LabError`."""
    need_packages(print)
    facts = HostFacts(bridges=(Bridge("br0", "eth0"),), base_folder=project.BASE_FOLDER)
    labs = [Lab(project.stack_name(index), facts, root=root) for index in range(size.hypervisors)]
    image = f"{project.BASE_FOLDER}/{project.BASE}"
    try:
        for lab in labs:
            lab.up()
            lab.run(["qemu-img", "create", "-q", "-f", "qcow2", image, str(project.SIZE)], check=True)
        yield labs
    finally:
        for lab in labs:
            lab.down(purge=True)

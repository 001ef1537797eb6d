"""A host that lacks nearly all that a stack stands on: told at once, and mended by what is printed, as it stands."""

import os
import re
import subprocess
from collections.abc import Iterator

import pytest

from lab.hypervisor import PROGRAMS
from tests.lab.stage import ENGINES, Stage, stage

pytestmark = [pytest.mark.lab, pytest.mark.endtoend]

VMS = {"Acilamwen": {"disks": {"data": {"size": "1 MiB", "pool": "slow"}}}, "Ulov": {}, "Ibalehar": {}}


@pytest.fixture(scope="module", params=ENGINES)
def fresh(request: pytest.FixtureRequest) -> Iterator[Stage]:
    if PROGRAMS in os.environ:
        pytest.skip(
            "another release's libvirt, whose interface driver may not know whether a bridge is there"
        )
    with stage("trop02", request.param, vms=VMS) as made:
        made.virsh("pool-destroy", "base")
        made.virsh("pool-undefine", "base")
        made.lab.run(["ip", "link", "set", "br0", "name", "br9"], check=True)
        yield made


def test_all_of_it_is_told_at_one_preview_each_once_and_typed_as_it_is_printed(fresh: Stage) -> None:
    told = fresh.on_stack("preview")
    assert told.code != 0
    warnings = [line.strip() for line in told.out.splitlines() if line.strip().startswith("warning: ")]
    assert [re.sub(r" (on|is).*", "", line) for line in warnings] == [
        "warning: bridge br0", "warning: there", "warning: base image /var/lib/libvirt/images/base/"
        "fedora-28-32G-docker-base-20181016.qcow",
    ]  # fmt: skip
    diagnostics = told.out.partition("Diagnostics:")[2]
    commands = re.findall(r"virsh -c '[^']+' '[^']+'", diagnostics)
    assert [command.split("'")[3].split()[1] for command in commands] == ["slow", "base"]

    for command in commands:
        done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    fresh.lab.run(["ip", "link", "set", "br9", "name", "br0"], check=True)
    mended = fresh.must("preview")
    assert "warning" not in mended.out
    assert fresh.names("pool-list", "--autostart") == ["base", "slow"]
    fresh.bring_up()
    assert fresh.virsh("vol-list", "slow").split()[0] == "Acilamwen.data.qcow2"
    fresh.unchanged()

"""A float on a NIC that is in use in its guest: a VLAN with its MAC, a bridge on that, and Docker on both."""

from __future__ import annotations

import dataclasses
import statistics
import time
from collections.abc import Iterator

import pytest

from lab import container_image, debian, processes
from tests.guests.cell import HOLDERS, Cell, cell
from tests.lab.catalogue_terms import FLOATS
from tests.lab.lab_guest import wait_for
from tests.lab.pings import LATE, Target, pinging
from tests.services import stand_ins

pytestmark = [pytest.mark.lab, pytest.mark.guests, pytest.mark.soak]

ADDRESS, MAC = FLOATS["float1"]
IMAGE = "some/page:1"
MOVES = 20

# As a guest's owner does it: whenever the NIC comes, so do a VLAN with its MAC, a bridge with the VLAN as its port, and
# a network of Docker that makes a VLAN of its own on it.
_RULE = f"""\
ACTION=="add", SUBSYSTEM=="net", ATTR{{address}}=="{MAC}", DRIVERS=="?*", RUN+="/usr/local/sbin/on-nic %k"
"""
_ON_NIC = """\
#!/bin/sh
ip link add link $1 name $1.7 type vlan id 7
ip link add br7 type bridge
ip link set $1.7 master br7
for each in $1 $1.7 br7; do ip link set $each up; done
systemd-run -q --no-block sh -c "docker network rm campus; docker network create -d macvlan -o parent=$1.9 campus"
"""
# Where the address is, some twenty times a second and at each change; and what there is on the NIC.
_SAMPLER = f"""\
#!/bin/sh
ip -o monitor address | grep --line-buffered -F ' {ADDRESS}/' > /run/changes &
while :; do
    echo at $(ip -o -4 addr show to {ADDRESS} | awk '{{print $2}}') >> /run/samples
    sleep 0.05
done
"""
_FILES = {
    "/etc/udev/rules.d/99-on-nic.rules": _RULE,
    "/usr/local/sbin/on-nic": _ON_NIC,
    "/usr/local/sbin/sampler": _SAMPLER,
}


@pytest.fixture
def busy() -> Iterator[Cell]:
    """Docker hosts, each with a container at port 80 of all its addresses."""
    with cell("debian", "debian", _give) as made:
        for name in HOLDERS:
            for path, text in _FILES.items():
                made.inside(name, f"cat > {path} << 'END'\n{text}END\nchmod 755 {path}")
            run = f"docker run -d -p 80:8080 --pull never --name page --hostname {name} {IMAGE}"
            made.inside(
                name,
                f"modprobe -a 8021q bridge macvlan; udevadm control --reload; {run}; systemd-run sampler",
            )
        yield made


def _give(made: Cell) -> None:
    programs = ["sh", "httpd", "hostname", "mkdir"]
    files = stand_ins.layer(stand_ins.busybox(made.stage.lab.cache).read_bytes(), programs)
    given = dataclasses.replace(stand_ins.image("firethorn", "1", files), tag=IMAGE)
    debian.give_images(made.stage.lab.base, container_image.archive([given]))


def moved(made: Cell, holder: str) -> float:
    """The outage in seconds: the longest time between two answers to pings from the campus."""
    space = f"/proc/{processes.first(made.stage.lab.state)}/root/run/netns/campus"
    with pinging([Target("float", space, ADDRESS, 0.02)], made.stage.folder / "pings.log") as pings:
        begin = time.monotonic()
        made.move({"float1": holder})
        end = time.monotonic()
        time.sleep(LATE)
        return pings.between("float", begin, end).hole


def test_in_twenty_moves_the_address_is_on_the_nic_alone_at_all_times(busy: Cell) -> None:
    busy.move({"float1": HOLDERS[0]})
    outages = []
    for number in range(1, MOVES + 1):
        holder = HOLDERS[number % 2]
        outages.append(moved(busy, holder))
        nic = busy.nic("float1")
        wait_for(lambda: busy.answers("float1") == f"firethorn 1 on {holder}" or None)  # noqa: B023
        links = busy.inside(holder, "ip -o link")
        assert all(f"{name}" in links for name in (f"{nic}.7@", "br7", "docker0")), links
        wait_for(lambda: f"{nic}.9@" in busy.inside(holder, "ip -o link") or None)  # noqa: B023
        assert busy.wrong(holder) == []
    for name in HOLDERS:
        samples = busy.inside(name, "cat /run/samples").splitlines()
        changes = busy.inside(name, "cat /run/changes").splitlines()
        assert len(samples) > 1000
        assert {line.partition(" ")[2] for line in samples} == {"", nic}
        assert {line.split()[1].rstrip(":") for line in changes if "Deleted" not in line} == {nic}
    told = ", ".join(f"{outage * 1000:.0f}" for outage in outages)
    print(f"\noutages in ms: {told}; median {statistics.median(outages) * 1000:.0f}")

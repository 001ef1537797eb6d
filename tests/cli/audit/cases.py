"""Single faults of what a hypervisor has for its VMs: pool, disks, gateway; and of what is somebody else's."""

from __future__ import annotations

from collections.abc import Callable

from cli.audit import owned
from cli.audit.world import Gateway
from tests.cli.audit.picture import PLAN, Picture, network
from tests.cli.audit.spoil import (
    ADOPT_UP,
    ROUTER,
    ULOV,
    UP,
    Case,
    attribute,
    both,
    changed,
    heard,
    lost,
    pool,
    stranger,
)


def silent(to_hypervisor: bool | None) -> Callable[[Picture], object]:
    """A gateway that does not answer the VM, and answers its hypervisor or not; None: that could not ask."""
    return heard(
        Gateway(ROUTER, "bridge br0", "the hypervisor", to_hypervisor),
        Gateway(ROUTER, "Acilamwen", "its agent", False),
    )


HOST_CASES = [
    Case(
        "autostart-off",
        stranger("uuid-Ulov", attribute("Ulov", autostart=False)),
        "Ulov",
        "",
        "autostart Ulov",
    ),
    Case(
        "autostart-off",
        stranger("uuid-default", changed("default", autostart=False)),
        "network default",
        "",
        "system net-autostart default",
    ),
    Case(
        "autostart-off",
        stranger("uuid-live", pool(autostart=False)),
        "pool live",
        "does not start",
        "system pool-autostart live",
    ),
    Case(
        "vm-stopped",
        stranger("uuid-Ulov", attribute("Ulov", state="shut off")),
        "Ulov",
        "",
        "system start Ulov",
    ),
    Case(
        "network-down",
        stranger("uuid-bridged", changed("bridged", active=False, live_xml=None)),
        "network bridged",
        "",
        "system net-start bridged",
    ),
    Case(
        "network-left",
        lambda p: p.networks.update(
            left=network("park-uuid-default", "<network><name>park</name></network>")
        ),
        "network park-uuid-default",
        "there for guests to wait in while default is restarted",
        UP,
    ),
    Case(
        "vm-address",
        lambda p: p.give("Ulov", (ULOV.mac, "192.168.202.99"), (ULOV.mac, "fe80::1")),
        "Ulov",
        "has 192.168.202.99, which nobody has leased to it, and not 192.168.202.10 (asked: its agent)",
        "in Ulov: take away what sets 192.168.202.99, and have the NIC ask by DHCP",
    ),
    Case("vm-nic", stranger("uuid-Ibalehar", attribute("Ulov", live=[])), "Ulov", "", ADOPT_UP),
    Case("pool-down", pool(persistent=False), "pool live", "is transient", UP),
    Case(
        "pool-down",
        both(pool(active=False), lambda p: p.volumes.clear()),
        "pool live",
        "does not run",
        "see that /libvirt/storage/live is mounted, then: virsh -c qemu+ssh://trop02/system pool-start live",
    ),
    Case(
        "pool-down",
        both(lambda p: setattr(p, "gone", tuple(p.volumes)), lambda p: p.volumes.clear()),
        "pool live",
        "no file at all, and disks of Acilamwen, Lothigometh, Ulov, Eterathiel, Ibalehar belong in /libvirt",
        "mount what belongs at /libvirt/storage/live, then: virsh -c qemu+ssh://trop02/system pool-refresh live",
    ),
    Case(
        "pool-down",
        both(lambda p: p.pools.clear(), lambda p: p.volumes.clear()),
        "pool live",
        "is not there, and has disks of Acilamwen,",
        f"<uuid>{owned.pool_mark(PLAN)}</uuid>",
    ),
    Case(
        "disk-missing",
        lost(state="shut off"),
        "Ulov",
        "Ulov.qcow is missing",
        "put back the very file, from a backup",
    ),
    Case(
        "disk-missing",
        lost(),
        "Ulov",
        "still has all of it: do not stop it",
        "virsh -c qemu+ssh://trop02/system blockcopy Ulov vda --dest /libvirt/storage/live/Ulov.qcow --format raw "
        "--transient-job --wait --pivot",
    ),
    Case(
        "gateway-silent",
        silent(False),
        "bridge br0",
        "129.215.175.126 does not answer (asked: the hypervisor; its agent)",
        "bring up the router",
    ),
    Case(
        "gateway-silent",
        silent(True),
        "Acilamwen",
        "does not answer (asked: its agent)",
        "find what keeps Acilamwen from it (it answers the hypervisor)",
    ),
    Case(
        "gateway-silent",
        silent(None),
        "Acilamwen",
        "does not answer (asked: its agent)",
        "or name the right one: gateway in config/fleet.yaml",
    ),
]

"""What is listed at the end: what nobody declares, and the table with its groups."""

from __future__ import annotations

from dataclasses import replace

from cli.adopt import table
from cli.adopt.compare import Difference, compare
from tests.cli import hosts
from tests.cli.adopt.beside import STRANGER, all_there, plan_of, vm_of
from tests.cli.adopt.test_differences import edited


def test_what_is_not_declared_is_listed_once_a_line_a_kind() -> None:
    plan = plan_of(Ulov={})
    ulov = vm_of(plan, "Ulov")
    extra = (hosts.nic(STRANGER, "br1", "bridge"), hosts.disk("/srv/data.raw", "vdb"))
    portgroup = "<portgroup name='x'/></network>"
    seen = all_there(plan)
    others = [d for d in seen.domains if d.name != "Ulov"]
    mine = hosts.whole(plan, ulov, *extra)
    old = hosts.overlay(plan, ulov, name="old.qcow", path="/libvirt/storage/live/old.qcow")
    default = edited("default", "</network>", portgroup)()
    seen = replace(
        seen,
        domains=(hosts.domain("other, tenant"), *others, mine, hosts.domain("zweiter")),
        networks=(hosts.network("bridged"), default, hosts.network("lan", xml="<network/>")),
        pools=(*seen.pools, hosts.pool(name="iscsi", kind="iscsi", path="/dev/disk/by-path")),
        volumes=(*seen.volumes, old),
    )
    result = compare(plan, seen)

    assert result.undeclared == (
        "domains: 'other, tenant', zweiter",
        "networks: lan",
        "pools: iscsi",
        "files in pool live: old.qcow",
        "of network default: port groups",
        f"of VM Ulov: NIC {STRANGER} on bridge br1, disk /srv/data.raw",
    )
    assert result.differs == ()


def test_of_very_many_names_a_line_gives_the_number() -> None:
    plan = plan_of()
    seen = all_there(plan)
    many = tuple(hosts.domain(f"vm{i:02d}") for i in range(30))
    (line,) = compare(plan, replace(seen, domains=(*seen.domains, *many))).undeclared

    assert line.endswith("vm11 and 18 more")


def test_the_table_has_its_four_groups_and_what_is_in_the_way() -> None:
    plan = plan_of()
    result = replace(
        compare(plan, all_there(plan)),
        differs=(Difference("VM Ulov", "memory", "2048", "4096"), Difference("VM Ulov", "nic", "", "x")),
        undeclared=("domains: a",),
        missing=("network default",),
        why=("pool live: it is stopped",),
    )
    text = table.text("trop02", "qemu:///system", result)

    assert text.splitlines()[0] == "trop02 at qemu:///system"
    assert "\ndiffers (2):\n  object   what    declared  on the host\n" in text
    assert "\n  VM Ulov  memory  2048      4096\n" in text
    assert "\n  VM Ulov  nic     –         x\n" in text
    assert "\non the host, not declared, left alone:\n  domains: a\n" in text
    assert "\ndeclared, not there (1): network default\n" in text
    assert "\nin the way of taking it over (1):\n  pool live: it is stopped\n" in text

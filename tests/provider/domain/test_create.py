"""Making a domain: what is checked before, what a second attempt does, what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from provider.domain.new import disk_format
from provider.errors import OperatorError
from provider.host.host import Host
from provider.host.optional import unheard
from provider.resource.base import COMPUTED
from tests.crash.world import World as Hypervisor
from tests.provider.fakes import typed
from tests.provider.fakes.domain_world import DEFAULT_UUID, FLOAT1, POOL, RESERVED, World, declared


@pytest.fixture
def world() -> World:
    return World()


def create(
    world: World, preview: bool = False, name: str = "Acilamwen", **inputs: Any
) -> tuple[str, dict[str, Any]]:
    return world.domains.create(world.call(world.domains, name), declared(name) | inputs, preview)


def test_a_new_domain_is_defined_started_and_told_as_libvirt_has_it(world: World) -> None:
    id, outputs = create(world, machine="pc")
    fake = world.conn.domains[id]
    assert (fake.isActive(), fake.auto) == (1, True)
    assert fake.plugged() == [RESERVED.lower()]
    assert outputs["state"] == "running"
    assert outputs["persistent"] is True
    assert outputs["machine"] == "pc"
    assert outputs["emulator"] == "/usr/bin/qemu-system-x86_64"
    assert "/Acilamwen.qcow" in fake.XMLDesc(2)
    assert "qcow2" in fake.XMLDesc(2)


def test_a_domain_that_is_not_to_run_is_defined_and_left_off(world: World) -> None:
    _, outputs = create(world, running=False, autostart=False)
    assert world.conn.calls == ["defineXML"]
    assert outputs["state"] == "shut off"


def test_a_preview_of_a_new_domain_changes_nothing_and_knows_no_id(world: World) -> None:
    id, outputs = create(world, preview=True)
    assert id == ""
    assert outputs["state"] is COMPUTED
    assert world.conn.calls == []


def test_a_preview_takes_what_only_an_up_can_tell(world: World) -> None:
    create(
        world,
        preview=True,
        disks=[{"volumeId": COMPUTED}],
        cloudinit=COMPUTED,
        networkInterfaces=[{"networkId": COMPUTED, "mac": RESERVED}],
    )


def test_the_type_is_kvm_only_where_the_host_has_it(world: World) -> None:
    inputs = declared()
    del inputs["type"]
    _, outputs = world.domains.create(world.call(world.domains, "Acilamwen"), inputs, False)
    assert outputs["type"] == "kvm"
    world.conn.kvm = False
    inputs = declared("Siamond")
    del inputs["type"]
    _, outputs = world.domains.create(world.call(world.domains, "Siamond"), inputs, False)
    assert outputs["type"] == "qemu"


@pytest.mark.parametrize("left", ["defined only", "started, no autostart", "undefined while it ran"])
def test_a_create_that_was_killed_is_finished_by_the_next_one(world: World, left: str) -> None:
    vm = world.made()
    vm.fake.auto = False
    if left == "defined only":
        vm.fake.live = None
    elif left == "undefined while it ran":
        vm.fake.undefineFlags()
    id, outputs = create(world)
    assert id == vm.id
    assert (outputs["state"], outputs["persistent"], vm.fake.auto) == ("running", True, True)


def test_a_start_that_libvirt_has_not_ended_when_its_caller_was_killed_is_seen_through(world: World) -> None:
    vm = world.made()
    vm.fake.starting_until = 1.1
    assert create(world)[1]["state"] == "running"
    assert world.conn.calls == []


def test_creating_what_is_there_already_changes_nothing(world: World) -> None:
    vm = world.made()
    assert create(world)[0] == vm.id
    assert world.conn.calls == []


def test_a_domain_of_somebody_elses_is_never_taken_and_the_line_says_how_to_adopt_it(world: World) -> None:
    vm = world.made()
    for preview in (True, False):
        with pytest.raises(OperatorError, match=f"pulumi import libvirt:index/domain:Domain other {vm.id}"):
            world.domains.create(
                world.call(world.domains, "other"),
                declared() | {"networkInterfaces": [], "disks": []},
                preview,
            )
    assert world.conn.calls == []


@pytest.mark.parametrize("preview", [True, False])
def test_a_mac_that_another_domain_has_is_refused(world: World, preview: bool) -> None:
    world.made().attach_by_hand(FLOAT1, flags=1)
    nics = [{"networkId": DEFAULT_UUID, "mac": FLOAT1}]
    with pytest.raises(OperatorError, match=rf"{FLOAT1} \(domain Acilamwen\)"):
        create(world, preview, "Siamond", networkInterfaces=nics)
    assert world.conn.calls == []


@pytest.mark.parametrize("preview", [True, False])
def test_a_disk_that_another_domain_writes_to_is_refused(world: World, preview: bool) -> None:
    world.made()
    with pytest.raises(
        OperatorError, match=r"writes to this disk already: /libvirt/storage/live/Acilamwen.qcow"
    ):
        create(world, preview, "Siamond", disks=[{"file": f"{POOL}/Acilamwen.qcow"}])


@pytest.mark.parametrize(
    ("inputs", "line"),
    [
        (
            {"disks": [{"volumeId": "/gone/x.qcow"}]},
            "no active pool of test:///fake has the disk /gone/x.qcow",
        ),
        ({"cloudinit": "/gone/seed.iso"}, "has the disk /gone/seed.iso"),
        ({"networkInterfaces": [{"networkName": "nowhere", "mac": RESERVED}]}, "there is no network nowhere"),
        (
            {"networkInterfaces": [{"networkName": "off", "mac": RESERVED}]},
            "start it: virsh -c 'test:///fake' net-start off",
        ),
        ({"xml": {"xslt": "<nonsense"}}, "xml.xslt cannot be applied"),
    ],
)
def test_what_is_missing_is_told_in_one_line_before_anything_is_defined(
    world: World, inputs: dict[str, Any], line: str
) -> None:
    with pytest.raises(OperatorError, match=line) as caught:
        create(world, **inputs)
    assert "\n" not in str(caught.value)
    assert world.conn.calls == []


def test_a_file_put_there_behind_libvirts_back_is_found_after_a_refresh(world: World) -> None:
    path = world.conn.add_volume(f"{POOL}/late.raw", "raw", known=False)
    id, _ = create(world, disks=[{"file": path}])
    assert path in world.conn.domains[id].XMLDesc(2)


def test_a_domain_that_does_not_start_says_why_and_is_finished_by_the_next_create(world: World) -> None:
    vm = world.made(running=False)
    vm.fake.fails_to_start = "internal error: cannot set up guest memory"
    with pytest.raises(OperatorError, match=r"does not start: .*cannot set up guest memory"):
        create(world)
    vm.fake.fails_to_start = ""
    assert create(world)[1]["state"] == "running"


def test_the_operators_stylesheet_has_the_last_word(world: World) -> None:
    sheet = """<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform">
      <xsl:template match="@*|node()"><xsl:copy><xsl:apply-templates select="@*|node()"/></xsl:copy></xsl:template>
      <xsl:template match="vcpu/text()">7</xsl:template></xsl:stylesheet>"""
    id, _ = create(world, xml={"xslt": sheet})
    assert "<vcpu>7</vcpu>" in world.conn.domains[id].XMLDesc(2)


@pytest.mark.parametrize(
    ("inputs", "path"),
    [
        ({"memory": 0}, "memory"),
        ({"type": "xen"}, "type"),
        ({"name": "a/b"}, "name"),
        ({"title": "one\ntwo"}, "title"),
        ({"metadata": "<x/>"}, "metadata"),
        ({"disks": [{"file": "/a", "volumeId": "/a"}]}, "disks[0]"),
        ({"networkInterfaces": [{"mac": RESERVED}]}, "networkInterfaces[0]"),
        ({"networkInterfaces": [{"bridge": "br0", "mac": "52:54:00"}]}, "networkInterfaces[0].mac"),
        ({"networkInterfaces": [{"bridge": "br0", "mac": "53:54:00:00:00:01"}]}, "networkInterfaces[0].mac"),
        (
            {
                "networkInterfaces": [
                    {"bridge": "br0", "mac": RESERVED},
                    {"bridge": "br0", "mac": RESERVED.lower()},
                ]
            },
            "networkInterfaces[1].mac",
        ),
        ({"consoles": [{"type": "tcp"}]}, "consoles[0].type"),
    ],
)
def test_a_wrong_value_is_a_check_failure_at_its_path(
    world: World, inputs: dict[str, Any], path: str
) -> None:
    checked = world.domains.check(world.call(world.domains, "x"), {}, declared() | inputs)
    assert [f.path for f in checked.failures] == [path]


def test_a_nic_without_a_mac_gets_one_that_stays(world: World) -> None:
    call = world.call(world.domains, "x")
    nics = {"networkInterfaces": [{"bridge": "br0"}]}
    first = world.domains.check(call, {}, nics).inputs
    assert world.domains.check(call, {}, nics).inputs == first
    kept = {"networkInterfaces": [{"bridge": "br0", "mac": RESERVED}]}
    assert world.domains.check(call, kept, nics).inputs["networkInterfaces"] == kept["networkInterfaces"]
    assert first["name"] == "x"


def test_a_disk_that_no_pool_has_is_found_once_the_pool_is_made_by_the_line_that_is_told() -> None:
    world = Hypervisor()
    pool = world.storagePoolDefineXML(
        "<pool type='dir'><name>x</name><uuid>x</uuid><target><path>/srv/more disks</path></target></pool>"
    )
    pool.build()
    pool.create()
    path = world.add_volume("/srv/more disks/x.qcow2")
    pool.destroy()
    pool.undefine()
    host = Host("test:///fake", opener=lambda _uri: world)
    with pytest.raises(OperatorError, match="no pool that is stopped has its folder: virsh") as told:
        disk_format(host, "domain x", path, unheard)
    typed.virsh(world, *typed.lines(told.value))
    assert disk_format(host, "domain x", path, unheard) == "qcow2"

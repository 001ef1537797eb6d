"""What nobody here knows, in what is changed: it stays, or is named beforehand."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from provider.domain import stage as domain_stage
from provider.domain.given_up import given_up
from provider.nic import nic
from provider.nic.nic import Wanted
from tests.provider.domain import foreign
from tests.provider.domain.test_stage import DECLARED, NAMES, planned, sample
from tests.provider.fakes.domain_world import World

pytestmark = pytest.mark.reports("H8")

WITH_ALL = (
    "<devices><serial type='file'><source path='/x'/><target port='0'/></serial>"
    "<console type='file'><source path='/x'/><target type='serial' port='0'/></console>"
    "<graphics type='vnc' port='5901' autoport='no' passwd='x' tlsPort='1'>"
    "<listen type='address' address='127.0.0.1'/></graphics><video><model type='qxl' ram='1' vgamem='2' heads='1'/>"
    "</video></devices>"
)


def everything(name: str) -> Any:
    """A definition that has all that is ever changed in one."""
    root = etree.fromstring(sample(name))
    devices = root.find("devices")
    for tag in ("serial", "console", "graphics", "video"):
        for old in devices.findall(tag):
            devices.remove(old)
    devices.extend(etree.fromstring(WITH_ALL))
    etree.SubElement(root.find("os"), "loader", type="pflash", readonly="yes").text = "/before.fd"
    if root.find("cpu/topology") is None:
        etree.SubElement(root.find("cpu"), "topology", sockets="1")
    return root


@pytest.mark.reports("H8")
@settings(max_examples=150, deadline=None)
@given(st.sampled_from(NAMES), DECLARED, st.integers(0, 1 << 16))
def test_what_nobody_here_knows_stays_in_what_is_changed(
    name: str, declared: dict[str, Any], seed: int
) -> None:
    root = everything(name)
    marks = foreign.scatter(random.Random(seed), root)
    had = foreign.devices(root)
    xml = str(etree.tostring(root, encoding="unicode"))

    after = domain_stage.staged(xml, declared, planned(declared, xml))

    assert planned(declared, after) == frozenset()
    told = given_up(xml, declared, planned(declared, xml))
    gone = [line for line in foreign.lost(marks, had, etree.fromstring(after)) if not _told(line, told)]
    assert gone == []


def _told(line: str, told: list[str]) -> bool:
    """Whether the place of a mark that is gone is one of which the preview says so."""
    place = line.split(" of domain/")[1].split(" is in")[0]
    return any(place == one or place.startswith(f"{one}/") for one in told)


def test_what_libvirt_would_not_take_beside_the_new_value_is_named() -> None:
    xml = str(etree.tostring(everything("Acilamwen"), encoding="unicode"))
    declared = {"graphics": {"type": "spice"}, "video": {"type": "vga"}, "consoles": [{"type": "pty"}]}
    assert given_up(xml, declared, declared.keys()) == [
        "devices/console/source",
        "devices/graphics tlsPort",
        "devices/serial/source",
        "devices/video/model heads",
        "devices/video/model ram",
        "devices/video/model vgamem",
    ]
    assert given_up(xml, {"memory": 1 << 12}, {"memory"}) == []


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(NAMES), st.sampled_from(["live", "persistent"]), st.integers(0, 1 << 16))
def test_a_nic_that_goes_elsewhere_or_has_its_link_switched_keeps_the_rest(
    name: str, side: str, seed: int
) -> None:
    root = etree.fromstring(sample(name, side))
    marks = foreign.scatter(random.Random(seed), root)
    for found in nic.nics(str(etree.tostring(root, encoding="unicode"))):
        for xml in (
            nic.with_link(found, "down"),
            nic.with_link(found, "up"),
            nic.with_place(found, Wanted(found.mac, bridge="br7")),
            nic.with_place(found, Wanted(found.mac, network="other")),
        ):
            element = etree.fromstring(xml)
            mine = {n: m for n, m in marks.items() if m.startswith(f"NIC {found.mac} ")}
            assert {n: m for n, m in foreign.there(element).items() if n in mine} == mine


def test_a_move_names_the_port_group_that_belongs_to_the_network_of_before() -> None:
    world = World()
    vm = world.made()
    for root in (vm.fake.live, vm.fake.config):
        root.find("devices/interface/source").set("portgroup", "quiet")
    mac = vm.inputs["networkInterfaces"][0]["mac"]
    vm.call.notes.clear()
    vm.up(preview=True, networkInterfaces=[{"networkName": "bridged", "mac": mac}])
    assert [n.text for n in vm.call.notes] == [
        f"Acilamwen: NIC {mac.lower()} goes from network default (and out of its port group quiet) to network bridged; "
        "the guest keeps its address until it asks for another (in the running guest and in the persistent definition)"
    ]


def test_an_update_names_what_its_definition_gives_up_for_it() -> None:
    world = World()
    vm = world.made()
    vm.fake.config.append(etree.fromstring("<vcpus><vcpu id='0' enabled='yes' hotpluggable='no'/></vcpus>"))
    vm.call.notes.clear()
    vm.up(preview=True, vcpu=2)
    assert next(n.text for n in vm.call.notes).endswith("; its definition gives up vcpus for it")

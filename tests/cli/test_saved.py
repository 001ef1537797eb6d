"""What is saved is called so in every place that shows it, and has the NICs of its image; "shut off" is it nowhere."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from lxml import etree

from cli.map.compare import picture
from lab.guests import of
from provider.domain.seen import see
from provider.host.host import Host
from provider.survey import sweep
from tests.cli.map.pictures import MACS, RACK, SEEN
from tests.cli.whois.asked import domain, host, said, seeing
from tests.provider.fakes.domain_world import FLOAT1, World

pytestmark = pytest.mark.reports("N1")
STRAY = "52:54:00:77:00:01"


def test_whois_finds_the_nic_that_only_the_image_has() -> None:
    image = domain("Ulov", f"{STRAY} bridged vnet1").live
    saved = replace(domain("Ulov", state="saved"), saved=image)
    found = said(STRAY, seeing({"trop02": host(saved)}))
    assert f"{STRAY} in Ulov on trop02 (saved)" in found


def test_the_map_shows_it_with_the_nics_of_its_image() -> None:
    ulov = next(d for d in SEEN.domains if d.name == "Ulov")
    image = see(str(ulov.live_xml).replace(MACS["Ulov"], STRAY))
    saved = replace(ulov, state="saved", live=None, live_xml=None, saved=image)
    seen = replace(SEEN, domains=tuple(saved if d is ulov else d for d in SEEN.domains))
    shown = picture(RACK.fleet, {"trop02": RACK.plans["trop02"]}, {"trop02": seen})
    box = next(b for card in shown.cards for b in card.boxes if b.name == "Ulov")
    assert box.state == "saved"
    assert STRAY in [plug.mac for plug in box.plugs]


def test_a_survey_of_it_has_the_three_sides(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    vm = world.made()
    world.plugged(vm)
    vm.fake.managedSave()
    for others in ("listAllStoragePools", "listAllNetworks"):
        monkeypatch.setattr(world.conn, others, list)
    (seen,) = sweep.survey(Host("test:///fake", opener=lambda _uri: world.conn)).domains
    assert (seen.state, seen.live) == ("saved", None)
    assert seen.saved is not None
    assert FLOAT1 in [n.mac for n in seen.saved.nics]
    assert FLOAT1 in [n.mac for n in seen.nics]


@pytest.mark.parametrize(
    ("state", "saved", "failed", "said"),
    [
        ([5, 5], True, {}, "saved"),
        ([5, 0], True, {}, "saved"),  # libvirtd has forgotten why, as after its own restart
        ([5, 6], False, {}, "shut off (it failed to start)"),
        ([3, 5], False, {"vda": 2}, "paused (I/O error, vda: no space)"),
        ([3, 1], False, {}, "paused (by an operator)"),
        ([1, 1], False, {}, "running"),
    ],
)
@pytest.mark.reports("D6")
def test_a_labs_status_says_so_too(state: list[int], saved: bool, failed: dict[str, int], said: str) -> None:
    class Guest:
        def __getattr__(self, name: str) -> Any:
            answers = {
                "name": "Ulov",
                "XMLDesc": etree.tostring(etree.Element("domain"), encoding="unicode"),
                "state": state,
                "hasManagedSaveImage": int(saved),
                "diskErrors": failed,
            }
            return lambda *_flags: answers[name]

    class Hypervisor:
        def listAllDomains(self) -> list[Guest]:
            return [Guest()]

        def listAllNetworks(self) -> list[Any]:
            return []

    guests, _ = of(Hypervisor())
    assert [guest.state for guest in guests] == [said]

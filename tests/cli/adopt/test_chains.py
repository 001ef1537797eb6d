"""A disk under a snapshot is the declared one; what an overlay stands on is what the running guest has of it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cli.adopt import complete
from cli.adopt.compare import compare
from cli.adopt.table import text
from config.plan import Plan
from config.settings import Settings
from provider.domain.seen import see
from provider.survey.survey import DomainSeen, HostSeen, running_bases, standing_on
from tests.cli.adopt.beside import all_there, of, plan_of

DISK = "/libvirt/storage/live/Ulov.qcow"


def under(domain: DomainSeen, *above: str, recorded: int = 9) -> DomainSeen:
    """The domain with snapshots on its disk, from the top down.  ``recorded``: how much of what the top stands on its
    definition says."""

    def pushed(xml: str | None, most: int = 9) -> str:
        top, *below = (*above, DISK)
        below = below[:most]
        chain = "".join(f"<backingStore><source file='{path}'/>" for path in below) + "</backingStore>" * len(
            below
        )
        return (xml or "").replace(f"<source file='{DISK}'/>", f"<source file='{top}'/>{chain}")

    live, config = pushed(domain.live_xml), pushed(domain.config_xml, recorded)
    return replace(domain, live=see(live), config=see(config), live_xml=live, config_xml=config)


def with_ulov(plan: Plan, *above: str, recorded: int = 9) -> HostSeen:
    seen = all_there(plan)
    domains = (under(d, *above, recorded=recorded) if d.name == "Ulov" else d for d in seen.domains)
    return replace(seen, domains=tuple(domains))


@pytest.mark.reports("D1")
@pytest.mark.parametrize("above", [("/s1",), ("/s2", "/s1")])
def test_a_snapshot_is_no_difference_and_nothing_is_written_for_it(above: tuple[str, ...]) -> None:
    plan = plan_of(Ulov={})
    seen = with_ulov(plan, *above)
    listed = replace(seen.volumes[0], name="s1", path="/s1")  # its pool has looked
    seen = replace(seen, volumes=(*seen.volumes, listed))
    assert compare(plan, seen).differs == ()
    new = complete.additions(plan, Settings(), seen)
    assert "overlay" not in new["Ulov"]
    assert "disks" not in new["Ulov"]


@pytest.mark.reports("D1")
@pytest.mark.parametrize("runs", [True, False], ids=["as its guest has it", "as its pool has it"])
@pytest.mark.parametrize("recorded", [0, 1])
def test_so_it_is_where_the_definition_says_less_than_all(runs: bool, recorded: int) -> None:
    plan = plan_of(Ulov={})
    seen = with_ulov(plan, "/s2", "/s1", recorded=recorded)
    if not runs:
        listed = [
            replace(seen.volumes[0], name=path[1:], path=path, base=base)
            for path, base in (("/s2", "/s1"), ("/s1", DISK))
        ]
        off = [replace(d, live=None, live_xml=None) if d.name == "Ulov" else d for d in seen.domains]
        seen = replace(seen, volumes=(*seen.volumes, *listed), domains=tuple(off))
    (ulov,) = [d for d in seen.domains if d.name == "Ulov"]
    assert seen.known(ulov.seen, [DISK]).disks == (DISK,)
    assert [each.what for each in compare(plan, seen).differs] == ["running"] * (not runs)
    new = complete.additions(plan, Settings(), seen)
    assert new["Ulov"].keys() <= {"running"}


def test_files_that_are_said_to_stand_on_each_other_are_followed_once() -> None:
    plan = plan_of(Ulov={})
    seen = with_ulov(plan, "/s1", recorded=0)
    a, b = (replace(seen.volumes[0], path=path, base=base) for path, base in (("/s1", "/s2"), ("/s2", "/s1")))
    (ulov,) = [replace(d, live=None) for d in seen.domains if d.name == "Ulov"]
    assert replace(seen, volumes=(a, b), domains=(ulov,)).known(ulov.seen, [DISK]).disks == ("/s1",)


@pytest.mark.reports("D2", "D4")
def test_an_overlay_that_was_pulled_differs_whatever_libvirt_remembers() -> None:
    plan = plan_of(Ulov={})
    seen = all_there(plan)
    (ulov,) = [d for d in seen.domains if d.name == "Ulov"]
    live = (ulov.live_xml or "").replace(
        f"<source file='{DISK}'/>", f"<source file='{DISK}'/><backingStore/>"
    )
    bases = running_bases([replace(ulov, live=see(live))])
    assert bases == {DISK: None}
    seen = replace(seen, volumes=standing_on(seen.volumes, bases))
    ((what, _, found),) = of(compare(plan, seen), "overlay Ulov.qcow")
    assert (what, found) == ("baseVolumeId", "")
    assert complete.additions(plan, Settings(), seen)["Ulov"]["overlay"] is False


@pytest.mark.reports("D4")
def test_of_vms_that_are_off_it_is_said_that_libvirt_tells_what_it_saw_last_and_how_it_looks_again() -> None:
    plan = plan_of(Ulov={})
    seen = all_there(plan)
    assert "saw it last" not in text("trop02", seen.uri, compare(plan, seen))
    off = tuple(replace(d, live=None, live_xml=None, state="shut off") for d in seen.domains)
    said = text("trop02", "qemu+ssh://trop02/system", compare(plan, replace(seen, domains=off)))
    assert (
        "as libvirt saw it last: what the disks of VMs that are off stand on (Acilamwen, Ulov); it looks again by\n"
        "  virsh -c 'qemu+ssh://trop02/system' pool-refresh live\n"
    ) in said


@pytest.mark.reports("D2")
def test_beside_declared_disks_another_base_is_written_and_no_overlay_given_up() -> None:
    plan = plan_of(Ulov={"disks": {"data": {"size": "1 GiB"}}})
    seen = all_there(plan)
    base = str(next(v.base for v in seen.volumes if v.path == DISK)).replace(".qcow", "-2.qcow")
    for stands_on, written in ((None, {}), (base, {"baseImage": base})):
        other = replace(seen, volumes=standing_on(seen.volumes, {DISK: stands_on}))
        new = complete.additions(plan, Settings(), other).get("Ulov", {})
        assert {key: new[key] for key in ("overlay", "baseImage") if key in new} == written

"""Lines that an audit prints, typed as they are printed or done as they say, where no lab is needed for that."""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from cli import live, rack
from cli.audit import look, owned
from cli.audit.finding import Finding
from cli.audit.rules import audit
from cli.audit.world import Asked
from cli.commands import app
from cli.rack import Rack
from cli.whois import command as whois
from provider.guest.store import Told
from provider.survey.survey import HostSeen, Kind, Unread
from tests import needs
from tests.cli.audit.picture import FLOAT1, PLAN, RACK, STACK, clean, world
from tests.cli.audit.spoil import (
    BASE,
    FLOAT1_NIC,
    OWN,
    STRAY,
    ULOV,
    UP,
    attribute,
    base,
    both,
    faults,
    inside,
    leased,
    nic,
    plug,
)
from tests.cli.audit.test_command import project
from tests.cli.whois.asked import domain as sighted
from tests.cli.whois.asked import seeing

pytestmark = pytest.mark.reports("H11")
OTHER = f"{BASE.rpartition('/')[0]}/other.qcow"


def trop(line: str) -> None:
    """A command that looks at something."""
    first, *words = shlex.split(line)
    with pytest.raises(SystemExit) as ended:
        app(words, prog_name=first)
    assert (first, ended.value.code) == ("./trop", 0)


@pytest.mark.reports("H4")
def test_who_has_an_address_that_nobody_here_has_is_found_on_another_hypervisor(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    picture = clean()
    leased(STRAY, "192.168.202.99")(picture)
    (found,) = faults(picture)
    line = re.match(r"find who has it: (\./trop .*?); ", found.mend)
    assert line
    host = clean(RACK.plans["trop01"]).host()
    there = replace(host, domains=(sighted("moved", f"{STRAY} default vnet0"),))

    def directory(*, live: bool, lab: bool) -> whois.Directory:
        return seeing({"trop01": there}) if live and not lab else seeing({})

    monkeypatch.setattr(whois, "directory", directory)
    trop(line[1])
    assert "moved" in capsys.readouterr().out


def test_what_a_guest_lacks_of_the_recipe_is_in_what_the_line_shows_though_its_domain_has_another_name(
    capsys: pytest.CaptureFixture[str],
) -> None:
    vms = tuple(vm.model_copy(update={"domain": f"{vm.domain}-old"}) for vm in PLAN.vms)
    plan = PLAN.model_copy(update={"vms": vms})
    picture = clean(plan)
    seen = world(picture, rack=replace(RACK, plans={**RACK.plans, STACK: plan}))
    told = {"Acilamwen-old": Told({}, ("package tcpdump is missing", "the time zone is not Europe/London"))}
    seen = replace(seen, asked={STACK: replace(seen.asked[STACK], told=told)})
    (note,) = [f for f in audit(seen) if f.kind == "recipe-missing"]
    trop(note.mend.partition("in the guest; ")[2].removesuffix(" has all of it"))
    assert {"- tcpdump", "timezone: Europe/London"} <= set(capsys.readouterr().out.splitlines())


@pytest.mark.parametrize(
    ("kind", "name"), [("domain", "test"), ("network", "default"), ("pool", "default-pool")]
)
def test_what_keeps_libvirt_from_telling_an_object_is_asked_by_a_command_of_virsh(
    kind: Kind, name: str
) -> None:
    """Of libvirt's own test driver, which tells it."""
    needs.tool("virsh")
    picture = clean()
    picture.unread = (Unread(kind, name, f"{kind} {name} could not be looked at: denied"),)
    seen = world(picture)
    host = replace(picture.host(), uri="test:///default")
    (found,) = [f for f in audit(replace(seen, hosts={STACK: host})) if f.kind == "unread"]
    line = found.mend.partition("on the hypervisor: ")[2]
    said = subprocess.run(["sh", "-c", line], capture_output=True, text=True, check=True).stdout
    assert f"<name>{name}</name>" in said


def edit(file: Path, *path: str, value: Any) -> None:
    """As with an editor."""
    content = yaml.safe_load(file.read_text(encoding="utf-8"))
    at = content
    for name in path[:-1]:
        at = at.setdefault(name, {})
    at[path[-1]] = value
    file.write_text(yaml.safe_dump(content), encoding="utf-8")


def put(root: Path, setting: str) -> Rack:
    """The rack after ``trop:vms.Ulov.running: true in Pulumi.trop02.yaml`` was done."""
    said = re.fullmatch(r"(trop:\w+)\.(\S+): (\S+) in (\S+)", setting)
    assert said, setting
    edit(root / said[4], "config", said[1], *said[2].split("."), value=yaml.safe_load(said[3]))
    return rack.load(root)


def mends(found: list[Finding]) -> set[str]:
    return {each.mend for each in found}


def test_another_base_image_is_declared_and_is_no_fault_any_more(tmp_path: Path) -> None:
    project(tmp_path, trop02="test:///default")
    picture = clean()
    base(base=OTHER)(picture)
    (found,) = faults(picture, rack=rack.load(tmp_path))
    assert faults(picture, rack=put(tmp_path, found.mend.partition(", or build it anew")[0])) == []


@pytest.mark.reports("N4")
@pytest.mark.parametrize("way", ["it is to run", "another holder"])
def test_a_float_whose_holder_is_not_to_run_is_brought_by_an_up_or_stays_once_that_is_declared(
    tmp_path: Path, way: str
) -> None:
    project(tmp_path, trop02="test:///default")
    edit(tmp_path / "Pulumi.trop02.yaml", "config", "trop:vms", "Acilamwen", "running", value=False)
    picture = clean()
    elsewhere = both(plug("Acilamwen", OWN), plug("Ulov", nic(ULOV.mac), FLOAT1_NIC))
    both(inside(), elsewhere, attribute("Acilamwen", state="shut off"))(picture)
    (line,) = {f.mend for f in faults(picture, rack=rack.load(tmp_path)) if f.kind == "float-mac"}
    setting, _, holder = line.partition(", or ")
    if way == "it is to run":
        assert mends(faults(picture, rack=put(tmp_path, setting))) == {UP}
        return
    name, _, file = holder.partition(" as its holder in ")
    edit(tmp_path / file, "floats", "members", FLOAT1.label, "holder", value=name)
    found = faults(picture, rack=rack.load(tmp_path))
    assert {(each.kind, each.mend) for each in found} == {
        ("float-not-set-up", UP)
    }  # what it has inside is as before


@pytest.mark.reports("W3")
def test_a_stack_that_leads_to_anothers_host_is_judged_once_its_file_says_where_its_own_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hosts: dict[str, Callable[[], HostSeen]] = {
        "test:///one": clean(RACK.plans["trop01"]).host,
        "test:///two": clean().host,
    }
    monkeypatch.setattr(live, "look", lambda uris: {stack: hosts[uri]() for stack, uri in uris.items()})
    monkeypatch.setattr(look, "_ask", lambda _plan, seen: Asked(seen, {}))
    monkeypatch.setattr(owned, "held", lambda plans, seen, *, lab: {s: clean(plans[s]).uuids() for s in seen})
    project(tmp_path, trop01="test:///two", trop02="test:///two")
    found = [f for f in audit(look.world(tmp_path, [], lab=False)) if f.kind == "same-host"]
    assert mends(found) == {"set libvirt:uri in Pulumi.trop01.yaml"}
    edit(tmp_path / "Pulumi.trop01.yaml", "config", "libvirt:uri", value="test:///one")
    seen = look.world(tmp_path, [], lab=False)
    assert (set(seen.seen), [f for f in audit(seen) if f.kind == "same-host"]) == ({"trop01", "trop02"}, [])

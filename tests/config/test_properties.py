"""Whatever is declared: a plan that is accepted has no MAC and no address twice, and everything inside its network."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st
from netaddr import EUI, IPAddress, IPNetwork

from config import ConfigError, Plan, checks, read
from config.fleet import Fleet
from config.plan import derive
from config.settings import Settings
from tests.config import fleets

NAMES = ("Araybwyn", "Lothigometh", "Ulov", "Dwiema", "Ibalehar")


Edit = Callable[[dict[str, Any]], None]


def put(*path: str, value: Any) -> Edit:
    def edit(facts: dict[str, Any]) -> None:
        for key in path[:-1]:
            facts = facts[key]
        facts[path[-1]] = value

    return edit


def edits() -> st.SearchStrategy[Edit]:
    """Single changes from small ranges, in which most collide with something."""
    hosts = st.sampled_from(["trop01", "trop02", "trop03", "trop04"])
    floats = st.sampled_from(["float1", "float2", "float3", "float4"])
    names = st.sampled_from(NAMES)
    member = ("floats", "members")
    last_octets = st.sampled_from([97, 100, 101, 102, 126, 255])  # br0, floats, gateway, broadcast
    return st.one_of(
        st.builds(lambda h, n: put("hypervisors", h, "number", value=n), hosts, st.integers(1, 8)),
        st.builds(
            lambda h, vm, s: put("hypervisors", h, "slots", vm, value=s), hosts, names, st.integers(7, 16)
        ),
        st.builds(lambda f, i: put(*member, f, "index", value=i), floats, st.integers(0, 4)),
        st.builds(lambda f, a: put(*member, f, "address", value=f"129.215.175.{a}"), floats, last_octets),
        st.builds(lambda f, h: put(*member, f, "holder", value=h), floats, st.one_of(st.none(), names)),
        st.sampled_from(["52:54:00:00:01:xx", "52:54:00:02:03:xx"]).map(
            lambda r: put("floats", "macs", value=r)
        ),
        st.sampled_from(["52:54:00:02:NN:xx", "52:54:00:00:NN:xx"]).map(
            lambda r: put("networks", "default", "macs", value=r)
        ),
        st.sampled_from(["192.168.2NN.xxx", "192.168.1NN.xxx", "129.215.1NN.xxx"]).map(
            lambda r: put("networks", "default", "addresses", value=r)
        ),
        st.sampled_from([1, 2, 9]).map(lambda slot: put("networks", "default", "gateway", value=slot)),
    )


@st.composite
def declared(draw: st.DrawFn) -> dict[str, Any]:
    """A rack with VMs anywhere, right in itself, and then changed up to four times."""
    facts = fleets.rack_facts()
    hosts = list(facts["hypervisors"].values())
    for host, number in zip(hosts, draw(st.permutations(range(1, 9))), strict=False):
        host.update(number=number, slots={})
    for slot, name in enumerate(NAMES, start=draw(st.integers(8, 11))):
        draw(st.sampled_from(hosts))["slots"][name] = slot
    for member in facts["floats"]["members"].values():
        member["holder"] = draw(st.sampled_from([None, *NAMES]))
    for edit in draw(st.lists(edits(), max_size=4)):
        edit(facts)
    return facts


def accepted(facts: dict[str, Any]) -> list[Plan] | None:
    """The plans of all hypervisors, each running every VM that has a slot; None where one is refused."""
    try:
        fleet = read.checked(Fleet, facts, "fleet.yaml", "")
    except ConfigError:
        return None
    stacks = {
        name: read.checked(Settings, {"vms": {vm: {} for vm in host.slots}}, name, "")
        for name, host in fleet.hypervisors.items()
    }
    wrong = list(checks.of_fleet(fleet, "fleet.yaml"))
    for name, own in stacks.items():
        wrong += checks.of_stack(fleet, "fleet.yaml", own, name, name)
    return None if wrong else [derive(name, fleet, own) for name, own in stacks.items()]


def twice(values: list[Any]) -> list[Any]:
    return [value for value, count in Counter(values).items() if count > 1]


def test_the_strategy_makes_racks_that_are_accepted_and_racks_that_are_not() -> None:
    unshrunk = settings(phases=[Phase.generate])

    assert (
        accepted(find(declared(), lambda facts: accepted(facts) is not None, settings=unshrunk)) is not None
    )
    assert accepted(find(declared(), lambda facts: accepted(facts) is None, settings=unshrunk)) is None


@given(declared())
def test_no_accepted_plan_has_a_mac_or_an_address_twice(facts: dict[str, Any]) -> None:
    plans = accepted(facts)
    if plans is None:
        return
    macs = [EUI(b.mac) for p in plans for b in p.hypervisor.bridges]
    macs += [EUI(p.networks.default.mac) for p in plans]
    macs += [EUI(r.mac) for p in plans for r in p.networks.default.reservations]
    macs += [EUI(f.mac) for p in plans for f in p.floats]
    addresses = [IPAddress(b.address) for p in plans for b in p.hypervisor.bridges]
    addresses += [IPAddress(b.gateway) for p in plans for b in p.hypervisor.bridges if b.gateway]
    addresses += [IPAddress(p.networks.default.gateway) for p in plans]
    addresses += [IPAddress(r.address) for p in plans for r in p.networks.default.reservations]
    addresses += [IPAddress(f.address) for p in plans for f in p.floats]

    assert not twice(macs)
    assert not twice(addresses)
    assert not [f for p in plans for f in p.floats if twice([f.mac, *f.forbidden_macs])]
    assert not twice([f.label for p in plans for f in p.floats])
    assert not twice([vm.name for p in plans for vm in p.vms])


@given(declared())
def test_every_address_of_an_accepted_plan_is_inside_its_network(facts: dict[str, Any]) -> None:
    for plan in accepted(facts) or []:
        net = plan.networks.default
        first, last = (IPAddress(a) for a in net.dhcp_range)
        assert IPAddress(net.gateway) in IPNetwork(net.network)
        assert not first <= IPAddress(net.gateway) <= last
        for vm in plan.vms:
            assert IPAddress(vm.address) in IPNetwork(net.network)
            assert first <= IPAddress(vm.address) <= last
        for held in plan.floats:
            assert IPAddress(held.gateway) in IPNetwork(f"{held.address}/{held.prefix}")
            assert held.holder in {vm.name for vm in plan.vms}
            assert held.mac not in held.forbidden_macs


@given(declared())
def test_what_is_refused_is_refused_in_lines_that_say_what_is_allowed(facts: dict[str, Any]) -> None:
    fleet = read.checked(Fleet, facts, "fleet.yaml", "")
    for problem in checks.of_fleet(fleet, "fleet.yaml"):
        line = str(problem)
        assert len(line.splitlines()) == 1
        assert line.startswith("fleet.yaml: ")
        assert "; allowed: " in line

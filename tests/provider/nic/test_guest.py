"""A NIC that is set up inside its guest: written and set there, seen when it drifts, checked before."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from provider.errors import OperatorError
from tests.provider.fakes.domain_world import FLOAT1
from tests.provider.nic.place import ADDRESS, FILE, TOLD, Place
from tests.provider.nic.seen import links


def test_a_new_nic_is_set_up_inside_before_its_link_goes_up(place: Place) -> None:
    vm = place.made()
    plug = place.plugged(vm, **TOLD)
    assert links(vm) == ["up", "up"]
    assert place.files(vm) == {FILE.path: FILE.content}
    assert place.guests.addresses["Acilamwen", FLOAT1] == [ADDRESS]
    inside = ["look", "quiet", "write", "settle", "apply", "announce", "gateway"]
    assert [name for _, name in place.guests.scripts] == inside
    assert place.asked == [("br0", "129.215.175.100")]
    assert plug.outputs["inGuest"] is True
    assert plug.drift().changes == {}


@pytest.mark.parametrize("said", ["answers", "unknown", "silent"])
def test_a_gateway_that_does_not_answer_the_guest_is_told_and_refuses_nothing(
    place: Place, said: str
) -> None:
    place.guests.gateway = said
    plug = place.plugged(place.made(), **TOLD)
    first = [str(note) for note in plug.call.notes]
    plug.call.notes.clear()
    plug.up(metric=51)

    line = (
        f"the gateway 129.215.175.126 of NIC {FLOAT1} does not answer (asked: guest Acilamwen); the NIC is set up all "
        "the same"
    )
    for told in (first, [str(note) for note in plug.call.notes]):
        assert (line in told) == (said == "silent"), told
    assert plug.outputs["inGuest"] is True


def test_a_gateway_that_nobody_could_ask_for_is_not_told(place: Place) -> None:
    place.guests.failing["gateway"] = "sh: not found"
    plug = place.plugged(place.made(), **TOLD)
    assert not [note for note in plug.call.notes if "gateway" in str(note)]
    assert plug.outputs["inGuest"] is True


def test_a_guest_that_was_shut_off_is_set_up_once_it_runs(place: Place) -> None:
    vm = place.made(running=False)
    plug = place.plugged(vm, **TOLD)
    assert (links(vm), plug.outputs["inGuest"]) == (["up"], False)
    assert plug.drift().changes == {}
    vm.fake.create()
    assert plug.drift().changes == {"extra": "update"}
    assert plug.outputs["extra"] == [f"{FLOAT1} is not set up inside the guest"]
    plug.up()
    assert place.files(vm) == {FILE.path: FILE.content}
    assert plug.drift().changes == {}


def test_a_guest_that_was_made_anew_is_set_up_again(place: Place) -> None:
    vm = place.made()
    plug = place.plugged(vm, **TOLD)
    place.guests.files.clear()
    assert plug.drift().changes == {"extra": "update"}
    plug.up()
    assert place.files(vm) == {FILE.path: FILE.content}
    place.guests.silent.add("Acilamwen")
    place.guests.files.clear()
    assert plug.drift().changes == {}  # not to be told: no drift


@pytest.mark.reports("H11")
def test_a_guest_that_had_copies_of_the_nic_is_set_up_again_once_they_are_out(place: Place) -> None:
    """It may have had its addresses and its route on one of them."""
    vm = place.made()
    plug = place.plugged(vm, **TOLD)
    vm.attach_by_hand(FLOAT1)
    place.guests.scripts.clear()
    plug.up()
    assert links(vm) == ["up", "up"]
    assert "apply" in [name for _, name in place.guests.scripts]
    assert plug.drift().changes == {}
    place.guests.scripts.clear()
    plug.up()
    assert "apply" not in [name for _, name in place.guests.scripts]


def test_another_address_is_written_and_set_without_touching_the_nic(place: Place) -> None:
    vm = place.made()
    plug = place.plugged(vm, **TOLD)
    plug.up(addresses=["129.215.175.101/24"])
    assert place.guests.addresses["Acilamwen", FLOAT1] == ["129.215.175.101/24"]
    assert "IPADDR=129.215.175.101" in place.files(vm)[FILE.path]
    assert place.conn.calls == []


def test_a_delete_takes_the_file_away_and_does_not_wait_for_an_agent(place: Place) -> None:
    vm = place.made()
    plug = place.plugged(vm, **TOLD)
    plug.delete()
    assert (links(vm), place.files(vm)) == ([], {})


def test_none_gives_the_file_to_install(place: Place) -> None:
    vm = place.made()
    plug = place.plugged(vm, **TOLD | {"guest": "none"})
    assert plug.outputs["guestFile"] == {"path": FILE.path, "content": FILE.content}
    assert place.files(vm) == {}


def test_cloud_init_is_waited_for_before_the_links_are_switched(place: Place) -> None:
    old, new = place.made(), place.made("Siamond")
    place.guests.addresses = {(name, FLOAT1): [ADDRESS] for name in ("Acilamwen", "Siamond")}
    plug = place.plugged(old, **TOLD | {"guest": "cloud-init"})
    place.answers = [[FLOAT1], [FLOAT1]]
    del place.guests.addresses["Siamond", FLOAT1]
    with pytest.raises(OperatorError, match=f"guest Siamond has NIC {FLOAT1}, but not {ADDRESS}"):
        plug.up(domain=new.id)
    assert (links(old), links(new)) == (["up", "up"], [])
    place.guests.addresses["Siamond", FLOAT1] = [ADDRESS]
    plug.up(domain=new.id)
    assert (links(old), links(new)) == ([], ["up", "up"])


@pytest.mark.parametrize(
    ("inputs", "path"),
    [
        ({"guest": "ssh"}, "guest"),
        ({"guest": "agent"}, "addresses"),
        ({"addresses": ["129.215.175.100"]}, "addresses[0]"),
        ({"addresses": [ADDRESS, "x/24"]}, "addresses[1]"),
        ({"addresses": [ADDRESS], "gateway": "10.0.0.1"}, "gateway"),
        ({"addresses": [ADDRESS], "gateway": "nowhere"}, "gateway"),
        ({"addresses": [ADDRESS], "metric": 5}, "metric"),
    ],
)
def test_a_wrong_value_is_a_check_failure_at_its_path(
    place: Place, inputs: dict[str, Any], path: str
) -> None:
    news = {"domain": str(UUID(int=1)), "network": "bridged", "mac": FLOAT1} | inputs
    checked = place.interfaces.check(place.call(place.interfaces, "x"), {}, news)
    assert [f.path for f in checked.failures] == [path]

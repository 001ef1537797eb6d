"""A MAC in every notation is read as the same."""

from __future__ import annotations

from hypothesis import given

from cli.whois import notation
from tests.cli.whois.asked import link_local, macs, notations


@given(macs)
def test_all_notations_of_a_mac_are_read_as_the_same(mac: str) -> None:
    assert {notation.mac_of(text) for text in notations(mac)} == {mac}


@given(macs)
def test_the_link_local_address_of_a_mac_leads_back_to_it(mac: str) -> None:
    for zone in ("", "%br0", "%7"):
        read = notation.read(link_local(mac) + zone)
        assert read is not None
        assert read.mac == mac

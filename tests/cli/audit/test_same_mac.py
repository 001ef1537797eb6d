"""A float's address on another interface of its holder that has the MAC of its NIC: a VLAN, a macvlan, a bridge."""

from __future__ import annotations

import pytest

from tests.cli.audit.picture import clean
from tests.cli.audit.spoil import FLOAT1_NIC, OWN, UP, faults, interfaces, plug

pytestmark = pytest.mark.reports("N2")
OFF = "in Acilamwen: ip addr del 129.215.175.100/24 dev"


@pytest.mark.parametrize(
    ("has", "kind", "says", "mend"),
    [
        (
            (("eth1.7", True),),
            "float-not-set-up",
            "does not have its address 129.215.175.100 inside, but eth1.7 does, which has its MAC",
            f"{OFF} eth1.7, with the default route by it if there is one; ./trop up trop02",
        ),
        (
            (("eth1", False), ("eth1.7", True)),
            "float-twice",
            "float1's address 129.215.175.100 is on eth1 and eth1.7, which have one MAC 52:54:00:00:01:00",
            f"{OFF} eth1.7, with the default route by it if there is one",
        ),
        (
            (("eth1", False), ("eth2", False)),
            "float-twice",
            "is on eth1 and eth2",
            f"{OFF} … on all but the NIC itself",
        ),
    ],
    ids=["on the VLAN alone", "on both", "it is not told which"],
)
def test_an_address_that_is_not_on_the_nic_alone_is_found(
    has: tuple[tuple[str, bool], ...], kind: str, says: str, mend: str
) -> None:
    picture = clean()
    interfaces(*has)(picture)
    (found,) = faults(picture)
    assert (found.kind, found.where, found.mend) == (kind, "Acilamwen", mend)
    assert says in found.what


def test_on_the_nic_alone_nothing_is_found() -> None:
    picture = clean()
    interfaces(("eth1", False))(picture)
    assert faults(picture) == []


def test_where_the_nic_itself_is_there_twice_that_is_the_cause_and_is_told_alone() -> None:
    picture = clean()
    plug("Acilamwen", OWN, FLOAT1_NIC, FLOAT1_NIC)(picture)
    interfaces(("eth1", False), ("eth2", False))(picture)
    assert [(f.kind, f.where, f.mend) for f in faults(picture)] == [("mac-repeated", "Acilamwen", UP)]

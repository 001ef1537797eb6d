"""Random pairs of what is and what is wanted: the calls end there, doing it again does nothing, nothing is harmed.

500 of each in every run but the quick one, 10,000 with `./trop test --soak`.
"""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings

from tests.provider.domain import random_domains
from tests.provider.network import random_networks

MANY = settings(max_examples=10_000, deadline=None, suppress_health_check=list(HealthCheck))
SOME = settings(max_examples=500, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.mark.reports("H8")
@pytest.mark.slow
@given(random_networks.cases())
@SOME
def test_a_network_ends_as_wanted(case: random_networks.Case) -> None:
    random_networks.ends_as_wanted(case)


@pytest.mark.slow
@given(random_domains.cases())
@SOME
def test_a_domain_ends_as_wanted(case: random_domains.Case) -> None:
    random_domains.ends_as_wanted(case)


@pytest.mark.soak
@given(random_networks.cases())
@MANY
def test_many_networks_end_as_wanted(case: random_networks.Case) -> None:
    random_networks.ends_as_wanted(case)


@pytest.mark.soak
@given(random_domains.cases())
@MANY
def test_many_domains_end_as_wanted(case: random_domains.Case) -> None:
    random_domains.ends_as_wanted(case)

"""The digest of a declaration outlives this program's own changes: where it differs containers are made anew."""

from __future__ import annotations

import pytest

from components.services.definition import digest
from config.plan_services import PlannedService
from config.services import Health
from tests.services.test_golden import CASES, services

pytestmark = pytest.mark.reports("V4")

# Of what runs already; none of these may ever become another.
KEPT = {
    "everything": {"proxy": "c32ae39a5ad1", "base": "c9310216e175", "many": "cdd8f9036511"},
    "page-proxy": {"apache": "cb26c59ff04a"},
    "page-stack": {
        "jarmila": "c4e83b3e38d8",
        "gillian": "c546c1b40eb3",
        "firethorn-py": "cdade83f35b0",
        "carolina": "c07bb0d9767f",
        "bethany": "c0fa3c08a6b3",
    },
}


class LaterHealth(Health):
    start: int = 0


class Later(PlannedService):
    """A service as a later release has it."""

    health: LaterHealth | None
    limit: str = "none"
    labels: tuple[str, ...] = ()


# Those that nothing ran of before there were digests like these.
NEWER = {"taken-over"}


@pytest.mark.parametrize("case", sorted(set(CASES) - NEWER))
def test_a_declaration_has_the_digest_that_it_always_had(case: str) -> None:
    assert {member.name: digest(member) for member in services(case).members} == KEPT.get(case, {})


def later(member: PlannedService, **more: object) -> PlannedService:
    return Later.model_validate(member.model_dump() | more)


@pytest.mark.parametrize("case", KEPT)
def test_a_later_field_counts_where_it_is_not_at_its_default(case: str) -> None:
    for member in services(case).members:
        assert digest(later(member)) == digest(member)
        assert digest(later(member, limit="1g")) != digest(member)
        if member.health is not None:
            slow = member.health.model_dump() | {"start": 9}
            assert digest(later(member, health=slow)) != digest(member)

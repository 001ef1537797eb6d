"""That nothing of README was left out: what it says and was not typed may be false."""

from __future__ import annotations

import pytest

from tests.firstday import readme
from tests.firstday.desk import Desk

pytestmark = [pytest.mark.lab, pytest.mark.firstday]

# Words in a sentence rather than lines, or what other tests type.
NOT_TYPED = {
    "./trop up": "a word in what is said of the Pulumi CLI",
    "./trop setup": "has made the .venv that these tests run in",
    "./trop import --file": "a word for what takes the file of adopt --out",
}


def test_every_command_of_these_parts_of_readme_was_typed(desk: Desk) -> None:
    """Labs are other tests' matter: here it is the host itself."""
    wanted = {line for line in readme.all_commands() if not line.startswith("./trop lab ")}
    assert wanted - NOT_TYPED.keys() - set(desk.typed) == set()

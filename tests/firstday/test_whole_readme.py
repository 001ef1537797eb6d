"""That nothing of README and its pages was left out: what they say and was not typed may be false."""

from __future__ import annotations

import pytest

from tests.firstday import readme
from tests.firstday.desk import Desk

pytestmark = [pytest.mark.lab, pytest.mark.firstday]

# Here it is the host itself: labs, and what takes guests with Docker, are other tests' matter.
ELSEWHERE = {
    "./trop demo": "tests/lab/test_end_to_end_demo.py",
    "./trop demo --down": "tests/lab/test_end_to_end_demo.py",
    "./trop lab up trop02": "tests/lab/test_lab_of_another_root.py",
    "./trop lab status": "tests/lab/test_lab_of_another_root.py",
    "./trop lab console Acilamwen": "tests/lab/test_end_to_end.py",
    "./trop lab down": "tests/lab/test_lab_of_another_root.py",
    "./trop lab down trop02 --purge": "tests/lab/test_lab_of_another_root.py",
    "./trop lab up trop02 --as-found": "tests/lab/test_adopt.py",
    "./trop lab up trop02 --guest debian": "tests/lab/test_lab_debian.py",
    "./trop up --all --lab": "tests/lab/test_fleet.py",
    "./trop config trop02 set --secret --path trop:secrets.carolina-password": "tests/lab/test_services.py",
    "./trop show services Eterathiel": "tests/services/test_show.py",
    "./trop show cloud-init Acilamwen": "tests/services/test_show.py",
    "./trop up --engine embedded": "tests/lab/stage.py",
    "./trop destroy": "tests/cli/test_protected.py",
    "./trop state trop02 delete URN --yes": "tests/typed/test_recovery.py",
    "./trop stack trop02 export": "tests/typed/test_recovery.py",
    "./trop adopt trop02": "tests/typed/test_recovery.py",
    "./trop up --skip-preview": "tests/cli/test_protected.py",
    "virsh managedsave": "tests/lab/test_saved.py",
    "virsh managedsave-remove": "tests/lab/test_saved.py",
    "virsh start": "tests/lab/test_saved.py",
    ".venv/bin/python -m provider.impact.page": "tests/provider/impact/test_table.py",
    ".venv/bin/python -m config.keys_doc": "tests/config/test_keys_doc.py",
    ".venv/bin/python -m cli.audit.doc": "tests/cli/audit/test_command.py",
    ".venv/bin/python -m tests.house.picture": "tests/house/test_picture.py",
}
# Words in a sentence rather than lines, and what runs tests and measures.
NOT_TYPED = {
    "./trop …": "a word for every command",
    "./trop up": "a word in what is said of the Pulumi CLI",
    "./trop adopt": "a word for what the page is about",
    "./trop audit": "a word for what the page is about",
    "./trop up trop03": "a word for an up of one stack",
    "./trop setup": "has made the .venv that these tests run in",
    "./trop import --file": "a word for what takes the file of adopt --out",
    "./trop check": "is run beside the tests",
    "./trop bench": "measures",
    "./trop bench bytecode": "measures",
    "./trop bench scale": "measures",
}
RUNS_TESTS = ("./trop test", ".ci/run")


def test_every_command_of_readme_and_its_pages_was_typed(desk: Desk) -> None:
    wanted = {line for line in readme.all_commands() if not line.startswith(RUNS_TESTS)}
    assert wanted - NOT_TYPED.keys() - ELSEWHERE.keys() - set(desk.typed) == set()

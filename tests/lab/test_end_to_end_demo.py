"""`./trop demo` as a newcomer runs it: stopped anywhere, from nothing, again, and where no lab can be had."""

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from cli import ROOT
from tests import as_user
from tests.lab.stage import ENGINES, Stage, interrupt, short_folder, started_by

pytestmark = [pytest.mark.lab, pytest.mark.endtoend]


@pytest.fixture(scope="module", params=ENGINES)
def place(request: pytest.FixtureRequest) -> Iterator[Stage]:
    """A folder for labs in which nothing is up yet."""
    with short_folder() as folder:
        made = Stage(folder, "trop02", request.param)
        try:
            yield made
        finally:
            made.lab.down(purge=True)


def demo(place: Stage, *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-u", "-P", "-m", "cli", "demo", *words],
        cwd=ROOT, env=place.environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True, process_group=0,
    )  # fmt: skip


@pytest.mark.parametrize(
    "moment", ["[2/8]", "[3/8]", "Updating (trop02)", "Domain Acilamwen creat", "[5/8]", "[7/8]"]
)
def test_ctrl_c_leaves_nothing_running(place: Stage, moment: str) -> None:
    with demo(place, "--engine", place.engine) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        for line in process.stdout:
            if moment in line:
                break
        else:
            pytest.fail(f"the demo ended before {moment}")
        interrupt(process)
        rest, said = process.stdout.read(), process.stderr.read()
    assert process.returncode == 130, rest + said
    assert "Traceback" not in rest + said
    assert "nothing that the demo started is left running" in said
    assert started_by(place.folder) == []


def test_the_demo_ends_with_an_answer_and_again_and_can_be_taken_away(place: Stage) -> None:
    for _ in ("after all that was stopped", "again"):
        done = place.trop("demo", "--engine", place.engine)
        assert (done.code, done.end if done.code else "") == (0, "")
        assert "I am Acilamwen" in done.out
        assert "28 unchanged" in done.out
        assert "./trop demo --down" in done.out
        place.unchanged()
    assert started_by(place.folder)
    assert place.trop("demo", "--down").code == 0
    assert started_by(place.folder) == []
    assert not (place.folder / "trop02").exists()


def test_an_interrupted_demo_leaves_a_lab_that_was_up_before(place: Stage) -> None:
    place.lab.up()
    with demo(place, "--engine", place.engine) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if "[3/8]" in line:
                break
        interrupt(process)
        process.communicate(timeout=120)
    assert process.returncode == 130
    assert place.lab.status().running
    place.lab.down(purge=True)


@pytest.mark.parametrize("engine", ENGINES)
def test_without_root_it_says_so_and_previews_on_the_test_driver(engine: str) -> None:
    """As a user without a name, in a clone that is shown at a place he can reach: it may lie in a folder of root's."""
    with short_folder() as place:
        kept = {
            k: v for k, v in os.environ.items() if not k.startswith(("PULUMI_", "LIBVIRT_", "XDG_", "HOME"))
        }
        done = subprocess.run(
            [*as_user.words(place, 65534), "env", "-C", str(place), as_user.python(place), "-P", "-m", "cli", "demo",
             "--engine", engine],
            env=kept | {"PYTHONPATH": str(place), "HOME": "/nonexistent"}, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith("A lab needs root and namespaces of its own: not root.")
    assert "+ 32 to create" in done.stdout  # the two VMs with services among them

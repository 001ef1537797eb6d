"""Guests whose agent may run no programs, or that have none, or that are clones of one another: what is said of them.

And that a guest's own file keeps its float.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from provider.guest.config import Setup, file_for
from tests.lab.catalogue_terms import FLOATS
from tests.lab.lab_guest import wait_for
from tests.lab.stage import Stage
from tests.lab.test_audit import _answers, audit, clean, told
from tests.lab.test_end_to_end_others import fleet
from tests.lab.test_room import name_at, nics, shell, two

pytestmark = [pytest.mark.lab, pytest.mark.adopt, pytest.mark.other_turn]

ADDRESS, MAC = FLOATS["float1"]
FILE = file_for("ifcfg", Setup(MAC, (f"{ADDRESS}/24",), "129.215.175.126", 50))
# As whoever runs the guest would have it; it is forgotten with its next start.
BLOCKED = "[general]\nblock-rpcs=guest-exec,guest-exec-status\n"
BLOCK = f"mkdir -p /etc/qemu; mount -t tmpfs none /etc/qemu; printf '{BLOCKED}' > /etc/qemu/qemu-ga.conf"
LATER = "(sleep 1; {}) > /dev/null 2>&1 < /dev/null &"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fleet")


@pytest.fixture(scope="module")
def made(folder: Path) -> Iterator[Stage]:
    with two(folder) as made:
        yield made


def does(made: Stage) -> set[str] | None:
    """The commands that Ulov's agent does; None where it does not answer, as while it is started anew."""
    try:
        said = json.loads(made.virsh("qemu-agent-command", "Ulov", '{"execute": "guest-info"}'))
    except AssertionError:
        return None
    return {each["name"] for each in said["return"]["supported_commands"] if each["enabled"]}


def runs_programs(made: Stage) -> bool:
    return "guest-exec" in (does(made) or ())


def is_blocked(made: Stage) -> bool:
    known = does(made)
    return known is not None and "guest-exec" not in known


def test_what_is_blocked_is_named_at_preview_and_by_an_audit_and_nothing_moves(
    made: Stage, folder: Path
) -> None:
    assert runs_programs(made)
    shell(made, "Ulov", f"{BLOCK}; {LATER.format('kill $(pidof qemu-ga)')}")
    wait_for(lambda: is_blocked(made) or None)

    fleet(folder, {"float1": "Ulov"})
    for verb in (("preview",), ("up", "--yes", "--skip-preview")):
        done = made.on_stack(*verb)
        assert done.code != 0
        said = " ".join(done.text.split())
        assert "guest Ulov: its agent has guest-exec and guest-exec-status blocked: take them out of" in said
        assert "in /etc/qemu/qemu-ga.conf" in said
        assert name_at(made, ADDRESS) == "Acilamwen"
        assert MAC not in nics(made, "Ulov")

    fleet(folder, {"float1": "Acilamwen"})
    made.unchanged()
    code, findings = audit(made)
    ((where, what, mend),) = [
        (f["where"], f["what"], f["mend"]) for f in findings if f["kind"] == "guest-unasked"
    ]
    assert (code, told(findings), where) == (0, [], "Ulov")
    assert what.endswith(
        "its files could not be read: its agent has guest-exec and guest-exec-status blocked"
    )
    assert mend.startswith("in Ulov: allow guest-exec and guest-exec-status: ")

    made.virsh("destroy", "Ulov")
    made.must("up", "--yes")
    wait_for(lambda: runs_programs(made) or None)
    clean(made)


@pytest.mark.reports("G1")
def test_clones_of_one_image_are_named_together_until_one_of_them_has_its_own(made: Stage) -> None:
    key = "mkdir -p /etc/ssh; echo 'ssh-ed25519 AAAA{} root@base' > /etc/ssh/ssh_host_ed25519_key.pub"
    image = f"echo 0123456789abcdef0123456789abcdef > /etc/machine-id; {key.format('image')}"
    for name in ("Acilamwen", "Ulov"):
        shell(made, name, image)
    code, findings = audit(made)
    assert (code, told(findings)) == (1, [("same-host-keys", "Acilamwen"), ("same-machine-id", "Acilamwen")])
    assert all(
        f["what"].startswith("Acilamwen and Ulov have one ") for f in findings if f["level"] == "fault"
    )
    assert all(f["mend"].startswith("in Ulov: rm -f ") for f in findings if f["level"] == "fault")
    assert "\n  Acilamwen and Ulov have one machine-id, from their image" in made.must("adopt").out
    shell(made, "Ulov", f"echo fedcba9876543210fedcba9876543210 > /etc/machine-id; {key.format('own')}")
    clean(made)


def test_a_guest_without_an_agent_keeps_its_float_by_the_file_that_was_put_there(
    made: Stage, folder: Path
) -> None:
    shell(made, "Ulov", f"cat > {FILE.path} << EOF\n{FILE.content}EOF\nsync")
    shell(
        made, "Ulov", LATER.format("sed -i '/guest.agent/d' /etc/inittab; kill -HUP 1; kill $(pidof qemu-ga)")
    )
    wait_for(lambda: not _answers(made, "Ulov") or None)
    made.declare(vms={"Acilamwen": {}, "Ulov": {"guest": "none"}})
    for holder in ("Ulov", "Acilamwen", "Ulov"):
        fleet(folder, {"float1": holder})
        made.must("up", "--yes")
        wait_for(lambda holder=holder: name_at(made, ADDRESS) == holder or None)  # type: ignore[misc]
        made.unchanged()

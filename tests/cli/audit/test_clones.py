"""Guests that their image has given one machine-id, or one SSH host key: named together, and told apart as is said."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from cli.audit.finding import Finding
from provider.guest import identity
from provider.guest.identity import Identity
from tests import needs
from tests.cli.audit.picture import PLAN, RACK, Picture, clean
from tests.cli.audit.spoil import faults

pytestmark = pytest.mark.reports("G1")
OWN = Identity(("its own",), ("its own", "its other"))


def given(picture: Picture, found: Identity, *names: str) -> Picture:
    for name in names:
        picture.inside[name] = replace(picture.inside[name], identity=found)
    return picture


def lines(found: list[Finding]) -> list[tuple[str, str, str]]:
    return [(f.kind, f.what.partition(",")[0], f.mend.partition(":")[0]) for f in found]


def test_two_with_one_machine_id_are_named_with_what_to_do_in_one_of_them() -> None:
    picture = given(clean(), Identity(("one",), ("a",)), "Ulov")
    (found,) = faults(given(picture, Identity(("one",), ("b",)), "Ibalehar"))
    assert (found.kind, found.where) == ("same-machine-id", "Ulov")
    assert found.what.startswith("Ulov and Ibalehar have one machine-id, from their image")
    assert found.mend == (
        "in Ibalehar: rm -f /etc/machine-id /var/lib/dbus/machine-id && systemd-machine-id-setup, then: reboot it, "
        "once it may be"
    )


def test_a_whole_image_that_is_shared_is_told_once_for_each_of_both() -> None:
    picture = given(clean(), Identity(("one",), ("a", "b")), "Ulov", "Ibalehar", "Eterathiel")
    assert lines(faults(given(picture, OWN, "Acilamwen"))) == [
        (
            "same-machine-id",
            "Ulov and Eterathiel and Ibalehar have one machine-id",
            "in Eterathiel and Ibalehar",
        ),
        (
            "same-host-keys",
            "Ulov and Eterathiel and Ibalehar have one SSH host key",
            "in Eterathiel and Ibalehar",
        ),
    ]


def test_one_key_of_several_is_enough_and_clones_on_two_hypervisors_are_told_with_them() -> None:
    plan = RACK.plans["trop01"].model_copy(update={"vms": PLAN.vms[:1]})
    there, name = clean(plan), PLAN.vms[0].domain
    rack = replace(RACK, plans={**RACK.plans, "trop01": plan})
    given(there, Identity((), ("c", "a")), name)
    found = faults(there, given(clean(), Identity((), ("a", "b")), "Ulov"), rack=rack)
    (keys,) = [f for f in found if f.kind == "same-host-keys"]
    assert keys.stack == "trop01"
    assert keys.what.startswith(f"{name} on trop01 and Ulov on trop02 have one SSH host key")
    assert keys.mend.startswith("in Ulov on trop02: rm ")


@pytest.mark.parametrize("found", [Identity(), OWN])
def test_guests_that_have_none_or_their_own_are_no_fault(found: Identity) -> None:
    assert faults(given(given(clean(), found, "Ulov"), Identity(), "Acilamwen", "Ibalehar")) == []


def test_what_tells_clones_apart_is_made_anew_by_the_line_that_is_told(tmp_path: Path) -> None:
    """Typed where /etc has the machine-id and the key of an image, and nothing of this machine is changed."""
    needs.tool("systemd-machine-id-setup")
    needs.tool("ssh-keygen")
    clones = given(clean(), Identity(("one",), ("a",)), "Ulov", "Ibalehar")
    told = {f.kind: f.mend.partition(": ")[2].partition(", then: ")[0] for f in faults(clones)}
    typed = " ; ".join(told[kind] for kind in ("same-machine-id", "same-host-keys"))
    before, after = _in_an_etc_of_its_own(tmp_path, typed)
    assert len(before.machine) == len(after.machine) == 1
    assert before.machine != after.machine
    assert len(before.keys) == 1
    assert len(after.keys) > 1
    assert not set(before.keys) & set(after.keys)


def _in_an_etc_of_its_own(folder: Path, typed: str) -> tuple[Identity, Identity]:
    """What an agent's script says before and after this was typed."""
    inside = f"""
        set -e
        cp /etc/passwd /etc/group /etc/nsswitch.conf /etc/ld.so.cache {folder}
        mount -t tmpfs none /var/lib/dbus
        mount -t tmpfs none /etc
        mkdir /etc/ssh
        cp {folder}/* /etc
        echo {"0123456789abcdef" * 2} > /etc/machine-id
        cp /etc/machine-id /var/lib/dbus/machine-id
        ssh-keygen -q -t ed25519 -N '' -f /etc/ssh/ssh_host_ed25519_key
        {identity.READ}
        echo ---
        {{ {typed}; }} > /dev/null 2>&1
        {identity.READ}
    """
    ran = subprocess.run(
        ["unshare", "--user", "--map-root-user", "--mount", "--propagation", "private", "sh", "-c", inside],
        capture_output=True,
        text=True,
        check=True,
    )
    before, _, after = ran.stdout.partition("---\n")
    return identity.identity(before), identity.identity(after)

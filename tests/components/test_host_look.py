"""What the program asks of its host before it declares anything, and what it tells of the answer."""

from __future__ import annotations

from typing import Any

import pulumi
import pytest

import config
from components import host_look
from tests.cli.adopt.beside import plan_of
from tests.components.engine_mock import Recording, run
from tests.config import fleets

DISK = {"data": {"size": "1 GiB", "pool": "slow"}, "here": {"size": "1 GiB"}}


def told(monkeypatch: pytest.MonkeyPatch, plan: config.Plan, **answer: Any) -> list[tuple[str, str]]:
    """Severity and text of what the look tells."""
    lines: list[tuple[str, str]] = []
    for severity in ("info", "warn"):
        monkeypatch.setattr(
            pulumi.log, severity, lambda text, severity=severity: lines.append((severity, text))
        )
    monkeypatch.setattr(Recording, "call", lambda self, args: ({"kvm": True, "lacks": [], **answer}, []))
    run(lambda: host_look.look(plan))
    return lines


def test_the_host_is_asked_for_what_the_stack_does_not_make_itself(trop02: Recording) -> None:
    plan = plan_of(Ulov={"disks": DISK}, Dwiema={"overlay": False})
    base = plan.vms[0].base_image

    assert host_look.needs(plan) == {
        "macs": [plan.networks.default.mac, *plan.others],
        "bridges": ["br0"],
        "pools": ["slow"],
        "overlays": [{"pool": "live", "name": f"{vm}.qcow", "base": base} for vm in ("Acilamwen", "Ulov")],
    }
    assert [token for token, _ in trop02.calls] == [host_look.GET_HOST]


def test_each_lack_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    assert told(monkeypatch, plan_of(), lacks=["one", "two"]) == [("warn", "one"), ("warn", "two")]


def test_that_guests_are_emulated_is_told_unless_the_stack_says_so_itself(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ((severity, line),) = told(monkeypatch, plan_of(), kvm=False)
    assert severity == "info"
    assert line.startswith("trop02 has no KVM: its guests are emulated")

    declared = {"vms": {"Acilamwen": {}}, "emulation": {"domainType": "qemu"}}
    meant = config.load("trop02", declared, fleets.ROOT, fleets.STACK_FILE)
    assert told(monkeypatch, meant, kvm=False) == []
    assert told(monkeypatch, plan_of(), kvm=True) == []


@pytest.mark.parametrize("answer", [{}, {"bridges": ["br0"]}])
def test_mocks_that_know_no_such_function_are_told_nothing(
    monkeypatch: pytest.MonkeyPatch, answer: dict[str, Any]
) -> None:
    monkeypatch.setattr(Recording, "call", lambda self, args: (answer, []))
    run(lambda: host_look.look(plan_of()))


@pytest.mark.reports("W3")
def test_a_host_that_is_another_stacks_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    plan = plan_of()
    own, (theirs, *_) = plan.networks.default.mac, plan.others
    assert set(plan.others.values()) == {"trop01", "trop03", "trop04"}
    with pytest.raises(pulumi.RunError) as refused:
        told(monkeypatch, plan, networks={theirs: "default"})
    assert str(refused.value) == (
        f"this libvirt is the hypervisor of trop01, not of trop02: its network default has the MAC {theirs}, which is "
        "the one of trop01; to say where trop02 is: ./trop config trop02 set libvirt:uri qemu+ssh://root@trop02/system"
    )
    assert told(monkeypatch, plan, networks={own: "default"}) == []
    assert told(monkeypatch, plan, networks={own: "default", theirs: "moved-here"}) == []
    assert told(monkeypatch, plan, networks={}) == []

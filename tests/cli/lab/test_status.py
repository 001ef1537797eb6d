"""`./trop lab status` and `console` where libvirtd does not tell all: what it tells is shown, in no traceback."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import libvirt
import pytest

from cli.__main__ import carefully
from cli.lab import command
from cli.lab.stack import bare_lab
from lab import guests, hypervisor
from tests.provider.fakes.basics import error

JSON = "internal error: invalid json in file: /var/lib/libvirt/dnsmasq/virbr0.status"
MAC = "52:54:00:02:02:0f"
XML = f"<domain><devices><interface><mac address='{MAC}'/></interface></devices></domain>"


def fails(raised: Exception) -> Callable[..., Any]:
    def call(*_: Any) -> Any:
        raise raised

    return call


def network(name: str, leases: Callable[[], Any]) -> Any:
    return SimpleNamespace(name=lambda: name, DHCPLeases=leases)


def guest(name: str, xml: Callable[[], str] = lambda: XML) -> Any:
    return SimpleNamespace(name=lambda: name, XMLDesc=xml, state=lambda: [1, 1])


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Two labs that run; both have what ``lab`` has."""
    for stack in ("trop02", "trop03"):
        (tmp_path / stack).mkdir()
        (tmp_path / stack / "lab.json").touch()
    monkeypatch.setenv("TROP_LAB_ROOT", str(tmp_path))
    monkeypatch.setattr(hypervisor.Lab, "running", True)
    default = network("default", lambda: [{"mac": MAC.upper(), "ipaddr": "192.168.202.15"}])
    conn = SimpleNamespace(
        listAllNetworks=lambda: [default, network("bridged", lambda: [])],
        listAllDomains=lambda: [guest("Acilamwen")],
        close=lambda: 0,
    )
    monkeypatch.setattr(libvirt, "open", lambda _uri: conn)
    return conn


def shown(capsys: pytest.CaptureFixture[str], stack: str = "trop02") -> tuple[int, str, str]:
    code = carefully(lambda: command.status(stack))
    said = capsys.readouterr()
    return code, said.out, said.err


@pytest.mark.reports("H10")
@pytest.mark.parametrize(
    ("code", "said"),
    [
        (1, JSON),
        (3, "this function is not supported by the connection driver"),
        (55, "network is not active"),
    ],
)
def test_leases_that_are_not_told_are_one_line_beside_the_table(
    lab: Any, capsys: pytest.CaptureFixture[str], code: int, said: str
) -> None:
    lab.listAllNetworks = lambda: [network("default", fails(error(code, said)))]
    ended, out, err = shown(capsys)
    assert (ended, err) == (0, "")
    assert "Acilamwen" in out
    assert out.splitlines()[-1] == f"the leases of network default are unknown: {said}"


@pytest.mark.reports("H10")
def test_the_leases_of_another_network_are_shown_all_the_same(
    lab: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    there = lab.listAllNetworks()
    lab.listAllNetworks = lambda: [network("damaged", fails(error(1, JSON))), *there]
    assert "192.168.202.15" in shown(capsys)[1]


@pytest.mark.reports("H10")
def test_a_network_and_a_guest_that_go_away_meanwhile_are_left_out(
    lab: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    lab.listAllNetworks = lambda: [network("gone", fails(error(43, "Network not found")))]
    lab.listAllDomains = lambda: [guest("Ulov", fails(error(42, "Domain not found"))), guest("Acilamwen")]
    code, out, err = shown(capsys)
    assert (code, err) == (0, "")
    assert "Acilamwen" in out
    assert "Ulov" not in out
    assert "not found" not in out


@pytest.mark.reports("H10")
@pytest.mark.parametrize("xml", [fails(error(1, "internal error: no")), lambda: "<"])
def test_a_guest_that_can_not_be_read_is_in_the_table(
    lab: Any, capsys: pytest.CaptureFixture[str], xml: Callable[[], str]
) -> None:
    lab.listAllDomains = lambda: [guest("Ulov", xml), guest("Acilamwen")]
    code, out, _ = shown(capsys)
    assert code == 0
    assert "unknown" in next(line for line in out.splitlines() if "Ulov" in line)
    assert "guest Ulov could not be read: " in out
    assert "192.168.202.15" in out


@pytest.mark.reports("H10")
@pytest.mark.parametrize("when", ["at once", "meanwhile", "under a listing"])
def test_a_libvirtd_that_died_is_one_line_and_the_other_labs_are_shown(
    lab: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    died = fails(error(38, "Cannot recv data: Connection reset by peer", libvirt.VIR_FROM_RPC))
    dead = SimpleNamespace(
        **{**vars(lab), ("listAllNetworks" if when == "meanwhile" else "listAllDomains"): died}
    )
    trop02 = bare_lab("trop02").uri

    def opened(uri: str) -> Any:
        return lab if uri != trop02 else died() if when == "at once" else dead

    monkeypatch.setattr(libvirt, "open", opened)
    code, out, err = shown(capsys, "")
    assert code == 1
    assert "trop03" in out
    assert "Acilamwen" in out
    assert err == (
        f"error: trop02: {trop02}: Cannot recv data: Connection reset by peer; to start it anew: "
        "./trop lab down trop02, ./trop lab up trop02\n"
    )


def test_where_there_is_no_lab_the_way_to_one_is_told(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TROP_LAB_ROOT", str(tmp_path))
    said = "There is no lab on this machine; start one with: ./trop lab up trop02\n"
    assert shown(capsys, "") == (0, said, "")


@pytest.mark.reports("H10")
def test_the_console_of_a_guest_is_had_though_another_lab_can_not_be_looked_at(
    lab: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    died = fails(error(38, "Cannot recv data"))
    trop02 = bare_lab("trop02").uri
    monkeypatch.setattr(libvirt, "open", lambda uri: died() if uri == trop02 else lab)
    monkeypatch.setattr(hypervisor.Lab, "console", lambda self, vm: print(self.name, vm) or 0)
    assert carefully(lambda: command.console("Acilamwen", "")) == 0
    assert capsys.readouterr().out == "trop03 Acilamwen\n"
    assert carefully(lambda: command.console("Nova", "")) != 0
    assert "no running lab has a guest Nova; trop02: " in capsys.readouterr().err


@pytest.mark.reports("H10")
def test_a_lab_whose_libvirtd_died_is_taken_down_without_it(
    lab: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(libvirt, "open", fails(error(38, "Failed to connect socket")))
    assert carefully(lambda: command.down("trop02", purge=True)) == 0
    assert "gone" in capsys.readouterr().out


@pytest.mark.reports("H10")
def test_leases_and_states_are_told_by_guest(lab: Any) -> None:
    found, unknown = guests.of(lab)
    assert unknown == ()
    assert [(g.name, g.state, g.leases) for g in found] == [("Acilamwen", "running", ("192.168.202.15",))]

"""The script that sets a NIC up from within a guest: what it does in each way that a guest keeps its NICs."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from provider.guest import at_boot
from provider.guest.config import Setup, Style, file_for

WANTED = Setup("52:54:00:00:01:0A", ("129.215.175.100/24",), "129.215.175.126", 50, "virtio_net")
RUNNING: dict[Style, tuple[str, ...]] = {
    "ifcfg": (),
    "networkmanager": ("NetworkManager",),
    "networkd": ("systemd-networkd",),
    "netplan": ("systemd-networkd",),
    "ifupdown": (),
}
NOW: dict[Style, str] = {
    "ifcfg": "ip addr replace 129.215.175.100/24 brd + dev ens9",
    "networkmanager": "nmcli -w 10 connection up ua-52540000010a ifname ens9",
    "networkd": "networkctl reconfigure ens9",
    "netplan": "networkctl reconfigure ens9",
    "ifupdown": "ip addr replace 129.215.175.100/24 brd + dev ens9",
}
LATER: dict[Style, str] = {
    "ifcfg": "",
    "networkmanager": "nmcli connection load",
    "networkd": "networkctl reload",
    "netplan": "netplan generate",
    "ifupdown": "",
}


class Inside:
    """A folder that stands for a guest, and programs that note how they are called."""

    def __init__(self, folder: Path, running: tuple[str, ...]) -> None:
        self.folder, self.log = folder, folder / "log"
        programs = folder / "bin"
        programs.mkdir()
        self.log.touch()
        for name in ("ip", "nmcli", "networkctl", "netplan", "arping", "ping", "udevadm", "sync"):
            self.program(name, f'echo "{name} $*" >> {self.log}')
        self.program("systemctl", f'case " {" ".join(running)} " in *" $3 "*) ;; *) exit 3 ;; esac')

    def program(self, name: str, text: str) -> None:
        file = self.folder / "bin" / name
        file.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
        file.chmod(0o755)

    def nic(self, name: str, device: bool) -> None:
        place = self.folder / "sys/class/net" / name
        place.mkdir(parents=True)
        (place / "address").write_text("52:54:00:00:01:0a\n", encoding="utf-8")
        (self.folder / "proc/sys/net/ipv4/conf" / name).mkdir(parents=True)
        if device:
            (place / "device").mkdir()

    def run(self, setup: Setup) -> subprocess.CompletedProcess[str]:
        text = at_boot.script(setup)
        for path in ("/etc/", "/sys/class/net", "/proc/sys/"):
            text = text.replace(path, f"{self.folder}{path}")
        return subprocess.run(
            ["/bin/sh", "-c", text],
            env={"PATH": f"{self.folder}/bin:/usr/bin:/bin"},
            capture_output=True,
            text=True,
            check=False,
        )

    def files(self) -> dict[str, str]:
        found = (path for path in (self.folder / "etc").rglob("*") if path.is_file())
        return {str(path).removeprefix(str(self.folder)): path.read_text(encoding="utf-8") for path in found}


def inside(folder: Path, style: Style) -> Inside:
    made = Inside(folder, RUNNING[style])
    for path, of in (("etc/netplan", "netplan"), ("etc/sysconfig/network-scripts", "ifcfg")):
        if style == of:
            (folder / path).mkdir(parents=True)
    (folder / "etc").mkdir(exist_ok=True)
    if style == "ifupdown":
        (folder / "etc/network").mkdir()
        (folder / "etc/network/interfaces").touch()
        made.program("ifup", "")
    return made


@pytest.mark.reports("G3", "G4")
@pytest.mark.parametrize("style", RUNNING)
@pytest.mark.parametrize("there", [True, False])
def test_it_writes_the_one_file_that_the_guest_reads_and_no_device_is_named_in_it(
    tmp_path: Path, style: Style, there: bool
) -> None:
    guest = inside(tmp_path, style)
    if there:
        guest.nic("ens9", device=True)
        guest.nic("ens9.7", device=False)
    done = guest.run(WANTED)
    assert (done.returncode, done.stderr) == (0, "")
    file = file_for(style, WANTED)
    assert guest.files().items() - {("/etc/network/interfaces", "")} == {(file.path, file.content)}
    assert oct((tmp_path / file.path[1:]).stat().st_mode)[-3:] == file.mode
    assert not {"DEVICE", "Name", "float1"} & {line.partition("=")[0] for line in file.content.split()}
    assert "50" in file.content
    called = guest.log.read_text(encoding="utf-8")
    assert (NOW[style] if there else LATER[style]) in called
    assert there or "reconfigure" not in called


def test_without_a_gateway_it_gives_no_default_route(tmp_path: Path) -> None:
    guest = inside(tmp_path, "ifcfg")
    guest.nic("ens9", device=True)
    guest.run(replace(WANTED, gateway=None))
    assert "ip route del default dev ens9" in guest.log.read_text(encoding="utf-8")


def test_where_nothing_known_keeps_the_nics_it_fails_and_says_so(tmp_path: Path) -> None:
    done = Inside(tmp_path, ()).run(WANTED)
    assert done.returncode == 1
    assert done.stderr == "nothing known here keeps the NICs of this guest\n"

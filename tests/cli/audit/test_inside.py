"""What a guest is asked, and what its files say of its NICs; fake agents, so nothing but the words is proved here."""

from __future__ import annotations

import base64
import json
import subprocess
from pathlib import Path
from typing import Any

import libvirt
import pytest

from provider.guest import addresses as guest_addresses
from provider.guest import agent as guest_agent
from provider.guest import config as guest_config
from provider.guest import files as guest_files
from provider.guest.addresses import Address
from provider.guest.agent import Agent
from provider.guest.allowed import EXEC, INTERFACES
from provider.guest.config import Setup
from provider.guest.files import Setting, settings

MAC, ADDRESS = "52:54:00:00:01:00", "129.215.175.100"
READS = {"guest-ping", "guest-info", "guest-network-get-interfaces", "guest-exec", "guest-exec-status"}


class Guest:
    """A running domain with an agent; ``silent``: it does not answer; ``closed``: it runs no programs."""

    def __init__(self, *, silent: bool = False, closed: bool = False, deaf: bool = False) -> None:
        self.silent, self.closed, self.deaf = silent, closed, deaf
        self.asked: list[str] = []
        self.scripts: list[str] = []

    def name(self) -> str:
        return "Acilamwen"

    def isActive(self) -> int:
        return 1

    def state(self, flags: int = 0) -> list[int]:
        return [1, 1]

    def interfaceAddresses(self, source: int, flags: int = 0) -> Any:
        assert source == 2
        if self.deaf:
            raise libvirt.libvirtError("wrong nlmsg len")
        addrs = [{"addr": ADDRESS, "prefix": 0, "type": 0}]
        return {"vnet1": {"hwaddr": MAC.upper(), "addrs": addrs}, "vnet2": {"hwaddr": MAC, "addrs": None}}

    def send(self, domain: Any, text: str, seconds: int) -> str:
        asked = json.loads(text)
        self.asked.append(asked["execute"])
        if self.silent or (self.closed and asked["execute"] == "guest-exec"):
            raise libvirt.libvirtError("Guest agent is not responding")
        if asked["execute"] == "guest-exec":
            self.scripts.append(asked["arguments"]["arg"][1])
        said = f"\0/etc/sysconfig/network-scripts/ifcfg-ens5\0HWADDR={MAC}\nIPADDR={ADDRESS}\n"
        nics = [
            {"name": name, "hardware-address": MAC, "ip-addresses": addresses}
            for name, addresses in (("ens5", [{"ip-address": ADDRESS, "prefix": 24}]), ("eth2", []))
        ]
        answers = {
            "guest-ping": {},
            "guest-fsfreeze-status": "thawed",
            "guest-info": {"supported_commands": [{"name": name, "enabled": True} for name in READS]},
            "guest-network-get-interfaces": [{"name": "lo"}, *nics],
            "guest-exec": {"pid": 1},
            "guest-exec-status": {
                "exited": True,
                "exitcode": 0,
                "out-data": base64.b64encode(said.encode()).decode(),
            },
        }
        return json.dumps({"return": answers[asked["execute"]]})


class Clock:
    def monotonic(self) -> float:
        return 0.0

    def sleep(self, seconds: float) -> None:
        pass


def look(guest: Guest) -> guest_addresses.Inside:
    return guest_addresses.look(guest, Agent(guest, Clock(), guest.send))  # type: ignore[arg-type]


def test_an_agent_says_the_address_of_one_of_two_nics_with_one_mac_and_is_asked_by_reading_commands_alone() -> (
    None
):
    guest = Guest()

    said = look(guest)

    assert said.agent
    assert said.files
    assert said.addresses == (Address(MAC, ADDRESS, "ens5"),)
    assert said.settings == (Setting("/etc/sysconfig/network-scripts/ifcfg-ens5", MAC, (ADDRESS,)),)
    assert said.neighbours == ()
    assert set(guest.asked) <= READS
    assert all(script.endswith((guest_files.READ, guest_agent._DEVICES)) for script in guest.scripts)


@pytest.mark.reports("N2")
def test_what_is_made_of_a_nic_is_told_from_it_by_its_device() -> None:
    class WithVlan(Guest):
        def send(self, domain: Any, text: str, seconds: int) -> str:
            answer = json.loads(super().send(domain, text, seconds))
            if json.loads(text)["execute"] == "guest-network-get-interfaces":
                answer["return"][2] |= {
                    "name": "ens5.7",
                    "ip-addresses": [{"ip-address": ADDRESS, "prefix": 24}],
                }
            if (
                self.scripts
                and self.scripts[-1].endswith(guest_agent._DEVICES)
                and "exited" in answer["return"]
            ):
                answer["return"]["out-data"] = base64.b64encode(b"ens5\n").decode()
            return json.dumps(answer)

    vlan = Address(MAC, ADDRESS, "ens5.7", beside=True)
    assert look(WithVlan()).addresses == (Address(MAC, ADDRESS, "ens5"), vlan)


def test_an_agent_that_runs_no_programs_still_says_the_addresses() -> None:
    said = look(Guest(closed=True))

    assert (said.agent, said.files, said.addresses) == (True, False, (Address(MAC, ADDRESS, "ens5"),))
    assert said.silence.startswith("its files could not be read: agent of guest Acilamwen")


@pytest.mark.parametrize("asked", [True, False], ids=["silent agent", "agent not to be asked"])
def test_without_an_agent_the_hosts_neighbours_are_asked(asked: bool) -> None:
    guest = Guest(silent=True)
    said = look(guest) if asked else guest_addresses.look(guest, None)

    assert (said.agent, said.neighbours) == (False, (Address(MAC, ADDRESS),))
    assert said.silence == ("its agent does not answer" if asked else "")
    assert bool(guest.asked) == asked


def test_a_host_that_cannot_read_its_neighbour_table_has_said_nothing() -> None:
    assert guest_addresses.look(Guest(deaf=True), None).neighbours == ()


@pytest.mark.parametrize("style", ["ifcfg", "networkmanager", "networkd", "netplan", "ifupdown"])
def test_each_file_that_we_write_ourselves_is_read_as_it_was_meant(style: guest_config.Style) -> None:
    written = guest_config.file_for(
        style, Setup(MAC, (f"{ADDRESS}/24", "129.215.175.7/24"), "129.215.175.126")
    )

    found = settings(f"\0{written.path}\0{written.content}")

    assert found == (Setting(written.path, MAC, (ADDRESS, "129.215.175.7")),)


IFCFG, KEYFILE = "/etc/sysconfig/network-scripts/ifcfg-a", "/etc/NetworkManager/system-connections/a"


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (IFCFG, f"MACADDR={MAC}\nIPADDR={ADDRESS}"),
        (IFCFG, f"#HWADDR={MAC}"),
        (IFCFG, f"HWADDR={MAC}\nONBOOT=no"),
        (IFCFG + ".bak", f"HWADDR={MAC}"),
        (KEYFILE, f"[ethernet]\ncloned-mac-address={MAC}"),
        ("/etc/systemd/network/a.network", f"[Match]\nName=ens5\n[Link]\nMACAddress={MAC}"),
        ("/etc/netplan/a.yaml", f"# macaddress: {MAC}"),
        (IFCFG, f"DEVICE=ens5\nIPADDR={ADDRESS}"),
    ],
)
def test_what_is_not_in_force_or_names_no_nic_says_nothing(path: str, text: str) -> None:
    assert settings(f"\0{path}\0{text}") == ()


def test_a_file_of_several_nics_says_which_address_is_whose() -> None:
    other = "52-54-00-00-01-01"
    text = f"""macaddress: "{MAC.upper()}"
      addresses: [{ADDRESS}/24, 129.215.175.9/24]
      match: {{macaddress: {other}}}
        - 129.215.175.101/24
        - {{to: 10.0.0.0/8, via: 129.215.175.126}}"""

    assert settings(f"\0/etc/netplan/a.yaml\0{text}") == (
        Setting("/etc/netplan/a.yaml", MAC, (ADDRESS, "129.215.175.9")),
        Setting("/etc/netplan/a.yaml", "52:54:00:00:01:01", ("129.215.175.101",)),
    )


def test_no_secret_that_stands_beside_an_address_leaves_the_guest(tmp_path: Path) -> None:
    folder = tmp_path / "etc/NetworkManager/system-connections"
    folder.mkdir(parents=True)
    (folder / "a b").write_text(
        f"[ethernet]\nmac-address={MAC}\n[802-1x]\npassword=geheim\n[ipv4]\naddress1={ADDRESS}/24\n"
    )
    script = guest_files.READ.replace("/etc/", f"{tmp_path}/etc/")

    ran = subprocess.run(["/bin/sh", "-c", script], capture_output=True, text=True, check=True)

    assert "geheim" not in ran.stdout
    assert settings(ran.stdout) == (Setting(str(folder / "a b"), MAC, (ADDRESS,)),)


@pytest.mark.parametrize("off", [EXEC, (*EXEC, *INTERFACES)], ids=["programs", "addresses too"])
def test_what_an_agent_has_blocked_is_named_and_the_rest_is_asked(off: tuple[str, ...]) -> None:
    class Closed(Guest):
        def send(self, domain: Any, text: str, seconds: int) -> str:
            answer = json.loads(super().send(domain, text, seconds))
            if json.loads(text)["execute"] == "guest-info":
                listed = [{"name": name, "enabled": name not in off} for name in sorted(READS)]
                answer["return"] = {"supported_commands": listed}
            return json.dumps(answer)

    guest = Closed()
    said = look(guest)
    assert not set(guest.asked) & set(off)
    if off == EXEC:
        assert (said.agent, said.addresses, said.neighbours) == (True, (Address(MAC, ADDRESS, "ens5"),), ())
        assert (
            said.silence
            == "its files could not be read: its agent has guest-exec and guest-exec-status blocked"
        )
        assert said.blocked == EXEC
    else:
        assert (said.agent, said.neighbours) == (False, (Address(MAC, ADDRESS),))
        assert said.silence == "its agent has guest-network-get-interfaces blocked"
        assert said.blocked == INTERFACES


def test_a_frozen_guest_is_told_as_that() -> None:
    class Frozen(Guest):
        def send(self, domain: Any, text: str, seconds: int) -> str:
            match json.loads(text)["execute"]:
                case "guest-info":
                    listed = [{"name": name, "enabled": name == "guest-info"} for name in sorted(READS)]
                    return json.dumps({"return": {"supported_commands": listed}})
                case "guest-fsfreeze-status":
                    return '{"return": "frozen"}'
            return super().send(domain, text, seconds)

    said = look(Frozen())
    assert (said.agent, said.frozen, said.blocked) == (False, True, ())
    assert said.silence.startswith("its file systems are frozen, as for a backup")
    assert said.neighbours == (Address(MAC, ADDRESS),)

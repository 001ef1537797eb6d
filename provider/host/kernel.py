"""What the hypervisor's kernel has of networks: routes, devices, neighbours, ports that are taken.

libvirt tells none of it, and looks at its own routes when it starts a network.  So it is read where the provider can:
on the hypervisor itself, through libvirtd's unix socket, whose peer's network it is.  Over ssh or TLS nothing is known.
"""

from __future__ import annotations

import os
import socket
import struct
import subprocess
import threading
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from ipaddress import IPv4Address, IPv4Network
from itertools import pairwise
from pathlib import Path
from typing import Final

from provider.host import arp_probe

_GATEWAY: Final = 0x2  # RTF_GATEWAY
_COMPLETE: Final = 0x2  # ATF_COM
_IP_FREEBIND: Final = 15
# Nobody's own address: what is bound to it for a moment meets only what listens on all of them.
_TRIED: Final = "127.0.0.99"
_SERVERS: Final = (
    ("DNS", socket.SOCK_STREAM, 53, "TCP port 53"),
    ("DNS", socket.SOCK_DGRAM, 53, "UDP port 53"),
    ("DHCP", socket.SOCK_DGRAM, 67, "UDP port 67"),
)
_PATH: Final = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}  # an operator's own may lack where they are
# How each program of a firewall reads rules, and changes none.
_RULES: Final = {"iptables": ("-w", "-n", "-L", "FORWARD"), "nft": ("list", "tables")}


@dataclass(frozen=True)
class Route:
    """``device`` is "*" where what is sent there is thrown away; ``direct``: an address of the device has made it."""

    to: IPv4Network
    device: str
    direct: bool = True


@dataclass(frozen=True)
class Taken:
    """A port on which somebody's server listens on all addresses, so that dnsmasq can't: ("DNS", "TCP port 53")."""

    server: str
    port: str


@dataclass(frozen=True)
class Kernel:
    """``neighbours``: address -> MAC.  ``taken`` None: could not be asked, which takes root.  ``firewall``: of these
    programs ("iptables", "nft"), what keeps all of them from reading its rules; "" where one can, or it is not known.
    ``ports``: the devices in a bridge; none where it is not known.
    """

    routes: tuple[Route, ...] = ()
    devices: frozenset[str] = frozenset()
    neighbours: Mapping[str, str] = field(default_factory=dict)
    taken: tuple[Taken, ...] | None = ()
    firewall: Callable[[Collection[str]], str] = field(default=lambda _programs: "", compare=False)
    ports: Callable[[str], Collection[str]] = field(default=lambda _bridge: (), compare=False)


Look = Callable[[str], "Kernel | None"]  # of the hypervisor of this URI; None where it can't be looked at


def look(uri: str) -> Kernel | None:
    path = arp_probe.socket_path(uri)
    if path is None:
        return None
    try:
        pid = arp_probe.peer(path)
        names = ("route", "fib_trie", "dev", "arp")
        files = {name: Path(f"/proc/{pid}/net/{name}").read_text() for name in names}
    except OSError:
        return None
    devices = frozenset(line.partition(":")[0].strip() for line in files["dev"].splitlines()[2:])
    found = dict(neighbours(files["arp"]))
    to = tuple(routes(files["route"], own_addresses(files["fib_trie"])))
    return Kernel(to, devices, found, _taken(pid), partial(_firewall, pid), partial(_ports, pid))


def own_addresses(text: str) -> set[IPv4Address]:
    """The host's own, of /proc/net/fib_trie."""
    pairs = pairwise(line.strip() for line in text.splitlines())
    return {IPv4Address(one.removeprefix("|-- ")) for one, other in pairs if other == "/32 host LOCAL"}


def routes(text: str, own: Collection[IPv4Address]) -> Iterator[Route]:
    """Those of /proc/net/route, of the main table; ``own``: the host's addresses, by which some of them are made."""
    for line in text.splitlines()[1:]:
        device, to, _, flags, _, _, _, mask, *_ = line.split()
        try:
            network = IPv4Network((_address(to), _address(mask)))
        except ValueError:  # bits beyond its mask, or a mask with gaps
            continue
        made = any(address in network for address in own)
        yield Route(network, device, made and device != "*" and not int(flags, 16) & _GATEWAY)


def neighbours(text: str) -> Iterator[tuple[str, str]]:
    """Those of /proc/net/arp that have answered."""
    for line in text.splitlines()[1:]:
        address, _, flags, mac, *_ = line.split()
        if int(flags, 16) & _COMPLETE:
            yield address, mac.lower()


def _address(number: str) -> str:
    return socket.inet_ntoa(struct.pack("=I", int(number, 16)))


def _ports(pid: int, bridge: str) -> list[str]:
    """By the sysfs of libvirtd's own mount namespace, which shows the network that it was mounted in."""
    try:
        return sorted(os.listdir(f"/proc/{pid}/root/sys/class/net/{bridge}/brif"))
    except OSError:
        return []


def _taken(pid: int) -> tuple[Taken, ...] | None:
    found: list[tuple[Taken, ...]] = []

    def work() -> None:
        try:  # a namespace is a thread's own: this one ends with its work
            arp_probe.enter_network_of(pid)
            found.append(
                tuple(Taken(who, port) for who, kind, number, port in _SERVERS if _is_taken(kind, number))
            )
        except OSError:
            found.clear()

    thread = threading.Thread(target=work, name="ports", daemon=True)
    thread.start()
    thread.join(2.0)
    return found[0] if found else None


def _firewall(pid: int, programs: Collection[str]) -> str:
    """With libvirtd's own files and network; asked only before a start, for each takes a process."""
    said = []
    for program in programs:
        words = [
            "nsenter",
            f"--mount=/proc/{pid}/ns/mnt",
            f"--net=/proc/{pid}/ns/net",
            program,
            *_RULES[program],
        ]
        try:
            done = subprocess.run(words, env=_PATH, capture_output=True, text=True, check=False, timeout=5)
        except (OSError, subprocess.TimeoutExpired):
            return ""
        if done.returncode == 0 or "reassociate to namespace" in done.stderr or "cannot open" in done.stderr:
            return ""
        last = done.stderr.strip().splitlines()[-1:] or [f"it ends with {done.returncode}"]
        said.append(f"{program}: {last[0]}")
    return "; ".join(said)


def _is_taken(kind: int, port: int) -> bool:
    """As dnsmasq would bind it: what allows others beside it (``SO_REUSEADDR``) is in nobody's way."""
    with socket.socket(socket.AF_INET, kind) as tried:
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        tried.setsockopt(socket.IPPROTO_IP, _IP_FREEBIND, 1)
        try:
            tried.bind((_TRIED, port))
        except OSError:
            return True
    return False

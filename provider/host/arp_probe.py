"""Who answers at an address, asked from the hypervisor's own bridge.

libvirt has no call for it, so it can be done only where the provider can reach the hypervisor's network: on the
hypervisor itself, as root, through libvirtd's unix socket (whose peer's network namespace it is).  Over ssh or TLS
nothing is asked, and nothing is known: `ask` answers None.
"""

from __future__ import annotations

import ctypes
import os
import re
import socket
import struct
import threading
import time
from collections.abc import Callable, Collection, Sequence
from typing import Final
from urllib.parse import parse_qs, urlsplit

# (URI, bridge, address) -> the MACs that answered, for each time that it was asked; None: nobody could be asked.
Ask = Callable[[str, str, str], "list[list[str]] | None"]

ROUNDS: Final = 2
ROUND_SECONDS: Final = 0.2
DEFAULT_SOCKET: Final = "/run/libvirt/libvirt-sock"
_LOCAL: Final = re.compile(r"qemu(\+unix)?:///")
_ETH_ARP: Final = 0x0806
_CLONE_NEWNET: Final = 0x40000000
_ARP: Final = struct.Struct("!HHBBH6s4s6s4s")


def conflict(
    answers: Sequence[Sequence[str]], mac: str, held_here: bool, own: Collection[str] = ()
) -> str | None:
    """The MAC of somebody who answers and must not; None when there is nobody.

    ``held_here``: a guest of this host answers with ``mac`` by right, once each time; a second answer is another's.
    ``own``: MACs of the other NICs of the new holder and the old, which Linux lets answer for all of its addresses.
    """
    answers = [[answered for answered in macs if answered not in own] for macs in answers]
    for macs in answers:
        strange = [answered for answered in macs if answered != mac]
        if strange:
            return strange[0]
    right = 1 if held_here else 0
    return mac if answers and all(len(macs) > right for macs in answers) else None


def ask(uri: str, bridge: str, address: str) -> list[list[str]] | None:
    """Ask for the address on the bridge, as RFC 5227 has it (from no address: nobody's neighbour table changes)."""
    path = socket_path(uri)
    if path is None:
        return None
    answers: list[list[str]] = []

    def work() -> None:
        # A namespace is a thread's own: this one ends with its work.
        try:
            enter_network_of(peer(path))
            with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_ETH_ARP)) as wire:
                wire.bind((bridge, _ETH_ARP))
                answers.extend(_round(wire, address) for _ in range(ROUNDS))
        except OSError:
            answers.clear()

    thread = threading.Thread(target=work, name="arp-probe", daemon=True)
    thread.start()
    thread.join(ROUNDS * ROUND_SECONDS + 2.0)
    return list(answers) if len(answers) == ROUNDS else None


def socket_path(uri: str) -> str | None:
    """The unix socket by which a URI leads to libvirtd on this machine; None for any other way."""
    if not _LOCAL.match(uri):
        return None
    given = parse_qs(urlsplit(uri).query).get("socket")
    return given[0] if given else DEFAULT_SOCKET


def peer(path: str) -> int:
    """The process that listens at a unix socket; `OSError` where nobody does."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as asked:
        asked.settimeout(1.0)
        asked.connect(path)
        packed = asked.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    return int(struct.unpack("3i", packed)[0])


def enter_network_of(pid: int) -> None:
    """For this thread, and for its life; `OSError` without root."""
    handle = os.open(f"/proc/{pid}/ns/net", os.O_RDONLY)
    try:
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.setns(handle, _CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), "setns")
    finally:
        os.close(handle)


def _round(wire: socket.socket, address: str) -> list[str]:
    own: bytes = wire.getsockname()[4]
    wanted = socket.inet_aton(address)
    request = _ARP.pack(1, 0x0800, 6, 4, 1, own, bytes(4), bytes(6), wanted)
    wire.send(b"\xff" * 6 + own + struct.pack("!H", _ETH_ARP) + request)
    macs = []
    deadline = time.monotonic() + ROUND_SECONDS
    while (left := deadline - time.monotonic()) > 0:
        wire.settimeout(left)
        try:
            frame = wire.recv(2048)
        except TimeoutError:
            break
        if len(frame) < 14 + _ARP.size:
            continue
        _, _, _, _, kind, sender, said, _, _ = _ARP.unpack_from(frame, 14)
        if kind == 2 and said == wanted:
            macs.append(":".join(f"{byte:02x}" for byte in sender))
    return macs

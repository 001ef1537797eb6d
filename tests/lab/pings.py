"""Pings in one process over several network namespaces, and what was lost of them between two moments.

Run as a program it pings: `python -I pings.py TARGETS`, with TARGETS as JSON, until its input ends.  A line for each
packet: `s NAME SEQ TIME` sent, `r NAME SEQ TIME` answered, `h NAME SEQ TIME` heard of somebody else's ping; TIME is
the machine's monotonic clock in seconds, which all processes share.
"""

from __future__ import annotations

import contextlib
import ctypes
import itertools
import json
import os
import select
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

ECHO, ANSWER = 8, 0
HEADER = 20  # bytes of IPv4 before the ICMP packet
LATE = 3.0  # seconds after which an answer is not waited for any more


@dataclass(frozen=True)
class Target:
    """``space`` is the path of the network namespace to ping from, every ``interval`` seconds.

    An interval of 0 means to listen there only, for what others send to that address.
    """

    name: str
    space: str
    address: str
    interval: float


@dataclass(frozen=True)
class Loss:
    """``hole``: the longest time in seconds from one answer to the next; ``lost``: of ``sent`` how many had none."""

    sent: int
    lost: int
    hole: float


class Pings:
    """What the program has written so far."""

    def __init__(self, log: Path) -> None:
        self._log = log

    def between(self, name: str, begin: float, end: float) -> Loss:
        """Of the packets sent between two moments; `settle` first, so that late answers have come."""
        return count(self._times("s", name), self._times("r", name), begin, end)

    def heard(self, name: str) -> dict[int, float]:
        return self._times("h", name)

    def answers(self, name: str) -> list[float]:
        return sorted(self._times("r", name).values())

    def _times(self, kind: str, name: str) -> dict[int, float]:
        found = {}
        for line in self._log.read_text(encoding="utf-8").splitlines():
            words = line.split()
            if len(words) == 4 and words[:2] == [kind, name]:
                found[int(words[2])] = float(words[3])
        return found


def count(sent: dict[int, float], answered: dict[int, float], begin: float, end: float) -> Loss:
    mine = [number for number, moment in sent.items() if begin <= moment <= end]
    lost = [number for number in mine if number not in answered]
    times = sorted(answered[number] for number in mine if number in answered)
    gaps = [late - early for early, late in itertools.pairwise(times)]
    return Loss(len(mine), len(lost), max(gaps, default=end - begin))


@contextmanager
def pinging(targets: Sequence[Target], log: Path) -> Iterator[Pings]:
    """Pings all of them for as long as the context lasts."""
    words = [sys.executable, "-I", __file__, json.dumps([asdict(target) for target in targets])]
    with (
        log.open("wb") as out,
        subprocess.Popen(words, stdin=subprocess.PIPE, stdout=out) as process,
    ):
        try:
            yield Pings(log)
        finally:
            assert process.stdin is not None
            process.stdin.close()
            process.wait(10)


def main(targets: Sequence[Target]) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    sockets = {}
    for target in targets:
        space = os.open(target.space, os.O_RDONLY)
        if libc.setns(space, 0) != 0:
            raise OSError(ctypes.get_errno(), f"cannot enter {target.space}")
        os.close(space)
        own = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
        own.setblocking(False)
        sockets[own] = target
    due = {target.name: time.monotonic() for target in targets if target.interval}
    numbers = dict.fromkeys(due, 0)
    by_name = {target.name: (own, target) for own, target in sockets.items()}
    while True:
        pause = max(0.0, min(due.values(), default=time.monotonic() + 1) - time.monotonic())
        ready, _, _ = select.select([*sockets, 0], [], [], pause)
        for own in ready:
            if own == 0:
                return
            _take(own, sockets[own])
        for name in due:
            if time.monotonic() >= due[name]:
                numbers[name] += 1
                due[name] = max(due[name] + by_name[name][1].interval, time.monotonic() - 1)
                _send(*by_name[name], numbers[name])


def _send(own: socket.socket, target: Target, number: int) -> None:
    packet = struct.pack("!BBHHH", ECHO, 0, 0, _mark(target.name), number & 0xFFFF) + bytes(24)
    packet = packet[:2] + struct.pack("!H", _checksum(packet)) + packet[4:]
    moment = time.monotonic()
    with contextlib.suppress(OSError):  # no neighbour or no route: it is lost as any other
        own.sendto(packet, (target.address, 0))
    _say("s", target.name, number, moment)


def _take(own: socket.socket, target: Target) -> None:
    while True:
        try:
            whole = own.recv(2048)
        except BlockingIOError:
            return
        except OSError:
            continue  # an ICMP error that came for a ping before
        packet, to = whole[HEADER:], socket.inet_ntoa(whole[16:HEADER])
        if len(packet) < 8:
            continue
        kind, _, _, mark, number = struct.unpack("!BBHHH", packet[:8])
        if target.interval and kind == ANSWER and mark == _mark(target.name):
            _say("r", target.name, number, time.monotonic())
        elif not target.interval and (kind, to) == (ECHO, target.address):
            _say("h", target.name, number, time.monotonic())


def _mark(name: str) -> int:
    """The ping's identifier: sockets of one namespace see each other's answers."""
    return _checksum(name.encode() + b"\0" * (len(name) % 2)) ^ (os.getpid() & 0xFF)


def _checksum(data: bytes) -> int:
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def _say(kind: str, name: str, number: int, moment: float) -> None:
    sys.stdout.write(f"{kind} {name} {number} {moment:.4f}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main([Target(**target) for target in json.loads(sys.argv[1])])

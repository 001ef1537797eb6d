"""What a guest finds when it asks for its gateway, by whatever it has: the script in a real shell."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from provider.guest.gateway_probe import _ASK

KNOWN, FAILED = "192.0.2.1 dev ens5 lladdr 02:00:00:00:00:01 REACHABLE", "192.0.2.1 dev ens5 FAILED"


@pytest.mark.parametrize(
    ("ping", "arping", "neighbour", "said"),
    [
        (0, None, KNOWN, "answers"),
        (1, 0, KNOWN, "answers"),  # a router that leaves pings without an answer
        (1, 1, KNOWN, "silent"),  # one that has just gone: its neighbours take it for reachable still
        (1, 2, FAILED, "silent"),  # an arping that can't ask
        (1, 2, KNOWN, "unknown"),
        (1, None, FAILED, "silent"),
        (1, None, KNOWN, "unknown"),
        (1, None, "", "unknown"),
        (127, None, "", "unknown"),
    ],
)
def test_a_gateway_is_silent_only_where_that_is_sure(
    tmp_path: Path, ping: int, arping: int | None, neighbour: str, said: str
) -> None:
    tools = {"ping": f"exit {ping}", "ip": f"echo '{neighbour}'"}
    tools |= {} if arping is None else {"arping": f"exit {arping}"}
    for name, script in tools.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / name).chmod(0o755)
    done = subprocess.run(
        ["/bin/sh", "-c", _ASK, "sh", "ens5", "192.0.2.1"],
        env={"PATH": str(tmp_path)}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.strip() == said

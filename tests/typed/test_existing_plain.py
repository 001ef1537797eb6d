"""Where nobody has a command of his own, the line that refuses an existing object has Pulumi's, and it works."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys

from cli.adopt import declared
from tests.typed.clone import UUID, Clone
from tests.typed.test_existing import IN_PLACE, NETWORKS, Record, edited, of_network

# The engine and the plugin without ./trop, as `pulumi` would be called.
PULUMI = """
import sys
from engine.app import main
from provider.protocol.plugin import servicer
sys.exit(main(sys.argv[1:], providers={"libvirt": servicer}))
"""


def pulumi(clone: Clone, line: str) -> subprocess.CompletedProcess[str]:
    first, *words = shlex.split(line)
    assert first == "pulumi"
    return subprocess.run(
        [sys.executable, "-P", "-c", PULUMI, *words, "--stack", "trop02"],
        cwd=clone.root, env=clone.environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_the_command_with_the_parents_urn_takes_it_over(clone: Clone) -> None:
    clone.well("./trop adopt trop02 --yes")

    def forget(records: list[Record]) -> None:
        records[:] = [r for r in records if r["urn"] != IN_PLACE]

    edited(clone, forget)
    refused = pulumi(clone, "pulumi preview")
    assert refused.returncode == 1
    said = re.search(
        r"to adopt it, give this resource import_='(.*?)', or type: (pulumi import .*) --parent parent=URN, with "
        r"the URN of its parent in the state, a (\S+) \((pulumi stack --show-urns) has it\)",
        refused.stdout,
    )
    assert said, refused.stdout
    assert (said[1], said[3]) == (UUID, declared.NETWORKS)
    assert f"URN: {NETWORKS}\n" in pulumi(clone, said[4]).stdout
    done = pulumi(clone, f"{said[2]} --parent 'parent={NETWORKS}' --yes")
    assert done.returncode == 0, done.stdout + done.stderr
    assert [r["urn"] for r in of_network(clone)] == [IN_PLACE]
    assert pulumi(clone, "pulumi preview").returncode == 0


def test_a_name_that_is_nobodys_is_told_without_trop_too(clone: Clone) -> None:
    clone.well("./trop adopt trop02 --yes")
    done = subprocess.run(
        [sys.executable, "-P", "-c", PULUMI, "preview", "--stack", "trop02"],
        cwd=clone.root, env=clone.environment | {"LIBVIRT_ALLOW": "Nobody=restart"}, stdin=subprocess.DEVNULL,
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "--allow Nobody=restart (with the Pulumi CLI: LIBVIRT_ALLOW) allows nothing" in done.stdout

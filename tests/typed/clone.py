"""A clone of the repository in a folder of its own, in which lines are typed as they are printed.

Its trop02 is a host of libvirt's in-process test driver, which is read from a file anew by each command: what is there
can be looked at and taken over, and nothing that is made outlives the command.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as Xml

from cli import ROOT
from cli.lab.rehearsal import host_xml
from config.plan import Plan
from tests.done import Done

CODE = ("cli", "components", "config", "engine", "lab", "plain_yaml", "provider")
# Debian's own network, as libvirt-daemon-config-network defines it on every fresh host.
UUID = "6f0f1c0e-0000-4000-8000-0000000000de"
DEBIANS = f"""
<network>
  <name>default</name>
  <uuid>{UUID}</uuid>
  <forward mode='nat'/>
  <bridge name='virbr0' stp='on' delay='0'/>
  <mac address='52:54:00:11:22:33'/>
  <ip address='192.168.122.1' netmask='255.255.255.0'>
    <dhcp><range start='192.168.122.2' end='192.168.122.254'/></dhcp>
  </ip>
</network>
"""


@dataclass
class Clone:
    folder: Path

    @property
    def root(self) -> Path:
        return self.folder / "trop"

    @property
    def file(self) -> Path:
        return self.root / "Pulumi.trop02.yaml"

    @property
    def state(self) -> Path:
        return self.folder / "state/.pulumi"

    @property
    def state_file(self) -> Path:
        return self.state / "stacks/trop/trop02.json"

    @property
    def environment(self) -> dict[str, str]:
        """That of an operator who has nothing set but where the state is, and the passphrase."""
        mine = {k: v for k, v in os.environ.items() if not k.startswith(("PULUMI_", "LIBVIRT_", "TROP_"))}
        return mine | {
            "HOME": str(self.folder / "home"),
            "PYTHONPATH": str(self.root),
            "PULUMI_BACKEND_URL": f"file://{self.folder / 'state'}",
            "PULUMI_CONFIG_PASSPHRASE": "x",
        }

    def make(self, plan: Plan, *networks: str) -> None:
        """The code, the stack's file, and a host with what the plan stands on and these networks beside it."""
        for name in CODE:
            shutil.copytree(ROOT / name, self.root / name)
        for file in (ROOT / "__main__.py", *ROOT.glob("Pulumi*.yaml")):
            shutil.copy2(file, self.root)
        (self.folder / "state").mkdir()
        (self.folder / "home").mkdir()
        self.host(plan, *networks)

    def host(self, plan: Plan, *networks: str) -> None:
        """Another host, which the stack's file leads to from now on: its UUID comes from its URI."""
        node = Xml.fromstring(host_xml(plan))
        node.extend(Xml.fromstring(network) for network in networks)
        (self.folder / "host.xml").write_text(Xml.tostring(node, encoding="unicode"), encoding="utf-8")
        self.lead_to_own_host()

    def lead_to_own_host(self) -> None:
        uri = f"libvirt:uri: test://{self.folder}/host.xml"
        text, times = re.subn(r"libvirt:uri: .*", uri, self.file.read_text(encoding="utf-8"))
        assert times == 1
        self.file.write_text(text, encoding="utf-8")

    def type(self, line: str, typed: str = "", **environment: str) -> Done:
        """A line that begins with ``./trop``, in the clone; ``typed`` is what comes on standard input."""
        first, *words = shlex.split(line)
        assert first == "./trop", line
        done = subprocess.run(
            [sys.executable, "-P", "-m", "cli", *words],
            cwd=self.root, env=self.environment | environment, input=typed, capture_output=True, text=True,
            check=False, timeout=120,
        )  # fmt: skip
        assert "Traceback" not in done.stdout + done.stderr, done.stdout + done.stderr
        return Done(done.returncode, done.stdout, done.stderr)

    def well(self, line: str, typed: str = "", **environment: str) -> Done:
        """A line that works."""
        done = self.type(line, typed, **environment)
        assert done.code == 0, f"{line}\n{done.text}"
        return done

    def resources(self) -> list[dict[str, Any]]:
        """The records of the state."""
        found: list[dict[str, Any]] = json.loads(self.state_file.read_text(encoding="utf-8"))["checkpoint"][
            "latest"
        ].get("resources", [])
        return found

"""`./trop bench`: processor time of a preview with no changes, beside a bare script that reads the same of libvirt."""

from __future__ import annotations

import statistics
import sys

from rich.console import Console
from rich.table import Table

from cli import bytecode
from cli.bench.measured import used
from cli.lab.stack import bare_lab
from cli.processes import itself
from cli.words.command_line import UsageError

BUDGET = 1.5  # seconds of processor time
READ_ALL = """
import sys, libvirt
host = libvirt.open(sys.argv[1])
host.getCapabilities()
for network in host.listAllNetworks():
    network.XMLDesc(0), network.XMLDesc(libvirt.VIR_NETWORK_XML_INACTIVE), network.autostart(), network.isActive()
for pool in host.listAllStoragePools():
    pool.XMLDesc(), pool.autostart()
    if pool.isActive():
        for volume in pool.listAllVolumes():
            volume.XMLDesc()
for domain in host.listAllDomains():
    domain.XMLDesc(), domain.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE), domain.autostart(), domain.state()
host.close()
"""


def run(stack: str, engine: str, times: int) -> int:
    """Prints both; 1 if the preview is over its budget.  Raises `UsageError` unless the lab's stack is up to date."""
    lab = bare_lab(stack)
    if not lab.running:
        raise UsageError(f"the lab {stack} is not up; ./trop demo brings it up and keeps it")
    words = ["preview", stack, "--lab", "--expect-no-changes", *(["--engine", engine] if engine else [])]
    script = [sys.executable, "-I", "-c", READ_ALL, lab.uri]
    preview, bare = (
        [used(line, itself.environment()).cpu for _ in range(times)] for line in (itself.line(words), script)
    )
    title = f"Seconds of processor time, {times} runs each; {bytecode.state()}"
    table = Table("what", "median", "least", "most", title=title)
    for what, seconds in ((f"./trop {' '.join(words)}", preview), ("a bare libvirt-python script", bare)):
        table.add_row(what, *(f"{of(seconds):.2f}" for of in (statistics.median, min, max)))
    Console(soft_wrap=True).print(table)
    return 0 if statistics.median(preview) < BUDGET else 1

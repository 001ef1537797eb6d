"""docs/audit.md, written from the rules: ``python -m cli.audit.doc``."""

from __future__ import annotations

from typing import Final

from cli import ROOT
from cli.audit.rules import RULES

FILE: Final = ROOT / "docs" / "audit.md"
COMMAND: Final = "python -m cli.audit.doc"
_INTRODUCTION: Final = f"""\
# What `./trop audit` finds

Written by `{COMMAND}` from `cli/audit/rules.py`.

    ./trop audit                      every stack whose file has a libvirt:uri (as does --all)
    ./trop audit trop02 trop03        these
    ./trop audit trop02 --lab         the stack's lab
    ./trop audit --json               a list of findings, for programs

It reads, and changes nothing: hypervisors are asked at the same time and through connections that cannot write. The
agents of declared VMs take one that can. They are asked for the guests' addresses, for the lines of their network files
in which a MAC or an address stands, for digests of their machine-id and of their public SSH host keys, and whether a
float's gateway answers: all at the same time, and one that does not answer once. Where a pool does not list a declared
VM's disk, libvirt is made to look at the pool's files anew. Each cause is told once: four copies of a NIC are one
finding.

Exit code: 0 when nothing is found, 1 when there is a finding (a hypervisor that does not answer is one), 2 when the
audit could not be done, for a stack that does not exist for example. Notes are shown, and make no exit code.

Where something that is declared is not the stack's yet, `./trop up` refuses it: the line that mends something is then
`./trop adopt STACK --write --yes && ./trop up STACK`, or a virsh line. Whose it is tells its UUID, which those that the
stack has made have by rule, else the stack's state.

What nobody declares is no fault as long as it takes no MAC and no address that is planned; `./trop adopt` lists it.
"""


def document() -> str:
    lines = [_INTRODUCTION]
    for level, title in (("fault", "Findings"), ("note", "Notes")):
        lines += [f"## {title}", "", "| kind | what it means | what mends it |", "|---|---|---|"]
        lines += [f"| `{r.kind}` | {r.about} | {r.mends} |" for r in RULES if r.level == level]
        lines.append("")
    return "\n".join(lines)


if __name__ == "__main__":
    FILE.write_text(document(), encoding="utf-8")

"""docs/impact.md, written from the table: ``python -m provider.impact.page``."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from provider.impact.kinds import TABLE, Entry

FILE: Final = Path(__file__).resolve().parents[2] / "docs" / "impact.md"
COMMAND: Final = "python -m provider.impact.page"
_INTRODUCTION: Final = f"""\
# What a change does to what is running

Written by `{COMMAND}` from `provider/impact/kinds.py`: each property that the provider accepts, what a
change to it does, and how it is made.

- **live**: it takes effect at once, and nothing is interrupted but what the table says.
- **next boot**: it is put into the persistent definition, and takes effect when the guest (or the network) is
  started again.
- **restart**, **network outage**, **data loss**: refused, at preview already, with the reason. To allow it for one run:
  `./trop up trop02 --allow NAME=IMPACT` (with the Pulumi CLI: `LIBVIRT_ALLOW=NAME=IMPACT`), with the object's name in
  libvirt, for example `--allow "default=network outage"`. What the table calls refused can't be allowed.

What is removed from the program counts too: a running guest that goes with its domain (restart; asked by ACPI, and
stopped hard only where a restart is allowed), and a volume with what is written on it (data loss). Here the removal is
the operator's word, and `protect` is what keeps it from being said by mistake. A network with guests plugged in, and
a volume that something else needs, can't be removed at all. The rest that is removed interrupts nothing (live).

How it is told: the provider sends each impact as an Info message on the resource, `impact live: dhcpHosts: …`, over
gRPC to the CLI's engine service, in-process to the embedded engine, which knows no libvirt and reads only these words;
it prints them beside the changes and counts them. Of a delete the embedded engine asks beforehand, by the provider's
`PreviewDelete`, which is no call of Pulumi's; under the CLI it is told when it is due.

A property that is not declared is neither compared nor changed. Where two impacts are given, the text says
when it is which.
"""


def document() -> str:
    """The page: a table for each resource type, in the order of `TABLE`; properties that are alike share a row."""
    lines = [_INTRODUCTION]
    for token in dict.fromkeys(token for token, _ in TABLE):
        lines += [f"## {token.rsplit(':', 1)[1]}", "", "| property | impact | how |", "|---|---|---|"]
        entries = [(path, entry) for (owner, path), entry in TABLE.items() if owner == token]
        for entry in dict.fromkeys(entry for _, entry in entries):
            lines.append(_row([path for path, other in entries if other == entry], entry))
        lines.append("")
    return "\n".join(lines)


def _row(paths: list[str], entry: Entry) -> str:
    impact = f"{entry.impact}, or {entry.otherwise}" if entry.otherwise else entry.impact
    return f"| {', '.join(f'`{path}`' for path in paths)} | {impact} | {entry.how} |"


if __name__ == "__main__":
    FILE.write_text(document(), encoding="utf-8")

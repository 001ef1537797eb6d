"""`--allow` of a run over all stacks: each is given all of it, so what names nothing is told once, for all.  Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from urllib.parse import unquote

from cli.fleet.plugged import Sight
from provider.errors import OperatorError


def in_vain(words: Sequence[str], sight: Sight) -> list[str]:
    """A line for each entry whose name nothing has on any host; none while a host can't be asked."""
    hosts = [seen for seen in sight.values() if not isinstance(seen, OperatorError)]
    if len(hosts) < len(sight):
        return []
    names = {
        "restart": ("domain", sorted(d.name for host in hosts for d in host.domains)),
        "network outage": ("network", sorted({n.name for host in hosts for n in host.networks})),
    }
    lines = []
    for who, impact in _entries(words):
        kind, known = names.get(impact, ("", [who]))
        if who not in known:
            there = f"there are {', '.join(known)}" if known else "there is none at all"
            lines.append(f"--allow {who}={impact} allows nothing: no hypervisor has a {kind} {who}; {there}")
    return lines


def _entries(words: Sequence[str]) -> Iterator[tuple[str, str]]:
    following = dict(enumerate(words[1:]))
    for place, word in enumerate(words):
        option, glued, value = word.partition("=")
        if option == "--allow":
            for entry in (value if glued else following.get(place, "")).split(","):
                who, _, impact = entry.rpartition("=")
                yield unquote(who.strip()), impact.strip()

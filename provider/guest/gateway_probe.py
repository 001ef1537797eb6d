"""Whether a guest's gateway answers it, asked in the guest by what it has: ping, arping, its neighbour table."""

from __future__ import annotations

from typing import Final, Literal

from provider.guest.agent import Agent

Said = Literal["answers", "silent", "unknown"]

# A router may leave a ping without an answer, and never a request for its MAC.  Without arping, a neighbour that was
# known is taken for reachable for a while: only one that has failed is sure not to answer.
_ASK: Final = """
nic=$1 gateway=$2
ping -c 1 -W 1 -I "$nic" "$gateway" > /dev/null 2>&1 && echo answers && exit
if command -v arping > /dev/null 2>&1; then
    for time in 1 2; do
        arping -q -c 1 -w 2 -I "$nic" "$gateway" > /dev/null 2>&1
        case $? in 0) echo answers; exit ;; 1) said=silent ;; esac
    done
    [ -n "$said" ] && echo "$said" && exit
fi
case $(ip -4 neigh show "$gateway" dev "$nic") in
    *FAILED* | *INCOMPLETE*) echo silent ;;
    *) echo unknown ;;
esac
"""


def ask(agent: Agent, nic: str, gateway: str) -> Said:
    """``nic`` as the guest calls it.  `AgentError` where it can't be asked."""
    said = agent.run(_ASK, nic, gateway)
    return "answers" if said == "answers" else "silent" if said == "silent" else "unknown"

"""What becomes of NICs with a forbidden MAC.  Pure.

Such a NIC may be drift, or one that another resource of the same run is moving away just now: cutting it off would
break that move, so it is given time to go by itself.
"""

from __future__ import annotations

from typing import Literal

from provider.host.macs import alias_for, same_mac
from provider.nic import nic

Verdict = Literal["absent", "now", "wait", "spare"]
GRACE_SECONDS = 15.0


def verdict(mac: str, live: str | None, config: str | None, known: bool, claimed: bool = False) -> Verdict:
    """``known``: it was forbidden on this domain before, so who moves it away has had a run for that already.

    ``claimed``: it is another resource's, which has it in this very domain; that one moves it away, or takes it out.
    ``wait``: unplugged when it is still there after the time; ``spare``: left then, and told as drift.
    """
    sides = [[n for n in nic.nics(xml) if n.mac == same_mac(mac)] for xml in (live, config)]
    found = [n for side in sides for n in side]
    if not found:
        return "absent"
    if claimed:
        return "spare"
    if any(len(side) > 1 for side in sides):
        return "now"  # nobody declares a NIC twice
    if any(n.user_alias == alias_for(mac) for n in found):
        return "wait" if known else "spare"
    return "now" if known else "wait"

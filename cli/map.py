"""A picture of the rack as it is declared: hypervisors, bridges, networks, VMs, and where each float is plugged in.

Drawn from the declarations alone; the same declarations give the same bytes.
"""

from __future__ import annotations

"""`python -m lab up|status|down|purge NAME`."""

import sys

from lab.facts import Bridge, HostFacts
from lab.hypervisor import Lab

FACTS = {
    "trop02": HostFacts(
        bridges=(
            Bridge("br0", "eth0", "129.215.175.97/24", "0c:c4:7a:35:12:06"),
            Bridge("br1", "eth1", "192.168.137.233/24", "0c:c4:7a:35:12:07"),
        ),
        gateway="129.215.175.126/24",
    )
}
OTHER = HostFacts(bridges=(Bridge("br0", "eth0"),), gateway="129.215.175.126/24")

verb, name = sys.argv[1:3]
lab = Lab(name, FACTS.get(name, OTHER))
if verb == "up":
    lab.up()
    print(lab.uri)
elif verb == "status":
    print(lab.status())
elif verb == "run":
    sys.exit(lab.run(sys.argv[3:]).returncode)
elif verb == "campus":
    sys.exit(lab.campus(sys.argv[3:]).returncode)
else:
    lab.down(purge=verb == "purge")

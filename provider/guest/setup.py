"""Setting a NIC up inside a guest through its agent: the file that outlives a reboot, and what holds from now on."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from provider.connection import done
from provider.guest import config
from provider.guest.agent import Agent, GuestNic
from provider.guest.allowed import AgentError
from provider.guest.config import Setup, Style
from provider.host.clock import Clock, until

APPLY_SECONDS: Final = 90.0  # netplan's own program took 25 on an emulated guest among busy others
SEEN_SECONDS: Final = 30.0  # for a guest to see a NIC that was plugged in; 0.2 to 0.6 s at rest
CHECK_SECONDS: Final = 15.0  # for an address to be there once the link is up
_POLL: Final = 0.05

LOOK: Final = """
running() { command -v systemctl > /dev/null 2>&1 && systemctl -q is-active "$1"; }
for service in NetworkManager systemd-networkd; do running $service && echo $service; done
[ -d /etc/netplan ] && command -v netplan > /dev/null 2>&1 && echo netplan
[ -d /etc/sysconfig/network-scripts ] && echo network-scripts
[ -f /etc/network/interfaces ] && command -v ifup > /dev/null 2>&1 && echo ifupdown
exit 0
"""

# Linux answers for an address on whatever NIC it is asked: another one on the same network would answer for this one
# before its link is up, and after it has left. So those that are there already answer for their own from now on; and
# what goes out takes no NIC whose link is down, as that of one that is on its way out.
QUIET: Final = """
for network in "$@"; do
    for other in $(ip -4 route show "$network" | sed -n 's/.* dev \\([^ ]*\\).*/\\1/p'); do
        echo 1 > /proc/sys/net/ipv4/conf/"$other"/arp_ignore
        echo 1 > /proc/sys/net/ipv4/conf/"$other"/ignore_routes_with_linkdown 2> /dev/null
    done
done
exit 0
"""

WRITE: Final = """
umask 077
file=$1 mode=$2
mkdir -p "${file%/*}" && cat > "$file.new~" && chmod "$mode" "$file.new~" && mv "$file.new~" "$file" && sync
"""

_SETTLE: Final = "command -v udevadm > /dev/null 2>&1 && udevadm settle -t 5; exit 0"

# A default route by a NIC whose link is down would swallow what goes elsewhere: such routes are not to be used.
APPLY: Final = """
nic=$1 file=$2 gateway=$3 metric=$4; shift 4
echo 1 > /proc/sys/net/ipv4/conf/"$nic"/ignore_routes_with_linkdown 2> /dev/null
echo 1 > /proc/sys/net/ipv4/conf/"$nic"/arp_ignore
"""

_BY_IP: Final = """
ip link set "$nic" up || exit
for there in $(ip -4 -o addr show dev "$nic" scope global | sed -n 's/.* inet \\([^ ]*\\).*/\\1/p'); do
    case " $* " in *" $there "*) ;; *) ip addr del "$there" dev "$nic" ;; esac
done
for address in "$@"; do ip addr replace "$address" brd + dev "$nic" || exit; done
if [ -n "$gateway" ]; then ip route replace default via "$gateway" dev "$nic" metric "$metric"
else ip route del default dev "$nic" 2> /dev/null; exit 0; fi
"""

APPLIES: Final[dict[Style, str]] = {
    "ifcfg": _BY_IP,
    "ifupdown": _BY_IP,
    "networkmanager": 'nmcli connection load "$file"\n',
    "networkd": 'networkctl reload && networkctl reconfigure "$nic"\n',
    "netplan": 'netplan generate && networkctl reload && networkctl reconfigure "$nic"\n',
}

# Whoever remembers the addresses elsewhere is told where they are now; any frame does for the switches.
ANNOUNCE: Final = """
nic=$1 label=$2 style=$3 gateway=$4; shift 4
[ "$style" = networkmanager ] && { nmcli -w 10 connection up "$label" ifname "$nic" > /dev/null || exit; }
for address in "$@"; do
    (
        command -v arping > /dev/null 2>&1 && arping -q -U -c 2 -I "$nic" "${address%/*}"
        [ -n "$gateway" ] && ping -c 1 -W 1 -I "$nic" "$gateway"
    ) < /dev/null > /dev/null 2>&1 &
done
exit 0
"""

_REMOVE: Final = """
for file in "$@"; do [ -e "$file" ] && rm -f "$file" && gone=yes; done
[ -n "$gone" ] || exit 0
running() { command -v systemctl > /dev/null 2>&1 && systemctl -q is-active "$1"; }
running NetworkManager && nmcli connection reload
command -v netplan > /dev/null 2>&1 && netplan generate
running systemd-networkd && networkctl reload
sync
exit 0
"""

_HAS: Final = """
for file in "$@"; do [ -e "$file" ] && echo yes && exit; done
echo no
"""


def look(agent: Agent) -> Style:
    """How this guest keeps its NICs, found out by looking."""
    facts = agent.run(LOOK)
    style = config.style_of(facts)
    if style is None:
        raise AgentError(
            f"guest {agent.guest}: no NetworkManager, systemd-networkd, netplan, network-scripts or ifupdown in it, so "
            'nothing can be written that it would read; declare guest "none", and set the NIC up there by hand'
        )
    return style


def write(agent: Agent, style: Style, setup: Setup) -> None:
    """Write the file; whole or not at all."""
    file = config.file_for(style, setup)
    agent.run(WRITE, file.path, file.mode, stdin=file.content)
    done.add(f"guest {agent.guest}", f"has {file.path} written")


def quiet(agent: Agent, setup: Setup) -> None:
    """Let each of the guest's NICs on the networks of the addresses answer for its own addresses alone."""
    agent.run(QUIET, *setup.networks)


def wait_seen(agent: Agent, mac: str, clock: Clock, seconds: float) -> GuestNic | None:
    """The NIC once the guest has it under the name that it keeps: for a moment it may have another."""
    if not until(lambda: agent.nic(mac) is not None, clock, seconds, _POLL):
        return None
    if agent.does():
        agent.run(_SETTLE)
    return agent.nic(mac)


def apply(agent: Agent, style: Style, name: str, setup: Setup) -> None:
    """Set the NIC up from now on, as the file says; its link may be down."""
    file = config.file_for(style, setup)
    script = APPLY + APPLIES[style]
    words = (name, file.path, setup.gateway or "", str(setup.metric), *setup.addresses)
    agent.run(script, *words, seconds=APPLY_SECONDS)


def announce(agent: Agent, style: Style, name: str, setup: Setup) -> None:
    """Tell the network where the addresses are; the link is up."""
    agent.run(ANNOUNCE, name, setup.label, style, setup.gateway or "", *setup.addresses)


def wait_addresses(agent: Agent, setup: Setup, clock: Clock, seconds: float = CHECK_SECONDS) -> bool:
    """Whether the guest comes to have all the addresses on the NIC."""
    return until(lambda: has_addresses(agent, setup.mac, setup.addresses), clock, seconds, _POLL)


def has_addresses(agent: Agent, mac: str, addresses: Collection[str]) -> bool:
    """Whether the guest has all of them on the NIC."""
    seen = agent.nic(mac)
    return seen is not None and set(addresses) <= set(seen.addresses)


def has_file(agent: Agent, mac: str) -> bool:
    """Whether a file of ours for this NIC is there; not so in a guest that was made anew.  `AgentError` where the guest
    says neither."""
    said = agent.run(_HAS, *config.every_path(mac))
    if said not in ("yes", "no"):
        raise AgentError(f"guest {agent.guest}: whether a file for NIC {mac} is in it is not told")
    return said == "yes"


def remove(agent: Agent, mac: str) -> None:
    """Take our files for this NIC away, of whatever style."""
    agent.run(_REMOVE, *config.every_path(mac), seconds=APPLY_SECONDS)

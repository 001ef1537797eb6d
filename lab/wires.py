"""The lab's network: the hypervisor's bridges, and the campus beyond them in a network namespace of its own.

Runs inside the lab's namespaces. All links die with them.
"""

import ipaddress
import subprocess
from pathlib import Path

from lab.facts import Bridge, HostFacts

CAMPUS = "campus"


def build(facts: HostFacts) -> None:
    """Make bridges, ports, addresses and routes as facts say, in the namespace of the caller."""
    _ip("netns", "add", CAMPUS)
    _ip("link", "set", "lo", "up")
    _ip("link", "set", "lo", "up", campus=True)
    _ip("addr", "add", facts.public, "dev", "lo", campus=True)
    for bridge in facts.bridges:
        _bridge(bridge)
    _sysctl("net/ipv4/ip_forward", "1")
    # Where the machine has br_netfilter, frames between two guests of a bridge would meet the NAT rules.
    _sysctl("net/bridge/bridge-nf-call-iptables", "0")
    if facts.gateway and facts.bridges:
        _gateway(facts, facts.gateway)


def _bridge(bridge: Bridge) -> None:
    far = f"{bridge.port}-far"
    mac = ["address", bridge.mac] if bridge.mac else []
    _ip("link", "add", bridge.port, *mac, "type", "veth", "peer", "name", far, "netns", CAMPUS)
    _ip("link", "add", bridge.name, *mac, "type", "bridge", "stp_state", "0", "forward_delay", "0")
    _ip("link", "set", bridge.port, "master", bridge.name, "up")
    _ip("link", "set", bridge.name, "up")
    _ip("link", "set", far, "up", campus=True)
    if bridge.address:
        _ip("addr", "add", bridge.address, "brd", "+", "dev", bridge.name)


def _gateway(facts: HostFacts, gateway: str) -> None:
    """Put the gateway at the far end of the first bridge's port; traffic from there comes from facts.public."""
    router = ipaddress.ip_interface(gateway)
    far = f"{facts.bridges[0].port}-far"
    public = str(ipaddress.ip_interface(facts.public).ip)
    _ip("addr", "add", gateway, "brd", "+", "dev", far, campus=True)
    _ip("route", "replace", str(router.network), "dev", far, "src", public, campus=True)
    # The guests are asked for their MACs by the gateway's address, as a router would.
    _sysctl("net/ipv4/conf/all/arp_announce", "2", campus=True)
    addresses = [ipaddress.ip_interface(b.address) for b in facts.bridges if b.address]
    if any(address in router.network for address in addresses):
        _ip("route", "add", "default", "via", str(router.ip))


def _ip(*args: str, campus: bool = False) -> None:
    _run("ip", *(["-n", CAMPUS] if campus else []), *args)


def _sysctl(name: str, value: str, *, campus: bool = False) -> None:
    if campus:
        _run("ip", "netns", "exec", CAMPUS, "sh", "-c", f"echo {value} > /proc/sys/{name}")
        return
    path = Path("/proc/sys", name)
    if path.exists():
        path.write_text(value)


def _run(*args: str) -> None:
    done = subprocess.run(args, capture_output=True, text=True, check=False)
    if done.returncode:
        raise OSError(f"{' '.join(args)}: {done.stderr.strip() or done.returncode}")

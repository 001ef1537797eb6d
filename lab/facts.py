"""What the lab is told of the hypervisor that it stands for. Nothing here is read from a file: the caller maps it."""

from dataclasses import dataclass


class LabError(Exception):
    """Something that keeps a lab from working: one line, with what to do about it where that is known."""


@dataclass(frozen=True)
class Bridge:
    """A bridge of the hypervisor itself, with the physical port under it.

    address is the host's own, with its prefix ("129.215.175.97/24"); None leaves the bridge without one.
    mac is shared by port and bridge; None lets the kernel choose.
    """

    name: str
    port: str
    address: str | None = None
    mac: str | None = None


@dataclass(frozen=True)
class HostFacts:
    """A hypervisor seen from outside: its bridges, the gateway beyond the first of them, and where files lie.

    gateway is the router's address with the prefix of its subnet ("129.215.175.126/24"). It is held by the
    campus namespace; the hypervisor routes through it if one of its bridges has an address in that subnet.
    public is an address still farther away, from which traffic to the floats comes.
    base_image is a file name in base_folder; live_folder is where the overlays go.
    shared: its libvirt is reached by others than root, as a real hypervisor's is: by the group libvirt through the
    socket, and by who has a certificate through TLS. What the machine's users could reach with it, too, they can.
    """

    bridges: tuple[Bridge, ...]
    gateway: str | None = None
    base_image: str = "fedora-28-32G-docker-base-20181016.qcow"
    base_folder: str = "/var/lib/libvirt/images/base"
    live_folder: str = "/libvirt/storage/live"
    public: str = "198.51.100.10/32"
    shared: bool = False

"""Domains, networks and pools as they are found on hypervisors that were kept by hand for years.

Each domain has a slot of the test's fleet.  Beside it stands what `adopt --write` has to take from it: facts and form.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from xml.sax.saxutils import escape, quoteattr

LIVE = "/libvirt/storage/live"
OTHER = "/libvirt/storage/live/elsewhere"  # of no pool
FLOAT3 = "52:54:00:00:01:02"
FIRST = 8  # slot of the first domain

WHOLE = {"seedDisk": False}
OWN_DISKS = {**WHOLE, "overlay": False}
STOPPED = {"autostart": False, "running": False}


@dataclass(frozen=True)
class Found:
    """One domain.  ``taken``: what the stack's file gets for it; ``libvirt``: its name there, ``how`` it is left.

    ``devices`` may say {mac}, its reserved MAC, and {overlay}, where its overlay would be; ``files`` are made for it.
    """

    name: str
    taken: dict[str, Any]
    devices: str = ""
    how: str = "stopped"  # stopped, paused, transient, saved, snapshot or forked
    libvirt: str = ""
    machine: str = "pc"
    memory: str = "<memory unit='MiB'>64</memory>"
    vcpu: str = "<vcpu>1</vcpu>"
    head: str = ""
    os: str = ""
    autostart: bool = False
    overlay: bool = True
    files: tuple[tuple[str, str], ...] = field(default=())  # path, format

    def xml(self, slot: int) -> str:
        places = {"mac": mac(slot), "overlay": f"{LIVE}/{self.name}.qcow"}
        devices = self.devices
        for key, value in places.items():
            devices = devices.replace("{" + key + "}", value)
        return (
            f"<domain type='qemu'><name>{escape(self.libvirt or self.name)}</name>{self.head}{self.memory}{self.vcpu}"
            f"<os><type arch='x86_64' machine={quoteattr(self.machine)}>hvm</type>{self.os}</os>"
            f"<features><acpi/></features><devices>{devices}</devices></domain>"
        )


def mac(slot: int) -> str:
    return f"52:54:00:02:02:{slot:02x}"


def disk(path: str, target: str, bus: str = "virtio", kind: str = "qcow2", more: str = "") -> str:
    return (
        f"<disk type='file' device='disk'><driver name='qemu' type='{kind}'/><source file={quoteattr(path)}/>"
        f"<target dev='{target}' bus='{bus}'/>{more}</disk>"
    )


def nic(
    source: str = "network='default'", kind: str = "network", address: str = "{mac}", more: str = ""
) -> str:
    plug = f"<source {source}/>" if source else ""
    return (
        f"<interface type='{kind}'><mac address='{address}'/>{plug}<model type='virtio'/>{more}</interface>"
    )


OVERLAY = disk("{overlay}", "vda")
NIC = nic()
AGENT = "<channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>"
VNC = (
    "<graphics type='vnc' port='-1' autoport='yes' listen='127.0.0.1'/><video><model type='cirrus'/></video>"
)
CD = "<disk type='file' device='cdrom'>{}<target dev='{}' bus='{}'/><readonly/></disk>"

DOMAINS: tuple[Found, ...] = (
    Found(
        "Plain", {**OWN_DISKS, **STOPPED}, disk(f"{OTHER}/plain.img", "hda", "ide", "raw") + NIC + VNC + AGENT,
        machine="pc-i440fx-7.2", files=((f"{OTHER}/plain.img", "raw"),), overlay=False,
    ),
    Found("Modern", WHOLE, OVERLAY + NIC + VNC + AGENT, machine="q35", how="paused", autostart=True),
    Found("Paused", {**WHOLE, "autostart": False}, OVERLAY + NIC, how="paused"),
    Found("OnTheBridge", {**WHOLE, **STOPPED, "nic": False}, OVERLAY + nic("bridge='virbr0'", "bridge")),
    Found(
        "Outside", {**WHOLE, **STOPPED, "nic": False, "domain": "Outside the network"}, OVERLAY
        + nic("bridge='br0'", "bridge", "52:54:00:77:00:01") + nic("bridge='br1'", "bridge", "52:54:00:77:00:02"),
        libvirt="Outside the network",
    ),
    Found("Passthrough", {**WHOLE, **STOPPED}, OVERLAY + NIC, head="<cpu mode='host-passthrough' check='none'/>"),
    Found(
        "ManyDisks", {**WHOLE, **STOPPED},
        OVERLAY + disk(f"{OTHER}/data.img", "vdb", kind="raw") + disk(f"{OTHER}/more.qcow2", "sdb", "scsi")
        + "<disk type='block' device='disk'><driver name='qemu' type='raw'/><source dev='/dev/loop99'/>"
        "<target dev='sda' bus='sata'/></disk>"
        "<disk type='network' device='disk'><driver name='qemu' type='raw'/><source protocol='nbd' name='x'>"
        "<host name='192.0.2.1' port='10809'/></source><target dev='vdz' bus='virtio'/></disk>"
        + disk(f"{OTHER}/shared.img", "vdy", kind="raw", more="<shareable/>") + NIC,
        files=((f"{OTHER}/data.img", "raw"), (f"{OTHER}/more.qcow2", "qcow2")),
    ),
    Found("Diskless", {**OWN_DISKS, **STOPPED}, NIC, os="<boot dev='network'/>", overlay=False),
    Found(
        "Discs", {**WHOLE, **STOPPED},
        OVERLAY + CD.format(f"<source file='{OTHER}/install.iso'/>", "hda", "ide") + CD.format("", "hdb", "ide")
        + "<disk type='file' device='floppy'><target dev='fda' bus='fdc'/></disk>" + NIC,
        files=((f"{OTHER}/install.iso", "raw"),),
    ),
    Found("Snapshots", {**WHOLE, **STOPPED}, OVERLAY + NIC, how="snapshot"),
    Found("Forked", {**WHOLE, **STOPPED}, OVERLAY + NIC, how="forked"),
    Found("Passing", {**WHOLE, "autostart": False}, OVERLAY + NIC, how="transient"),
    Found("Saved", {**WHOLE, **STOPPED}, OVERLAY + NIC, how="saved"),
    Found(
        "Odd", {**WHOLE, **STOPPED, "domain": """Ünï "cödé" & <it's> v1.5; # no: 'comment'"""}, OVERLAY + NIC,
        libvirt="""Ünï "cödé" & <it's> v1.5; # no: 'comment'""",
    ),
    Found("Dashes", {**WHOLE, **STOPPED, "domain": "--help me, please"}, OVERLAY + NIC, libvirt="--help me, please"),
    Found("Number", {**WHOLE, **STOPPED, "domain": "007"}, OVERLAY + NIC, libvirt="007"),
    Found(
        "Firmware", {**WHOLE, **STOPPED}, OVERLAY + NIC, machine="q35",
        os="<loader readonly='yes' type='pflash'>/usr/share/OVMF/OVMF_CODE.fd</loader>"
        "<nvram template='/usr/share/OVMF/OVMF_VARS.fd'>/var/lib/libvirt/qemu/nvram/Firmware_VARS.fd</nvram>",
    ),
    Found(
        "Described", {**WHOLE, **STOPPED, "description": "Line one: 'x'\nline two # no comment\n\n  – end"},
        OVERLAY + NIC,
        head="<genid>4f1e5a60-5c2c-4ac4-9a32-8d6a6f0c0001</genid><title>Somebody's</title>"
        "<description>Line one: 'x'\nline two # no comment\n\n  – end</description>"
        "<metadata><o:libosinfo xmlns:o='http://libosinfo.org/xmlns/libvirt/domain/1.0'>"
        "<o:os id='http://fedoraproject.org/fedora/28'/></o:libosinfo>"
        "<c:cockpit xmlns:c='https://cockpit-project.org/x'><!-- said --><c:boot>yes</c:boot></c:cockpit></metadata>",
    ),
    Found(
        "Filtered", {**WHOLE, **STOPPED},
        OVERLAY + nic("network='default' portgroup='quiet'", more="<filterref filter='clean-traffic'/>"
        "<bandwidth><inbound average='1000'/></bandwidth><mtu size='1400'/><link state='down'/><target dev='filt0'/>"
        "<boot order='2'/>").replace("<model type='virtio'/>", "<model type='e1000'/>")
        + nic("bridge='br0'", "bridge", "52:54:00:77:00:03", "<vlan><tag id='42'/></vlan>"
        "<virtualport type='openvswitch'/>"),
    ),
    Found(
        "Tuned", {**WHOLE, **STOPPED}, OVERLAY + NIC, vcpu="<vcpu placement='static' cpuset='0-1'>1</vcpu>",
        head="<memtune><hard_limit unit='G'>1</hard_limit></memtune><memoryBacking><hugepages/><nosharepages/>"
        "<locked/></memoryBacking><iothreads>1</iothreads><cputune><shares>2048</shares></cputune>",
    ),
    Found(
        "Channels", {**WHOLE, **STOPPED},
        OVERLAY + NIC + AGENT
        + "<channel type='unix'><source mode='bind' path='/var/lib/libvirt/qemu/x.sock'/>"
        "<target type='virtio' name='org.example.port.0'/></channel>"
        "<serial type='tcp'><source mode='bind' host='127.0.0.1' service='4555'/><protocol type='telnet'/></serial>"
        "<serial type='file'><source path='/var/log/channels.log'/></serial><parallel type='null'/>"
        "<controller type='usb' model='qemu-xhci'/><input type='tablet' bus='usb'/>"
        "<hostdev mode='subsystem' type='usb'><source startupPolicy='optional'><vendor id='0x1234'/>"
        "<product id='0xbeef'/></source></hostdev><watchdog model='i6300esb' action='reset'/>"
        "<rng model='virtio'><backend model='random'>/dev/urandom</backend></rng><panic model='isa'/>",
    ),
    Found(
        "Units", {**WHOLE, **STOPPED, "size": False}, OVERLAY + NIC, memory="<memory unit='KB'>70001</memory>"
        "<currentMemory unit='KB'>50001</currentMemory>", vcpu="<vcpu>3</vcpu>",
    ),
    Found(
        "Ballooned", {**WHOLE, **STOPPED, "memory": 1024, "vcpu": 2}, OVERLAY + NIC,
        memory="<memory unit='G'>2</memory><currentMemory unit='b'>1073741824</currentMemory>",
        vcpu="<vcpu current='2'>4</vcpu>",
    ),
    Found(
        "ByVolume", {**WHOLE, **STOPPED},
        "<disk type='volume' device='disk'><driver name='qemu' type='qcow2'/>"
        "<source pool='live' volume='ByVolume.qcow'/><target dev='vda' bus='virtio'/></disk>" + NIC,
    ),
    Found(
        "Raw", {**OWN_DISKS, **STOPPED}, disk("{overlay}", "vda", kind="raw") + NIC, overlay=False,
        files=((f"{LIVE}/Raw.qcow", "raw"),),
    ),
    Found(
        "Rebased", {**WHOLE, **STOPPED, "baseImage": f"{OTHER}/base of 2016.qcow2"}, OVERLAY + NIC, overlay=False,
    ),
    Found(
        "Wired", {**WHOLE, **STOPPED, "nic": False},
        OVERLAY + nic("", "user", "52:54:00:77:00:04") + nic("dev='eth0' mode='bridge'", "direct", "52:54:00:77:00:05")
        + nic("network='lan'", "network", "52:54:00:77:00:06") + nic("", "ethernet", "52:54:00:77:00:07")
        + nic("network='bridged'", "network", "52:54:00:77:00:08"),
    ),
    Found("Twin", {**WHOLE, "autostart": False}, OVERLAY + NIC + nic("bridge='br0'", "bridge", "52:54:00:77:00:09"),
          how="paused"),
    Found("Holder", {**WHOLE, **STOPPED, "guest": "none"}, OVERLAY + NIC + nic("network='bridged'", address=FLOAT3)),
)  # fmt: skip
SLOTS = {found.name: FIRST + index for index, found in enumerate(DOMAINS)}

# What others have on the same host; none of it is declared anywhere.
TENANTS = (
    "<domain type='qemu'><name>tenant db</name><memory unit='MiB'>32</memory><os><type>hvm</type></os></domain>",
    "<domain type='qemu'><name>zabbix</name><memory unit='MiB'>32</memory><os><type>hvm</type></os></domain>",
)
NETWORKS = (
    "<network><name>lan</name><ip address='10.66.0.1' prefix='24'><dhcp><range start='10.66.0.9' end='10.66.0.99'/>"
    "</dhcp></ip><ip address='10.67.0.1' prefix='24'/><ip family='ipv6' address='fd00:66::1' prefix='64'/></network>",
    "<network><name>routed</name><forward mode='route'/><ip address='10.68.0.1' prefix='24'/></network>",
    "<network><name>macvtap</name><forward mode='bridge'><interface dev='eth9'/></forward></network>",
)
POOLS = (
    "<pool type='logical'><name>vg</name><source><device path='/dev/sdz'/><name>vg</name></source>"
    "<target><path>/dev/vg</path></target></pool>",
    "<pool type='netfs'><name>nfs</name><source><host name='192.0.2.1'/><dir path='/x'/><format type='nfs'/></source>"
    "<target><path>/mnt/nfs</path></target></pool>",
    "<pool type='disk'><name>disk</name><source><device path='/dev/sdy'/><format type='gpt'/></source>"
    "<target><path>/dev</path></target></pool>",
    "<pool type='iscsi'><name>iscsi</name><source><host name='192.0.2.1'/><device path='iqn.2018-01.example:x'/>"
    "</source><target><path>/dev/disk/by-path</path></target></pool>",
    "<pool type='dir'><name>isos</name><target><path>/srv/isos</path></target></pool>",
)


def default_network() -> str:
    """As the fleet declares it, and with parts that nobody has declared."""
    hosts = "".join(
        f"<host mac='{mac(slot)}' ip='192.168.202.{slot}' name='{name}'/>" for name, slot in SLOTS.items()
    )
    return (
        "<network ipv6='yes'><name>default</name>"
        "<forward mode='nat'><nat><port start='1024' end='65535'/></nat></forward>"
        "<bridge name='virbr0' stp='off' delay='0'/><mac address='52:54:00:02:02:01'/><domain name='old.example'/>"
        "<dns><txt name='x' value='y'/><host ip='192.168.202.200'><hostname>printer</hostname></host></dns>"
        "<portgroup name='quiet'><bandwidth><inbound average='1000'/></bandwidth></portgroup>"
        "<ip family='ipv4' address='192.168.202.1' netmask='255.255.255.0'>"
        f"<dhcp><range start='192.168.202.8' end='192.168.202.60'/>{hosts}</dhcp></ip>"
        "<ip address='10.98.0.1' prefix='24'/><ip family='ipv6' address='fd00:98::1' prefix='64'/>"
        "<route address='10.99.0.0' prefix='16' gateway='192.168.202.254'/></network>"
    )


def bridged_network() -> str:
    return "<network ipv6='yes'><name>bridged</name><forward mode='bridge'/><bridge name='br0'/></network>"


def fleet(facts: dict[str, Any]) -> dict[str, Any]:
    """The rack's facts with a slot for each domain, and float3 held by one of them."""
    facts["networks"]["default"]["dhcp"] = {"first": FIRST, "last": 60}
    facts["virtualMachines"] |= {"memory": 64, "vcpu": 1}
    facts["hypervisors"]["trop02"]["slots"] = dict(SLOTS)
    facts["floats"]["members"]["float1"].pop("holder")
    facts["floats"]["members"]["float3"]["holder"] = "Holder"
    return facts

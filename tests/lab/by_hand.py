"""A hypervisor as the wiki page's author has made it: by qemu-img and virsh, and nothing of this program."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

import libvirt

from lab.hypervisor import Lab
from tests.lab.lab_guest import Guest, page, wait_for

SEEDS = Path(__file__).parent / "seeds"
LIVE = "/libvirt/storage/live"
BASE = "/var/lib/libvirt/images/base/fedora-28-32G-docker-base-20181016.qcow"
FLOAT2 = "52:54:00:00:01:01"
ADDRESS = "129.215.175.100"

# The VMs that the page lists, and of them the slots that default.xml has.
VMS = {"Lothigometh": 9, "Ulov": 10, "Ibalehar": 12, "Eterathiel": 13, "Acilamwen": 15}
DESCRIPTIONS = {
    "Acilamwen": "Front-end Apache HTTP proxy",
    "Eterathiel": "Back-end components of the Firethorn webservice",
}

# What virt-install wrote in 2018 for an imported Fedora disk, smaller, and without KVM.
DOMAIN = """<domain type='qemu'>
  <name>{name}</name>
  {description}
  <memory unit='KiB'>98304</memory>
  <currentMemory unit='KiB'>98304</currentMemory>
  <vcpu placement='static'>2</vcpu>
  <os><type arch='x86_64' machine='pc'>hvm</type><boot dev='hd'/></os>
  <features><acpi/><apic/><vmport state='off'/></features>
  <clock offset='utc'>
    <timer name='rtc' tickpolicy='catchup'/><timer name='pit' tickpolicy='delay'/><timer name='hpet' present='no'/>
  </clock>
  <on_poweroff>destroy</on_poweroff>
  <on_reboot>restart</on_reboot>
  <on_crash>destroy</on_crash>
  <pm><suspend-to-mem enabled='no'/><suspend-to-disk enabled='no'/></pm>
  <devices>
    <emulator>/usr/bin/qemu-system-x86_64</emulator>
    <disk type='file' device='disk'>
      <driver name='qemu' type='qcow2'/>
      <source file='{live}/{name}.qcow'/>
      <target dev='vda' bus='virtio'/>
      <address type='pci' domain='0x0000' bus='0x00' slot='0x04' function='0x0'/>
    </disk>
    <controller type='virtio-serial' index='0'>
      <address type='pci' domain='0x0000' bus='0x00' slot='0x06' function='0x0'/>
    </controller>
    <interface type='network'>
      <mac address='52:54:00:02:02:{slot:02x}'/>
      <source network='default'/>
      <model type='virtio'/>
      <address type='pci' domain='0x0000' bus='0x00' slot='0x03' function='0x0'/>
    </interface>
    <serial type='pty'><target port='0'/></serial>
    <console type='pty'><target type='serial' port='0'/></console>
    <channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>
    <input type='mouse' bus='ps2'/>
    <input type='keyboard' bus='ps2'/>
    <graphics type='vnc' port='-1' autoport='yes'/>
    <video><model type='cirrus' vram='16384' heads='1' primary='yes'/></video>
    <memballoon model='virtio'>
      <address type='pci' domain='0x0000' bus='0x00' slot='0x0b' function='0x0'/>
    </memballoon>
  </devices>
</domain>
"""

# As the page found it inside Acilamwen.
IFCFG = """NAME=ens5
DEVICE=ens5
ONBOOT=yes
TYPE=Ethernet
BOOTPROTO=static
IPV4INIT=yes
IPV6INIT=yes
HWADDR=52:54:00:00:01:01
NETWORK=129.215.175.0
NETMASK=255.255.255.0
GATEWAY=129.215.175.126
IPADDR=129.215.175.100
"""


@dataclass(frozen=True)
class ByHand:
    """A lab's hypervisor, and a folder for XML that is given to virsh."""

    lab: Lab
    folder: Path

    def virsh(self, *words: str) -> str:
        done = subprocess.run(
            ["virsh", "-q", "-c", self.lab.uri, *words],
            capture_output=True,
            text=True,
            check=False,
            timeout=90,
        )
        assert done.returncode == 0, f"virsh {' '.join(words)}: {done.stderr}"
        return done.stdout.strip("\n")

    def host(self, *words: str) -> None:
        done = self.lab.run(words, capture_output=True)
        assert done.returncode == 0, f"{' '.join(words)}: {done.stderr}"

    def given(self, command: str, xml: str, *words: str) -> None:
        """A virsh command that takes a file."""
        file = self.folder / "given.xml"
        file.write_text(xml, encoding="utf-8")
        self.virsh(command, str(file), *words)

    def networks(self) -> None:
        for name in ("bridged", "default"):
            self.virsh("net-define", str(SEEDS / f"{name}.xml"))
            self.virsh("net-start", name)
            self.virsh("net-autostart", name)

    def pool(self) -> None:
        self.virsh("pool-define-as", "live", "dir", "--target", LIVE)
        self.virsh("pool-start", "live")
        self.virsh("pool-autostart", "live")

    def overlay(self, name: str) -> None:
        base = ("-F", "qcow2", "-b", BASE)
        self.host("qemu-img", "create", "-q", "-f", "qcow2", *base, f"{LIVE}/{name}.qcow")

    def machines(self) -> None:
        for name, slot in VMS.items():
            self.overlay(name)
            said = DESCRIPTIONS.get(name)
            description = f"<description>{said}</description>" if said else ""
            self.given("define", DOMAIN.format(name=name, slot=slot, live=LIVE, description=description))
        self.virsh("pool-refresh", "live")
        for name in VMS:
            self.virsh("start", name)
            self.virsh("autostart", name)

    def float_four_times(self) -> None:
        """The ifcfg file inside, and then the page's command, run again and again, with the MAC that was found."""
        path = "/etc/sysconfig/network-scripts/ifcfg-ens5"
        script = f"cat > {path} << EOF\n{IFCFG}EOF"
        Guest(self.lab, "Acilamwen").agent("/bin/sh", "-c", script)
        for _ in range(4):
            self.virsh(
                "attach-interface", "Acilamwen", "network", "bridged", "--model", "virtio", "--mac", FLOAT2,
                "--live", "--config",
            )  # fmt: skip
        wait_for(lambda: page(self.lab, ADDRESS, campus=True))

    def wait(self) -> None:
        for name, slot in VMS.items():
            wait_for(lambda name=name, slot=slot: self.booted(name, slot))  # type: ignore[misc]

    def booted(self, name: str, slot: int) -> bool:
        lines = page(self.lab, f"192.168.202.{slot}", campus=False)
        return bool(lines) and lines[0] == f"I am {name.lower()}"  # dnsmasq gives names so

    def boot_ids(self) -> dict[str, str]:
        pages = {name: page(self.lab, f"192.168.202.{slot}", campus=False) for name, slot in VMS.items()}
        return {
            name: next(line for line in lines if line.startswith("boot ")) for name, lines in pages.items()
        }

    def copies(self) -> tuple[int, int]:
        """How often Acilamwen has float2's MAC: in the running guest, in its definition."""
        live, config = (self.virsh("domiflist", "Acilamwen", *which) for which in ((), ("--inactive",)))
        return live.count(FLOAT2), config.count(FLOAT2)


def everything(lab: Lab) -> dict[str, str]:
    """libvirt's XML of all that it has, states, and its own files; what guests write meanwhile aside."""
    conn = libvirt.openReadOnly(lab.uri)
    try:
        found = {}
        for domain in conn.listAllDomains():
            xmls = [domain.XMLDesc(flags) for flags in (0, 2)]
            found[f"domain {domain.name()}"] = f"{domain.state()} {domain.autostart()} {xmls}"
        for network in conn.listAllNetworks():
            xmls = [network.XMLDesc(flags) for flags in (0, 1)]
            found[f"network {network.name()}"] = f"{network.isActive()} {network.autostart()} {xmls}"
        for pool in conn.listAllStoragePools():
            found[f"pool {pool.name()}"] = f"{pool.isActive()} {pool.autostart()} {_settled(pool.XMLDesc())}"
            for volume in pool.listAllVolumes() if pool.isActive() else ():
                found[f"volume {volume.path()}"] = _settled(volume.XMLDesc())
    finally:
        conn.close()
    etc = lab.state / "etc"
    for path in sorted(etc.rglob("*.xml")):
        text = str(path.readlink()) if path.is_symlink() else path.read_text(encoding="utf-8")
        found[str(path.relative_to(etc))] = text
    return found


def _settled(xml: str) -> str:
    """Without sizes and times of files."""
    return re.sub(r"<(allocation|available|physical|mtime|ctime|atime)\b[^>]*>[^<]*</\1>", "", xml)

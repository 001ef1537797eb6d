"""Faults of a running stack, as somebody would bring them about with virsh, an editor, or inside a guest."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as Xml

import yaml

from cli import ROOT
from cli.adopt import declared
from provider.network import ports
from provider.resource.mark import uuid_of
from tests.lab.catalogue_terms import FLOATS
from tests.lab.lab_guest import Guest
from tests.lab.stage import Stage
from tests.lab.test_chains import unsay_format
from tests.lab.typed import well

FLOAT1, FLOAT2, FLOAT3 = (FLOATS[f"float{n}"][1] for n in (1, 2, 3))
ADDRESS1, ADDRESS3 = (FLOATS[f"float{n}"][0] for n in (1, 3))
GATEWAY = "129.215.175.126"
DEFAULT_UUID = uuid_of(f"urn:pulumi:trop02::trop::{declared.NETWORKS}${declared.NETWORK}::trop02-default")
ASIDE = ports.aside_name(DEFAULT_UUID)
LEASES = "/var/lib/libvirt/dnsmasq/virbr0.status"
BY_IP = f"ip addr add {ADDRESS1}/24 dev $nic && ip route replace default via {GATEWAY} dev $nic metric 50"
CD = "/libvirt/storage/live/extra.iso"
OWN, SIAMOND, ACILAMWENS = "52:54:00:02:02:0a", "52:54:00:02:02:0e", "52:54:00:02:02:0f"
STRAY, SECOND = "52:54:00:77:00:01", "52:54:00:77:00:02"
UP = "./trop up trop02 --lab"
SCRIPTS = "/etc/sysconfig/network-scripts"

Do = Callable[[Stage], object]


def virsh(*words: str) -> Do:
    return lambda made: made.virsh(*words)


def each(*causes: Do) -> Do:
    return lambda made: [cause(made) for cause in causes]


def inside(script: str, vm: str = "Acilamwen") -> Do:
    return lambda made: Guest(made.lab, vm).agent("/bin/sh", "-c", script)


def fleet_file(made: Stage) -> Path:
    return made.folder / "fleet.yaml"


def fleet(edit: Callable[[dict[str, Any]], object]) -> Do:
    """Another text of the fleet's file, as an operator would have it with an editor."""

    def write(made: Stage) -> None:
        path = fleet_file(made)
        facts = yaml.safe_load(
            (path if path.exists() else ROOT / "config/fleet.yaml").read_text(encoding="utf-8")
        )
        edit(facts)
        path.write_text(yaml.safe_dump(facts), encoding="utf-8")

    return write


def held_by(vm: str) -> Do:
    return fleet(lambda facts: facts["floats"]["members"]["float1"].update(holder=vm))


def plug(vm: str, mac: str, network: str, *flags: str) -> Do:
    """The page's own way."""
    return virsh("attach-interface", vm, "network", network, "--mac", mac, "--model", "virtio", *flags)


def unplug(vm: str, kind: str, mac: str, flag: str) -> Do:
    return virsh("detach-interface", vm, kind, "--mac", mac, flag)


def defined(verb: str, xml: str) -> Do:
    def define(made: Stage) -> None:
        path = made.folder / "by-hand.xml"
        path.write_text(xml, encoding="utf-8")
        made.virsh(verb, str(path))

    return define


def tenant(name: str, *nics: str) -> Do:
    """A VM that nobody declares, shut off."""
    return defined(
        "define",
        f"<domain type='qemu'><name>{name}</name><memory unit='MiB'>32</memory><os><type>hvm</type></os><devices>"
        f"{''.join(nics)}</devices></domain>",
    )


def nic(mac: str, network: str) -> str:
    return (
        f"<interface type='network'><mac address='{mac}'/><source network='{network}'/><model type='virtio'/>"
        "</interface>"
    )


def net_with_stp(made: Stage) -> None:
    definition = made.xml("net-dumpxml", "--inactive", "default")
    bridge = definition.find("bridge")
    assert bridge is not None
    bridge.set("stp", "on")
    defined("net-define", Xml.tostring(definition, encoding="unicode"))(made)


def onto_default(made: Stage) -> None:
    """The float's running NIC, on the wrong network."""
    path = made.folder / "nic.xml"
    path.write_text(nic(FLOAT1, "default"), encoding="utf-8")
    made.virsh("update-device", "Acilamwen", str(path), "--live")


def gone(made: Stage) -> None:
    made.virsh("destroy", "Ulov")
    made.virsh("undefine", "Ulov")


def other_network(
    name: str, mac: str = "52:54:00:99:00:01", address: str = "10.9.0.1", *, active: bool = False
) -> Do:
    xml = (
        f"<network><name>{name}</name><bridge name='{name}'/><mac address='{mac}'/><ip address='{address}' "
        "netmask='255.255.255.0'/></network>"
    )
    return each(defined("net-define", xml), *((virsh("net-start", name),) if active else ()))


def no_reservation(made: Stage) -> None:
    made.virsh(
        "net-update", "default", "delete", "ip-dhcp-host", f"<host mac='{OWN}'/>", "--live", "--config"
    )


def old_reservation(made: Stage) -> None:
    host = f"<host mac='{STRAY}' ip='192.168.202.99' name='old'/>"
    made.virsh("net-update", "default", "add", "ip-dhcp-host", host, "--live", "--config")


def nic_of(mac: str, script: str) -> str:
    """A script that has the NIC of this MAC as $nic."""
    return f"nic=$(ip -o link | sed -n 's/^[0-9]*: \\([^:@]*\\).*{mac}.*/\\1/p'); {script}"


def float_nic(script: str) -> str:
    return nic_of(FLOAT1, script)


def asks_anew(mac: str) -> str:
    """A script: the guest gives back what DHCP has given it, and asks."""
    return nic_of(mac, "pid=$(cat /run/nics/$nic.pid); kill -USR2 $pid; sleep 1; kill -USR1 $pid")


def somebody_elses(made: Stage) -> None:
    """Network and pool of the declared names, made by somebody else, and neither started with the hypervisor."""
    for kind, name in (("net", "bridged"), ("pool", "live")):
        root = made.xml(f"{kind}-dumpxml", name)
        for tag in ("uuid", "metadata"):
            for found in root.findall(tag):
                root.remove(found)
        made.virsh(f"{kind}-destroy", name)
        made.virsh(f"{kind}-undefine", name)
        defined(f"{kind}-define", Xml.tostring(root, encoding="unicode"))(made)
    made.virsh("pool-start", "live")


def cd_gone(made: Stage) -> None:
    file = made.lab.state / "live/extra.iso"
    file.write_bytes(bytes(1 << 20))
    made.virsh("pool-refresh", "live")
    made.virsh("attach-disk", "Ulov", CD, "hdb", "--type", "cdrom", "--targetbus", "ide", "--config")
    file.unlink()


def cd_back(made: Stage) -> None:
    (made.lab.state / "live/extra.iso").write_bytes(bytes(1 << 20))
    made.virsh("pool-refresh", "live")


def cd_out(made: Stage) -> None:
    made.virsh("detach-disk", "Ulov", "hdb", "--config")
    (made.lab.state / "live/extra.iso").unlink(missing_ok=True)
    made.virsh("pool-refresh", "live")


def pool_transient(made: Stage) -> None:
    xml = made.virsh("pool-dumpxml", "live")
    made.virsh("pool-destroy", "live")
    made.virsh("pool-undefine", "live")
    defined("pool-create", xml)(made)


def guest(way: str) -> Do:
    """Who is to set up what is inside Acilamwen, as declared."""
    return lambda made: made.declare(vms={"Acilamwen": {"guest": way}, "Ulov": {}})


def damaged_leases(made: Stage) -> None:
    made.lab.run(["sh", "-c", f"echo x > {LEASES}"], check=True)


def left_aside(made: Stage) -> None:
    """The empty network in which guests wait during a restart."""
    defined("net-create", f"<network><name>{ASIDE}</name><bridge name='virbr8'/></network>")(made)


def subnet_taken(made: Stage) -> None:
    made.lab.run(["ip", "addr", "add", "192.168.202.77/24", "dev", "br1"], check=True)


def as_it_is(made: Stage) -> None:
    """What another row of the round has brought about."""


def adopted(made: Stage) -> None:
    """By the line of the audit's note."""
    told = json.loads(made.trop("audit", made.stack, "--lab", "--json").out)
    (line,) = [note["mend"] for note in told if note["kind"] == "not-adopted"]
    well(made, f"{line} && {UP}")


def saved_stranger(name: str, *nics: str) -> Do:
    """It has run, and nobody has seen it on the wire."""
    return each(tenant(name, *nics), virsh("start", name, "--paused"), virsh("managedsave", name))


def saved_and_damaged(made: Stage) -> None:
    made.virsh("managedsave", "Ulov")
    made.lab.run(["sh", "-c", "echo x > /var/lib/libvirt/qemu/save/Ulov.save"], check=True)


SNAPSHOT = "/libvirt/storage/live/Ulov.s1"


def off_in_a_snapshot(made: Stage) -> None:
    """Whose header does not say what its base is; its plug was pulled."""
    made.virsh("destroy", "Ulov")
    place = ("--diskspec", f"vda,file={SNAPSHOT}")
    made.virsh("snapshot-create-as", "Ulov", "s1", "--disk-only", "--no-metadata", *place)
    unsay_format(made.lab.state / "live/Ulov.s1")


def snapshot_away(made: Stage) -> None:
    (made.lab.state / "live/Ulov.s1").unlink(missing_ok=True)
    made.virsh("pool-refresh", "live")


def takes_memory(mib: int) -> Do:
    """More than the guest may have before its next start."""

    def declare(made: Stage) -> None:
        made.declare(vms={"Acilamwen": {}, "Ulov": {"memory": mib}})
        made.must("up", "--yes")

    return declare

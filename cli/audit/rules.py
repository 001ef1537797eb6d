"""The kinds of findings, each with its rule; and all that is found, each cause told once.  Pure.

This file is longer than 300 lines because the table of kinds is one.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from cli.audit import disks, floats, gateways, hosts, leases, networks, services, storage, vms
from cli.audit.finding import Finding, Rule
from cli.audit.world import World

UP: Final = "`./trop up STACK`"

RULES: Final = (
    Rule(
        hosts.unreachable,
        "A hypervisor did not answer, so nothing is known of it; the others are audited.",
        "What keeps it from answering: the line says what libvirt said.",
    ),
    Rule(
        hosts.same_host,
        "Two stacks lead to one host, by its UUID and its name. It is audited as the stack whose MACs its networks "
        "have, or else whose VMs are there.",
        "`libvirt:uri` in the other stack's file.",
    ),
    Rule(
        hosts.same_uuid,
        "Two hypervisors of different names give one UUID, as machines of one batch may: only their names tell whose a "
        "state is. Both are audited.",
        '`host_uuid_source = "machine-id"`, or `host_uuid`, in libvirtd.conf of one of them.',
    ),
    Rule(
        hosts.unread,
        "What libvirt could not tell of one object, or tells in a way that is not understood: a domain, a network, a "
        "pool, leases. Nothing is concluded from it; everything else is audited.",
        "What keeps libvirt from telling it: the line says what it said. A damaged file of leases is to be taken away.",
    ),
    Rule(
        storage.format_unsaid,
        "The header of a declared VM's disk does not say which format its base has, and that one has a base itself: "
        "libvirt does not start such a VM, and goes on with one that runs. Read from the headers, through a connection "
        "that may write.",
        "`virsh blockpull` with that base while it runs, which writes the format; `qemu-img rebase -u` on the "
        "hypervisor once it is off.",
    ),
    Rule(
        floats.mac_repeated,
        "One VM has the same NIC several times over, running or in its definition.",
        f"{UP} where the MAC is the VM's own, or a float's and the VM holds one; else the virsh lines that are shown.",
    ),
    Rule(
        floats.mac_shared,
        "Two VMs have a NIC with one MAC, on one hypervisor or on two, declared or not, running or not.",
        f"{UP} where the plan unplugs one; else the virsh lines that are shown. Of a float as for `float-mac`.",
    ),
    Rule(
        floats.float_mac,
        "A VM that does not hold a float has a NIC with the float's MAC.",
        f"{UP}, which moves it, as long as its holder does not have it with its link up (`--all` to another "
        "hypervisor); the virsh lines that are shown where an `up` would be refused, and where the holder has it.",
        yields_to=("float-address", "mac-shared"),
    ),
    Rule(
        floats.float_unplugged,
        "A float's NIC is not plugged into its holder as declared: not at all, not in the running guest or not in the "
        "definition, into another network, or with its link down.",
        f"{UP}; for the link `virsh domif-setlink` before it, and `virsh shutdown` where the guest has no place "
        "for the NIC (no free PCI slot or port, no ACPI).",
        yields_to=("float-address",),
    ),
    Rule(
        floats.float_address,
        "Inside a guest a float's address is on another MAC than that float's, on another float's for example. "
        "Its agent is asked for addresses and files, else the leases, else the host's neighbour table.",
        f"{UP} where that unplugs the NIC; else the guest itself: the line says which address and file.",
    ),
    Rule(
        floats.guest_file,
        "The file in the guest (of network-scripts, NetworkManager, systemd-networkd, netplan, udev) that sets up a "
        "float is for a MAC (`HWADDR`) that none of its NICs has. Read through its agent.",
        "The MAC in that file.",
    ),
    Rule(
        floats.float_not_set_up,
        "A float's NIC is plugged in, and does not have the float's address inside. Only the agent is believed.",
        f"{UP} where the VM has `guest: agent`, and no file for it any more; else in the guest, as the line says.",
        yields_to=("float-address", "guest-file"),
    ),
    Rule(
        floats.float_twice,
        "Inside its holder a float's address is on two interfaces with its MAC: on the NIC, and on a VLAN, a macvlan "
        "or a bridge that is made of it. Only the agent is believed.",
        "`ip addr del` in the guest, as the line says.",
        yields_to=("mac-repeated",),
    ),
    Rule(
        gateways.gateway_silent,
        "The gateway of a float, or of a bridge of the hypervisor, does not answer. Asked by the holder's agent (ping, "
        "arping, the guest's neighbour table) and, where this runs on the hypervisor as root, by ARP from its bridge; "
        "the line says who asked.",
        "The router; or `gateway` in `config/fleet.yaml`.",
        yields_to=("float-address", "float-unplugged"),
    ),
    Rule(vms.vm_missing, "A declared VM is not there.", UP),
    Rule(
        vms.vm_stopped,
        "A declared VM does not run: shut off, saved, crashed, paused; with libvirt's reason, as an I/O error, and "
        "what is left in the pool of a disk that has no space.",
        f"{UP}; `virsh resume` for a paused one, once there is room; `virsh start` for one that is not the stack's; "
        "`virsh managedsave-remove` where the image of a saved one can't be read.",
        yields_to=("disk-missing",),
    ),
    Rule(
        vms.vm_nic,
        "A declared VM's own NIC is not in the running guest or not in its definition, or not on network `default`.",
        UP,
        yields_to=("guest-cut-off",),
    ),
    Rule(
        vms.vm_waits,
        "A declared VM runs with other values than its definition has: they wait for its restart.",
        f"{UP} `--allow NAME=restart`, when it may be restarted.",
    ),
    Rule(
        networks.no_reservation,
        "A declared VM has a MAC on network `default` that is not reserved there, or not with the planned address.",
        f"{UP} for the VM's own MAC; another NIC is unplugged by the virsh lines that are shown.",
    ),
    Rule(
        networks.stray_reservation,
        "A reservation that the plan does not have: no VM uses it, or it gives a planned address away.",
        UP,
    ),
    Rule(
        leases.lease,
        "An address of network `default` is leased outside the plan: to a MAC that is planned to have another, to one "
        "for which it is not planned, or to one that no VM has and no slot had.",
        "The virsh lines that are shown: whoever has an address of another is given another one, and asks anew, as "
        "does a VM without its own, by its link, which is down for some seconds. Where nobody can be asked: time.",
    ),
    Rule(
        leases.vm_address,
        "A declared VM's own NIC has another address inside than the planned one, and it is no lease. Only the agent "
        "is believed.",
        "The guest's own file.",
    ),
    Rule(
        vms.same_machine_id,
        "Declared VMs have one machine-id: their base image was booted before it became one. What is made of it is the "
        "same for all, as the ID by which systemd-networkd asks for an address. Their agents are asked.",
        "`systemd-machine-id-setup` in all but one, once the old one is removed, and a reboot.",
    ),
    Rule(
        vms.same_host_keys,
        "Declared VMs have an SSH host key in common, as of one image. Their agents are asked, for digests of the "
        "public keys.",
        "`ssh-keygen -A` in all but one, once the old ones are removed.",
    ),
    Rule(
        vms.planned_taken,
        "A VM has a MAC that is planned for another one, which does not have it plugged in.",
        "Another MAC for it, by the virsh lines that are shown: libvirt chooses one.",
    ),
    Rule(
        networks.network_taken,
        "A network that nobody declares has the MAC or addresses that are planned for `default`.",
        "`virsh net-edit`; one that runs is started anew, which cuts its guests off.",
    ),
    Rule(
        networks.network_down,
        "A declared network is not there, or does not run. What keeps it from starting is told, as far as it can be "
        "known: its subnet or its bridge's name is something else's on the host, or another server has dnsmasq's port.",
        f"{UP}, after what is to be typed on the hypervisor; `virsh net-start` for one that is not the stack's.",
    ),
    Rule(
        networks.guest_cut_off,
        "A guest's NIC looks plugged into a declared network and is on no bridge: the network was stopped under it.",
        f"{UP}, which starts the network and plugs the NIC in again.",
    ),
    Rule(
        networks.network_left,
        "The empty network in which guests wait while a declared one is restarted was left.",
        UP,
    ),
    Rule(
        networks.network_waits,
        "A declared network runs with other values than its definition has: they wait for its restart.",
        f'{UP} `--allow "NAME=network outage"`, when an outage of a second will do.',
    ),
    Rule(
        vms.autostart_off,
        "A declared VM, network or pool does not start with its hypervisor.",
        f"{UP}; `virsh autostart`, `net-autostart` or `pool-autostart` for what is not the stack's.",
    ),
    Rule(
        services.service_wrong,
        "A declared container or service is not there, does not run, is not healthy, has another image, or was changed "
        "by hand. The VM's agent is asked.",
        UP,
    ),
    Rule(
        disks.pool_down,
        "The declared pool is not there, does not run, is transient, or has none of the disks that belong in it nor "
        "anything else, as where its folder is not mounted.",
        "`virsh pool-start` or `pool-refresh` once the folder is mounted; for one that is not there and has disks, the "
        f"line that defines it with its UUID; {UP} for one without disks.",
    ),
    Rule(
        disks.disk_missing,
        "The file of a declared VM's disk or CD is not there any more. Of a disk in a pool libvirt looks at the pool's "
        "files anew; of another, only where the VM is shut off.",
        f"The very file, from a backup; `virsh blockcopy` while the guest runs, which has it open still; {UP} for the "
        "cloud-init disk.",
    ),
    Rule(
        storage.base_missing,
        "The file on which a declared VM's overlay rests is not there any more. Told when libvirt has looked for it; a "
        "file that no active pool lists may be noticed only after `virsh pool-refresh`.",
        "The very file, put back as it was.",
    ),
    Rule(
        storage.base_other,
        "A declared VM's overlay rests on another base image than the declared one.",
        "The declaration (`baseImage`), or the VM built anew.",
    ),
    Rule(
        storage.snapshot,
        "A disk of a declared VM goes on in a snapshot, which stands on the declared file: a backup or a colleague has "
        "taken it. Everything that was written since is in there.",
        "`virsh blockcommit` with the declared file as its base, while the VM runs: nothing restarts. Without a base "
        "it would be written into the base image.",
    ),
    Rule(
        storage.disk_other,
        "A declared VM boots from another file than its overlay, which is in no disk of it: it was copied "
        "elsewhere, or pulled into a snapshot, by another hand. Everything that was written since is in there.",
        "What is at the declared path moved aside, and `virsh blockcopy` to there while the VM runs: nothing restarts.",
    ),
    Rule(
        storage.overlay_pulled,
        "A declared VM's overlay rests on nothing any more: the content of its base was pulled into it "
        "(`virsh blockpull`). Nothing is lost.",
        "`overlay: false` in the stack's file: the disk leaves the stack, and stays.",
    ),
    Rule(
        storage.base_written,
        "The file on which a declared VM's overlay rests was written to since. Known from the times of the files: the "
        "base's last write is later than the overlay's birth, or, where libvirt knows no birth (on Linux), later than "
        "the overlay's own last write. Where neither can be known, nothing is told.",
        "The very file, put back as it was.",
    ),
    Rule(
        storage.base_unused,
        "An image beside the declared base images that no overlay, VM or declaration has. Only where all pools are "
        "active and list every VM's disks, so that its users would be seen; and never of raw files.",
        "`virsh vol-delete`.",
    ),
    Rule(
        hosts.untold,
        "What this libvirt has no answer to, or does not tell of the files in a pool. Nothing is concluded from it.",
        "`virsh pool-refresh`, where a file that is listed is not there any more; else nothing needs to be.",
        level="note",
    ),
    Rule(
        storage.block_job,
        "A block job of another hand writes a declared VM's disk elsewhere: a copy, or a commit.",
        "Its end, by whoever began it.",
        level="note",
    ),
    Rule(
        vms.vm_saved,
        "A VM that is not declared to run is saved (`virsh managedsave`): its next start brings back what it had, its "
        "NICs and disks too, whatever its definition says by then.",
        "`virsh start`, or `virsh managedsave-remove`, which gives up what it had in memory.",
        level="note",
    ),
    Rule(
        vms.not_adopted,
        "Declared VMs, networks or the pool are there, and the stack has neither made them nor are they in its state "
        "(where there is none on this machine: it has not made them). `up` refuses them.",
        "`./trop adopt STACK --write --yes`; another name for what is somebody else's.",
        level="note",
    ),
    Rule(
        networks.slot_unused,
        "Slots that the plan reserves, and no VM has: reservations for VMs to come.",
        "Nothing needs to be.",
        level="note",
    ),
    Rule(
        leases.lease_left,
        "A lease that a slot has left which was given up: its MAC is one by the rule, and no VM has it; or an older "
        "one of a VM that has its planned address as well. A fault once its address is another slot's.",
        "Nothing needs to be: it runs out.",
        level="note",
    ),
    Rule(
        floats.guest_file_left,
        "A file in a guest is for a MAC that none of its NICs has, and no float of the VM depends on it: left over.",
        "`rm`, in the guest.",
        level="note",
    ),
    Rule(
        services.service_undeclared,
        "A container or service that nobody declares, in a VM with declared services or a recipe.",
        "Its declaration, or `docker rm` in the guest.",
        level="note",
    ),
    Rule(
        services.service_kept,
        "What somebody else has made under a declared name has volumes, networks, ports or variables that its next "
        "change would lose, or can't be changed; or a log has no end.",
        "What it has, declared as it is there (docs/services.md); of a log, the next change.",
        level="note",
    ),
    Rule(
        services.recipe_missing,
        "What a VM lacks of the recipe of a Docker host: packages, users, the time zone. A VM that exists gets none of "
        "it by itself.",
        "The guest's own package manager.",
        level="note",
    ),
    Rule(
        vms.guest_unasked,
        "A declared VM's agent does not answer, or has commands blocked (the line names them), or the guest is frozen "
        "for a backup. Of its inside is known what it tells all the same, else what leases and neighbours tell.",
        "`qemu-guest-agent`, in the guest: installed, or its commands allowed, as the line says.",
        level="note",
    ),
)


def audit(world: World) -> list[Finding]:
    """All findings in the order of the hypervisors, faults before notes; each cause told once."""
    found = [
        (rule, replace(finding, kind=rule.kind, level=rule.level))
        for rule in RULES
        for finding in rule.find(world)
    ]
    told = [finding for rule, finding in found if not any(_tells(rule, finding, other) for _, other in found)]
    stacks = list(world.hosts)
    return sorted(told, key=lambda f: (f.level == "note", stacks.index(f.stack)))


def _tells(rule: Rule, finding: Finding, other: Finding) -> bool:
    """Whether the other finding is of what has caused this one."""
    same = (finding.stack, finding.where) == (other.stack, other.where)
    floats = set(finding.floats) & set(other.floats) or not finding.floats
    return other.kind in rule.yields_to and same and bool(floats)

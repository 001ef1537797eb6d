"""The lines by which an audit says that something is mended, each with a fault of its kind, in rounds.

What a line says that is no command is played by ``by_hand``.  Afterwards nothing is found, both guests answer, and the
float answers from its holder.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from tests.lab.faults_by_hand import (
    ACILAMWENS,
    ADDRESS1,
    ADDRESS3,
    ASIDE,
    BY_IP,
    CD,
    FLOAT1,
    FLOAT2,
    FLOAT3,
    GATEWAY,
    LEASES,
    OWN,
    SCRIPTS,
    SECOND,
    SIAMOND,
    SNAPSHOT,
    STRAY,
    UP,
    Do,
    adopted,
    as_it_is,
    asks_anew,
    cd_back,
    cd_gone,
    cd_out,
    damaged_leases,
    each,
    float_nic,
    gone,
    guest,
    held_by,
    inside,
    left_aside,
    net_with_stp,
    nic,
    nic_of,
    no_reservation,
    off_in_a_snapshot,
    old_reservation,
    onto_default,
    other_network,
    plug,
    pool_transient,
    saved_and_damaged,
    saved_stranger,
    snapshot_away,
    somebody_elses,
    subnet_taken,
    takes_memory,
    tenant,
    unplug,
    virsh,
)  # fmt: skip


@dataclass(frozen=True)
class Row:
    """``told``: the kind and place of each finding; ``line``: what is printed, … for what differs.

    ``holder`` has the float afterwards; ``boots``: guests that boot meanwhile.  ``editor``: a script of sed, for what
    is typed in virsh's editor.  ``after``: what is put back once all was seen to be well.  ``last``: of two ways that
    are printed, the second.
    """

    title: str
    cause: Do
    told: tuple[tuple[str, str], ...]
    line: str
    by_hand: Do | None = None
    holder: str = "Acilamwen"
    boots: tuple[str, ...] = ()
    editor: str = ""
    after: Do | None = None
    last: bool = False

    def fits(self, printed: str) -> bool:
        return re.fullmatch(re.escape(self.line).replace("…", ".*"), printed) is not None

    def steps(self, printed: str) -> list[str]:
        """What is to be typed, one after the other."""
        first, _, second = printed.partition(", or ")
        if not second:
            return [printed]
        return (
            [step.removesuffix(" once it is off") for step in second.split(", and ")]
            if self.last
            else [first]
        )


VIRSH = "virsh -c … "
OUT_OF_ULOV = (
    f"{VIRSH}detach-interface Ulov bridge --mac {FLOAT1} --live{{0}}"
    f"{VIRSH}detach-interface Ulov network --mac {FLOAT1} --config"
)
ULOV, ACILAMWEN, DEFAULT = "Ulov", "Acilamwen", "network default"
# Each round is brought about, audited, and mended at once: no two rows of one are about the same thing.
ROUNDS = (
    (Row("a new holder is declared, and no up was run", held_by(ULOV), (("float-mac", ACILAMWEN),), UP, holder=ULOV),),
    (
        Row("and back, with the NIC in the running guest alone",
            each(held_by(ACILAMWEN), unplug(ULOV, "network", FLOAT1, "--config")), (("float-mac", ULOV),), UP),
        Row("a reservation is gone", no_reservation, (("no-reservation", ULOV),), UP),
        Row("a reservation that nobody declares", old_reservation, (("stray-reservation", DEFAULT),), UP),
        Row("the pool is transient", pool_transient, (("pool-down", "pool live"),), UP),
        Row("what is to start with the hypervisor does not",
            each(virsh("autostart", ULOV, "--disable"), virsh("net-autostart", "default", "--disable")),
            (("autostart-off", ULOV), ("autostart-off", DEFAULT)), UP),
    ),
    (
        Row("a float that nobody holds is in a running guest", plug(ULOV, FLOAT2, "bridged", "--live", "--config"),
            (("float-mac", ULOV),), OUT_OF_ULOV.format("; ").replace(FLOAT1, FLOAT2)),
        Row("a float that nobody holds is in one that is saved", saved_stranger("one", nic(FLOAT3, "bridged")),
            (("float-mac", "one"),),
            f"{VIRSH}detach-interface one network --mac {FLOAT3} --config; {VIRSH}managedsave-remove one",
            after=virsh("undefine", "one")),
        Row("a stranger has the MAC that is planned for a VM", tenant("two", nic(OWN, "default")),
            (("mac-shared", "two"),), f"{VIRSH}detach-interface two network --mac {OWN} --config",
            after=virsh("undefine", "two")),
        Row("a stranger has a MAC that is planned for a VM to come", tenant("three", nic(SIAMOND, "default")),
            (("planned-taken", "three"),),
            f"{VIRSH}detach-interface three network --mac {SIAMOND} --config && {VIRSH}attach-interface three network "
            "default --model virtio --config", after=virsh("undefine", "three")),
        Row("two strangers have one MAC",
            each(tenant("four", nic(STRAY, "bridged")), tenant("five", nic(STRAY, "bridged"))),
            (("mac-shared", "five"),), f"{VIRSH}detach-interface four network --mac {STRAY} --config && {VIRSH}"
            "attach-interface four network bridged --model virtio --config",
            after=each(virsh("undefine", "four"), virsh("undefine", "five"))),
        Row("a VM has a NIC more on network default", plug(ULOV, SECOND, "default", "--live", "--config"),
            (("no-reservation", ULOV),), f"{VIRSH}detach-interface Ulov network --mac {SECOND} --live; {VIRSH}"
            f"detach-interface Ulov network --mac {SECOND} --config"),
        Row("a guest has given itself another address",
            inside(nic_of(ACILAMWENS, "ip addr flush dev $nic; ip addr add 192.168.202.99/24 dev $nic")),
            (("vm-address", ACILAMWEN),),
            "in Acilamwen: take away what sets 192.168.202.99, and have the NIC ask by DHCP",
            by_hand=each(inside(nic_of(ACILAMWENS, "ip addr del 192.168.202.99/24 dev $nic")),
                         inside(asks_anew(ACILAMWENS)))),
        Row("a CD is gone that is not the stack's", cd_gone, (("disk-missing", ULOV),), f"put back the file: {CD}",
            by_hand=cd_back, after=cd_out),
    ),
    (Row("a second guest has the float, too", plug(ULOV, FLOAT1, "bridged", "--live", "--config"),
        (("mac-shared", ULOV),), OUT_OF_ULOV.format("; ")),),
    (Row("a second guest has the float, and the holder's link is down",
        each(virsh("domif-setlink", ACILAMWEN, FLOAT1, "down"), plug(ULOV, FLOAT1, "bridged", "--live", "--config")),
        (("float-unplugged", ACILAMWEN), ("mac-shared", ULOV)),
        f"{OUT_OF_ULOV.format(' && ')} && {VIRSH}domif-setlink Acilamwen {FLOAT1} up && {UP}"),),
    (
        Row("a stranger's NIC is there twice, running and defined",
            each(*(plug(ULOV, STRAY, "bridged", "--live", "--config"),) * 2), (("mac-repeated", ULOV),),
            f"{VIRSH}detach-device-alias Ulov … --live; {VIRSH}edit Ulov", editor=f"0,/{STRAY}/s/{STRAY}/{SECOND}/",
            after=each(unplug(ULOV, "bridge", STRAY, "--live"), unplug(ULOV, "network", STRAY, "--config"),
                       unplug(ULOV, "network", SECOND, "--config"))),
        Row("the float's NIC is there twice", plug(ACILAMWEN, FLOAT1, "bridged", "--live", "--config"),
            (("mac-repeated", ACILAMWEN),), UP),
    ),
    (
        Row("the float's NIC is unplugged", each(unplug(ACILAMWEN, "bridge", FLOAT1, "--live"),
            unplug(ACILAMWEN, "network", FLOAT1, "--config")), (("float-unplugged", ACILAMWEN),), UP),
        Row("a VM's own NIC is unplugged", unplug(ULOV, "network", OWN, "--live"), (("vm-nic", ULOV),), UP),
    ),
    (
        Row("a network's definition is another", net_with_stp, (("network-waits", DEFAULT),),
            f'{UP} --allow "default=network outage"'),
        Row("a network that is off has planned addresses", other_network("other", address="192.168.202.1"),
            (("network-taken", "network other"),), f"{VIRSH}net-edit other", editor="s/192.168.202.1/10.9.0.1/",
            after=virsh("net-undefine", "other")),
        Row("a network that runs has the planned MAC",
            other_network("third", mac="52:54:00:02:02:01", address="10.10.0.1", active=True),
            (("network-taken", "network third"),),
            f"{VIRSH}net-edit third && {VIRSH}net-destroy third && {VIRSH}net-start third",
            editor="s/52:54:00:02:02:01/52:54:00:99:00:02/",
            after=each(virsh("net-destroy", "third"), virsh("net-undefine", "third"))),
    ),
    (
        Row("the bridged network is stopped", virsh("net-destroy", "bridged"), (("network-down", "network bridged"),),
            UP),
        Row("the network default is transient", virsh("net-undefine", "default"), (("network-down", DEFAULT),), UP),
        Row("a VM is saved", virsh("managedsave", ULOV), (("vm-stopped", ULOV),), UP),
    ),
    (
        Row("the network default is stopped", each(virsh("net-destroy", "default"), left_aside),
            (("network-down", DEFAULT), ("guest-cut-off", ACILAMWEN), ("guest-cut-off", ULOV)), UP),
        Row("and an empty one was left of a restart", as_it_is, (("network-left", f"network {ASIDE}"),), UP),
    ),
    (
        Row("the network default is stopped, and an interface has its subnet",
            each(virsh("net-destroy", "default"), subnet_taken),
            (("network-down", DEFAULT), ("guest-cut-off", ACILAMWEN), ("guest-cut-off", ULOV)),
            f"on the hypervisor: ip -4 addr flush dev br1 to 192.168.202.0/24, then: {UP}"),
    ),
    (
        Row("a float's address and its file are gone",
            inside(f"rm {SCRIPTS}/ifcfg-ua-*; {float_nic(f'ip addr del {ADDRESS1}/24 dev $nic')}"),
            (("float-not-set-up", ACILAMWEN),), UP),
        Row("a VM is gone", gone, (("vm-missing", ULOV),), UP, boots=(ULOV,)),
    ),
    (
        Row("a float's address and its file are gone in a guest that is not to be asked",
            each(guest("none"), inside(f"rm {SCRIPTS}/ifcfg-ua-*; {float_nic(f'ip addr del {ADDRESS1}/24 dev $nic')}")),
            (("float-not-set-up", ACILAMWEN),),
            f"in Acilamwen: a file like {SCRIPTS}/ifcfg-ua-… with …HWADDR={FLOAT1}…IPADDR…; then as it says",
            by_hand=each(inside(f"printf 'HWADDR={FLOAT1}\\nIPADDR={ADDRESS1}\\n' > {SCRIPTS}/ifcfg-by-hand"),
                         inside(float_nic(BY_IP))),
            after=each(inside(f"rm {SCRIPTS}/ifcfg-by-hand"), guest("agent"))),
        Row("a VM is paused", virsh("suspend", ULOV), (("vm-stopped", ULOV),), f"{VIRSH}resume Ulov"),
        Row("the file of a network's leases is damaged", damaged_leases, (("unread", DEFAULT),),
            f"on the hypervisor: mv {LEASES} {LEASES}.damaged"),
    ),
    (Row("a VM is off, and goes on in a snapshot that does not say what its base is", off_in_a_snapshot,
        (("format-unsaid", ULOV),), f"on the hypervisor: qemu-img rebase -u -F qcow2 -b … {SNAPSHOT}, then: {UP}",
        boots=(ULOV,), after=snapshot_away),
     Row("and has the snapshot", as_it_is, (("snapshot", ULOV),),
        f"{UP} && virsh -c '…' blockcommit Ulov vda --base … --active --pivot --wait"),
     Row("the float's link is down", virsh("domif-setlink", ACILAMWEN, FLOAT1, "down"),
        (("float-unplugged", ACILAMWEN),), f"{VIRSH}domif-setlink Acilamwen {FLOAT1} up && {UP}")),
    (Row("a VM is saved, and its image is damaged", saved_and_damaged, (("vm-stopped", ULOV),),
        f"{VIRSH}managedsave-remove Ulov && {UP}", boots=(ULOV,)),
     Row("another float's address is on a NIC", inside(float_nic(f"ip addr add {ADDRESS3}/24 dev $nic")),
        (("float-address", ACILAMWEN),),
        f"in Acilamwen: take {ADDRESS3} off that NIC, and out of the file that gives it",
        by_hand=inside(float_nic(f"ip addr del {ADDRESS3}/24 dev $nic")))),
    (Row("a VM has other values than its definition", takes_memory(128), (("vm-waits", ULOV),),
        f"{UP} --allow Ulov=restart, or {VIRSH}shutdown Ulov, and {UP} once it is off", boots=(ULOV,)),
     Row("the float's NIC is on another network", onto_default, (("float-unplugged", ACILAMWEN),), UP),),
    (Row("and another time, in the other way", takes_memory(160), (("vm-waits", ULOV),),
        f"{UP} --allow Ulov=restart, or {VIRSH}shutdown Ulov, and {UP} once it is off", boots=(ULOV,), last=True),
     Row("a float's address is gone, and its file is there",
        inside(float_nic(f"ip addr del {ADDRESS1}/24 dev $nic")),
        (("float-not-set-up", ACILAMWEN),),
        f"in Acilamwen: … says so, and is not in force: ip addr add {ADDRESS1}/24 dev … && ip route replace "
        f"default via {GATEWAY} dev … metric …", by_hand=inside(float_nic(BY_IP))),),
    (Row("what has the declared names is somebody else's", somebody_elses,
        (("network-down", "network bridged"),), f"{VIRSH}net-start bridged", after=adopted),
     Row("and does not start with the hypervisor", as_it_is, (("autostart-off", "network bridged"),),
        f"{VIRSH}net-autostart bridged"),
     Row("nor does the pool", as_it_is, (("autostart-off", "pool live"),), f"{VIRSH}pool-autostart live"),),
)  # fmt: skip
ROWS = tuple(row for rows in ROUNDS for row in rows)

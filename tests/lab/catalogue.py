"""Everyday changes as data, in the order in which they are played on one lab whose guests stay up.

Each row begins where the one before it ended.  A change is an edit of what is declared, or what somebody does by hand
with virsh (then the `up` has to mend it), or both.
"""

from __future__ import annotations

from tests.lab.catalogue_terms import (
    ADDRESSES,
    BOOT,
    CATNET,
    DEFINE,
    DEFINE_NETWORK,
    FLOATS,
    LOSS,
    MIB,
    NIC_MAC,
    OUTAGE,
    PARK,
    PLUG,
    RESTART,
    SECOND_MAC,
    SEEDS_COMMAND,
    SWITCH,
    UNPLUG,
    UPDATE,
    WORKER_MAC,
    Row,
    _reservation,
    calls,
    catnet,
    data,
    gone,
    holds,
    nic,
    worker,
)

RESERVATIONS = (
    Row("a reservation is added", lambda d: d.slots().update(New=14), calls=calls(UPDATE), hole=True),
    Row("a reservation is renamed", lambda d: (d.slots().pop("New"), d.slots().update(Newer=14)),
        calls=calls(UPDATE), hole=True),
    Row("two reservations are added at once", lambda d: d.slots().update(One=9, Two=13),
        calls=calls(UPDATE), hole=True),
    Row("two reservations swap their slots", lambda d: d.slots().update(One=13, Two=9),
        calls=calls(UPDATE), hole=True),
    Row("three reservations are removed", lambda d: [d.slots().pop(n) for n in ("Newer", "One", "Two")],
        calls=calls(UPDATE), hole=True),
    Row("a reservation was deleted by hand",
        by_hand=("net-update default delete ip-dhcp-host "
                 + _reservation("52:54:00:02:02:0c", "192.168.202.12", "worker") + " --live --config",),
        calls=calls(UPDATE), hole=True),
    Row("a reservation was deleted by hand in the running network alone",
        by_hand=("net-update default delete ip-dhcp-host "
                 + _reservation("52:54:00:02:02:0c", "192.168.202.12", "worker") + " --live",),
        calls=calls(UPDATE), hole=True),
    Row("a reservation was added by hand to the persistent definition alone",
        by_hand=("net-update default add ip-dhcp-host "
                 + _reservation("52:54:00:02:02:0b", "192.168.202.11", "stranger") + " --config",),
        calls=calls(UPDATE)),
    Row("a reservation's address was changed by hand",
        by_hand=("net-update default modify ip-dhcp-host "
                 + _reservation("52:54:00:02:02:0c", "192.168.202.14", "worker") + " --live --config",),
        calls=calls(UPDATE), hole=True),
)  # fmt: skip

NETWORKS = (
    Row("NAT ports of the network with the guests", lambda d: d.nat().update(natPorts={"start": 2048, "end": 65535}),
        impact=(BOOT,), calls=calls(DEFINE_NETWORK)),
    Row("STP of the network with the guests", lambda d: d.nat().update(stp=True),
        impact=(BOOT,), calls=calls(DEFINE_NETWORK)),
    Row("forward delay of the network with the guests", lambda d: d.nat().update(delay=2),
        impact=(BOOT,), calls=calls(DEFINE_NETWORK)),
    Row("ipv6 of the network with the guests", lambda d: d.nat().update(ipv6=False),
        impact=(BOOT,), calls=calls(DEFINE_NETWORK)),
    Row("all of these as they were", lambda d: d.nat().update(
        natPorts={"start": 1024, "end": 65535}, stp=False, delay=0, ipv6=True),
        calls=calls(DEFINE_NETWORK)),
    Row("the subnet of another network", catnet(addresses=["10.78.0.0/24"], dhcpRanges=[
        {"start": "10.78.0.10", "end": "10.78.0.20"}], dhcpHosts=[]),
        impact=(BOOT,), calls=calls(DEFINE_NETWORK)),
    Row("the subnet as it was", catnet(**CATNET), calls=calls(DEFINE_NETWORK, UPDATE)),
    Row("a DNS name is added", catnet(dns={"hosts": [{"hostname": "one", "ip": "10.77.0.2"},
                                                       {"hostname": "two", "ip": "10.77.0.3"}]}),
        calls=calls(UPDATE)),
    Row("a DNS name is changed", catnet(dns={"hosts": [{"hostname": "one", "ip": "10.77.0.2"},
                                                         {"hostname": "deux", "ip": "10.77.0.3"}]}),
        calls=calls(UPDATE)),
    Row("a DNS name is removed", catnet(dns={"hosts": [{"hostname": "one", "ip": "10.77.0.2"}]}),
        calls=calls(UPDATE)),
    Row("a DNS name was removed by hand",
        by_hand=("net-update catnet delete dns-host \"<host ip='10.77.0.2'/>\" --live --config",),
        calls=calls(UPDATE)),
    Row("the DHCP range of another network", catnet(dhcpRanges=[{"start": "10.77.0.10", "end": "10.77.0.30"}]),
        calls=calls(UPDATE), hole=True),
    Row("a network does not start with the host any more", catnet(autostart=False),
        calls=calls("network.setAutostart")),
    Row("autostart of two networks was changed by hand",
        by_hand=("net-autostart bridged --disable", "net-autostart catnet"),
        calls=calls("network.setAutostart")),
    Row("the network with the guests was undefined by hand", by_hand=("net-undefine default",),
        calls=calls(DEFINE_NETWORK, "network.setAutostart")),
    Row("a network without guests was stopped by hand", by_hand=("net-destroy catnet",),
        calls=calls("network.create")),
)  # fmt: skip

DOMAINS = (
    Row("title", worker(title="the one in front"), calls=calls("domain.setMetadata")),
    Row("description", worker(description="front end"), calls=calls("domain.setMetadata")),
    Row("metadata", worker(metadata='<t:tag xmlns:t="urn:test">a</t:tag>'), calls=calls("domain.setMetadata")),
    Row("metadata is changed", worker(metadata='<t:tag xmlns:t="urn:test">b</t:tag>'),
        calls=calls("domain.setMetadata")),
    Row("description was changed by hand", by_hand=("desc worker --live --config other",),
        calls=calls("domain.setMetadata")),
    Row("autostart", worker(autostart=True), calls=calls("domain.setAutostart")),
    Row("autostart was switched off by hand", by_hand=("autostart --disable worker",),
        calls=calls("domain.setAutostart")),
    Row("CPU model", worker(cpu={"mode": "maximum"}), impact=(BOOT,), calls=calls(DEFINE)),
    Row("less memory", worker(memory=112), calls=calls("domain.setMemoryFlags", DEFINE)),
    Row("as much memory again", worker(memory=128), calls=calls("domain.setMemoryFlags", DEFINE)),
    Row("more memory than it has room for", worker(memory=160), impact=(BOOT,), calls=calls(DEFINE)),
    Row("more processors than it has room for", worker(vcpu=2), impact=(BOOT,), calls=calls(DEFINE)),
    Row("a console more", worker(consoles=[{"type": "pty", "targetType": "virtio"}]),
        impact=(BOOT,), calls=calls(DEFINE)),
    Row("a VM was undefined by hand while it runs", by_hand=("undefine worker",),
        calls=calls(DEFINE, "domain.setAutostart")),
    Row("another machine type is refused", worker(machine="q35"), impact=(), refused="worker"),
    Row("and is put back ", lambda d: d.props("worker").pop("machine"), impact=()),
    Row("another name for a running VM is refused", worker(name="labourer"), impact=(), refused="worker"),
    Row("and is put back  ", worker(name="worker"), impact=()),
)  # fmt: skip

NICS = (
    Row("a NIC is plugged in", worker(networkInterfaces=[
        {"networkName": "default", "mac": WORKER_MAC}, {"networkName": "catnet", "mac": SECOND_MAC}]),
        calls=calls(PLUG)),
    Row("a NIC was pulled out by hand",
        by_hand=(f"detach-interface worker network --mac {SECOND_MAC} --live --config",), calls=calls(PLUG)),
    Row("a NIC is unplugged", worker(networkInterfaces=[{"networkName": "default", "mac": WORKER_MAC}]),
        calls=calls(UNPLUG, SWITCH)),
    Row("a NIC with a life of its own is plugged in", nic(), calls=calls(PLUG)),
    Row("its link goes down", nic(link="down"), calls=calls(SWITCH)),
    Row("its link goes up", nic(), calls=calls(SWITCH)),
    Row("its link was taken down by hand", by_hand=(f"domif-setlink worker {NIC_MAC} down",), calls=calls(SWITCH)),
    Row("it is in the running guest alone", by_hand=(f"detach-interface worker network --mac {NIC_MAC} --config",),
        calls=calls(PLUG)),
    Row("it moves to another network", nic(network="default"), calls=calls(SWITCH), changed=()),
    Row("it is unplugged", gone("nic"), calls=calls(UNPLUG, SWITCH)),
)  # fmt: skip

DISKS = (
    Row("a volume is made", data(64 * MIB), impact=(), calls=calls("storagepool.createXML")),
    Row("a disk is plugged in", worker(disks=[{"volumeId": "${worker-disk.id}"}, {"volumeId": "${data.id}"}]),
        calls=calls(PLUG)),
    Row("a disk in use is grown", data(128 * MIB), calls=calls("domain.blockResize")),
    Row("a disk is shrunk: refused", data(64 * MIB), impact=(), refused=LOSS),
    Row("and is left as it is", data(128 * MIB), impact=()),
    Row("a disk is unplugged, its data stays", worker(disks=[{"volumeId": "${worker-disk.id}"}]),
        calls=calls(UNPLUG)),
    Row("a volume that nobody uses is grown", data(192 * MIB), calls=calls("storagevol.resize")),
)  # fmt: skip

FLOATING = (
    Row("a VM gets a float", holds(float2="Ulov"), calls=calls(PLUG, SWITCH)),
    Row("a float moves to another VM", holds(float2="Acilamwen"),
        calls=calls(PLUG, UNPLUG, SWITCH)),
    Row("a float is held by nobody any more", holds(float2=None), calls=calls(UNPLUG, SWITCH)),
    Row("the seeds' case: four copies of a NIC with another float's MAC",
        by_hand=(SEEDS_COMMAND,) * 4, calls=calls(UNPLUG, SWITCH)),
    Row("and for good: in the persistent definition too",
        by_hand=(f"{SEEDS_COMMAND} --live --config",), calls=calls(UNPLUG, SWITCH)),
    Row("a copy of a float's own NIC was plugged in", by_hand=(
        f"attach-interface Acilamwen network bridged --model virtio --mac {FLOATS['float1'][1]} --config",),
        calls=calls(UNPLUG)),
    Row("a float's NIC is missing in the persistent definition",
        by_hand=(f"detach-interface Acilamwen network --mac {FLOATS['float1'][1]} --config",),
        calls=calls(PLUG, SWITCH)),
    Row("two floats for one VM", holds(float3="Ulov", float4="Ulov"), calls=calls(PLUG, SWITCH)),
    Row("two floats change their holders at once", holds(float3="Acilamwen", float4="Acilamwen"),
        calls=calls(PLUG, UNPLUG, SWITCH)),
    Row("both are given back", holds(float3=None, float4=None), calls=calls(UNPLUG, SWITCH)),
)  # fmt: skip

LAST = (
    Row("the network with the guests is restarted where that is allowed", lambda d: d.nat().update(delay=1),
        impact=(OUTAGE,), calls=calls(DEFINE_NETWORK, PARK, "network.destroy", "network.create", SWITCH),
        allow="default=network outage", changed=tuple(ADDRESSES), hole=True),
    Row("a network is made", lambda d: d.extra.update(spare=("Network", {
        "name": "spare", "mode": "none", "bridge": "virbr8", "addresses": ["10.79.0.0/24"], "autostart": True})),
        impact=(), calls=calls(DEFINE_NETWORK, "network.create", "network.setAutostart")),
    Row("a network without guests is removed", gone("spare"),
        calls=calls("network.destroy", "network.undefine")),
    Row("a VM is restarted for more processors where that is allowed",
        lambda d: d.stack["vms"]["Ulov"].update(vcpu=3), impact=(RESTART,),
        calls=calls(DEFINE, "domain.setMetadata", "domain.shutdown", "domain.create"),
        allow="Ulov=restart", changed=("Ulov",), boots=("Ulov",)),
    Row("a VM was stopped by hand", by_hand=("destroy Ulov",), calls=calls("domain.create"),
        changed=("Ulov",), boots=("Ulov",)),
)  # fmt: skip

ROWS: tuple[Row, ...] = (*RESERVATIONS, *NETWORKS, *DOMAINS, *NICS, *DISKS, *FLOATING, *LAST)

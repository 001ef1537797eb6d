#!/bin/bash
# libvirt 9.0.0 with QEMU 7.2 (Debian 12): `virsh managedsave-define` takes `<link state='down'/>` for a NIC of a saved
# guest; once started, libvirt says that the link is down, and the guest's packets come through.
#
# Guessed: the guest wakes up with its cable pulled, as one does that is started with that line in its definition; or the
# edit is refused, as one of the memory's size is.
# Seen: libvirt sets the link in QEMU before QEMU loads the image, and the image brings its own link along. To set it down
# again by `virsh domif-setlink` returns 0 and does nothing, as libvirt finds it down already; up and then down does it.
# (The guest has no disk: its network card's ROM asks for an address by DHCP for ever. Packets are counted by the kernel,
# at the host's end of the NIC.)
#
# Prints, and fails if it becomes otherwise:
#   define an image with the link down: 0
#   started from it, libvirt: tap0 down; packets: come
#   domif-setlink down: 0; packets: come
#   domif-setlink up, then down: 0, 0; packets: none in 90 s
#   domif-setlink up: 0; packets: come
#
# Needs root, mmdebstrap, and apt sources that have Debian 12; takes four minutes. All in namespaces and a folder of its own.
set -euo pipefail
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep -m1 '/debian/$')
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
unshare --mount --propagation private --pid --fork --kill-child mmdebstrap --mode=root --quiet --variant=minbase \
    --include=libvirt-daemon-system=9.0.0-4+deb12u2,libvirt-clients,qemu-system-x86,qemu-utils,iproute2 \
    --aptopt='Acquire::Check-Valid-Until "false"' bookworm "$folder/root" \
    "deb $mirror bookworm main"

cat > "$folder/root/inside" <<'SH'
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t tmpfs run /run
mount -t tmpfs dev /dev
for node in null:3 zero:5 full:7 random:8 urandom:9; do mknod -m 666 "/dev/${node%:*}" c 1 "${node#*:}"; done
mkdir /dev/pts /dev/shm && mount -t devpts devpts /dev/pts && mount -t tmpfs shm /dev/shm
mkdir /dev/net && mknod -m 666 /dev/net/tun c 10 200
ip link set lo up
printf 'namespaces = []\nsecurity_driver = "none"\nstdio_handler = "file"\n' > /etc/libvirt/qemu.conf
libvirtd -d
v() { virsh -q -c qemu:///system "$@"; }
for try in $(seq 300); do v version > /dev/null 2>&1 && break; sleep 0.1; done
ip link add br0 type bridge
ip link set br0 up
cat > /one.xml <<XML
<domain type='qemu'><name>one</name><memory unit='MiB'>64</memory>
<os><type>hvm</type><boot dev='network'/><bios rebootTimeout='0'/></os>
<devices><interface type='bridge'><mac address='52:54:00:00:00:01'/><source bridge='br0'/><target dev='tap0'/><model type='virtio'/>
</interface></devices>
</domain>
XML
v define /one.xml > /dev/null
v start one > /dev/null
count() { cat /sys/class/net/tap0/statistics/rx_packets; }
packets() {
    before=$(count)
    for try in $(seq 90); do sleep 1; [ $(($(count) - before)) -lt 5 ] || { echo come; return; }; done
    [ "$(count)" = "$before" ] && echo "none in 90 s" || echo "fewer than 5 in 90 s"
}
set_link() { v domif-setlink one tap0 "$1" > /dev/null; echo $?; }
[ "$(packets)" = come ] || echo "before all: no packets"
v managedsave one > /dev/null
v managedsave-dumpxml one | sed "s|<model type='virtio'/>|&<link state='down'/>|" > /edited.xml
v managedsave-define one /edited.xml > /dev/null
echo "define an image with the link down: $?"
v start one > /dev/null
sleep 1
echo "started from it, libvirt: $(v domif-getlink one tap0); packets: $(packets)"
echo "domif-setlink down: $(set_link down); packets: $(sleep 1; packets)"
echo "domif-setlink up, then down: $(set_link up), $(set_link down); packets: $(sleep 1; packets)"
echo "domif-setlink up: $(set_link up); packets: $(packets)"
v destroy one > /dev/null
SH
seen=$(unshare --mount --propagation private --net --pid --fork --kill-child chroot "$folder/root" sh /inside)
echo "$seen"
wanted="define an image with the link down: 0
started from it, libvirt: tap0 down; packets: come
domif-setlink down: 0; packets: come
domif-setlink up, then down: 0, 0; packets: none in 90 s
domif-setlink up: 0; packets: come"
[ "$seen" = "$wanted" ] || { echo "it is otherwise now" >&2; exit 1; }

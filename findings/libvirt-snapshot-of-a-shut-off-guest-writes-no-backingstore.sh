#!/bin/bash
# libvirt 9.0.0 with QEMU 7.2 (Debian 12): `virsh snapshot-create-as --disk-only` puts a new file on top of a guest's
# disk; the definition says on what that lies if the guest was running, and does not if it was shut off.
#
# Guessed: one call leaves one form of definition, and a disk with a snapshot is known by its <backingStore>.
# Seen: of a running guest the definition gets a <backingStore> of one level, the former disk; of one that is shut off
# only another <source>. (Where a definition had said its chain before, that is kept in both cases, and the former disk
# put in front.) So whether a disk lies on a snapshot of another has to be read from the file's own header.
#
# Prints, and fails if it becomes otherwise:
#   shut off: disk off.snap; backingStore of the definition: none
#   running: disk on.snap; backingStore of the definition: on.qcow2
#   header of off.snap: lies on off.qcow2
#   header of on.snap: lies on on.qcow2
#   shut off, with its chain in the definition: disk told.snap; backingStore of the definition: told.qcow2 base.qcow2
#
# Needs root, mmdebstrap, and apt sources that have Debian 12; takes two minutes. All in namespaces and a folder of its own.
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
ip link set lo up
printf 'namespaces = []\nsecurity_driver = "none"\nstdio_handler = "file"\n' > /etc/libvirt/qemu.conf
libvirtd -d
v() { virsh -q -c qemu:///system "$@"; }
for try in $(seq 300); do v version > /dev/null 2>&1 && break; sleep 0.1; done
cd /var/lib/libvirt/images
qemu-img create -q -f qcow2 base.qcow2 64M
guest() {
    qemu-img create -q -f qcow2 -F qcow2 -b base.qcow2 "$1.qcow2"
    cat > /one.xml <<XML
<domain type='qemu'><name>$1</name><memory unit='MiB'>64</memory><os><type>hvm</type></os>
<devices><disk type='file'><driver name='qemu' type='qcow2'/><source file='$PWD/$1.qcow2'/>$2<target dev='vda' bus='virtio'/></disk></devices>
</domain>
XML
    v define /one.xml > /dev/null
}
says() {
    v snapshot-create-as "$2" snap --disk-only > /dev/null
    files=$(v dumpxml --inactive "$2" | sed -n "s|.*<source file='.*/\(.*\)'.*|\1|p" | xargs)
    top=${files%% *} under=${files#"${files%% *}"}
    echo "$1: disk $top; backingStore of the definition:${under:- none}"
}
header() { echo "header of $1: lies on $(qemu-img info -U "$1" | sed -n 's/^backing file: \([^ ]*\).*/\1/p' | xargs basename)"; }
guest off ""
says "shut off" off
guest on ""
v start on > /dev/null
says running on
header off.snap
header on.snap
v destroy on > /dev/null
guest told "<backingStore type='file'><format type='qcow2'/><source file='$PWD/base.qcow2'/><backingStore/></backingStore>"
says "shut off, with its chain in the definition" told
SH
seen=$(unshare --mount --propagation private --net --pid --fork --kill-child chroot "$folder/root" sh /inside)
echo "$seen"
wanted="shut off: disk off.snap; backingStore of the definition: none
running: disk on.snap; backingStore of the definition: on.qcow2
header of off.snap: lies on off.qcow2
header of on.snap: lies on on.qcow2
shut off, with its chain in the definition: disk told.snap; backingStore of the definition: told.qcow2 base.qcow2"
[ "$seen" = "$wanted" ] || { echo "it is otherwise now" >&2; exit 1; }

#!/bin/bash
# libvirt 9.0.0 with QEMU 7.2 (Debian 12): the disk file of a running guest was deleted; `virsh blockcopy` with that very
# path as its target writes it anew, and the guest is on a file with its old name again, nothing stopped.
#
# Guessed: refused, as source and target are one path; or the guest goes on without a file until it is stopped, and
# all that it wrote is lost then.
# Seen: QEMU has the deleted file open still, libvirt makes the target as a new file, and after --pivot the definition names
# the same path as before. (--reuse-external, which keeps an existing target, is not given.)
#
# Prints, and fails if it becomes otherwise:
#   file after rm: gone
#   blockcopy onto its path: pivoted
#   file: there, with the bytes of before; the guest: running, id the same, disk /var/lib/libvirt/images/one.qcow2
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
disk=/var/lib/libvirt/images/one.qcow2
qemu-img create -q -f qcow2 "$disk" 64M
qemu-io -f qcow2 -c 'write -q -P 0x5a 1M 1M' "$disk"
cat > /one.xml <<XML
<domain type='qemu'><name>one</name><memory unit='MiB'>64</memory><os><type>hvm</type></os>
<devices><disk type='file'><driver name='qemu' type='qcow2'/><source file='$disk'/><target dev='vda' bus='virtio'/></disk></devices>
</domain>
XML
v define /one.xml > /dev/null
v start one > /dev/null
id=$(v domid one)
rm "$disk"
[ -e "$disk" ] || echo "file after rm: gone"
v blockcopy one vda --dest "$disk" --format qcow2 --transient-job --wait --pivot > /said 2>&1 && said=pivoted || said=$(cat /said)
echo "blockcopy onto its path: $said"
[ -e "$disk" ] && there=there || there=gone
qemu-io -U -f qcow2 -r -c 'read -q -P 0x5a 1M 1M' "$disk" 2>&1 | grep -q . && bytes=other || bytes="the bytes of before"
[ "$(v domid one)" = "$id" ] && same="the same" || same=another
source=$(v domblklist one | awk '$1 == "vda" { print $2 }')
echo "file: $there, with $bytes; the guest: $(v domstate one), id $same, disk $source"
v destroy one > /dev/null
SH
seen=$(unshare --mount --propagation private --net --pid --fork --kill-child chroot "$folder/root" sh /inside)
echo "$seen"
wanted="file after rm: gone
blockcopy onto its path: pivoted
file: there, with the bytes of before; the guest: running, id the same, disk /var/lib/libvirt/images/one.qcow2"
[ "$seen" = "$wanted" ] || { echo "it is otherwise now" >&2; exit 1; }

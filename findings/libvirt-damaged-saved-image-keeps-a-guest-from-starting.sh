#!/bin/bash
# libvirt 9.0.0 with QEMU 7.2 (Debian 12): a guest whose managed-save file is damaged can't be started any more, and one
# whose file is empty boots afresh without a word.
#
# Guessed: one rule for both. Either a file that can't be used is thrown away with a warning, and the guest boots afresh;
# or what it had in memory is never given up unasked.
# Seen: only a file that ends within its header or is marked by libvirt as not written to its end is thrown away, with the
# answer of any other start; whatever else is not a saved image is kept, and each start fails until
# `virsh managedsave-remove`, or `virsh start --force-boot`.
#
# The file is damaged here by writing text over its first bytes.
#
# Prints, and fails if it becomes otherwise:
#   first bytes overwritten: start 1, operation failed: image magic is incorrect; shut off, file there
#   once more: start 1, operation failed: image magic is incorrect; shut off, file there
#   start --force-boot: 0; running, file gone
#   emptied: start 0; running, file gone
#   marked as not written to its end: start 0; running, file gone
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
cat > /one.xml <<XML
<domain type='qemu'><name>one</name><memory unit='MiB'>64</memory><os><type>hvm</type></os></domain>
XML
v define /one.xml > /dev/null
v start one > /dev/null
v managedsave one > /dev/null
file=/var/lib/libvirt/qemu/save/one.save
is() { [ -e "$file" ] && there=there || there=gone; echo "$(v domstate one), file $there"; }
begin() { v start one > /said 2>&1; echo "start $?$(sed -n 's/^error: \(operation.*\)/, \1/p' /said); $(is)"; }
printf damaged | dd of="$file" conv=notrunc status=none
echo "first bytes overwritten: $(begin)"
echo "once more: $(begin)"
v start one --force-boot > /dev/null
echo "start --force-boot: $?; $(is)"
v managedsave one > /dev/null
: > "$file"
echo "emptied: $(begin)"
v managedsave one > /dev/null
printf LibvirtQemudPart | dd of="$file" conv=notrunc status=none
echo "marked as not written to its end: $(begin)"
v destroy one > /dev/null
SH
seen=$(unshare --mount --propagation private --net --pid --fork --kill-child chroot "$folder/root" sh /inside)
echo "$seen"
wanted="first bytes overwritten: start 1, operation failed: image magic is incorrect; shut off, file there
once more: start 1, operation failed: image magic is incorrect; shut off, file there
start --force-boot: 0; running, file gone
emptied: start 0; running, file gone
marked as not written to its end: start 0; running, file gone"
[ "$seen" = "$wanted" ] || { echo "it is otherwise now" >&2; exit 1; }

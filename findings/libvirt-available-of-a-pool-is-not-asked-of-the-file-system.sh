#!/bin/bash
# libvirt 9.0.0 (Debian 12): what a pool has available is what it had at its last refresh, with what libvirt's own calls
# have added and taken since; after the deletion of a volume that has grown it is more than the whole file system.
#
# Guessed: `virsh pool-info` asks the file system, as df does; at least after each call that changes something in the
# pool.
# Seen: `virsh vol-info` looks at the file, `virsh pool-info` at nothing. A guest's disk that grows takes nothing off;
# `virsh vol-delete` adds what the file has come to, and so gives back what was never taken: more is available than there
# is, and what is allocated falls below 0, and is printed as a number of 20 digits. `virsh pool-refresh` puts it right. So
# it can't be told from `available` whether a volume has room.
#
# The pool is a file system of 8 MiB; the volume grows as a guest's disk does, by writing to its file.
#
# Prints, and fails if it becomes otherwise:
#   made, a volume of 6 MiB, with nothing allocated: pool-info 8388608 available, 0 allocated; df 8388608
#   5 MiB written to it: pool-info 8388608 available, 0 allocated; df 3145728
#   vol-info of it: 5242880 allocated
#   deleted by vol-delete: pool-info 13631488 available, 18446744073704308736 allocated; df 8388608
#   refreshed: pool-info 8388608 available, 0 allocated; df 8388608
#
# Needs root, mmdebstrap, and apt sources that have Debian 12; takes two minutes. All in namespaces and a folder of its own.
set -euo pipefail
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep -m1 '/debian/$')
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
unshare --mount --propagation private --pid --fork --kill-child mmdebstrap --mode=root --quiet --variant=minbase \
    --include=libvirt-daemon-system=9.0.0-4+deb12u2,libvirt-clients,iproute2 \
    --aptopt='Acquire::Check-Valid-Until "false"' bookworm "$folder/root" \
    "deb $mirror bookworm main"

cat > "$folder/root/inside" <<'SH'
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t tmpfs run /run
ip link set lo up
libvirtd -d
v() { virsh -q -c qemu:///system "$@"; }
for try in $(seq 300); do v version > /dev/null 2>&1 && break; sleep 0.1; done
mkdir /pool
mount -t tmpfs -o size=8m pool /pool
v pool-define-as small dir --target /pool > /dev/null
v pool-start small > /dev/null
field() { sed -n "s/^$1: *\([0-9]*\).*/\1/p"; }
says() {
    v pool-info small --bytes > /info
    said="$(field Available < /info) available, $(field Allocation < /info) allocated"
    echo "$1: pool-info $said; df $(df -B1 --output=avail /pool | tail -1)"
}
v vol-create-as small grows 6M --allocation 0 --format raw > /dev/null
says "made, a volume of 6 MiB, with nothing allocated"
dd if=/dev/zero of=/pool/grows bs=1M count=5 conv=notrunc status=none
says "5 MiB written to it"
echo "vol-info of it: $(v vol-info --pool small --bytes grows | field Allocation) allocated"
v vol-delete --pool small grows > /dev/null
says "deleted by vol-delete"
v pool-refresh small > /dev/null
says refreshed
SH
seen=$(unshare --mount --propagation private --net --pid --fork --kill-child chroot "$folder/root" sh /inside)
echo "$seen"
wanted="made, a volume of 6 MiB, with nothing allocated: pool-info 8388608 available, 0 allocated; df 8388608
5 MiB written to it: pool-info 8388608 available, 0 allocated; df 3145728
vol-info of it: 5242880 allocated
deleted by vol-delete: pool-info 13631488 available, 18446744073704308736 allocated; df 8388608
refreshed: pool-info 8388608 available, 0 allocated; df 8388608"
[ "$seen" = "$wanted" ] || { echo "it is otherwise now" >&2; exit 1; }

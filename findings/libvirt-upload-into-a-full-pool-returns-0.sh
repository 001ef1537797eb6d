#!/bin/bash
# libvirt 9.0.0 (Debian 12): `virsh vol-upload` of a small file into a pool whose file system is full returns 0, and the
# volume is as long as it is to be and has nothing in it.
#
# Guessed: it fails with "No space left on device", as it does for a file of some MiB.
# Seen: the daemon has the error in its log, and tells the client nothing of it. So it was each of 100 times with 64 KiB,
# and each of 40 with 200 KiB (an ISO for cloud-init, say, has that size); from 256 KiB on it is a matter of chance, and
# still came once in 40 times with 2 MiB. So an upload is known to be done only when it was read again.
#
# Prints, and fails if it becomes otherwise:
#   64 KiB, ten times: vol-upload 0 each time, nothing said
#   the daemon's log: Unable to write /pool/iso: No space left on device
#   the volume: 65536 bytes, all of them zero; blocks of it on the disk: 0
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
head -c 8M /dev/zero > /pool/fills
head -c 64K /dev/urandom > /source
codes=""
for try in $(seq 10); do
    [ "$try" = 1 ] || v vol-delete --pool small iso > /dev/null
    v vol-create-as small iso 64K --allocation 0 --format raw > /dev/null
    v vol-upload iso /source --pool small >> /said 2>&1
    codes="$codes $?"
done
[ "$codes" = " 0 0 0 0 0 0 0 0 0 0" ] && codes="0 each time"
[ -s /said ] && said=$(cat /said) || said="nothing said"
echo "64 KiB, ten times: vol-upload $codes, $said"
echo "the daemon's log: $(sed -n 's/.*: \(Unable to write.*\)/\1/p' /var/log/libvirt/libvirtd.log | sort -u)"
head -c 64K /dev/zero | cmp -s - /pool/iso && bytes="all of them zero" || bytes="not all of them zero"
echo "the volume: $(stat -c %s /pool/iso) bytes, $bytes; blocks of it on the disk: $(stat -c %b /pool/iso)"
SH
seen=$(unshare --mount --propagation private --net --pid --fork --kill-child chroot "$folder/root" sh /inside)
echo "$seen"
wanted="64 KiB, ten times: vol-upload 0 each time, nothing said
the daemon's log: Unable to write /pool/iso: No space left on device
the volume: 65536 bytes, all of them zero; blocks of it on the disk: 0"
[ "$seen" = "$wanted" ] || { echo "it is otherwise now" >&2; exit 1; }

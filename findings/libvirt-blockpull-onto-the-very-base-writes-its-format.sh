#!/bin/bash
# libvirt 9.0.0 with QEMU 7.2 (Debian 12): `virsh blockpull DOMAIN vda --base FILE`, where FILE is what the disk lies on
# already, copies nothing, and writes into the running guest's disk of which format that file is, where its header had not
# said so.
#
# Guessed: refused, as there is nothing between the two to be pulled; or all of the base is copied in, as without --base.
# Seen: QEMU's job has nothing to copy, and ends by writing name and format of the base into the header, as after any
# pull. So a header that names a backing file without its format is mended while the guest runs, with no byte of data
# moved.
#
# (qemu-img of today makes no such header; the extension that has the format is renamed here to one that nobody knows.)
#
# Prints, and fails if it becomes otherwise:
#   before: backing file base.qcow2, format not said
#   blockpull onto base.qcow2: 0; the guest: running
#   after: backing file base.qcow2, format qcow2
#   behind the first cluster, which has the header: not a byte changed
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
qemu-io -f qcow2 -c 'write -q -P 0x5a 1M 1M' base.qcow2
qemu-img create -q -f qcow2 -F qcow2 -b base.qcow2 one.qcow2
at=$(LC_ALL=C grep -obUaP '\xe2\x79\x2a\xca' one.qcow2 | head -1 | cut -d: -f1)
printf '\022\064\126\170' | dd of=one.qcow2 bs=1 seek="$at" conv=notrunc status=none
cat > /one.xml <<XML
<domain type='qemu'><name>one</name><memory unit='MiB'>64</memory><os><type>hvm</type></os>
<devices><disk type='file'><driver name='qemu' type='qcow2'/><source file='$PWD/one.qcow2'/><target dev='vda' bus='virtio'/></disk></devices>
</domain>
XML
says() {
    qemu-img info -U one.qcow2 > /info
    format=$(sed -n 's/^backing file format: //p' /info)
    echo "$1: backing file $(sed -n 's/^backing file: \([^ ]*\).*/\1/p' /info | xargs basename), format ${format:-not said}"
}
v define /one.xml > /dev/null
v start one > /dev/null
says before
tail -c +65537 one.qcow2 > /before
v blockpull one vda --base "$PWD/base.qcow2" --wait > /said 2>&1
echo "blockpull onto base.qcow2: $?; the guest: $(v domstate one)"
says after
tail -c +65537 one.qcow2 | cmp -s - /before && changed="not a byte" || changed=something
echo "behind the first cluster, which has the header: $changed changed"
v destroy one > /dev/null
SH
seen=$(unshare --mount --propagation private --net --pid --fork --kill-child chroot "$folder/root" sh /inside)
echo "$seen"
wanted="before: backing file base.qcow2, format not said
blockpull onto base.qcow2: 0; the guest: running
after: backing file base.qcow2, format qcow2
behind the first cluster, which has the header: not a byte changed"
[ "$seen" = "$wanted" ] || { echo "it is otherwise now" >&2; exit 1; }

#!/bin/bash
# libvirt 7.0.0 (Debian 11, interface driver netcf): a bridge made by `ip` does not exist for virInterface, and the
# error is not "no such interface" but an internal one; a network that stands on that bridge starts all the same.
#
# Guessed: virInterfaceLookupByName answers for every bridge that the kernel has, as it does with the udev driver of
# Debian 12, or at least with NO_INTERFACE for one that it does not know. So a bridge can't be checked beforehand by it.
#
# Prints, and fails if it becomes otherwise:
#   br0 of the kernel: up
#   virsh iface-dumpxml br0: internal error: couldn't find interface named 'br0': required entry missing
#   a network on br0: active
#
# Needs root, mmdebstrap, and apt sources that have Debian 11; takes a minute. All in namespaces and a folder of its own.
set -euo pipefail
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep -m1 '/debian/$')
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
unshare --mount --propagation private --pid --fork --kill-child mmdebstrap --mode=root --quiet --variant=minbase \
    --include=libvirt-daemon-system=7.0.0-3+deb11u3,libvirt-clients,iproute2 \
    --aptopt='Acquire::Check-Valid-Until "false"' bullseye "$folder/root" \
    "deb $mirror bullseye main"

cat > "$folder/root/inside" <<'SH'
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t tmpfs run /run
ip link set lo up
ip link add br0 type bridge
ip link set br0 up
libvirtd -d
for try in $(seq 100); do virsh -q -c qemu:///system version > /dev/null 2>&1 && break; sleep 0.1; done
echo "br0 of the kernel: $(ip -o link show br0 | grep -o '<.*UP' > /dev/null && echo up)"
echo "virsh iface-dumpxml br0: $(virsh -q -c qemu:///system iface-dumpxml br0 2>&1 | sed -n 's/^error: \(internal.*\)/\1/p')"
echo "<network><name>on</name><forward mode='bridge'/><bridge name='br0'/></network>" > /on.xml
virsh -q -c qemu:///system net-define /on.xml > /dev/null
virsh -q -c qemu:///system net-start on > /dev/null
echo "a network on br0: $(virsh -q -c qemu:///system net-list | awk '$1 == "on" { print $2 }')"
SH
seen=$(unshare --mount --propagation private --net --pid --fork --kill-child chroot "$folder/root" sh /inside)
echo "$seen"
wanted="br0 of the kernel: up
virsh iface-dumpxml br0: internal error: couldn't find interface named 'br0': required entry missing
a network on br0: active"
[ "$seen" = "$wanted" ] || { echo "it is otherwise now" >&2; exit 1; }

#!/bin/bash
# libvirt 9.0.0 (Debian 12): a network is refused as "already in use" only where the host's routes have the very same
# address and mask; one that lies inside another, or around it, is started, and the inner one takes its addresses from the
# other.
#
# Guessed: networks that have an address in common are refused: the message says so, and libvirt reads the host's routes
# for it.
# Seen: both numbers of a route are compared for equality, and no more. It is the same for a net of the host's own and for
# another network of libvirt's; the host's very address with a longer mask is taken, too.
# (IP forwarding, DHCP and DNS have no part in it: none of the networks has any.)
#
# Prints, and fails if it becomes otherwise:
#   the host's own 10.20.0.0/16 on host0: 10.20.5.9 is reached by host0
#   10.20.0.9/16: internal error: Network is already in use by interface host0
#   10.20.5.1/24, inside it: active; 10.20.5.9 is reached by inside
#   10.0.0.1/8, around it: active
#   10.20.0.1/24, with the host's very address: active
#   without host0, libvirt's own 10.20.0.1/16: active
#   10.20.0.9/16: internal error: Network is already in use by interface first
#   10.20.5.1/24, inside it: active; 10.20.5.9 is reached by inside
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
net() {
    echo "<network><name>$1</name><bridge name='$1'/><dns enable='no'/><ip address='${2%/*}' prefix='${2#*/}'/></network>" > /net.xml
    v net-define /net.xml > /dev/null
    v net-start "$1" 2>&1 | sed -n 's/^error: \(internal.*\)/\1/p'
    v net-list | awk -v name="$1" '$1 == name { print $2 }'
}
gone() { for each in "$@"; do v net-destroy "$each"; v net-undefine "$each"; done > /dev/null 2>&1; }
way() { echo "10.20.5.9 is reached by $(ip route get 10.20.5.9 | sed -n 's/.* dev \([^ ]*\).*/\1/p')"; }
ip link add host0 type bridge
ip addr add 10.20.0.1/16 dev host0
ip link set host0 up
echo "the host's own 10.20.0.0/16 on host0: $(way)"
echo "10.20.0.9/16: $(net same 10.20.0.9/16)"
echo "10.20.5.1/24, inside it: $(net inside 10.20.5.1/24); $(way)"
echo "10.0.0.1/8, around it: $(net around 10.0.0.1/8)"
echo "10.20.0.1/24, with the host's very address: $(net address 10.20.0.1/24)"
gone same inside around address
ip link del host0
echo "without host0, libvirt's own 10.20.0.1/16: $(net first 10.20.0.1/16)"
echo "10.20.0.9/16: $(net same 10.20.0.9/16)"
echo "10.20.5.1/24, inside it: $(net inside 10.20.5.1/24); $(way)"
gone first same inside
SH
seen=$(unshare --mount --propagation private --net --pid --fork --kill-child chroot "$folder/root" sh /inside)
echo "$seen"
wanted="the host's own 10.20.0.0/16 on host0: 10.20.5.9 is reached by host0
10.20.0.9/16: internal error: Network is already in use by interface host0
10.20.5.1/24, inside it: active; 10.20.5.9 is reached by inside
10.0.0.1/8, around it: active
10.20.0.1/24, with the host's very address: active
without host0, libvirt's own 10.20.0.1/16: active
10.20.0.9/16: internal error: Network is already in use by interface first
10.20.5.1/24, inside it: active; 10.20.5.9 is reached by inside"
[ "$seen" = "$wanted" ] || { echo "it is otherwise now" >&2; exit 1; }

#!/bin/bash
# ifupdown 0.8.41 (Debian 12; 0.8.44 of 13 too): `allow-hotplug mac/…=NAME` is listed among what is to be hotplugged,
# and a NIC with that MAC is not brought up when it comes: its udev helper asks for the NIC by its name, which is
# "unknown". At a boot `auto mac/…=NAME` is no help either, where the NIC is not there yet: the unit that would wait for
# it waits only where the list of what is to come up has more than lo, and a pattern that nothing fits is not in it.
#
# Guessed: interfaces(5) has patterns "in lines beginning with auto, allow-", so a float's NIC, whose name nobody knows
# before, is found by its MAC as by its name, when it is plugged in and at each boot.
#
# Prints, and fails if it becomes otherwise:
#   to come up before it is there: lo
#   of all that is hotplugged: ens5
#   of ens5: ifquery: unknown interface ens5
#
# Needs root and apt's key of Debian 12.
set -euo pipefail
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep -m1 '/debian/$')
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mkdir -p "$folder"/{lists/partial,cache/archives/partial,state}
touch "$folder/status"
echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror bookworm main" > "$folder/sources"
apt() {
    apt-get -qq -o Dir::Etc::SourceList="$folder/sources" -o Dir::Etc::SourceParts=- -o Dir::State::Lists="$folder/lists" \
        -o Dir::State::Status="$folder/status" -o Dir::Cache="$folder/cache" -o APT::Sandbox::User=root \
        -o Acquire::Languages=none "$@" > /dev/null
}
apt update
(cd "$folder" && apt download ifupdown=0.8.41)
dpkg-deb --fsys-tarfile "$folder"/ifupdown_*.deb | tar -x -C "$folder"
cat > "$folder/interfaces" << 'END'
auto lo
iface lo inet loopback
auto mac/52:54:00:00:01:00=public
allow-hotplug mac/52:54:00:00:01:00=public
iface public inet static
    address 192.0.2.10/24
END
cat > "$folder/look" << 'END'
mount -t sysfs sysfs /sys
ifquery=$(find "$1" -path '*sbin/ifup')
asked() { (exec -a ifquery "$ifquery" -i "$1/interfaces" --state-dir="$1/state" --list "${@:2}" 2>&1 || true) | paste -sd ' '; }
echo "to come up before it is there: $(asked "$1")"
ip tuntap add ens5 mode tap && ip link set ens5 address 52:54:00:00:01:00
echo "of all that is hotplugged: $(asked "$1" --allow hotplug)"
echo "of ens5: $(asked "$1" --allow hotplug ens5)"
END
seen=$(unshare --net --mount bash "$folder/look" "$folder")
echo "$seen"
wanted='to come up before it is there: lo
of all that is hotplugged: ens5
of ens5: ifquery: unknown interface ens5'
[ "$seen" = "$wanted" ] || { echo "it is otherwise now" >&2; exit 1; }

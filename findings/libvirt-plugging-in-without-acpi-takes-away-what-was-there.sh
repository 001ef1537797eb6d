#!/bin/bash
# QEMU 7.2 with libvirt 9.0.0 (Debian 12), machine q35, a guest with Debian's kernel 6.1 and no <acpi/> in its <features>:
# `virsh attach-device --live` of a NIC returns 0, and the guest loses the NIC that it had.
#
# Guessed: without ACPI nothing can be plugged in, and libvirt or QEMU says so; at worst the guest does not notice it.
# Seen: libvirt's XML has both NICs from then on, and the guest has none. Its kernel's log says that its buses behind the
# pcie-root-ports are "released": it has given up the ports, and all that was behind them. The rest of it runs on. With
# <acpi/> the same guest gets the second NIC, and keeps the first.
#
# The guest is the kernel with a busybox that asks the host for an answer (ping) each second, and writes to its serial
# port how it went.
#
# Prints, and fails if it becomes otherwise:
#   with acpi, before: the guest has eth0, and the host answers it
#   with acpi: attach-device 0; NICs in libvirt's XML: 2; the guest has eth0 eth1, and the host answers it
#   without acpi, before: the guest has eth0, and the host answers it
#   without acpi: attach-device 0; NICs in libvirt's XML: 2; the guest has no NIC, and the host does not answer it
#   without acpi, the guest's kernel: pci_bus 0000:01: busn_res: [bus 01] is released
#
# Needs root, mmdebstrap, and apt sources that have Debian 12; takes four minutes. All in namespaces and a folder of its own.
set -euo pipefail
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep -m1 '/debian/$')
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
unshare --mount --propagation private --pid --fork --kill-child mmdebstrap --mode=root --quiet --variant=minbase \
    --include=libvirt-daemon-system=9.0.0-4+deb12u2,libvirt-clients,qemu-system-x86,iproute2 \
    --include=busybox-static,linux-image-cloud-amd64 \
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
kernel=$(ls /boot/vmlinuz-*)
drivers="virtio virtio_ring virtio_pci_legacy_dev virtio_pci_modern_dev virtio_pci failover net_failover virtio_net"
mkdir -p /guest/bin /guest/proc /guest/sys /guest/dev
cp /bin/busybox /guest/bin
for each in $drivers; do cp "$(find /lib/modules -name "$each.ko")" /guest; done
cat > /guest/init <<INIT
#!/bin/busybox sh
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
for each in $drivers; do insmod /\$each.ko; done
sleep 1
ip addr add 10.9.0.2/24 dev eth0
ip link set eth0 up
while sleep 1; do
    ping -c1 -W1 10.9.0.1 > /dev/null 2>&1 && answer="the host answers it" || answer="the host does not answer it"
    nics=\$(ls /sys/class/net | grep -v lo | xargs)
    dmesg -c | grep released
    echo "GUEST has \${nics:-no NIC}, and \$answer"
done
INIT
chmod +x /guest/init
(cd /guest && find . | busybox cpio -o -H newc > /initrd 2> /dev/null)
ip link add br0 type bridge
ip addr add 10.9.0.1/24 dev br0
ip link set br0 up
nic() { echo "<interface type='bridge'><mac address='52:54:00:00:00:0$1'/><source bridge='br0'/><model type='virtio'/></interface>"; }
nic 2 > /nic.xml
ports=$(for each in 1 2 3 4 5 6; do echo "<controller type='pci' model='pcie-root-port'/>"; done)
one() {
    cat > /one.xml <<XML
<domain type='qemu'><name>$1</name><memory unit='MiB'>256</memory>$2
<os><type machine='q35'>hvm</type><kernel>$kernel</kernel><initrd>/initrd</initrd><cmdline>console=ttyS0 quiet</cmdline></os>
<devices><controller type='pci' index='0' model='pcie-root'/>$ports$(nic 1)
<serial type='file'><source path='/$1.log'/></serial></devices>
</domain>
XML
    v define /one.xml > /dev/null
    v start "$1" > /dev/null
    for try in $(seq 120); do sleep 1; [ "$(grep -c '^GUEST' "/$1.log")" -ge 3 ] && break; done
    echo "$1 acpi, before: the guest $(guest "$1")"
    v attach-device "$1" /nic.xml --live > /dev/null
    code=$?
    sleep 20
    echo "$1 acpi: attach-device $code; NICs in libvirt's XML: $(v domiflist "$1" | grep -c 52:54:00); the guest $(guest "$1")"
}
guest() { sed -n 's/^GUEST \([^\r]*\).*/\1/p' "/$1.log" | tail -1; }
one with "<features><acpi/></features>"
v destroy with > /dev/null
one without ""
echo "without acpi, the guest's kernel: $(sed -n 's/.*\(pci_bus 0000:01: .* is released\).*/\1/p' /without.log | head -1)"
v destroy without > /dev/null
SH
seen=$(unshare --mount --propagation private --net --pid --fork --kill-child chroot "$folder/root" sh /inside)
echo "$seen"
wanted="with acpi, before: the guest has eth0, and the host answers it
with acpi: attach-device 0; NICs in libvirt's XML: 2; the guest has eth0 eth1, and the host answers it
without acpi, before: the guest has eth0, and the host answers it
without acpi: attach-device 0; NICs in libvirt's XML: 2; the guest has no NIC, and the host does not answer it
without acpi, the guest's kernel: pci_bus 0000:01: busn_res: [bus 01] is released"
[ "$seen" = "$wanted" ] || { echo "it is otherwise now" >&2; exit 1; }

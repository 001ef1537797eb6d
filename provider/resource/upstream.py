"""The properties of pulumi-libvirt 0.5.4, the last one, by type: to tell "not implemented here" from "misspelt".

Dots lead into objects and into the members of lists.  Taken from its SDK's argument classes.
"""

from __future__ import annotations

from typing import Final


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


KNOWN: Final = {
    "libvirt:index/pool:Pool": _words(
        """allocation available capacity name path source source.devices source.devices.path source.name
        target target.path type xml xml.xslt"""
    ),
    "libvirt:index/volume:Volume": _words(
        "baseVolumeId baseVolumeName baseVolumePool format name pool size source xml xml.xslt"
    ),
    "libvirt:index/network:Network": _words(
        """addresses autostart bridge dhcp dhcp.enabled dns dns.enabled dns.forwarders
        dns.forwarders.address dns.forwarders.domain dns.hosts dns.hosts.hostname dns.hosts.ip dns.localOnly
        dns.srvs dns.srvs.domain dns.srvs.port dns.srvs.priority dns.srvs.protocol dns.srvs.service
        dns.srvs.target dns.srvs.weight dnsmasqOptions dnsmasqOptions.options
        dnsmasqOptions.options.optionName dnsmasqOptions.options.optionValue domain mode mtu name
        routes routes.cidr routes.gateway xml xml.xslt"""
    ),
    "libvirt:index/cloudInitDisk:CloudInitDisk": _words("metaData name networkConfig pool userData"),
    "libvirt:index/domain:Domain": _words(
        """arch autostart bootDevices bootDevices.devs cloudinit cmdlines consoles consoles.sourceHost
        consoles.sourcePath consoles.sourceService consoles.targetPort consoles.targetType consoles.type
        coreosIgnition cpu cpu.mode description disks disks.blockDevice disks.file disks.scsi disks.url
        disks.volumeId disks.wwn emulator filesystems filesystems.accessmode filesystems.readonly
        filesystems.source filesystems.target firmware fwCfgName graphics graphics.autoport
        graphics.listenAddress graphics.listenType graphics.type graphics.websocket initrd kernel machine
        memory metadata name networkInterfaces networkInterfaces.addresses networkInterfaces.bridge
        networkInterfaces.hostname networkInterfaces.mac networkInterfaces.macvtap
        networkInterfaces.networkId networkInterfaces.networkName networkInterfaces.passthrough
        networkInterfaces.vepa networkInterfaces.waitForLease nvram nvram.file nvram.template qemuAgent
        running tpm tpm.backendDevicePath tpm.backendEncryptionSecret tpm.backendPersistentState
        tpm.backendType tpm.backendVersion tpm.model type vcpu video video.type xml xml.xslt"""
    ),
}

TYPES: Final = frozenset(KNOWN) | {
    "libvirt:index/combustion:Combustion",
    "libvirt:index/ignition:Ignition",
}

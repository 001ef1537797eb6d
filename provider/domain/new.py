"""From the properties of a domain that is not there yet to its XML, and what has to be there before it."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from typing import Any

from lxml import etree

from provider.connection import api, errors
from provider.domain import sweep
from provider.domain.pending import reads
from provider.domain.read import disk_path, wanted
from provider.domain.seen import see
from provider.domain.stage import STAGED
from provider.domain.xml import Disk, build
from provider.errors import NotThere, OperatorError, Refused
from provider.host import optional
from provider.host.elements import attribute
from provider.host.host import Host
from provider.host.others import Everybody
from provider.nic import nic, refusals
from provider.resource import remedy, xslt
from provider.storage import pool_state, storage

Props = Mapping[str, Any]


def definition(host: Host, uuid: str, inputs: Props, tell: optional.Tell) -> str:
    """The XML to be defined, the operator's stylesheet applied; `OperatorError` for a disk that the host lacks."""
    name, cdrom = str(inputs["name"]), inputs.get("cloudinit")
    if cdrom is not None:
        disk_format(host, name, cdrom, tell)
    type = inputs.get("type") or ("kvm" if sweep.has_kvm(host, tell) else "qemu")
    paths = map(disk_path, inputs.get("disks", ()))
    disks = [Disk(path, disk_format(host, name, path, tell)) for path in paths]
    return xslt.styled(build(inputs, uuid, type, disks, cdrom, wanted_nics(host, inputs)), inputs)


def wanted_nics(host: Host, inputs: Props) -> tuple[nic.Wanted, ...]:
    name = sweep.network_name(host)
    return tuple(wanted(entry, name) for entry in inputs.get("networkInterfaces", ()))


def refuse_taken(everybody: Everybody, who: str, macs: set[str], paths: set[str], own: str) -> None:
    """`Refused` where another domain than the ``own`` one (its UUID) has one of the MACs, or may write to a file.

    libvirt takes one MAC in any number of domains, and then answers flap between them.
    """
    others = [has for uuid, has in everybody.items() if uuid != own.lower()]
    refusals.refuse_taken(
        who,
        [
            (mac, has.name + (refusals.SAVED if mac in has.saved else ""))
            for has in others
            for mac in sorted(macs & has.macs)
        ],
    )
    written = [f"{path} (domain {has.name})" for has in others for path in sorted(paths & has.files)]
    if written:
        raise Refused(f"{who}: another domain writes to this disk already: {', '.join(written)}")


def overruled(inputs: Props) -> frozenset[str]:
    """The properties whose last word is the stylesheet's: what it wrote is neither compared nor written over.

    Of those that can be staged; a stylesheet that cannot be applied any more rules nothing.
    """
    if not inputs.get("xml", {}).get("xslt"):
        return frozenset()
    plain = build(inputs)
    try:
        styled = see(xslt.styled(plain, inputs))
    except OperatorError:
        return frozenset()
    before = see(plain)
    return frozenset(
        k for k in STAGED & inputs.keys() if reads(inputs, k, before) != reads(inputs, k, styled)
    )


def disk_format(host: Host, who: str, path: str, tell: optional.Tell, wait: bool = True) -> str:
    """The format of a disk's file as its pool tells it: QEMU must never guess it from what a guest has written.

    ``wait`` as for `storage.find_path`.
    """
    volume = host.volume_by_path(path) or _after_refresh(host, path, tell, wait)
    if volume is None and host.made.may_have(path):
        made = host.made.files.get(path)
        return made.format if made else "raw"
    if volume is None:
        folder = path.rsplit("/", 1)[0] or "/"
        names = [pool.name() for pool in host.conn.listAllStoragePools()]
        name = remedy.free_name(folder.rsplit("/", 1)[1] or "disks", names)
        made_so = remedy.pool_made(host.uri, name, folder)
        advice = f"if the file is there, and no pool that is stopped has its folder: {made_so}"
        raise NotThere(who, f"no active pool of {host.uri} has the disk {path}", advice)
    return attribute(etree.fromstring(volume.XMLDesc(0).encode()), "target/format", "type") or "raw"


def _after_refresh(host: Host, path: str, tell: optional.Tell, wait: bool) -> api.Volume | None:
    """A file that was put there behind libvirt's back is known once a pool of its folder has looked."""
    with host.storage:
        for pool in storage.pools_of(host, posixpath.dirname(path), tell):
            try:
                if pool.isActive():
                    pool_state.refresh(host, pool, tell if wait else None)
            except pool_state.Busy:
                raise
            except OperatorError as error:
                if errors.lost(error):
                    raise
                so = f"so whether {path} is in it is not known"
                tell(f"storage pool {pool.name()} could not be looked at, {so}: {_said(error)}")
        return host.volume_by_path(path)


def _said(error: OperatorError) -> str:
    """libvirt's own words, where they have led to it."""
    return errors.said(error.__cause__ if isinstance(error.__cause__, Exception) else error)

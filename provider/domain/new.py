"""From the properties of a domain that is not there yet to its XML, and what has to be there before it."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from functools import partial
from typing import Any, Final

from lxml import etree
from lxml.builder import E

from provider.connection import api, errors
from provider.domain import sweep
from provider.domain.pending import reads
from provider.domain.read import disk_path, wanted
from provider.domain.seen import see
from provider.domain.stage import STAGED
from provider.domain.xml import Disk, build
from provider.errors import NotThere, OperatorError, Refused
from provider.host import optional
from provider.host.elements import attribute, written
from provider.host.host import Host
from provider.host.others import Everybody
from provider.host.xml_in import parsed
from provider.nic import nic, refusals
from provider.resource import remedy, xslt
from provider.storage import pool_state, storage

Props = Mapping[str, Any]

# For a domain that does not say, by its type: the first that the host offers.  libvirt's own choice is QEMU's oldest
# model, on which images of today do not run.
_CPUS: Final[Mapping[str, tuple[str, ...]]] = {
    "kvm": ("host-model", "host-passthrough", "maximum"),
    "qemu": ("maximum", "host-model"),
}


def definition(host: Host, uuid: str, inputs: Props, tell: optional.Tell) -> str:
    """The XML to be defined, the operator's stylesheet applied; `OperatorError` for what the host lacks: a disk, a CPU
    mode."""
    name, cdrom = str(inputs["name"]), inputs.get("cloudinit")
    if cdrom is not None:
        disk_format(host, name, cdrom, tell)
    paths = map(disk_path, inputs.get("disks", ()))
    disks = [Disk(path, disk_format(host, name, path, tell)) for path in paths]
    plain = build(inputs, uuid, _type(host, inputs, tell), disks, cdrom, wanted_nics(host, inputs))
    return _with_cpu(host, xslt.styled(plain, inputs), tell)


def require_cpu(host: Host, inputs: Props, tell: optional.Tell) -> None:
    """`Refused` for a CPU that the host has not, before anything else of the domain is there."""
    if "cpu" in inputs:
        _with_cpu(host, xslt.styled(build(inputs, type=_type(host, inputs, tell)), inputs), tell)


def _type(host: Host, inputs: Props, tell: optional.Tell) -> str:
    return str(inputs.get("type") or ("kvm" if sweep.has_kvm(host, tell) else "qemu"))


def _with_cpu(host: Host, xml: str, tell: optional.Tell) -> str:
    """With the best CPU that the host has, where neither a property nor a stylesheet says one; `Refused` for one that
    the host has not."""
    root = parsed(xml)
    cpu, type = root.find("cpu"), root.get("type")
    mode = None if cpu is None else cpu.get("mode")
    if cpu is not None and mode is None:
        return xml  # a model or a topology of a stylesheet's
    has = _modes(host, root, tell)
    if mode is None:
        best = next((each for each in _CPUS.get(type, ()) if each in has or not has), None)
        root.extend([] if best is None else [E.cpu(mode=best)])
    elif has and mode not in has:
        why = f"{host.uri} has no CPU {mode} for a domain of type {type}, but {', '.join(has)}"
        raise Refused(f"domain {root.findtext('name')}: {why}")
    return written(root)


def _modes(host: Host, root: Any, tell: optional.Tell) -> tuple[str, ...]:
    """Of the CPUs that a domain of this type, machine and emulator can have; none where nothing is known of them."""
    os, name = root.find("os/type"), root.findtext("name")
    of = root.findtext("devices/emulator"), os.get("arch"), os.get("machine"), root.get("type")
    ask = partial(host.conn.getDomainCapabilities, *of)
    what = f"what CPUs {host.uri} has for domain {name}"
    said = optional.look(tell, what, ask, "<domainCapabilities/>", "its mode is not checked beforehand")
    return tuple(mode.get("name") for mode in parsed(said).iterfind("cpu/mode[@supported='yes']"))


def wanted_nics(host: Host, inputs: Props) -> tuple[nic.Wanted, ...]:
    name = sweep.network_name(host)
    return tuple(wanted(entry, name) for entry in inputs.get("networkInterfaces", ()))


def refuse_taken(uri: str, everybody: Everybody, who: str, macs: set[str], paths: set[str], own: str) -> None:
    """`Refused` where another domain than the ``own`` one (its UUID) has one of the MACs, or may write to a file.

    libvirt takes one MAC in any number of domains, and then answers flap between them.
    """
    others = [has for uuid, has in everybody.items() if uuid != own.lower()]
    refusals.refuse_taken(
        uri,
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

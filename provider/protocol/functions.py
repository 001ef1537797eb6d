"""Functions of the provider: what a program may ask of the host before it declares anything."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from functools import partial
from typing import Final

from provider.connection import errors
from provider.domain import sweep as domain_sweep
from provider.errors import Lacking, OperatorError
from provider.guest import at_boot
from provider.host.host import Host
from provider.host.optional import unheard
from provider.network.host import check_host, networks_by_mac
from provider.nic import seen as nic_seen
from provider.resource.base import Props
from provider.resource.specs import (
    STRING,
    STRINGS,
    Spec,
    array,
    boolean,
    integer,
    mapping,
    record,
    said,
    string,
)
from provider.storage import base_image, storage

GET_HOST: Final = "libvirt:index/getHost:getHost"
GET_NIC_SETUP: Final = "libvirt:index/getNicSetup:getNicSetup"
_NOBODY: Final = "getHost"


SCHEMAS: Final[Mapping[str, Spec]] = {
    GET_HOST: {
        "description": "What a host is and lacks, told before anything is made on it.",
        "inputProperties": {
            "macs": said(STRINGS, "MACs to be looked for on its networks."),
            "bridges": said(STRINGS, "Bridges that the host must have by itself."),
            "pools": said(STRINGS, "Storage pools that must run already."),
            "files": said(STRINGS, "Paths of files that may be there."),
            "overlays": said(
                array(record(dict.fromkeys(("pool", "name", "base"), STRING), "pool", "name", "base")),
                "Volumes, each with the path of its base image: needed where the volume is not there.",
            ),
        },
        "properties": {
            "kvm": boolean("Whether guests run on the processor; else they are emulated."),
            "lacks": said(STRINGS, "What is missing, and what to do, a line each."),
            "networks": said(mapping(STRING), "The networks that have one of the MACs: their names, by it."),
            "there": said(STRINGS, "Those of the files that a pool has."),
        },
        "required": ["kvm", "lacks"],
    },
    GET_NIC_SETUP: {
        "description": "How a guest sets a NIC up by itself, as its agent would be asked to. No host is asked.",
        "inputProperties": {
            "mac": string("The NIC's."),
            "addresses": said(STRINGS, "With their prefix: 192.0.2.1/24."),
            "gateway": string("The default route goes by it; none without it."),
            "metric": integer("Of that route."),
            "model": string("The NIC's, virtio where it is not given."),
        },
        "requiredInputs": ["mac", "addresses"],
        "properties": {"script": string("For /bin/sh, as root, to be run once.")},
        "required": ["script"],
    },
}


def named(token: str) -> Spec:
    """The schema of a function; `OperatorError` where there is none of that name."""
    if token not in SCHEMAS:
        raise OperatorError(f"function {token} is not implemented by this provider")
    return SCHEMAS[token]


def answered(token: str, host: Callable[[], Host], args: Props) -> tuple[Props, list[Lacking]]:
    """The answer of the function of this token, and what it tells of as missing."""
    return (nic_setup(args), []) if token == GET_NIC_SETUP else get_host(host(), args)


def nic_setup(args: Props) -> Props:
    wanted = nic_seen.setup(args, args.get("model", "virtio"))
    return {"script": "" if wanted is None else at_boot.script(wanted)}


def get_host(host: Host, args: Props) -> tuple[Props, list[Lacking]]:
    """The answer, and what it tells of as missing, each once.  What can't be looked at is not missing: the resource
    that needs it says what is wrong."""
    lacks = [lack for each in _looks(host, args) if isinstance(lack := _tried(each), Lacking)]
    unknown: list[str] = []
    kvm = domain_sweep.has_kvm(host, unknown.append)
    answer: Props = {"kvm": kvm or bool(unknown), "lacks": [f"{lack.what}: {lack.advice}" for lack in lacks]}
    if "macs" in args:
        answer["networks"] = {mac: name for mac, name in networks_by_mac(host).items() if mac in args["macs"]}
    if "files" in args:
        answer["there"] = [path for path in args["files"] if _is_there(host, path)]
    return answer, lacks


def _is_there(host: Host, path: str) -> bool:
    found = _tried(partial(storage.find_path, host, path, unheard, wait=False))
    return found is not None and not isinstance(found, Exception)


def _tried(look: Callable[[], object]) -> object:
    """What is seen, or why nothing is."""
    try:
        return look()
    except (OperatorError, errors.VirtError) as error:
        return error


def _looks(host: Host, args: Props) -> Iterator[Callable[[], object]]:
    """What the resources themselves look at, and in what words they miss it."""
    for bridge in dict.fromkeys(args.get("bridges", ())):
        yield partial(check_host, host, {"name": _NOBODY, "mode": "bridge", "bridge": bridge}, "", unheard)
    for pool in dict.fromkeys(args.get("pools", ())):
        yield partial(storage.active_pool, host, pool, _NOBODY)
    overlays = args.get("overlays", ())
    found = _tried(partial(_volumes, host, {each["pool"] for each in overlays}))
    there = found if isinstance(found, set) else set()
    bases = [each["base"] for each in overlays if (each["pool"], each["name"]) not in there]
    for base in dict.fromkeys(bases):
        yield partial(base_image.by_path, host, base, _NOBODY, unheard, wait=False)


def _volumes(host: Host, pools: Collection[str]) -> set[tuple[str, str]]:
    """Pool and name of what the pools have that run."""
    found = [
        pool for name in pools for pool in [host.pool_by_name(name)] if pool is not None and pool.isActive()
    ]
    return {(pool.name(), volume.name()) for pool in found for volume in pool.listAllVolumes()}

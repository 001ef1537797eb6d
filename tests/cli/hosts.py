"""Hypervisors made by hand, as a survey would have seen them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from xml.sax.saxutils import escape

from cli.adopt import declared
from config.plan import Plan, VirtualMachine
from provider.domain.seen import see
from provider.survey.survey import DomainSeen, HostSeen, NetworkSeen, PoolSeen, VolumeSeen
from tests.config import fleets

SAMPLES = fleets.ROOT / "tests/config/samples"
UUIDS = {"default": "aaaaaaaa-0000-4000-8000-000000000001", "bridged": "aaaaaaaa-0000-4000-8000-000000000002"}
POOL_UUID = "aaaaaaaa-0000-4000-8000-000000000003"


def nic(mac: str, source: str = "default", kind: str = "network") -> str:
    inside = f"<mac address='{mac}'/><source {kind}='{source}'/><model type='virtio'/>"
    return f"<interface type='{kind}'>{inside}</interface>"


def disk(path: str, target: str = "vda", device: str = "disk") -> str:
    return f"<disk type='file' device='{device}'><source file='{path}'/><target dev='{target}' bus='virtio'/></disk>"


def domain(
    name: str,
    uuid: str = "",
    *devices: str,
    memory: int = 2048 * 1024,
    vcpu: int = 2,
    description: str = "",
    agent: bool = True,
    live: bool = True,
    config: bool = True,
    autostart: bool = True,
    only_live: str = "",
    starts_with: tuple[int, int] | None = None,
    saved: bool = False,
    cpu: str = "",
) -> DomainSeen:
    """``memory`` in KiB; ``starts_with``: as much of it, and of vCPUs, where that is less than it may have;
    ``only_live`` is what the running guest, or the image of a ``saved`` one, has beyond its definition.
    """
    channel = "<channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>"

    mode = f"<cpu mode='{cpu}'/>" if cpu else ""
    less = f"<vcpu>{vcpu}</vcpu>"
    if starts_with is not None:
        less = (
            f"<currentMemory>{starts_with[0]}</currentMemory><vcpu current='{starts_with[1]}'>{vcpu}</vcpu>"
        )

    def xml(more: str) -> str:
        said = f"<description>{description}</description>" if description else ""
        return (
            f"<domain type='kvm'><name>{escape(name)}</name><uuid>{uuid or uuid_of(name)}</uuid>{said}"
            f"<memory unit='KiB'>{memory}</memory>{less}{mode}<os><type machine='pc'>hvm</type></os>"
            f"<devices>{''.join(devices)}{more}{channel if agent else ''}</devices></domain>"
        )

    now, then = xml(only_live), xml("")
    live = live and not saved
    return DomainSeen(
        name=name,
        uuid=uuid or uuid_of(name),
        state="running" if live else "saved" if saved else "shut off",
        autostart=autostart,
        live=see(now) if live else None,
        config=see(then) if config else None,
        live_xml=now if live else None,
        config_xml=then if config else None,
        saved=see(now) if saved else None,
    )


def uuid_of(name: str) -> str:
    return f"{sum(map(ord, name)):08x}-1111-4111-8111-111111111111"


def network(name: str, **changes: Any) -> NetworkSeen:
    """One of the page's."""
    xml = changes.pop("xml", "") or (SAMPLES / f"{name}.xml").read_text(encoding="utf-8")
    seen: dict[str, Any] = {
        "name": name,
        "uuid": UUIDS.get(name, uuid_of(name)),
        "active": True,
        "persistent": True,
        "autostart": True,
        "mode": "nat",
        "bridge": None,
        "mac": None,
        "live_xml": xml,
        "config_xml": xml,
    }
    return NetworkSeen(**{**seen, **changes})


def pool(**changes: Any) -> PoolSeen:
    seen: dict[str, Any] = {
        "name": "live",
        "uuid": POOL_UUID,
        "kind": "dir",
        "active": True,
        "autostart": True,
        "path": "/libvirt/storage/live",
    }
    return PoolSeen(**{**seen, **changes})


def overlay(plan: Plan, vm: VirtualMachine, **changes: Any) -> VolumeSeen:
    seen: dict[str, Any] = {
        "pool": "live",
        "name": vm.overlay_file,
        "path": declared.overlay_path(plan, vm),
        "format": "qcow2",
        "capacity": 1,
        "base": vm.base_image,
        "modified": None,
        "born": None,
    }
    return VolumeSeen(**{**seen, **changes})


def whole(plan: Plan, vm: VirtualMachine, *devices: str, **changes: Any) -> DomainSeen:
    """The domain of a VM as it is declared, without its seed disk."""
    parts = (disk(declared.overlay_path(plan, vm)), nic(vm.mac), *devices)
    return domain(
        changes.pop("name", vm.name), "", *parts, **{"description": vm.description or "", **changes}
    )


def host(
    domains: Iterable[DomainSeen] = (),
    volumes: Iterable[VolumeSeen] = (),
    networks: Iterable[NetworkSeen] | None = None,
    pools: Iterable[PoolSeen] | None = None,
) -> HostSeen:
    return HostSeen(
        uri="test:///hand",
        uuid="bbbbbbbb-0000-4000-8000-000000000001",
        domains=tuple(domains),
        networks=tuple((network("bridged"), network("default")) if networks is None else networks),
        leases=(),
        pools=tuple((pool(),) if pools is None else pools),
        volumes=tuple(volumes),
    )

"""What a new guest reads at its first boot (NoCloud): its name, and its NICs, matched by MAC."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import yaml  # type: ignore[import-untyped]

from config.plan import Float, VirtualMachine


def user_data(vm: VirtualMachine) -> str:
    return "#cloud-config\n" + _text({"hostname": vm.name, "preserve_hostname": False})


def meta_data(vm: VirtualMachine) -> str:
    return _text({"instance-id": vm.name, "local-hostname": vm.name})


def network_config(vm: VirtualMachine, floats: Sequence[Float]) -> str:
    """Version 2: the NIC on `default` asks DHCP; that of each float has its address and the way out.

    Only where the VM takes its floats from here: where its agent sets them up, a float that moves changes no seed.
    """
    nics: dict[str, Any] = {"default": {"match": {"macaddress": vm.mac}, "dhcp4": True}}
    for held in floats if vm.guest == "cloud-init" else ():
        nic: dict[str, Any] = {
            "match": {"macaddress": held.mac},
            "addresses": [f"{held.address}/{held.prefix}"],
        }
        if held.gateway is not None:
            nic["routes"] = [{"to": "0.0.0.0/0", "via": held.gateway, "metric": held.metric}]
        nics[held.label] = nic
    return _text({"version": 2, "ethernets": nics})


def _text(value: dict[str, Any]) -> str:
    """Block style in the order given: the same facts are the same bytes."""
    text: str = yaml.safe_dump(value, sort_keys=False, default_flow_style=False)
    return text

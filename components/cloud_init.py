"""What a new guest reads at its first boot (NoCloud): its name, the recipe of a Docker host, its NICs by MAC."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import yaml  # type: ignore[import-untyped]

from components.services import files
from config.plan import Float, VirtualMachine
from config.plan_services import PlannedRecipe
from config.recipe import HostUser


def user_data(vm: VirtualMachine) -> str:
    """Without what is secret: whoever reads the pool reads the seed."""
    named = {"hostname": vm.name, "preserve_hostname": False}
    at_boot = vm.services is not None and vm.services.delivery == "cloud-init"
    content = {**named, **_recipe(vm.recipe), **_installing(vm.recipe)}
    if vm.services is not None and at_boot:
        content["write_files"] = [
            {"path": path, "permissions": file.mode, "content": file.content}
            for path, file in files.files(vm.services).items()
        ]
        content["runcmd"] = [*content.get("runcmd", ()), ["env", "TROP_AT_BOOT=1", files.APPLY]]
    return "#cloud-config\n" + _text(content)


def _recipe(recipe: PlannedRecipe) -> dict[str, Any]:
    content: dict[str, Any] = {}
    if recipe.timezone is not None:
        content["timezone"] = recipe.timezone
    if recipe.users:
        content["groups"] = ["docker"]
        content["users"] = ["default", *(_user(recipe, name, user) for name, user in recipe.users.items())]
    return content


def _user(recipe: PlannedRecipe, name: str, user: HostUser) -> dict[str, Any]:
    admins = {"fedora": "wheel", "debian": "sudo"}[recipe.family]
    account: dict[str, Any] = {"name": name, "groups": ["docker"], "lock_passwd": True, "shell": "/bin/bash"}
    if user.admin:
        account |= {"groups": ["docker", admins], "sudo": "ALL=(ALL) NOPASSWD:ALL"}
    return {**account, "ssh_authorized_keys": list(user.keys)} if user.keys else account


def _installing(recipe: PlannedRecipe) -> dict[str, Any]:
    software, content = recipe.software, dict[str, Any]()
    if software.repositories:
        content["yum_repos"] = {
            name: {"name": name, "baseurl": each.url, "enabled": True, "gpgcheck": True, "gpgkey": each.key}
            for name, each in software.repositories.items()
        }
    if software.packages:
        content |= {"package_update": True, "packages": list(software.packages)}
    if software.services:
        content["runcmd"] = [["systemctl", "enable", "--now", *software.services]]
    return content


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

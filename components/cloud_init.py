"""What a new guest reads at its first boot (NoCloud): its name, the recipe of a Docker host, what sets its floats up.

It has no network-config: every ID in one is a device's name to some of cloud-init's renderers (docs/adr/0007).  So the
VM's own NIC asks DHCP as the image and cloud-init have it by themselves, and a float's is set up by a script.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import yaml  # type: ignore[import-untyped]

from components.services import files
from config.plan import Float, VirtualMachine
from config.plan_services import PlannedRecipe
from config.recipe import HostUser

# A base image that was booted before it became one gives all its guests one machine-id, of which networkd makes the
# client ID that it asks DHCP with; one that is older than this boot is the image's.
_NEW_MACHINE_ID: Final = """\
there=$(stat -c %Y /etc/machine-id 2> /dev/null) && [ -s /etc/machine-id ] || exit 0
[ "$there" -lt "$(sed -n 's/^btime //p' /proc/stat)" ] || exit 0
rm -f /etc/machine-id /var/lib/dbus/machine-id && systemd-machine-id-setup
if systemctl -q is-active systemd-networkd; then systemctl --no-block restart systemd-networkd; fi
"""
OWN_MACHINE_ID: Final = ("cloud-init-per", "instance", "own-machine-id", "/bin/sh", "-c", _NEW_MACHINE_ID)


def user_data(vm: VirtualMachine, scripts: Sequence[str] = ()) -> str:
    """Without what is secret: whoever reads the pool reads the seed.  ``scripts``: that set its floats up."""
    named = {"hostname": vm.name, "preserve_hostname": False}
    at_boot = vm.services is not None and vm.services.delivery == "cloud-init"
    content = {**named, "bootcmd": [list(OWN_MACHINE_ID)], **_recipe(vm.recipe), **_installing(vm.recipe)}
    if scripts:
        content["runcmd"] = [*(["/bin/sh", "-c", each] for each in scripts), *content.get("runcmd", ())]
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


def floats_inside(vm: VirtualMachine, floats: Sequence[Float]) -> list[dict[str, Any]]:
    """What the provider is asked of each float that the seed sets up, to have its script (getNicSetup).

    Only where the VM takes its floats from here: where its agent sets them up, a float that moves changes no seed.
    """
    asked = []
    for held in floats if vm.guest == "cloud-init" else ():
        nic: dict[str, Any] = {"mac": held.mac, "addresses": [f"{held.address}/{held.prefix}"]}
        if held.gateway is not None:
            nic |= {"gateway": held.gateway, "metric": held.metric}
        asked.append(nic)
    return asked


def _text(value: dict[str, Any]) -> str:
    """Block style in the order given, scripts as they are: the same facts are the same bytes."""
    text: str = yaml.dump(value, Dumper=_Dumper, sort_keys=False, default_flow_style=False)
    return text


class _Dumper(yaml.SafeDumper):  # type: ignore[misc]
    pass


def _lines(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _lines)

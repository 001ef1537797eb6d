"""The resource classes that pulumi_libvirt lacks, under the same default provider as its own.

The tokens are the provider's; the version is pulumi_libvirt's, so that Pulumi takes one provider for both.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import pulumi
import pulumi_libvirt

PROVIDER_VERSION: Final = "0.5.4"


def _ours(opts: pulumi.ResourceOptions | None) -> pulumi.ResourceOptions:
    merged = pulumi.ResourceOptions.merge(pulumi.ResourceOptions(version=PROVIDER_VERSION), opts)
    assert isinstance(merged, pulumi.ResourceOptions)
    return merged


class Network(pulumi.CustomResource):
    """A libvirt network, with what pulumi_libvirt's has no property for.

    ``nat_ports``, ``dhcp_ranges``: {start, end}, inclusive.  ``delay``: seconds.  ``dhcp_hosts``: {mac, ip, name}.
    What is None is not ours to say.
    """

    bridge: pulumi.Output[str]
    name: pulumi.Output[str]

    def __init__(
        self,
        resource_name: str,
        *,
        name: pulumi.Input[str],
        mode: pulumi.Input[str],
        bridge: pulumi.Input[str],
        autostart: pulumi.Input[bool],
        ipv6: pulumi.Input[bool],
        addresses: Sequence[str] | None = None,
        nat_ports: Mapping[str, int] | None = None,
        stp: bool | None = None,
        delay: int | None = None,
        mac: str | None = None,
        dhcp_ranges: Sequence[Mapping[str, str]] | None = None,
        dhcp_hosts: Sequence[Mapping[str, str]] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        props: dict[str, Any] = {
            "name": name,
            "mode": mode,
            "bridge": bridge,
            "autostart": autostart,
            "ipv6": ipv6,
            "addresses": addresses,
            "dhcp": None if dhcp_ranges is None else {"enabled": True},
            "natPorts": nat_ports,
            "stp": stp,
            "delay": delay,
            "mac": mac,
            "dhcpRanges": dhcp_ranges,
            "dhcpHosts": dhcp_hosts,
            "otherLeases": None,
        }
        super().__init__("libvirt:index/network:Network", resource_name, props, _ours(opts))

    @property
    def other_leases(self) -> pulumi.Output[Mapping[str, str] | None]:
        """MAC -> address, of reservations whose MAC has another address leased than the one that is reserved."""
        found: pulumi.Output[Mapping[str, str] | None] = pulumi.get(self, "otherLeases")
        return found


class Interface(pulumi.CustomResource):
    """A NIC with a life of its own, plugged into a domain (its UUID) and a network (its name).

    A NIC of that domain with one of ``forbidden_macs`` is drift: shown, and unplugged.
    ``guest`` (agent, cloud-init or none) sets it up inside, with ``addresses`` (192.0.2.1/24) and the route by
    ``gateway`` at ``metric``.
    """

    mac: pulumi.Output[str]
    holder: pulumi.Output[str]

    def __init__(
        self,
        resource_name: str,
        *,
        domain: pulumi.Input[str],
        network: pulumi.Input[str],
        mac: pulumi.Input[str],
        model: pulumi.Input[str],
        forbidden_macs: Sequence[str],
        guest: str | None = None,
        addresses: Sequence[str] | None = None,
        gateway: str | None = None,
        metric: int | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        props: dict[str, Any] = {
            "domain": domain,
            "network": network,
            "mac": mac,
            "model": model,
            "forbiddenMacs": list(forbidden_macs),
            "guest": guest,
            "addresses": addresses,
            "gateway": gateway,
            "metric": metric,
            "holder": None,
        }
        super().__init__("libvirt:index/interface:Interface", resource_name, props, _ours(opts))


class GuestFiles(pulumi.CustomResource):
    """Files in the guest of a domain (its UUID), and the commands that apply them, undo them, and tell of them.

    ``files`` by path: {content, mode}.  ``secret_files`` by name, there only while ``apply`` runs; ``concerns``: what
    of ``state`` each of them restarts.  ``keeps``: what a change of ``state`` may not lose, and ``keeping`` how it is
    declared.  ``wait``, ``timeout``: seconds for the agent to answer, and ``apply`` to end.
    """

    def __init__(
        self,
        resource_name: str,
        *,
        domain: pulumi.Input[str],
        files: Mapping[str, Mapping[str, str]],
        secret_files: Mapping[str, pulumi.Input[str]] | None,
        concerns: Mapping[str, Sequence[str]] | None,
        apply: str,
        remove: str,
        read: str,
        state: Mapping[str, Mapping[str, str]],
        keeps: Mapping[str, Mapping[str, str]],
        keeping: str,
        wait: int,
        timeout: int,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        props: dict[str, Any] = {
            "domain": domain,
            "files": files,
            "secretFiles": secret_files,
            "concerns": concerns,
            "apply": apply,
            "remove": remove,
            "read": read,
            "state": state,
            "keeps": keeps,
            "keeping": keeping,
            "wait": wait,
            "timeout": timeout,
        }
        super().__init__("libvirt:index/guestFiles:GuestFiles", resource_name, props, _ours(opts))


class _WithState(pulumi.CustomResource):
    """Stands between pulumi_libvirt's Domain and Pulumi's class, and asks the engine for one more output."""

    state: pulumi.Output[str]

    def __init__(self, t: str, name: str, props: Any, opts: pulumi.ResourceOptions) -> None:
        vars(props)["state"] = None  # an output: nothing is sent
        super().__init__(t, name, props, opts)


class Domain(pulumi_libvirt.Domain, _WithState):
    """pulumi_libvirt's Domain with ``state`` ("running", "shut off", …), which only our provider tells."""

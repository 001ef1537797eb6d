"""What is seen of a fake guest's NICs, and its calls counted until one is cut off."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from provider.nic import nic
from tests.provider.fakes.domain_world import FLOAT1, Vm

FLOAT3 = "52:54:00:00:03:00"
CHANGING = ("attachDeviceFlags", "updateDeviceFlags", "detachDeviceFlags")


def links(vm: Vm, mac: str = FLOAT1) -> list[str]:
    """Link states of the NICs with this MAC: in the running guest, then in the definition."""
    live = "" if vm.fake.live is None else vm.fake.XMLDesc(0)
    return [n.link for xml in (live, vm.fake.XMLDesc(2)) for n in nic.nics(xml or None) if n.mac == mac]


def networks(vm: Vm, mac: str = FLOAT1) -> list[str | None]:
    """Those of the NICs with this MAC: in the running guest, then in the definition."""
    return [n.network for flags in (0, 2) for n in nic.nics(vm.fake.XMLDesc(flags)) if n.mac == mac]


def watch(vm: Vm, name: str, after: Any) -> None:
    """Call ``after`` after each call of this name on the fake."""
    real = getattr(vm.fake, name)

    def watched(*args: Any) -> Any:
        result = real(*args)
        after()
        return result

    setattr(vm.fake, name, watched)


def cut_off(
    vms: list[Vm], after: int, gone: type[BaseException] = ConnectionError
) -> Callable[[Any], Callable[..., Any]]:
    """Let this many changing calls through and end the next with ``gone``, once; the answer counts other calls too."""
    left = [after]

    def cut(real: Any) -> Callable[..., Any]:
        def call(*args: Any) -> Any:
            left[0] -= 1
            if left[0] == -1:
                raise gone
            return real(*args)

        return call

    for vm in vms:
        for name in CHANGING:
            setattr(vm.fake, name, cut(getattr(vm.fake, name)))
    return cut

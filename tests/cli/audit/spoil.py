"""Single faults, to be made in a clean picture; and what an audit then finds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from cli.audit.finding import Finding
from cli.audit.rules import audit
from cli.audit.world import Gateway, World
from provider.guest.addresses import Address
from provider.guest.files import Setting, settings
from provider.survey.survey import Lease, PoolSeen, VolumeSeen
from tests.cli.audit.picture import (
    BASE_WRITTEN,
    FLOAT1,
    FLOAT2_MAC,
    NOW,
    PLAN,
    Picture,
    Vm,
    default_xml,
    network,
    nic,
    overlay_of,
    reservation,
    world,
)

SAMPLES = Path(__file__).with_name("samples")
IFCFG = "/etc/sysconfig/network-scripts/ifcfg-ens5"
ACILAMWEN, ULOV = (next(vm for vm in PLAN.vms if vm.name == name) for name in ("Acilamwen", "Ulov"))
SIAMOND = next(slot for slot in PLAN.networks.default.reservations if slot.name == "Siamond")
RESERVED = [reservation(s.mac, s.address, s.name) for s in PLAN.networks.default.reservations]
OWN, FLOAT1_NIC, FLOAT2_NIC = nic(ACILAMWEN.mac), nic(FLOAT1.mac, "bridged"), nic(FLOAT2_MAC, "bridged")
BASE = ACILAMWEN.base_image
STRAY = "52:54:00:77:00:01"
UP = "./trop up trop02"
ADOPT_UP = f"./trop adopt trop02 --write --yes && {UP}"
ROUTER = "129.215.175.126"


@dataclass(frozen=True)
class Case:
    """``spoil`` makes a fault that is told as ``kind`` at ``where``; ``says`` and ``mend`` are parts of the lines."""

    kind: str
    spoil: Callable[[Picture], object]
    where: str
    says: str
    mend: str


def faults_of(seen: World) -> list[Finding]:
    return [f for f in audit(seen) if f.level == "fault"]


def faults(*pictures: Picture, **more: object) -> list[Finding]:
    return faults_of(world(*pictures, **more))  # type: ignore[arg-type]


def notes(picture: Picture) -> list[Finding]:
    return [f for f in audit(world(picture)) if f.level == "note"]


def file(text: str, path: str = IFCFG) -> tuple[Setting, ...]:
    return settings(f"\0{path}\0{text}")


def plug(vm: str, *nics: str) -> Callable[[Picture], object]:
    return lambda p: setattr(p.vms[vm], "nics", list(nics))


def tenant(*nics: str, state: str = "running") -> Callable[[Picture], object]:
    """A VM that nobody declares."""

    def add(picture: Picture) -> None:
        picture.vms["tenant"] = Vm("tenant", list(nics), state=state)

    return add


def reserved(*entries: str) -> Callable[[Picture], object]:
    return lambda p: p.networks.update(default=network("default", default_xml(reservations=list(entries))))


def leased(mac: str, address: str) -> Callable[[Picture], object]:
    return lambda p: p.leases.append(Lease("default", mac, address, None, int(NOW) + 3600))


def leases(addresses: Mapping[str, str]) -> Callable[[Picture], object]:
    """By MAC, in the place of what these MACs had; "": none."""

    def change(picture: Picture) -> None:
        picture.leases = [one for one in picture.leases if one.mac not in addresses]
        for mac, address in addresses.items():
            if address:
                leased(mac, address)(picture)

    return change


def asks(vm: str, mac: str) -> str:
    """The line that has a guest ask for its address anew."""
    down, up = (
        f"virsh -c qemu+ssh://trop02/system domif-setlink {vm} {mac} {state}" for state in ("down", "up")
    )
    return f"{down} && sleep 6 && {up}"


def entry(mac: str, address: str) -> str:
    return f'\'<host mac="{mac}" ip="{address}"/>\''


def inside(*pairs: tuple[str, str], files: tuple[Setting, ...] = ()) -> Callable[[Picture], object]:
    return lambda p: p.give("Acilamwen", (ACILAMWEN.mac, ACILAMWEN.address), *pairs, files=files)


def interfaces(*which: tuple[str, bool]) -> Callable[[Picture], object]:
    """The guest's interfaces that have float1's address and MAC; whether each is one made of the NIC."""

    def give(picture: Picture) -> None:
        inside()(picture)
        has = (Address(FLOAT1.mac, FLOAT1.address, *each) for each in which)
        found = picture.inside["Acilamwen"]
        picture.inside["Acilamwen"] = replace(found, addresses=(*found.addresses, *has))

    return give


def both(*spoils: Callable[[Picture], object]) -> Callable[[Picture], object]:
    return lambda p: [spoil(p) for spoil in spoils]


def attribute(vm: str, **values: object) -> Callable[[Picture], object]:
    return lambda p: [setattr(p.vms[vm], key, value) for key, value in values.items()]


def base(**changes: object) -> Callable[[Picture], object]:
    return lambda p: p.volume(overlay_of(PLAN, "Ulov"), **changes)


def image(name: str, form: str = "qcow2") -> Callable[[Picture], object]:
    path = f"{BASE.rpartition('/')[0]}/{name}"

    def add(picture: Picture) -> None:
        picture.pools["base"] = PoolSeen("base", "uuid-base", "dir", True, True, path.rpartition("/")[0])
        listed = ((path, form), (BASE, "qcow2"))  # a pool lists all of its folder
        for file, kind in listed:
            picture.volumes[file] = VolumeSeen(
                "base", file.rpartition("/")[2], file, kind, 1, None, BASE_WRITTEN, None
            )

    return add


def renamed(picture: Picture) -> None:
    """The base image has another name, under which its pool lists it."""
    image("old.qcow")(picture)
    del picture.volumes[BASE]


def without(vm: str) -> Callable[[Picture], object]:
    return lambda p: p.vms.pop(vm)


def changed(name: str, **values: object) -> Callable[[Picture], object]:
    return lambda p: p.networks.update({name: replace(p.networks[name], **values)})  # type: ignore[arg-type]


def pool(**values: object) -> Callable[[Picture], object]:
    return lambda p: p.pools.update(live=replace(p.pools["live"], **values))  # type: ignore[arg-type]


def stranger(uuid: str, spoil: Callable[[Picture], object]) -> Callable[[Picture], object]:
    """With one object that is not the stack's."""
    return both(spoil, lambda p: p.strangers.add(uuid))


def lost(state: str = "running") -> Callable[[Picture], object]:
    """Ulov's disk, with Ulov in this state."""
    path = overlay_of(PLAN, "Ulov")
    gone = both(lambda p: p.volumes.pop(path), lambda p: setattr(p, "gone", (path,)))
    return both(attribute("Ulov", state=state), gone)


def heard(*asked: Gateway) -> Callable[[Picture], object]:
    return lambda p: p.gateways.extend(asked)

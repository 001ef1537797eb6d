"""The lines that take a NIC out of a VM which is not to have it.  Pure.

A float stays where it works until its declared holder has it: there it is moved by an `up`, and never just unplugged.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cli.audit import owned
from cli.audit.world import RUNNING, Seat, World
from cli.rack import FloatFact
from provider.host import ports
from provider.nic import refusals
from provider.nic.nic import Nic
from provider.survey.survey import DomainSeen, HostSeen


def mend(world: World, seat: Seat, keep: int = 0) -> str:
    """An `up`, or the virsh lines that unplug all NICs of the MAC but ``keep``; no `up` takes one out of an image."""
    if up_unplugs(world, seat.stack, seat.domain, seat.mac):
        first = f"{give_up(world, seat)} && " if seat.saved else ""
        return f"{first}{world.up(seat.stack)}"
    return "; ".join(detach(world, seat, keep))


def detach(world: World, seat: Seat, keep: int = 0) -> list[str]:
    """Running guest and definition by a line each, for each has a type of its own."""
    stack, domain, mac, lines = seat.stack, seat.domain, seat.mac, []
    for side, flag in ((domain.live, "--live"), (domain.config, "--config")):
        nics = [nic for nic in (side.nics if side else ()) if nic.mac == mac]
        if len(nics) == 1 and not keep:
            kind = _kind(world, stack, nics[0], live=flag == "--live")
            lines.append(world.virsh(stack, "detach-interface", domain.name, kind, "--mac", mac, flag))
        elif len(nics) > keep and all(nic.alias for nic in nics):
            for nic in nics[keep:]:
                lines.append(world.virsh(stack, "detach-device-alias", domain.name, str(nic.alias), flag))
        elif len(nics) > keep:
            lines.append(world.edit(stack, domain))
    if seat.saved:
        lines.append(give_up(world, seat))
    return lines


def give_up(world: World, seat: Seat) -> str:
    """A saved VM comes back with the NIC while another may have it by then: its image goes, and what is in memory."""
    return world.virsh(seat.stack, "managedsave-remove", seat.domain.name)


def another_mac(world: World, seat: Seat) -> str:
    """A NIC in the place of this one whose MAC libvirt chooses; a declared VM has no use for a second one."""
    found = [nic for nic in seat.domain.nics if nic.mac == seat.mac]
    if world.vm_of(seat.stack, seat.domain) is not None:
        return " && ".join(detach(world, seat))
    if len(found) != 1 or (found[0].network or found[0].bridge) is None:
        return world.edit(seat.stack, seat.domain)
    nic = found[0]
    kind, source = ("network", nic.network) if nic.network is not None else ("bridge", nic.bridge)
    model = ("--model", nic.model) if nic.model else ()
    flags = [f for f, side in (("--live", seat.live), ("--config", seat.config)) if side]
    name, words = seat.domain.name, (kind, str(source), *model, *flags)
    return " && ".join((*detach(world, seat), world.virsh(seat.stack, "attach-interface", name, *words)))


def waits(domain: DomainSeen, mac: str) -> str:
    """Why the running guest has the NIC from its next start on; empty where it has it, or an `up` can give it."""
    there = domain.live is None or any(nic.mac == mac for nic in domain.live.nics)
    return "" if there else ports.why_not(domain.live_xml)


def restarted(world: World, stack: str, domain: DomainSeen) -> str:
    return f"{world.virsh(stack, 'shutdown', domain.name)}, and {world.up(stack)} once it is off"


def room_first(world: World, held: FloatFact) -> str:
    """What a holder needs that runs without a place for the float's NIC: no `up` moves it there before."""
    for stack, vm, domain in world.vms():
        why = waits(domain, held.mac) if (stack, vm.name) == (held.home, held.holder) else ""
        if why and domain.config_xml:
            host = world.hosts[stack]
            uri = host.uri if isinstance(host, HostSeen) else ""
            edit = refusals.place_made(uri, domain.name, domain.config_xml)
            steps = [*([edit] if edit else []), restarted(world, stack, domain)]
            return f"{' && '.join(steps)} (until then the float stays where it is: of {domain.name}, {why})"
    return ""


def works(world: World, held: FloatFact) -> bool:
    """Whether the declared holder runs, and has the float with its link up."""
    return any(is_up(seat) for seat in world.seats if seat.mac == held.mac and _is_holder(world, seat, held))


def is_up(seat: Seat) -> bool:
    """Whether the guest runs with the NIC, and its link is up."""
    live = seat.domain.live.nics if seat.domain.live is not None else ()
    return seat.domain.state in RUNNING and any((n.mac, n.link) == (seat.mac, "up") for n in live)


def bring(world: World, wrong: Sequence[Seat], held: FloatFact) -> str:
    """What has the declared holder get a float that works elsewhere or nowhere; ``wrong``: the VMs that have it."""
    lab = " --lab" if world.lab else ""
    all_ = f"./trop up --all{lab}"
    if held.home is None or held.home not in world.seen:
        return all_  # it looks at every hypervisor itself, and takes nothing from where it works
    working = next((seat for seat in wrong if is_up(seat)), None)
    runs = any(vm.running for vm in world.rack.plans[held.home].vms if vm.name == held.holder)
    if working is not None and not runs:
        here = world.vm_of(working.stack, working.domain)
        other = here.name if here is not None else "another VM"
        file = f"Pulumi.{held.home}.yaml"
        return (
            f"trop:vms.{held.holder}.running: true in {file}, or {other} as its holder in config/fleet.yaml"
        )
    there = next((s for s in world.seats if s.mac == held.mac and _is_holder(world, s, held)), None)
    if world.unread_domains(held.home) and there is None:
        return world.up(held.home)  # who can't be read may have it: an `up` takes nothing from where it works
    movable = [] if there else [s for s in wrong if _moves(world, s, held)]
    kept = next((s for s in movable if s == working), next(iter(movable), None))
    lines = [line for seat in wrong if seat != kept for line in detach(world, seat)]
    if there is not None and _only_down(there):
        return " && ".join((*lines, *links_up(world, there), world.up(held.home)))
    if kept is not None and kept.saved:
        lines.append(
            world.virsh(kept.stack, "start", kept.domain.name)
        )  # nobody else has it: it is moved from there
    far = kept is not None and kept.stack != held.home
    return " && ".join((*lines, all_ if far else world.up(held.home)))


def links_up(world: World, seat: Seat) -> Iterator[str]:
    """No `up` does it: a link that is not declared is left as it is."""
    for flag, side in (((), seat.domain.live), (("--config",), seat.domain.config)):
        if side is not None and any((nic.mac, nic.link) == (seat.mac, "down") for nic in side.nics):
            yield world.virsh(seat.stack, "domif-setlink", seat.domain.name, seat.mac, "up", *flag)


def _only_down(seat: Seat) -> bool:
    """Plugged in wherever it can be, and its link is down."""
    sides = [(seat.live, seat.domain.live), (seat.config, seat.domain.config)]
    return all(count for count, side in sides if side is not None) and seat.domain.live is not None


def _is_holder(world: World, seat: Seat, held: FloatFact) -> bool:
    return (held.home, held.holder) == (seat.stack, world.name_of(seat.stack, seat.domain))


def _moves(world: World, seat: Seat, held: FloatFact) -> bool:
    """Whether an `up` takes it out there: the stack's state has it, or has it forbidden in that VM."""
    if owned.plugs(world.held.get(seat.stack, ()), held.mac):
        return True
    return seat.stack != held.home and up_unplugs(world, seat.stack, seat.domain, seat.mac)


def _kind(world: World, stack: str, nic: Nic, *, live: bool) -> str:
    """libvirt shows a running NIC on a network that is forwarded by a bridge as one on a bridge."""
    if nic.network is None:
        return "bridge"
    network = world.seen[stack][1].network(nic.network)
    return "bridge" if live and network is not None and network.mode == "bridge" else "network"


def up_unplugs(world: World, stack: str, domain: DomainSeen, mac: str) -> bool:
    """Copies of what the stack declares for this VM, and the MACs of others' floats in a VM that holds one."""
    vm = world.vm_of(stack, domain)
    if vm is None:
        return False
    own = {vm.mac} if vm.nic else set()
    held = world.rack.plans[stack].floats_of(vm.name)
    return mac in own | {f.mac for f in held} | {m for f in held for m in f.forbidden_macs}

"""Where two sets of a domain's properties differ, and what of it can be changed in place.  Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final

from provider.domain.read import NetworkName, disk_path, same_machine, same_metadata, wanted
from provider.domain.seen import Slots
from provider.domain.stage import STAGED
from provider.domain.xml import metadata_elements
from provider.host.macs import same_mac
from provider.resource import shape
from provider.resource.base import COMPUTED, Kind, Props

IN_PLACE: Final = STAGED | {
    "autostart",
    "running",
    "title",
    "description",
    "metadata",
    "networkInterfaces",
    "disks",
}

# What each other change would take, for the operator who is refused it.
_RESTART: Final = "needs a restart of the guest"
_IMPACT: Final[Mapping[str, str]] = {
    "cloudinit": "takes effect at the guest's next boot",
    "name": "needs the guest to be shut off",
    "xml": "applies to a new domain only",
}


def differences(old: Props, new: Props, own: Props, network_name: NetworkName) -> dict[str, Kind]:
    """Path -> kind.  A property that ``new`` does not declare is left as it is, and is no difference.

    ``own`` holds the MACs and disks that were declared before: of what ``old`` has beyond ``new``, only these left.
    """
    found: dict[str, Kind] = {}
    for key, value in new.items():
        if key not in old:
            found[key] = "add"
        elif key == "networkInterfaces" and isinstance(value, list):
            found.update(_nics(old[key], value, own.get("macs", ()), network_name))
        elif key == "disks" and isinstance(value, list):
            found.update(_disks(old[key], value, own.get("disks", ())))
        elif not _same(key, old[key], value):
            found.update(shape.declared_changes(old[key], value, key))
    return found


def beside_adopted(changes: Mapping[str, Kind], new: Props, adopted: Mapping[str, Any]) -> dict[str, Kind]:
    """But for amounts that are declared as the guest was adopted with them: an import has read the most of each."""
    return {path: kind for path, kind in changes.items() if path not in adopted or new[path] != adopted[path]}


def owned(inputs: Props, adopted: Mapping[str, Any] | None = None) -> Props:
    """The ``own`` output: what is told apart from others' once it is not declared any more.

    ``adopted``: amounts that an imported guest may go on to start with (`read.as_read`).
    """
    macs = [same_mac(e["mac"]) for e in inputs.get("networkInterfaces", ()) if e.get("mac") is not COMPUTED]
    disks = [disk_path(disk) for disk in inputs.get("disks", ())]
    return {"macs": macs, "disks": disks, **({"adopted": dict(adopted)} if adopted else {})}


def placed(own: Props, slots: Slots, inputs: Props) -> Props:
    """The ``own`` output with the target name ("vda") at which each declared disk was seen, by its path."""
    declared = {disk_path(disk) for disk in inputs.get("disks", ())}
    places = {path: target for target, path in slots if path in declared}
    rest = {key: value for key, value in own.items() if key != "places"}
    return {**rest, **({"places": places} if places else {})}


def owned_since_import(
    inputs: Props, adopted: Mapping[str, Any] | None, imported: Mapping[str, Any] | None
) -> Props:
    """`owned`; but while the inputs are those that an import has read, nobody has declared any of it.

    ``imported``: the NICs and disks that the import has found.
    """
    own = owned(inputs, adopted)
    if imported is None or any(set(imported[key]) != set(own[key]) for key in ("macs", "disks")):
        return own
    return {**own, "macs": [], "disks": [], "imported": dict(imported)}


def to_stage(paths: Mapping[str, Kind]) -> frozenset[str]:
    """The properties among these changes that the guest gets at its next start."""
    return STAGED & {shape.top(path) for path in paths}


def refused(old: Props, new: Props, paths: Mapping[str, Kind], unfit: Mapping[str, str]) -> list[str]:
    """A phrase for each of these changes that can't be made in place: property, old -> new, what it would take.

    ``unfit``: why a property that otherwise is staged cannot be (`stage.unfit`).
    """
    return [
        f"{path} {shown(shape.at(old, path))} -> {shown(shape.at(new, path))} "
        f"({unfit.get(shape.top(path)) or _IMPACT.get(shape.top(path), _RESTART)})"
        for path in paths
        if shape.top(path) not in IN_PLACE - unfit.keys()
    ]


def _same(key: str, old: Any, new: Any) -> bool:
    if old == new:
        return True
    if key == "machine" and isinstance(old, str) and isinstance(new, str):
        return same_machine(new, old) or same_machine(old, new)
    if key == "metadata" and isinstance(old, str) and isinstance(new, str):
        return same_metadata(new, tuple(metadata_elements(old)))
    return False


def _nics(
    old: list[Props], new: list[Props], own: Collection[str], network_name: NetworkName
) -> dict[str, Kind]:
    """NICs are a multiset matched by MAC; their order says nothing."""
    found: dict[str, Kind] = {}
    left = list(range(len(old)))
    for index, entry in enumerate(new):
        mac = same_mac(str(entry.get("mac")))
        match = next((i for i in left if same_mac(str(old[i].get("mac"))) == mac), None)
        if match is None:
            found[f"networkInterfaces[{index}]"] = "add"
            continue
        left.remove(match)
        if not _same_place(old[match], entry, network_name):
            key = next((k for k in ("networkName", "networkId", "bridge") if k in entry), "networkName")
            found[f"networkInterfaces[{index}].{key}"] = "update"
    declared = {same_mac(str(entry.get("mac"))) for entry in new} | set(own)
    for i in left:
        if same_mac(str(old[i].get("mac"))) in declared:
            found[f"networkInterfaces[{i}]"] = "delete"
    return found


def _same_place(old: Props, new: Props, network_name: NetworkName) -> bool:
    if {k: v for k, v in old.items() if k != "mac"} == {k: v for k, v in new.items() if k != "mac"}:
        return True
    if shape.unknown(new) or shape.unknown(old):
        return False
    one, other = wanted(old, network_name), wanted(new, network_name)
    return (one.network, one.bridge) == (other.network, other.bridge)


def _disks(old: list[Props], new: list[Props], own: Collection[str]) -> dict[str, Kind]:
    """A volume's ID and its file are the same; a disk that was never declared is not missed."""
    before, after = [disk_path(d) for d in old], [disk_path(d) for d in new]
    found: dict[str, Kind] = {}
    for index, path in enumerate(after):
        if path not in before:
            spare = index < len(before) and before[index] not in after
            key = "volumeId" if "volumeId" in new[index] else "file"
            found[f"disks[{index}].{key}" if spare else f"disks[{index}]"] = "update" if spare else "add"
    for index, path in enumerate(before):
        if path not in after and path in own and not (index < len(after) and after[index] not in before):
            found[f"disks[{index}]"] = "delete"
    return found


def shown(value: Any) -> str:
    text = "none" if value is None else str(value)
    return text if len(text) <= 60 else f"{text[:57]}..."

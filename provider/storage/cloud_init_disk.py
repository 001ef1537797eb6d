"""NoCloud disks: small ISO images in a pool, compared by what is on them and rewritten in place."""

from __future__ import annotations

import posixpath
from typing import Any, Final

import yaml  # type: ignore[import-untyped]

from provider.connection import api, done, errors
from provider.errors import OperatorError, Refused
from provider.host.disk_files import chains
from provider.host.host import Host
from provider.host.made import File
from provider.impact.kinds import Impact
from provider.resource import shape
from provider.resource.base import COMPUTED, Call, Checked, Found, Props
from provider.resource.names import name_failures
from provider.resource.own import named, not_ours, there
from provider.resource.shape import declared_changes
from provider.storage import base_image, pool_state, seed_iso, seed_texts, storage, streams, volume_xml
from provider.storage.schema import SEED
from provider.storage.stored_file import StoredFile

_LONGEST: Final = 16 << 20  # bytes; more than this is no seed, and is not downloaded
_BY_HAND = "users, packages and files are to be brought in by hand, floats are by the agent (guest: agent)"


class CloudInitDisk(StoredFile):
    token = "libvirt:index/cloudInitDisk:CloudInitDisk"
    kind = "cloud-init disk"
    schema = SEED
    kept = False

    def check(self, call: Call, olds: Props, news: Props) -> Checked:
        inputs = {"pool": "default", **named(call, olds, news)}
        wrong = [
            *name_failures("a volume", inputs["name"]),
            *name_failures("a pool", inputs["pool"], "pool"),
            *seed_texts.failures({key: text for key, text in inputs.items() if olds.get(key) != text}),
        ]
        return Checked(inputs, wrong)

    def create(self, call: Call, inputs: Props, preview: bool) -> tuple[str, Props]:
        what = f"cloud-init disk {inputs['name']}"
        if preview:
            return "", {"path": self._preview(call, inputs), **inputs}
        data = seed_iso.build(_contents(inputs))
        with call.host.storage:
            pool = storage.active_pool(call.host, inputs["pool"], what)
            volume = storage.find(call.host, pool, inputs["name"], call.tell)
            if volume is None:
                volume = self._make(call, pool, inputs["name"], data)
            elif self._is_own(call, pool, volume, data):
                self._write(call, pool, volume, data)
            else:
                raise not_ours(call, self.token, what, volume.key())
        return volume.key(), {"path": volume.path(), **inputs}

    def _make(self, call: Call, pool: api.Pool, name: str, data: bytes) -> api.Volume:
        try:
            volume = pool.createXML(volume_xml.render(name, "raw", len(data), None))
        except errors.VirtError as error:
            why = pool_state.explained(call.host, pool, error, len(data))
            if not why:
                raise
            raise OperatorError(f"cloud-init disk {name} is not made: {why}") from error
        try:
            self._write(call, pool, volume, data)
        except Exception:
            volume.delete()  # half of it would be nobody's: it is in no state
            raise
        return volume

    def _preview(self, call: Call, inputs: Props) -> object:
        """The path where it can be told; the same refusal as the real call where the disk exists."""
        what = f"cloud-init disk {inputs['name']}"
        pool, path = storage.foreseen(call.host, inputs["pool"], inputs["name"], what)
        call.host.made.volume(inputs["pool"], inputs["name"], path, File("raw"))
        if pool is None or path is None:
            return COMPUTED
        if pool.isActive() and not shape.unknown(inputs):
            volume = storage.find_now(call.host, pool, inputs["name"], call.tell)
            data = seed_iso.build(_contents(inputs))
            if volume is None:
                pool_state.tell_lack(call.tell, pool, what, len(data), "make room before")
            elif not self._is_own(call, pool, volume, data):
                raise not_ours(call, self.token, what, volume.key())
        return path

    def _is_own(self, call: Call, pool: api.Pool, volume: api.Volume, data: bytes) -> bool:
        """Whether an earlier create of the same inputs has made it, and was perhaps killed while it wrote."""
        if storage.volume_users(call.host, pool.name(), volume.path()):
            return False
        seen = volume_xml.view(volume.XMLDesc())
        if seen.capacity != len(data):
            return False
        there = streams.download(call.host, volume, len(data)).ljust(len(data), b"\0")
        written = there.rstrip(b"\0")
        return data.startswith(written)

    def _rewrite(self, call: Call, pool: api.Pool, volume: api.Volume, data: bytes) -> None:
        """What was on it is put back where the new does not fit: half a disk would be none at the guest's next boot."""
        before = streams.download(call.host, volume, _LONGEST)
        try:
            with done.apart():  # what was put back is as if it had never been done
                self._write(call, pool, volume, data)
        except Exception:
            try:
                with done.kept(done.Done()):
                    streams.upload(call.host, volume, before)
            except (OperatorError, errors.VirtError):
                done.add(f"volume {volume.name()}", "is written to")
            raise

    def _write(self, call: Call, pool: api.Pool, volume: api.Volume, data: bytes) -> None:
        what, size = f"cloud-init disk {volume.path()}", volume_xml.view(volume.XMLDesc()).capacity
        try:
            if size < len(data):
                volume.resize(len(data))
            streams.upload(call.host, volume, data.ljust(size, b"\0"))
        except errors.VirtError as error:
            why = pool_state.explained(call.host, pool, error, len(data))
            if not why:
                raise
            raise OperatorError(f"{what} is not written: {why}") from error
        if streams.download(call.host, volume, len(data)) != data:
            why = pool_state.lack_now(call.host, pool, len(data))
            raise OperatorError(f"{what}: {why or 'what libvirt wrote is not what it was given'}")

    def _look(self, call: Call, id: str, inputs: Props, outputs: Props) -> Found | None:
        pool, volume = self._find(call, id, inputs or outputs)
        if volume is None:
            return None  # it held nothing but what is declared, so it is made anew, whoever names it
        seen: Props = {"name": posixpath.basename(id), "pool": pool.name(), **self._contents(call, volume)}
        if inputs:
            seen = {key: seen.get(key, "") for key in inputs}
        return Found(volume.key(), seen, {"path": volume.path(), **seen})

    def _contents(self, call: Call, volume: api.Volume) -> dict[str, str]:
        """What is on the disk; nothing when it is not a disk of this kind any more."""
        if volume_xml.view(volume.XMLDesc()).capacity > _LONGEST:
            return {}
        return seed_iso.extract(streams.download(call.host, volume, _LONGEST)) or {}

    def _change(
        self, call: Call, id: str, olds: Props, old_inputs: Props, news: Props, preview: bool
    ) -> Props:
        what = self._what(id)
        for key in declared_changes(old_inputs, news):
            if key in ("name", "pool"):
                raise Refused(f"{what}: {key} can't be changed from {old_inputs.get(key)!r} to {news[key]!r}")
        changed = declared_changes(old_inputs, news)
        impact, then = _told(call.host, news["pool"], id, old_inputs, news) if changed else ("live", "")
        for key in changed:
            call.note(impact, key, f"{what} is written anew; {then}")
        if preview:
            return {**olds, **news}  # it is written in its place: of a larger one only the growth takes room
        with call.host.storage:
            pool, volume = self._find(call, id, news)
            self._rewrite(call, pool, there(call, volume, what), seed_iso.build(_contents(news)))
        return {**olds, **news}

    def _note_removal(self, call: Call, what: str) -> None:
        call.note("live", "", f"{what} is removed; it holds nothing but what is declared")


def _told(host: Host, pool: str, path: str, olds: Props, news: Props) -> tuple[Impact, str]:
    """The impact, and what is said of those that have this seed.

    cloud-init reads one once for each instance-id (once-per-instance, 17.1 to 26.2): a guest that has booted with this
    one reads nothing of it again, whatever is written there.
    """
    if _instance(olds) != _instance(news):
        return (
            "next boot",
            "it has another instance-id, so a guest that has it reads all of it as at a first boot",
        )
    users = storage.volume_users(host, pool, path)
    had = [name for name in users if _has_booted(host, name, path)]
    if not users or len(had) < len(users):
        return "next boot", "a guest reads it when it boots for the first time"
    who, verb = " and ".join(had), "has" if len(had) == 1 else "have"
    gets = "gets" if len(had) == 1 else "get"
    return (
        "live",
        f"it is for a first boot alone: {who} {verb} had that, and {gets} nothing of this; {_BY_HAND}",
    )


def _instance(inputs: Props) -> Any:
    try:
        said = yaml.safe_load(inputs.get("metaData") or "")
    except yaml.YAMLError:
        return None
    return said.get("instance-id") if isinstance(said, dict) else None


def _has_booted(host: Host, name: str, seed: str) -> bool:
    """One that is off has not where nothing was ever written to its disks; it has where that can't be told."""
    domain = host.domain_by_name(name)
    if domain is None or domain.isActive() or domain.hasManagedSaveImage():
        return True
    volumes = [host.volume_by_path(disk.path) for disk in chains(domain.XMLDesc()) if disk.path != seed]
    return not volumes or not all(
        volume is not None and base_image.is_untouched(host, volume, volume_xml.view(volume.XMLDesc()))
        for volume in volumes
    )


def _contents(inputs: Props) -> dict[str, str]:
    return {key: inputs[key] for key in seed_iso.FILES if key in inputs}

"""Storage pools over a directory.  The directory and its files are never deleted."""

from __future__ import annotations

import posixpath
from typing import Any

from provider.connection import api
from provider.errors import OperatorError, Refused
from provider.resource.base import COMPUTED, Call, Checked, Diff, Failure, Found, Kind, Props, Resource
from provider.resource.mark import uuid_of
from provider.resource.names import name_failures, path_failures, short
from provider.resource.own import check_uuid, named, not_ours, remove, staying, there
from provider.resource.shape import declared_changes
from provider.storage import pool_xml, storage
from provider.storage.schema import POOL

_STATES = ("active", "persistent", "autostart")  # outputs that, when false, the next update mends


class Pool(Resource):
    token = "libvirt:index/pool:Pool"
    schema = POOL

    def check(self, call: Call, olds: Props, news: Props) -> Checked:
        inputs = named(call, olds, news)
        failures = []
        if inputs["type"] not in ("dir", COMPUTED):
            failures.append(
                Failure("type", f"must be dir, not {short(inputs['type'])}: others are not implemented")
            )
        failures += name_failures("a pool", inputs["name"])
        path = _path(inputs)
        if path is None:
            failures.append(Failure("path", "must be given"))
        failures += path_failures("path", path)
        return Checked(inputs, failures)

    def diff(self, call: Call, id: str, olds: Props, old_inputs: Props, news: Props) -> Diff:
        drifted: dict[str, Kind] = {state: "update" for state in _STATES if olds.get(state) is False}
        return Diff({**declared_changes(_canonical(old_inputs), _canonical(news)), **drifted}, drifted)

    def create(self, call: Call, inputs: Props, preview: bool) -> tuple[str, Props]:
        uuid, name, path = uuid_of(call.urn), inputs["name"], _path(inputs)
        existing = None if name is COMPUTED else call.host.pool_by_name(name)
        if existing is not None and existing.UUIDString() != uuid:
            raise not_ours(call, self.token, f"storage pool {name}", existing.UUIDString())
        if existing is None and path is not COMPUTED:
            for other in storage.pools_of(call.host, path, call.tell):
                raise not_ours(
                    call, self.token, f"storage pool {other.name()} over {path}", other.UUIDString()
                )
        if preview:
            if existing is None:
                call.tell(
                    f"directory {path if path is not COMPUTED else 'of the pool'} is made where it is not there"
                )
            if name is not COMPUTED:
                call.host.made.pools[name] = None if path is COMPUTED else path
            running = dict.fromkeys(_STATES, True)
            return "", {**inputs, **running, "path": path}
        if existing is None:
            self._make(call, name, uuid, path)
        elif existing.isPersistent() and not existing.autostart():
            with call.host.storage:
                # Autostart is set last: a killed create has left it, perhaps without a directory.
                self._start(existing)
        else:
            self._bring(call, existing)
        return uuid, self._outputs(call, self._found(call, uuid), inputs)

    def _make(self, call: Call, name: str, uuid: str, path: str) -> None:
        pool = call.host.conn.storagePoolDefineXML(pool_xml.render(name, uuid, path))
        try:
            with call.host.storage:
                self._start(pool)
        except Exception:
            remove(pool)  # what a failed create leaves would be nobody's: it is in no state
            raise

    def _start(self, pool: api.Pool) -> None:
        """Building makes the directory if it is not there, and leaves one that is there as it is."""
        if not pool.isActive():
            pool.build()
            pool.create()
        pool.setAutostart(1)

    def _bring(self, call: Call, pool: api.Pool) -> None:
        if not pool.isPersistent():
            pool = call.host.conn.storagePoolDefineXML(pool.XMLDesc())
        with call.host.storage:
            if not pool.isActive():
                pool.create()  # not built: the directory of a pool that has been there is to be mounted, not made
        pool.setAutostart(1)

    def read(self, call: Call, id: str, inputs: Props, outputs: Props) -> Found | None:
        check_uuid(id, "storage pool", call.host.pool_by_name)
        pool = call.host.pool_by_uuid(id)
        if pool is None:
            return None
        seen = pool_xml.view(pool.XMLDesc())
        if seen["type"] != "dir":
            raise OperatorError(
                f"storage pool {seen['name']} is of type {seen['type']}; only dir is implemented"
            )
        found: Props = dict(seen)
        if inputs:
            found = {key: seen.get(key, value) for key, value in inputs.items()}
            if "path" in inputs and posixpath.normpath(inputs["path"]) == posixpath.normpath(seen["path"]):
                found["path"] = inputs["path"]
            elif "path" not in inputs:
                found["target"] = {"path": seen["path"]}
        return Found(pool.UUIDString(), found, self._outputs(call, pool, found))

    def update(
        self, call: Call, id: str, olds: Props, old_inputs: Props, news: Props, preview: bool
    ) -> Props:
        pool = self._found(call, id)
        seen = pool_xml.view(pool.XMLDesc())
        wanted: Props = {"name": news["name"], "type": news["type"], "path": _path(news)}
        for key, value in wanted.items():
            was = seen[key]
            if (
                value is not COMPUTED
                and value != was
                and posixpath.normpath(value) != posixpath.normpath(was)
            ):
                raise Refused(
                    f"storage pool {seen['name']}: {key} can't be changed from {was!r} to {value!r}: the volumes in "
                    "it would be lost to this stack (data loss); declare a new pool"
                )
        self._note(call, pool, str(seen["name"]))
        if preview:
            if not pool.isActive():
                call.host.made.pools[str(seen["name"])] = str(seen["path"])
            return {**olds, **news, **dict.fromkeys(_STATES, True)}
        self._bring(call, pool)
        return self._outputs(call, self._found(call, id), news)

    def _note(self, call: Call, pool: api.Pool, name: str) -> None:
        if not pool.isPersistent():
            call.note("live", "persistent", f"storage pool {name} is defined, so that it outlives its stop")
        if not pool.isActive():
            call.note("live", "active", f"storage pool {name} is started")
        if not pool.autostart():
            call.note("live", "autostart", f"storage pool {name} starts with the host")

    def delete(self, call: Call, id: str, outputs: Props) -> None:
        pool = call.host.pool_by_uuid(id)
        if pool is None:
            return
        self.refuse_delete(call, id, outputs)
        name = pool.name()
        with call.host.storage:
            remove(pool)
        if call.host.pool_by_uuid(id) is not None:
            raise OperatorError(f"storage pool {name} is still on {call.host.uri}, though libvirt deleted it")

    def refuse_delete(self, call: Call, id: str, outputs: Props) -> None:
        pool = call.host.pool_by_uuid(id)
        if pool is None:
            return
        name = pool.name()
        path = storage.pool_path(pool) or outputs["path"]
        domains = staying(call, storage.pool_users(call.host, name, path))
        if domains:
            raise Refused(f"storage pool {name} is not deleted: it has disks of {', '.join(domains)}")
        if lines := storage.unread_domains(call.host, call.condemned):
            raise Refused(
                f"storage pool {name} is not deleted: whether a domain has disks in it is not known: {'; '.join(lines)}"
            )
        call.note("live", "", f"storage pool {name} is undefined; its folder and the files in it stay")

    def _found(self, call: Call, id: str) -> api.Pool:
        return there(call, call.host.pool_by_uuid(id), f"storage pool {id}")

    def _outputs(self, call: Call, pool: api.Pool, inputs: Props) -> Props:
        return {
            "path": storage.pool_path(pool),
            **inputs,
            "active": bool(pool.isActive()),
            "persistent": bool(pool.isPersistent()),
            "autostart": bool(pool.autostart()),
        }


def _path(inputs: Props) -> Any:
    """The directory, given in either of two ways; None when in neither."""
    target = inputs.get("target", {})
    return inputs.get("path", target if target is COMPUTED else target.get("path"))


def _canonical(inputs: Props) -> Props:
    path = _path(inputs)
    rest = {key: value for key, value in inputs.items() if key not in ("path", "target")}
    return rest if path is None else {**rest, "path": path if path is COMPUTED else posixpath.normpath(path)}

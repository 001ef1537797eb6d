"""What the fuzzing feeds to the engine: its project's files, edits of them, import files, states, locks and records."""

from __future__ import annotations

import contextlib
import json
import socket
from random import Random
from typing import Any

from engine import context
from engine.errors import CommandError
from engine.options import UnsupportedError
from engine.run import imports
from engine.settings import project, stackfile
from engine.state import checkpoint, history, locks
from engine.state.backend import Backend
from engine.verbs import deployments, histories
from tests.config.fleets import ROOT
from tests.engine.conftest import RECORDINGS
from tests.fuzz import loop, mutate
from tests.fuzz.common import FOLDER, file_of, spoiled_bytes
from tests.fuzz.loop import MANY, Target

STACK = (ROOT / "Pulumi.trop02.yaml").read_bytes()
SECRETS = (RECORDINGS / "00-stack-init" / "Pulumi.trop02.yaml").read_bytes()
PROJECT = (ROOT / "Pulumi.yaml").read_bytes()
IMPORTS = [f.read_bytes() for f in sorted(RECORDINGS.rglob("*resources.json"))]
STATES = [json.loads(f.read_bytes()) for f in sorted(RECORDINGS.glob("*/*state.disk.json"))]


def project_text(data: bytes) -> None:
    project.read(file_of("Pulumi.yaml", data))


def stack_edit(case: tuple[bytes, str, Any]) -> None:
    data, where, new = case
    path = file_of("Pulumi.edit.yaml", data)
    file = stackfile.StackFile.read(path, "trop")
    list(file.values())
    _ = file.secret_keys, file.salt
    file.texts(lambda sealed: sealed)
    key, steps = stackfile.split_path(where, "trop")
    file.remove(key, steps)
    with contextlib.suppress(KeyError):
        file.get(key, steps)
    file.set(key, steps, new)
    file.salt = "v1:a:b"
    file.save()
    stackfile.StackFile.read(path, "trop")


_PLACES = (
    "trop:vms",
    "vms.Acilamwen.memory",
    'trop:a["b"][0]',
    "a[0]",
    "a[1]",
    "libvirt:uri",
    "vms",
    "vms[0]",
    "a.b.c",
)


def _edits(rng: Random) -> tuple[bytes, str, Any]:
    place = rng.choice(_PLACES)
    if rng.random() < 0.4:
        place = mutate.of_bytes(rng, place.encode()).decode(errors="replace")
    return (
        mutate.of_bytes(rng, rng.choice((STACK, SECRETS))),
        place,
        rng.choice(("x", {"secure": "v1:a:b"}, 3, True)),
    )


def places(text: str) -> None:
    stackfile.split_path(text, "trop")


def _place(rng: Random) -> str:
    return mutate.of_bytes(rng, rng.choice(_PLACES).encode()).decode(errors="replace")


def import_text(data: bytes) -> None:
    plan = imports.parse(data, "resources.json")
    imports.resolve(plan, "trop02", "trop", True, lambda _: "0.5.4", "resources.json")


def _written(document: Any) -> bytes:
    return json.dumps(document, ensure_ascii=True).encode()


def _imports(rng: Random) -> bytes:
    seed = rng.choice(IMPORTS)
    if rng.random() < 0.3:
        return mutate.of_bytes(rng, seed)
    return _written(mutate.of_document(rng, json.loads(seed)))


def state_text(data: bytes) -> None:
    document = checkpoint.parse(data)
    _load(document)
    context.resources_of(document)
    context.salt_of(document)


def deployment_text(data: bytes) -> None:
    deployment = checkpoint.parse(data, under="deployment")["deployment"]
    deployments.deployment_faults(deployment, "trop02")
    _load({"checkpoint": {"stack": "organization/trop/trop02", "latest": deployment}})


def _load(document: Any) -> None:
    codec = checkpoint.Codec("organization/trop/trop02", lambda text: text, lambda sealed: '"x"')
    codec.dump(codec.load(document))


def _states(rng: Random) -> bytes:
    document = rng.choice(STATES)
    if rng.random() < 0.3:
        return mutate.of_bytes(rng, _written(document))
    return _written(mutate.of_document(rng, document))


def _deployments(rng: Random) -> bytes:
    deployment = {"version": 3, "deployment": rng.choice(STATES)["checkpoint"]["latest"]}
    if rng.random() < 0.3:
        return mutate.of_bytes(rng, _written(deployment))
    return _written(mutate.of_document(rng, deployment))


_LOCK = {
    "pid": 4711,
    "username": "op",
    "hostname": socket.gethostname(),
    "timestamp": "2026-11-23T04:22:58.75Z",
}
_RECORD = json.loads((RECORDINGS / "31-backend-folder" / "last.history.json").read_bytes())
_STAMPS = (
    "2026-11-23T04:22:58.755862466-05:00",
    "2026-11-23",
    "9999-12-31T23:59:59-12:00",
    "0001-01-01T00:00:00+14:00",
)


def lock_file(data: bytes) -> None:
    """One that is not understood is still a lock, of an owner that is never judged."""
    file_of("locks/a.json", data)
    (lock,) = locks.found(FOLDER / "locks")
    loop.check_words(str(lock))
    locks.is_dead(lock)


def _locks(rng: Random) -> bytes:
    if rng.random() < 0.3:
        return mutate.of_bytes(rng, _written(_LOCK))
    if rng.random() < 0.3:
        return _written(
            {
                **_LOCK,
                "timestamp": mutate.of_bytes(rng, rng.choice(_STAMPS).encode()).decode(errors="replace"),
            }
        )
    return _written(mutate.of_document(rng, _LOCK))


def record_file(data: bytes) -> None:
    file = file_of(".pulumi/history/trop/trop02/trop02-1.history.json", data)
    (run,) = history.past(Backend(FOLDER, "trop"), "trop02")
    assert run.checkpoint.parent == file.parent
    histories._lines(run, True)
    histories._lines(run, False)
    histories._stamp(run.record["endTime"])


def _records(rng: Random) -> bytes:
    if rng.random() < 0.3:
        return mutate.of_bytes(rng, _written(_RECORD))
    return _written(mutate.of_document(rng, _RECORD))


ERRORS = (CommandError, UnsupportedError)
_STATE = (checkpoint.Malformed, *ERRORS)
TARGETS = (
    (Target("project file", spoiled_bytes(PROJECT), project_text, ERRORS), 20_000),
    (Target("stack file", _edits, stack_edit, ERRORS), 20_000),
    (Target("configuration path", _place, places, ERRORS), 120_000),
    (Target("import file", _imports, import_text, ERRORS, MANY), 120_000),
    (Target("state", _states, state_text, _STATE), 100_000),
    (Target("deployment", _deployments, deployment_text, _STATE), 80_000),
    (Target("lock file", _locks, lock_file, ()), 40_000),
    (Target("record of a run", _records, record_file, ERRORS), 20_000),
)

"""`--lab`: the same stack on the lab's hypervisor, with state, settings and passphrase of its own.

The lab's folder gets a small project folder with the stack's file as the lab needs it.  It is made anew from the
repository's file at each run; what the operator has set in it since (`./trop config set … --lab`) is carried over.
"""

from __future__ import annotations

import os
import shlex
import shutil
import sys
import time
from pathlib import Path
from typing import Any, Final, cast

from cli import ROOT
from cli.processes import itself
from cli.words.command_line import Order, UsageError, known_stacks
from engine.errors import CommandError
from engine.settings import yaml_text
from engine.settings.project import load_yaml
from engine.state import locks
from engine.state.backend import Backend
from lab.facts import HostFacts
from lab.hypervisor import Lab

PASSPHRASE: Final = "lab"  # protects nothing: the lab holds no secrets; an operator may set another
URI: Final = "libvirt:uri"
RUN_THE_PROGRAM: Final = frozenset({"preview", "pre", "up", "update", "refresh", "destroy", "import"})
HEADER: Final = (
    "# Made by ./trop --lab from the repository's Pulumi.{stack}.yaml; settings changed here are kept.\n"
)

FOLLOWS: Final = ".follows"  # in the lab's project folder: the clone whose declarations it has
PASSPHRASES: Final = ("PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE")

Settings = dict[str, Any]
MEMORY: Final = {"tiny": 96, "debian": 1024}  # MiB: what each of the lab's guests needs
OTHERS: Final = 320  # what a Debian without Docker needs
# The usual guest has no Docker; none has a way to packages.
EMULATION: Final[Settings] = {
    "domainType": "qemu",
    "memory": MEMORY["tiny"],
    "services": False,
    "packages": False,
}


def prepare(order: Order, engine: str) -> tuple[Path, list[str], dict[str, str]]:
    """The folder to run Pulumi's words in, options to add to them, and environment to set.

    Raises `UsageError` where the words name no stack, or the lab was never started.
    """
    stack = order.stack or next((word for word in order.words if word in known_stacks()), "")
    if not stack:
        raise UsageError("--lab needs a stack: each has a lab of its own, for example trop02")
    lab = bare_lab(stack)
    if not (lab.running if order.verb in RUN_THE_PROGRAM else lab.state.is_dir()):
        raise not_up(lab)
    file = stack_file_of(lab)
    if order.verb in RUN_THE_PROGRAM:
        tell_own_settings(file)
    environment = lab_environment(lab.state)
    if not has_stack(lab.state, stack) and order.words[1:2] != ["init"]:
        init_stack(stack, file.parent, engine, environment)
    if order.verb not in RUN_THE_PROGRAM:
        return file.parent, [], environment
    return ROOT, ["--config-file", str(file)], environment


def not_up(lab: Lab) -> UsageError:
    return UsageError(
        f"the lab {lab.name} is not up on this machine; start it with: ./trop lab up {lab.name}"
    )


def bare_lab(stack: str) -> Lab:
    """The stack's lab, for its folder and URI alone: nothing is read of the hypervisor that it stands for."""
    return Lab(stack, HostFacts(bridges=()))


def emulation_of(lab: Lab) -> Settings:
    """How the lab's guests run, by what they are; a VM that states its own memory has that."""
    return EMULATION | {"memory": MEMORY.get(lab.guest, OTHERS), "services": lab.guest == "debian"}


def stack_file_of(lab: Lab) -> Path:
    """The stack's file in the lab's own project folder: brought up to date, with what was set in it since.

    While a run has the stack, it stays as that run has it: what is typed beside that is refused by the stack's lock,
    or only looks.  Raises `UsageError` for a lab that another clone has started: two would write into it in turn.
    """
    _refuse_another_clones(lab)
    file = lab_project(lab) / f"Pulumi.{lab.name}.yaml"
    locked = locks.found(_backend(lab.state).locks(lab.name))
    if file.exists() and not all(map(locks.is_dead, locked)):
        return file
    write_project(lab.name, lab_project(lab), lab.uri, emulation_of(lab))
    (lab_project(lab) / FOLLOWS).write_text(f"{ROOT}\n", encoding="utf-8")
    return file


def _followed(lab: Lab) -> tuple[Path, str]:
    """The clone whose declarations the lab has, and since when: the one that started it, or wrote them last."""
    if begun := lab.begun:
        return begun.clone, time.strftime(", at %Y-%m-%d %H:%M:%S", time.localtime(begun.since))
    note = lab_project(lab) / FOLLOWS
    return Path(note.read_text(encoding="utf-8").strip()) if note.exists() else ROOT, ""


def _refuse_another_clones(lab: Lab) -> None:
    clone, when = _followed(lab)
    if not clone.is_dir() or clone.samefile(ROOT):
        return
    raise UsageError(
        f"the lab {lab.name} was started from {clone}{when}, and follows what is declared there: type this "
        "in that folder, or make this one's own lab: "
        f"export TROP_LAB_ROOT={shlex.quote(f'{lab.root}-of-{ROOT.name}')}; ./trop lab up {lab.name}"
    )


def tell_own_settings(file: Path) -> None:
    """On stderr, what in the lab is not as the repository declares it."""
    made = file.with_name(f".made.{file.name}")
    if own := own_settings(*(_read(each).get("config", {}) for each in (made, file))):
        print(
            f"note: the lab's own settings, which go before the repository's: {', '.join(own)}; to drop them: "
            f"rm {shlex.quote(str(file))}",
            file=sys.stderr,
        )


def own_settings(made: Settings, now: Settings) -> list[str]:
    """Paths of what ``now`` has otherwise than ``made``, or not at all."""
    found: list[str] = []
    for key in dict.fromkeys((*made, *now)):
        one, other = made.get(key), now.get(key)
        if isinstance(one, dict) and isinstance(other, dict):
            found += [f"{key}.{below}" for below in own_settings(one, other)]
        elif one != other or key not in now:
            found.append(key if key in now else f"{key} (taken out)")
    return found


def lab_project(lab: Lab) -> Path:
    """The lab's own project folder; it need not be there yet."""
    return lab.state / "project"


def lab_environment(folder: Path) -> dict[str, str]:
    """The lab's own backend always; its passphrase unless the operator has said one."""
    state = folder / "state"
    state.mkdir(exist_ok=True)
    environment = {"PULUMI_BACKEND_URL": f"file://{state}"}
    if not os.environ.keys() & set(PASSPHRASES):
        environment["PULUMI_CONFIG_PASSPHRASE"] = PASSPHRASE
    return environment


def has_stack(folder: Path, stack: str) -> bool:
    return _backend(folder).exists(stack)


def _backend(folder: Path) -> Backend:
    return Backend(folder / "state", "trop")


def init_stack(stack: str, project: Path, engine: str, environment: dict[str, str]) -> None:
    """Makes the stack in the lab's backend, by the engine that will use it; quiet unless it fails."""
    words = ["stack", "init", stack, "--engine", engine, "--cwd", str(project)]
    done = itself.ended(words, itself.environment(**environment))
    if done.returncode != 0:
        raise UsageError(f"the lab's stack could not be made: {(done.stdout + done.stderr).strip()}")


def write_project(stack: str, project: Path, uri: str, emulation: Settings = EMULATION) -> Path:
    """Brings the lab's project folder up to date with the repository's files, and returns it."""
    source = ROOT / f"Pulumi.{stack}.yaml"
    if not source.exists():
        raise UsageError(
            f"there is no {source.name} in {ROOT}; the stacks are {', '.join(sorted(known_stacks()))}"
        )
    project.mkdir(exist_ok=True)
    shutil.copyfile(ROOT / "Pulumi.yaml", project / "Pulumi.yaml")
    made, merged = _now(source, project, uri, emulation)
    _write(project / source.name, merged, stack)
    _write(project / f".made.{source.name}", made, stack)
    return project


def text_now(lab: Lab) -> str:
    """The stack's file in the lab as the next run makes it; nothing is written."""
    source = ROOT / f"Pulumi.{lab.name}.yaml"
    return _text(_now(source, lab_project(lab), lab.uri, emulation_of(lab))[1], lab.name)


def _now(source: Path, project: Path, uri: str, emulation: Settings) -> tuple[Settings, Settings]:
    """What the repository's file is for the lab, and with what was set there."""
    made = for_lab(_read(source), uri, emulation)
    return made, carry_over(made, _read(project / f".made.{source.name}"), _read(project / source.name))


def for_lab(settings: Settings, uri: str, emulation: Settings) -> Settings:
    """The stack's settings with what the lab forces; secrets stay behind, for they need the other passphrase."""
    config = {key: value for key, value in settings.get("config", {}).items() if not _is_secret(value)}
    return {"config": config | {URI: uri, "trop:emulation": dict(emulation)}}


def carry_over(made: Settings, before: Settings, now: Settings) -> Settings:
    """``made`` with what an operator has changed between ``before`` (as made the last time) and ``now``, key by key."""
    if not now:
        return made
    rest = {key: value for key, value in now.items() if key != "config"}
    config = _laid_over(*(each.get("config", {}) for each in (made, before, now)))
    config[URI] = made["config"][URI]  # the lab's state never leads anywhere but to the lab
    return {**rest, "config": config}


def _laid_over(made: Settings, before: Settings, now: Settings) -> Settings:
    """A mapping; of mappings in it the same.  What both have changed is as ``now`` has it."""
    result = {key: value for key, value in made.items() if key in now or key not in before}
    for key, value in now.items():
        if key in before and before[key] == value:
            continue
        new, old = made.get(key), before.get(key)
        inside = isinstance(new, dict) and isinstance(old, dict) and isinstance(value, dict)
        result[key] = _laid_over(new or {}, old or {}, value) if inside else value
    return result


def _is_secret(value: Any) -> bool:
    if isinstance(value, dict):
        return "secure" in value or any(_is_secret(part) for part in value.values())
    return isinstance(value, list) and any(_is_secret(part) for part in value)


def _read(path: Path) -> Settings:
    """Raises `UsageError` for a file that can't be read, or that readers of YAML take differently."""
    try:
        return cast(Settings, yaml_text.bare(load_yaml(path))) if path.exists() else {}
    except CommandError as error:
        raise UsageError(str(error)) from error


def _text(settings: Settings, stack: str) -> str:
    return HEADER.format(stack=stack) + yaml_text.written(settings)


def _write(path: Path, settings: Settings, stack: str) -> None:
    text = _text(settings, stack)
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        beside = path.with_name(f"{path.name}.new")
        beside.write_text(text, encoding="utf-8")
        beside.replace(path)

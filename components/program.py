"""What the program does as a process: read its stack's declarations, and end without noise."""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Final

import pulumi
from pulumi.runtime import config as runtime_config

import config
from components.host_look import look

ENGINE: Final = "TROP_ENGINE"  # "embedded" where the program runs inside the engine's own process
INTERRUPTED: Final = 130  # the exit code of a shell's command that SIGINT ended


def planned() -> tuple[config.Plan, frozenset[str]]:
    """The plan of the stack that runs, its host looked at; and what `look` has found there.

    What is wrong with the declarations ends the program in plain lines, without a traceback.
    """
    stack, root = pulumi.get_stack(), Path(__file__).resolve().parent.parent
    # Config can't list its keys, and one that nobody knows must be refused rather than overlooked.
    values = {**runtime_config.get_config_env(), **runtime_config.CONFIG.get()}
    try:
        encrypted = [key for key in values if runtime_config.is_config_secret(key)]
        encrypted += runtime_config.get_config_secret_keys_env()
        plan = config.load(stack, config.from_pulumi(values, encrypted), root, f"Pulumi.{stack}.yaml")
        if os.environ.get(ENGINE) != "embedded":  # that one has read the file by our rule
            config.same_for_every_reader(root / f"Pulumi.{stack}.yaml")
    except config.ConfigError as fault:
        raise pulumi.RunError(str(fault)) from fault
    return plan, look(plan)


def secrets(plan: config.Plan) -> dict[str, pulumi.Output[str]]:
    """What the services of the plan use, by name; each stays a secret wherever it goes."""
    names = {name for _, services in plan.serving() for name in services.secrets}
    values = pulumi.Config("trop").require_secret_object("secrets") if names else None
    return {name: values.apply(partial(_text, name=name)) for name in sorted(names) if values is not None}


def export(told: Mapping[str, object]) -> None:
    """Outputs of the stack, by name."""
    for name, value in told.items():
        pulumi.export(name, value)


def _text(values: dict[str, object], name: str) -> str:
    return str(values[name])


def leave_quietly_on_interrupt() -> None:
    """The CLI sends SIGINT after any failure; Python's traceback of it would bury the message.

    Not in the embedded engine, whose process this is.
    """
    if os.environ.get(ENGINE) != "embedded":
        signal.signal(signal.SIGINT, _leave)


def _leave(_signal: int, _frame: FrameType | None) -> None:
    os._exit(INTERRUPTED)

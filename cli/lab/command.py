"""`./trop lab …`: start, look at, look into and stop a lab."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Callable

from rich.console import Console
from rich.table import Table

from cli import packages
from cli.lab.host import existing, lab_of
from cli.lab.stack import bare_lab
from cli.words.command_line import UsageError
from lab import possible
from lab.facts import LabError
from lab.packages import TRIAL, missing_for_lab, missing_tools


def up(stack: str, guest: str = "", *, as_found: bool = False) -> int:
    need_packages(say)
    lab = lab_of(stack)
    if as_found:
        from cli.as_found import command  # only here: it talks to guests, which takes time to load

        command.up(lab, guest, say)
        print(
            f"The lab {stack} is up: {lab.uri}\nNext: ./trop adopt {stack} --lab, ./trop audit {stack} --lab"
        )
        return 0
    state = "is up"
    if begun := lab.up(guest):
        when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(begun.since))
        state = f"was up already, since {when}, started from {begun.clone}"
    print(f"The lab {stack} {state}: {lab.uri}\nNext: ./trop up {stack} --lab")
    return 0


def why_no_lab(say: Callable[[str], None]) -> str:
    """Empty if a lab can be made here, else the reason. As root, what it takes to try that is installed first."""
    lacking = missing_tools(TRIAL)
    if lacking and os.geteuid() == 0 and shutil.which("apt-get"):
        packages.install(lacking, say)
    return possible.why_not()


def say(text: str) -> None:
    print(text, file=sys.stderr)


def need_packages(say: Callable[[str], None]) -> None:
    """A lab's packages, installed where they are missing.  Raises `LabError` where no lab can be had."""
    if reason := why_no_lab(say):
        raise LabError(f"a lab needs root and namespaces of its own: {reason}")
    packages.update_lists_if_none(say)
    if wanted := missing_for_lab():
        packages.install(wanted, say)


def status(stack: str) -> int:
    code = max((_show(name) for name in ([stack] if stack else existing())), default=0)
    if not stack and not existing():
        print("There is no lab on this machine; start one with: ./trop lab up trop02")
    return code


def _show(stack: str) -> int:
    """One that can't be looked at keeps no other from being shown."""
    try:
        now = bare_lab(stack).status()
    except LabError as error:
        print(
            f"error: {stack}: {error}; to start it anew: ./trop lab down {stack}, ./trop lab up {stack}",
            file=sys.stderr,
        )
        return 1
    if not now.running:
        print(f"{stack}: not running")
        return 0
    table = Table("guest", "state", "leases", title=f"{stack}: {now.uri}", title_justify="left")
    for guest in now.guests:
        table.add_row(guest.name, guest.state, ", ".join(guest.leases))
    Console(soft_wrap=True).print(table)
    for line in now.unknown:
        print(line)
    return 0


def console(vm: str, stack: str) -> int:
    """Without a stack that of the only lab with such a guest."""
    labs = [stack] if stack else existing()
    silent: list[str] = []
    holders = [lab for lab in labs if stack or vm in _guests(lab, silent)]
    if len(holders) != 1:
        why = "".join(f"; {line}" for line in silent)
        raise UsageError(f"{'several labs have' if holders else 'no running lab has'} a guest {vm}{why}")
    return bare_lab(holders[0]).console(vm)


def _guests(stack: str, silent: list[str]) -> set[str]:
    """Their names; none of a lab that can't be looked at, and then why."""
    try:
        return {guest.name for guest in bare_lab(stack).status().guests}
    except LabError as error:
        silent.append(f"{stack}: {error}")
        return set()


def down(stack: str, *, purge: bool) -> int:
    """Stops the lab; without a name the only one there is."""
    labs = existing()
    if not stack and len(labs) > 1:
        raise UsageError(f"there are several labs: say which of {', '.join(labs)}")
    for name in [stack] if stack else labs:
        bare_lab(name).down(purge=purge)
        print(
            f"The lab {name} is {'gone, with its disks and its state' if purge else 'down; its disks are kept'}."
        )
    return 0

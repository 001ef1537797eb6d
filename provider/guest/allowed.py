"""Which of its commands an agent does: what `guest-info` tells, and what is said of those that are blocked.  Pure.

qemu-ga lists all that it knows, and says of each whether it is enabled.  Who runs the guest has blocked the others, as
the RHEL family does by default; or its file systems are frozen, for which qemu-ga has the same answers.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from typing import Any, Final

from provider.errors import OperatorError

EXEC: Final = ("guest-exec", "guest-exec-status")
INTERFACES: Final = ("guest-network-get-interfaces",)
FREE: Final = ("guest-ping", "guest-info", "guest-fsfreeze-status")  # sent without asking for them
# An option that an older qemu-ga does not know would end it: so only files and their keys are named.
HOW: Final = (
    "take them out of block-rpcs, and into allow-rpcs where that is given, in /etc/qemu/qemu-ga.conf or the options of "
    "its unit (RHEL family: FILTER_RPC_ARGS, older BLOCK_RPCS or BLACKLIST_RPC, in /etc/sysconfig/qemu-ga), and "
    "restart qemu-guest-agent"
)
_NOT_DONE: Final = r"[Cc]ommand {} has (been disabled|not been found)"


class AgentError(OperatorError):
    """The agent did not answer, or would not; one line that names the guest."""


class Blocked(AgentError):
    """It answers, and does not do these commands until whoever runs the guest allows them."""

    def __init__(self, guest: str, commands: Iterable[str]) -> None:
        self.commands = tuple(commands)
        self.why = f"its agent has {' and '.join(self.commands)} blocked"
        super().__init__(f"guest {guest}: {self.why}: {HOW}")


class Frozen(AgentError):
    """Its file systems are frozen: until they are thawed it does next to nothing."""

    why = (
        "its file systems are frozen, as for a backup, and its agent does nothing else until they are thawed"
    )

    def __init__(self, guest: str) -> None:
        super().__init__(f"guest {guest}: {self.why}; run this again then")


def enabled(answer: Any) -> frozenset[str] | None:
    """The commands that it does, by its answer to `guest-info`; None where that does not tell."""
    listed = answer.get("supported_commands") if isinstance(answer, dict) else None
    if not listed:
        return None
    return frozenset(each["name"] for each in listed if each.get("enabled", True))


def needed(command: str) -> tuple[str, ...]:
    """What has to be allowed for this one to be of use."""
    return EXEC if command in EXEC else (command,)


def lacking(known: Collection[str] | None, commands: Iterable[str]) -> list[str]:
    """Those that are not done; none where it is not known which are."""
    return [] if known is None else [command for command in commands if command not in known]


def not_done(command: str, said: str) -> bool:
    """Whether it answers that it does not do this command."""
    return re.search(_NOT_DONE.format(re.escape(command)), said) is not None

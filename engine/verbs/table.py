"""Every verb with its flags."""

from __future__ import annotations

import getpass
from functools import partial
from typing import Final

from engine.context import Context
from engine.flag_parser import Command, Flag
from engine.state.checkpoint import ENGINE_VERSION
from engine.verbs import contents, deployments, histories, imports, renames, runs, settings, stacks, states
from engine.verbs.flags import (
    AT,
    CHANGE,
    CONFIG_REFUSED,
    CONTINUE,
    IMPORT,
    IMPORT_REFUSED,
    JSON,
    KEYED,
    PENDING,
    REFRESH,
    REPLACE,
    RUN,
    RUN_PROGRAM,
    RUN_REFUSED,
    SCOPE,
    SHOW_SECRETS,
    SHOWN,
    STACK,
    YES,
)


def version(context: Context) -> int:
    context.console.print(ENGINE_VERSION)
    return 0


def whoami(context: Context) -> int:
    context.console.print(getpass.getuser())
    return 0


COMMANDS: Final = (
    Command(
        ("preview",),
        "Show what would change",
        runs.preview,
        (
            *RUN,
            REFRESH,
            *SCOPE,
            *REPLACE,
            Flag("import-file", "Write what would be created here, for `import`", str),
        ),
        refused=RUN_REFUSED,
        aliases=("pre",),
    ),
    Command(
        ("up",),
        "Make the stack what the program says",
        partial(runs.change, kind="update"),
        (*RUN, REFRESH, *CHANGE, *SCOPE, *REPLACE, CONTINUE),
        refused=RUN_REFUSED,
        aliases=("update",),
    ),
    Command(
        ("refresh",),
        "Take into the state what is really there",
        partial(runs.change, kind="refresh"),
        (*RUN, *CHANGE, *SCOPE, *PENDING, RUN_PROGRAM),
        refused=RUN_REFUSED,
    ),
    Command(
        ("destroy",),
        "Delete all of the stack's resources",
        partial(runs.change, kind="destroy"),
        (
            *RUN,
            REFRESH,
            *CHANGE,
            *SCOPE,
            Flag("exclude-protected", "All but what is protected, and what that needs"),
            Flag("remove", "Then forget the stack too"),
        ),
        refused=RUN_REFUSED,
        aliases=("down", "dn"),
    ),
    Command(
        ("import",),
        "Take objects that exist into the state; the objects stay as they are",
        imports.import_,
        (*SHOWN, *IMPORT, *(flag for flag in RUN if flag.name in imports.RUN_FLAGS)),
        "[type] [name] [id]",
        refused=IMPORT_REFUSED,
    ),
    Command(
        ("stack",),
        "Show what a stack holds",
        contents.show,
        (
            STACK,
            SHOW_SECRETS,
            Flag("show-ids", "Show ids", short="i"),
            Flag("show-urns", "Show URNs", short="u"),
            Flag("show-name", "Show the name only"),
        ),
    ),
    Command(
        ("stack", "init"),
        "Make an empty stack",
        stacks.init,
        (*AT, Flag("secrets-provider", "passphrase", str), Flag("no-select", "Do not select it")),
        "[name]",
        refused=frozenset({"copy-config-from", "teams", "remote-config"}),
    ),
    Command(
        ("stack", "ls"),
        "List the project's stacks",
        stacks.ls,
        (JSON,),
        refused=frozenset({"all", "a", "tag"}),
    ),
    Command(
        ("stack", "rm"),
        "Forget a stack",
        stacks.rm,
        (
            *AT,
            YES,
            Flag("force", "Even if it has resources", short="f"),
            Flag("preserve-config", "Accepted: the stack's file is always left"),
        ),
        "[name]",
        refused=frozenset({"remove-backups"}),
    ),
    Command(
        ("stack", "rename"),
        "Give a stack another name, with its history, and with the file that declares it",
        renames.rename,
        (STACK,),
        "<new-stack-name>",
    ),
    Command(
        ("stack", "output"),
        "Show the stack's outputs, or one of them",
        contents.output,
        (*SHOWN, Flag("shell", "Print shell variables")),
        "[name]",
    ),
    Command(
        ("stack", "export"),
        "Print the stack's state",
        deployments.export,
        (
            *AT,
            SHOW_SECRETS,
            Flag("file", "Write to this file", str),
            Flag("version", "The state after this run, as `stack history` counts them", int),
        ),
    ),
    Command(
        ("stack", "history"),
        "List the runs that the stack has had",
        histories.show,
        (
            *SHOWN,
            Flag("full-dates", "Tell when in full"),
            Flag("page", "Which page", int),
            Flag("page-size", "How many on a page", int),
        ),
        aliases=("hist",),
    ),
    Command(
        ("stack", "import"),
        "Replace the stack's state",
        deployments.import_,
        (
            *AT,
            Flag("file", "Read from this file", str),
            Flag("force", "Even if it looks wrong", short="f"),
        ),
    ),
    Command(
        ("stack", "select"),
        "Choose the stack for later commands",
        stacks.select,
        (*AT, Flag("create", "Make it when it is not there", short="c")),
        "[name]",
        refused=frozenset({"secrets-provider"}),
    ),
    Command(("stack", "unselect"), "Choose none", stacks.unselect),
    Command(("config",), "Show the stack's settings", settings.list_, SHOWN),
    Command(
        ("config", "get"), "Show one setting", settings.get, (*KEYED, JSON), "<key>", refused=CONFIG_REFUSED
    ),
    Command(
        ("config", "set"),
        "Set one setting",
        settings.set_,
        (
            *KEYED,
            Flag("secret", "Encrypt it"),
            Flag("plaintext", "Do not encrypt it"),
            Flag("type", "What the value is: string, bool, int, float", str),
        ),
        "<key> [value]",
        refused=CONFIG_REFUSED,
    ),
    Command(("config", "rm"), "Remove one setting", settings.rm, KEYED, "<key>"),
    Command(
        ("cancel",),
        "Take away the lock of a run that is gone",
        stacks.cancel,
        (STACK, YES, Flag("force", "Of a run that is alive, too, which goes on without it")),
        "[stack]",
    ),
    Command(
        ("state", "unprotect"),
        "Let protected resources be deleted",
        states.unprotect,
        (STACK, YES, Flag("all", "All of them")),
        "[urn]",
    ),
    Command(
        ("state", "protect"),
        "Forbid that resources are deleted, until an up sets it as declared",
        states.protect,
        (STACK, YES, Flag("all", "All of them")),
        "[urn]",
    ),
    Command(
        ("state", "delete"),
        "Forget a resource; what it stands for stays as it is",
        states.delete,
        (
            STACK,
            YES,
            Flag("force", "A protected one, too"),
            Flag("target-dependents", "And all that depends on it"),
        ),
        "<urn>",
    ),
    Command(
        ("state", "rename"),
        "Give a resource another name in the state",
        states.rename,
        (STACK, YES),
        "<urn> <new name>",
    ),
    Command(("whoami",), "Show who runs this", whoami),
    Command(("version",), "Show the version", version),
)

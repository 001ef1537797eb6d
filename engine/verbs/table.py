"""Every verb with its flags, and what the CLI has that this engine refuses by name."""

from __future__ import annotations

import getpass
from typing import Final

from engine.checkpoint import ENGINE_VERSION
from engine.context import Context
from engine.flags import Command, Flag
from engine.verbs import contents, deployments, histories, imports, runs, settings, stacks, states

GLOBAL: Final = (
    Flag("color", "Colorize output: always, never, raw, auto", str),
    Flag("cwd", "Run as if started in this folder", str, "C"),
    Flag("non-interactive", "Never ask anything"),
    Flag("emoji", "Accepted, and without effect"),
    Flag("verbose", "Accepted, and without effect", int, "v"),
    Flag("logtostderr", "Accepted, and without effect"),
)
GLOBAL_REFUSED: Final = frozenset(
    {
        "disable-integrity-checking",
        "fully-qualify-stack-names",
        "logflow",
        "memprofilerate",
        "profiling",
        "tracing",
    }
)

STACK: Final = Flag("stack", "The stack to use instead of the selected one", str, "s")
CONFIG_FILE: Final = Flag("config-file", "Use this file instead of Pulumi.<stack>.yaml", str)
JSON: Final = Flag("json", "Print JSON", short="j")
YES: Final = Flag("yes", "Do it without asking", short="y")
SHOW_SECRETS: Final = Flag("show-secrets", "Show secret values in plain text")
RUN: Final = (
    STACK,
    CONFIG_FILE,
    JSON,
    SHOW_SECRETS,
    Flag("diff", "Show each change with its properties"),
    Flag("expect-no-changes", "Fail when anything changes"),
    Flag("parallel", "How many steps may run at the same time", int, "p"),
    Flag("suppress-outputs", "Do not show the stack's outputs"),
    Flag("suppress-progress", "Do not show dots"),
    Flag("show-config", "Show the settings (with --diff)"),
    Flag("message", "Accepted, and without effect", str, "m"),
    Flag("debug", "Accepted, and without effect", short="d"),
)
REFRESH: Final = Flag("refresh", "Read what is really there first", short="r")
CONTINUE: Final = Flag("continue-on-error", "Go on with what does not depend on a failed step")
CHANGE: Final = (
    YES,
    Flag("skip-preview", "Do it without a preview", short="f"),
    Flag("preview-only", "Only show what would be done"),
)
IMPORT: Final = (
    YES,
    Flag("skip-preview", "Do it without a preview"),
    Flag("preview-only", "Only show what would be done"),
    Flag("file", "Read what to import from this JSON file", str, "f"),
    Flag("parent", "The parent, as name=urn", str),
    Flag("provider", "The provider, as name=urn", str),
    Flag("properties", "Keep only these inputs (names, with commas)", str),
    Flag("protect", "Protect what is imported from deletion (the default)"),
    Flag("generate-code", "Accepted: no code is printed; =false leaves out the line that says so"),
)
IMPORT_REFUSED: Final = frozenset(
    {"event-log", "from", "generate-resources", "out", "o", "suppress-permalink"}
)
RUN_REFUSED: Final = frozenset(
    {
        "attach-debugger", "client", "config", "c", "config-path", "copilot", "exclude",
        "exclude-dependents",
        "exclude-protected", "exec-agent", "exec-kind", "neo", "plan", "policy-pack",
        "policy-pack-config", "remote", "replace", "run-program", "save-plan", "secrets-provider", "show-full-output",
        "show-policy-remediations", "show-reads", "show-replacement-steps", "show-sames", "strict",
        "suppress-permalink", "suppress-stream-logs", "target", "t", "target-dependents", "target-replace",
        "import-pending-creates", "skip-pending-creates",
    }
)  # fmt: skip

REFUSED: Final = frozenset(
    {
        "about", "ai", "convert", "convert-trace", "console", "deployment", "do", "env", "gen-completion",
        "install", "login", "logout", "logs", "neo", "new", "org", "package", "plugin", "policy", "project", "query",
        "replay-events", "schema", "template", "view-trace", "watch",
        "stack change-secrets-provider", "stack graph", "stack rename", "stack schedule", "stack tag",
        "stack webhook",
        "config cp", "config env", "config refresh", "config rm-all", "config set-all",
        "state", "state delete", "state edit", "state move", "state protect", "state repair",
        "state taint", "state untaint", "state upgrade",
    }
)  # fmt: skip


def version(context: Context) -> int:
    context.console.print(ENGINE_VERSION)
    return 0


def whoami(context: Context) -> int:
    context.console.print(getpass.getuser())
    return 0


KEYED: Final = (STACK, CONFIG_FILE, Flag("path", "The key is a path into a structured value"))
CONFIG_REFUSED: Final = frozenset({"open", "type"})

COMMANDS: Final = (
    Command(
        ("preview",),
        "Show what would change",
        runs.preview,
        (*RUN, REFRESH, Flag("import-file", "Write what would be created here, for `import`", str)),
        refused=RUN_REFUSED,
        aliases=("pre",),
    ),
    Command(
        ("up",),
        "Make the stack what the program says",
        runs.up,
        (
            *RUN,
            REFRESH,
            *CHANGE,
            Flag("continue-on-error", "Go on with what does not depend on a failed step"),
        ),
        refused=RUN_REFUSED,
        aliases=("update",),
    ),
    Command(
        ("refresh",),
        "Take into the state what is really there",
        runs.refresh,
        (*RUN, *CHANGE, Flag("clear-pending-creates", "Forget creates that were interrupted")),
        refused=RUN_REFUSED,
    ),
    Command(
        ("destroy",),
        "Delete all of the stack's resources",
        runs.destroy,
        (*RUN, REFRESH, *CHANGE, Flag("remove", "Then forget the stack too")),
        refused=RUN_REFUSED,
        aliases=("down", "dn"),
    ),
    Command(
        ("import",),
        "Take objects that exist into the state; the objects stay as they are",
        imports.import_,
        (
            STACK,
            CONFIG_FILE,
            JSON,
            SHOW_SECRETS,
            *IMPORT,
            *(flag for flag in RUN if flag.name in imports.RUN_FLAGS),
        ),
        "[type] [name] [id]",
        3,
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
        (
            STACK,
            CONFIG_FILE,
            Flag("secrets-provider", "passphrase", str),
            Flag("no-select", "Do not select it"),
        ),
        "[name]",
        1,
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
            STACK,
            CONFIG_FILE,
            YES,
            Flag("force", "Even if it has resources", short="f"),
            Flag("preserve-config", "Accepted: the stack's file is always left"),
        ),
        "[name]",
        1,
        refused=frozenset({"remove-backups"}),
    ),
    Command(
        ("stack", "output"),
        "Show the stack's outputs, or one of them",
        contents.output,
        (STACK, CONFIG_FILE, JSON, SHOW_SECRETS, Flag("shell", "Print shell variables")),
        "[name]",
        1,
    ),
    Command(
        ("stack", "export"),
        "Print the stack's state",
        deployments.export,
        (
            STACK,
            CONFIG_FILE,
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
            STACK,
            CONFIG_FILE,
            JSON,
            SHOW_SECRETS,
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
            STACK,
            CONFIG_FILE,
            Flag("file", "Read from this file", str),
            Flag("force", "Even if it looks wrong", short="f"),
        ),
    ),
    Command(
        ("stack", "select"),
        "Choose the stack for later commands",
        stacks.select,
        (STACK, CONFIG_FILE, Flag("create", "Make it when it is not there", short="c")),
        "[name]",
        1,
        refused=frozenset({"secrets-provider"}),
    ),
    Command(("stack", "unselect"), "Choose none", stacks.unselect),
    Command(
        ("config",), "Show the stack's settings", settings.list_, (STACK, CONFIG_FILE, JSON, SHOW_SECRETS)
    ),
    Command(
        ("config", "get"),
        "Show one setting",
        settings.get,
        (*KEYED, JSON),
        "<key>",
        1,
        1,
        refused=CONFIG_REFUSED,
    ),
    Command(
        ("config", "set"),
        "Set one setting",
        settings.set_,
        (*KEYED, Flag("secret", "Encrypt it"), Flag("plaintext", "Do not encrypt it")),
        "<key> [value]",
        2,
        1,
        refused=CONFIG_REFUSED,
    ),
    Command(("config", "rm"), "Remove one setting", settings.rm, KEYED, "<key>", 1, 1),
    Command(
        ("cancel",), "Take away the lock of a run that is gone", stacks.cancel, (STACK, YES), "[stack]", 1
    ),
    Command(
        ("state", "unprotect"),
        "Let protected resources be deleted",
        states.unprotect,
        (STACK, YES, Flag("all", "All of them")),
        "[urn]",
        1,
    ),
    Command(
        ("state", "rename"),
        "Give a resource another name in the state",
        states.rename,
        (STACK, YES),
        "<urn> <new name>",
        2,
        2,
    ),
    Command(("whoami",), "Show who runs this", whoami),
    Command(("version",), "Show the version", version),
)

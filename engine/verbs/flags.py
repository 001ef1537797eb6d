"""The flags of the verbs, and what the CLI has that this engine refuses by name."""

from __future__ import annotations

from typing import Final

from engine.flag_parser import Flag

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
AT: Final = (STACK, CONFIG_FILE)
SHOWN: Final = (*AT, JSON, SHOW_SECRETS)
RUN: Final = (
    *SHOWN,
    Flag("diff", "Show each change with its properties"),
    Flag("expect-no-changes", "Fail when anything changes"),
    Flag("parallel", "How many steps may run at the same time", int, "p"),
    Flag("suppress-outputs", "Do not show the stack's outputs"),
    Flag("suppress-progress", "Do not show dots"),
    Flag("show-config", "Show the settings (with --diff)"),
    Flag("show-sames", "Show what stays the same too"),
    Flag("show-replacement-steps", "Show the steps of a replacement one by one (with --diff)"),
    Flag("show-reads", "Accepted: what is only read is always shown"),
    Flag("show-full-output", "Accepted, and without effect"),
    Flag("message", "Accepted, and without effect", str, "m"),
    Flag("debug", "Accepted, and without effect", short="d"),
)
REFRESH: Final = Flag("refresh", "Read what is really there first", short="r")
CONTINUE: Final = Flag("continue-on-error", "Go on with what does not depend on a failed step")
PREVIEW_ONLY: Final = Flag("preview-only", "Only show what would be done")
CHANGE: Final = (YES, Flag("skip-preview", "Do it without a preview", short="f"), PREVIEW_ONLY)
SCOPE: Final = (
    Flag("target", "Only this resource (a URN; * and ** are wildcards); may be repeated", list, "t"),
    Flag("target-dependents", "And what depends on the targets"),
    Flag("exclude", "All but this resource; may be repeated", list),
    Flag("exclude-dependents", "And without what depends on it"),
)
RUN_PROGRAM: Final = Flag("run-program", "Run the program, for the settings of its providers and its outputs")
PENDING: Final = (
    Flag("clear-pending-creates", "Forget creates that were interrupted"),
    Flag(
        "import-pending-creates", "A URN whose create was interrupted; and again, the ID of its object", list
    ),
    Flag("skip-pending-creates", "Accepted: interrupted creates are never asked about"),
)
REPLACE: Final = (
    Flag("replace", "Replace this resource, changed or not; may be repeated", list),
    Flag("target-replace", "The same as --target and --replace", list),
)
IMPORT: Final = (
    YES,
    Flag("skip-preview", "Do it without a preview"),
    PREVIEW_ONLY,
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
        "attach-debugger", "client", "config", "c", "config-path", "copilot", "exec-agent", "exec-kind", "neo",
        "plan", "policy-pack", "policy-pack-config", "remote", "save-plan",
        "secrets-provider", "show-policy-remediations", "strict", "suppress-permalink", "suppress-stream-logs",
    }
)  # fmt: skip

REFUSED: Final = frozenset(
    {
        "about", "ai", "convert", "convert-trace", "console", "deployment", "do", "env", "gen-completion",
        "install", "login", "logout", "logs", "neo", "new", "org", "package", "plugin", "policy", "project", "query",
        "replay-events", "schema", "template", "view-trace", "watch",
        "stack change-secrets-provider", "stack graph", "stack schedule", "stack tag",
        "stack webhook",
        "config cp", "config env", "config refresh", "config rm-all", "config set-all",
        "state", "state edit", "state move", "state repair",
        "state taint", "state untaint", "state upgrade",
    }
)  # fmt: skip


KEYED: Final = (*AT, Flag("path", "The key is a path into a structured value"))
CONFIG_REFUSED: Final = frozenset({"open"})

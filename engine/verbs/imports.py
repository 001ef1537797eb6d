"""`import`: take over objects that exist, one by command line or many from a file."""

from __future__ import annotations

from engine.context import Context
from engine.errors import CommandError
from engine.options import Import
from engine.run import imports
from engine.settings.project import package_version
from engine.verbs import runs

RUN_FLAGS = frozenset(
    {"diff", "parallel", "suppress-outputs", "suppress-progress", "message", "debug", "show-config"}
)
NO_CODE = (
    "The embedded engine prints no code: say in the program what was imported, or the next update will change it "
    "(--generate-code=false leaves this line out)."
)


def import_(context: Context) -> int:
    """Everything that the command line or the file names, or nothing."""
    context.backend.require(context.stack)
    wanted = read(context)
    code = runs.change(context, "import", wanted)
    parsed = context.parsed
    telling = parsed.on("generate-code") if parsed.given("generate-code") else not parsed.on("json")
    if code == 0 and telling and not parsed.on("preview-only"):
        context.console.print(NO_CODE)
    return code


def read(context: Context) -> tuple[Import, ...]:
    """What is to be imported.  Raises `CommandError` before a provider is started."""
    parsed = context.parsed
    protect = parsed.on("protect") if parsed.given("protect") else True
    if parsed.given("file"):
        if parsed.words:
            raise CommandError("an inline resource may not be specified in conjunction with an import file")
        if given := [f for f in ("parent", "provider", "properties") if parsed.given(f)]:
            raise CommandError(f"--{given[0]}: belongs into the import file")
        where = parsed.text("file")
        plan = imports.parse(context.read(where, "could not read import file: open"), where)
    else:
        where = "import"
        plan = _inline(context)
    return imports.resolve(plan, context.stack, context.project.name, protect, package_version, where)


def _inline(context: Context) -> imports.Plan:
    """`import TYPE NAME ID`: checked as an entry of a file is."""
    parsed = context.parsed
    if len(parsed.words) != 3:
        raise CommandError("an inline resource must be specified if no import file is used: TYPE NAME ID")
    kind, name, id_ = parsed.words
    properties = [p for p in parsed.text("properties").split(",") if p]
    raw = {"type": kind, "name": name, "id": id_, "properties": properties}
    return imports.single(raw, parsed.text("parent"), parsed.text("provider"))

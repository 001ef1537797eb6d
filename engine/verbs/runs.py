"""The verbs that run the engine: preview, up, refresh, destroy; `import` runs through here too."""

from __future__ import annotations

import asyncio
import json
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib import import_module
from typing import Literal

from engine.context import Context, Vault
from engine.display.details import Details
from engine.display.digest import Digest
from engine.display.display import Display, Run
from engine.display.progress import Progress
from engine.display.stream import Stream
from engine.errors import CHANGES_FOUND, FAILED, NOT_CONFIRMED, TERMINATED, CommandError, unsupported
from engine.events import Event
from engine.options import Cancellation, Import, Options, Project, Result, Write
from engine.run import import_file, pending
from engine.settings.project import package_version
from engine.state import history, urns
from engine.state.checkpoint import Codec
from engine.state.records import Snapshot
from engine.verbs import destroying
from engine.verbs.asked import flags_of, found_of, refresh_of, scope_of, wishes_of

Kind = Literal["update", "refresh", "destroy", "import"]

NEEDS_YES = (
    "--yes or --skip-preview or --preview-only must be passed in "
    "to proceed when running in non-interactive mode"
)
CANCELING = {
    signal.SIGINT: "^C received; cancelling. If you would like to terminate immediately, press ^C again.",
    signal.SIGTERM: "SIGTERM received; cancelling. If you would like to terminate immediately, send SIGTERM again.",
}
TERMINATING = {signal.SIGINT: "^C received; terminating", signal.SIGTERM: "SIGTERM received; terminating"}
ORPHANS = "Note that terminating immediately may lead to orphaned resources and other inconsistencies.\n"


@dataclass
class Work:
    """A stack opened for a run: what it is now, and how to write what it becomes."""

    context: Context
    kind: Kind
    project: Project
    vault: Vault
    codec: Codec
    snapshot: Snapshot
    options: Options

    def save(self, snapshot: Snapshot) -> Write:
        data = self.codec.dump(replace(snapshot, secrets_provider=self.vault.provider()))

        def write() -> None:
            try:
                self.context.backend.write(self.project.stack, data)
            except OSError as error:
                raise CommandError(
                    f"the state can't be written: {error.filename}: {error.strerror}; what stands there is whole. Mend "
                    "that, and run the same again: what was made by then is found and taken up"
                ) from error

        return write


def preview(context: Context) -> int:
    work = open_work(context, "update")
    events: list[Event] = []
    result = execute(work, preview=True, keep=events.append)
    if context.parsed.given("import-file") and not result.failed:
        # what would be created, for `import` to take over instead
        file, document = context.parsed.text("import-file"), import_file.build(events, package_version)
        text = json.dumps(document, indent=2, ensure_ascii=False) + "\n"
        context.write(file, text, f"could not write import file: open {file}")
    return conclude(work, result, "preview")


def change(context: Context, kind: Kind, imports: tuple[Import, ...] = ()) -> int:
    """Preview, ask, and do it."""
    parsed = context.parsed
    sure, skip = parsed.on("yes"), parsed.on("skip-preview")
    if parsed.on("preview-only"):
        work = open_work(context, kind, imports)
        return conclude(work, execute(work, preview=True), kind)
    if parsed.on("json") and not (kind == "update" and skip):
        raise unsupported(f"--json without {'--skip-preview' if kind == 'update' else '--preview-only'}")
    if not (sure or skip or context.console.interactive):
        raise CommandError(NEEDS_YES, FAILED if kind == "refresh" else NOT_CONFIRMED)
    context.backend.require(context.stack)
    with context.locked():
        context.backend.clear(context.stack)
        work = open_work(context, kind, imports)
        scope = work.options.scope
        if scope.exclude_protected and not destroying.has_anything(scope, work.snapshot):
            left = destroying.left(work.snapshot)
            context.console.print(f"There were no unprotected resources to destroy. {left}")
            return 0
        if not skip and not _approved(work, sure):
            return FAILED
        result = execute(work, preview=False)
        code = conclude(work, result, kind)
        if kind == "destroy" and code == 0:
            destroying.finish(context, scope, work.snapshot)
    return code


def _approved(work: Work, sure: bool) -> bool:
    """Show what would be done; whether it is to be done."""
    events: list[Event] = []
    result = execute(work, preview=True, keep=events.append)
    if result.failed or result.terminated:
        return False
    if sure:
        return True
    while True:
        answer = input(f"Do you want to perform this {work.kind}? [yes/no/details] ").strip().lower()
        if answer in ("y", "yes"):
            return True
        if answer in ("d", "details"):
            details = Details(work.context.console, _run_of(work, True), wishes_of(work.context))
            for event in events:
                details.take(event)
        elif answer in ("n", "no", ""):
            work.context.console.print(f"confirmation declined, not proceeding with the {work.kind}")
            return False


def open_work(context: Context, kind: Kind, imports: tuple[Import, ...] = ()) -> Work:
    """Everything that can be wrong with the stack is told here, before a provider or the program is started."""
    document = context.document()
    doubt = context.backend.doubt(context.stack)
    if doubt:
        context.console.error(f"warning: {doubt}")
    file = context.stack_file
    vault = context.vault(document)
    with vault.checked():
        import_module("engine.deployment")  # brings the SDK: 0.4 s that only a run has to pay
    codec = context.codec(vault, document)
    snapshot = codec.load(document)
    pending.settle(snapshot, found_of(context), forget=context.parsed.on("clear-pending-creates"))
    project = Project(
        name=context.project.name,
        stack=context.stack,
        root=context.project.root,
        config=file.texts(vault.decrypt_setting),
        secret_keys=file.secret_keys,
    )
    return Work(context, kind, project, vault, codec, snapshot, _options(context, kind, imports))


def _options(context: Context, kind: Kind, imports: tuple[Import, ...]) -> Options:
    return Options(
        refresh=refresh_of(context) and kind not in ("refresh", "import"),
        parallel=int(context.parsed.values.get("parallel", 16)) or 16,
        continue_on_error=context.parsed.on("continue-on-error"),
        run_program=context.parsed.on("run-program") and kind == "refresh",
        imports=imports,
        scope=scope_of(context),
        wording=context.wording,
    )


def execute(work: Work, *, preview: bool, keep: Callable[[Event], None] | None = None) -> Result:
    """One run of the core, shown and, unless it is a preview, saved and kept in the history."""
    shown = _display(work, preview)
    cancellation = Cancellation()

    def emit(event: Event) -> None:
        if keep is not None:
            keep(event)
        shown.take(event)

    record = history.Record(
        history.KINDS[work.kind], int(time.time()), dict(work.context.stack_file.values())
    )
    runner = asyncio.Runner()
    result: Result | None = None
    try:
        result = runner.run(_run(work, preview, emit, cancellation, shown))
    finally:
        if result is None or not result.terminated:
            runner.close()  # after a second signal there may be threads for which nobody should wait
    if not preview:
        record.succeeded, record.end, record.changes = not result.failed, int(time.time()), result.changes
        record.flags = flags_of(work.context)
        try:
            history.keep(work.context.backend, work.project.stack, record)
        except OSError as error:  # the run is done all the same
            work.context.console.error(
                f"warning: the run is not kept in the history: {error.filename}: {error.strerror}"
            )
    work.snapshot = result.snapshot
    return result


async def _run(
    work: Work, preview: bool, emit: Callable[[Event], None], cancellation: Cancellation, shown: Display
) -> Result:
    loop = asyncio.get_running_loop()

    def on_signal(number: signal.Signals) -> None:
        if cancellation.canceled:
            shown.interrupt(TERMINATING[number])
            cancellation.terminate()
        else:
            shown.interrupt(f"{CANCELING[number]}\n{ORPHANS}")
            cancellation.cancel()

    for number in CANCELING:
        loop.add_signal_handler(number, on_signal, number)
    shown.begin()  # only now: who reads that a run has begun may interrupt it
    try:
        from engine.deployment import run  # loaded already

        return await run(
            "preview" if preview and work.kind == "update" else work.kind,
            replace(work.options, preview=preview),
            work.snapshot,
            work.project,
            emit,
            work.save,
            work.context.providers,
            work.context.project.program,
            cancellation,
        )
    finally:
        shown.end(cancellation.terminated)
        for number in CANCELING:
            loop.remove_signal_handler(number)


def conclude(work: Work, result: Result, what: str) -> int:
    """The exit code, and the last line that goes with some of them."""
    if result.terminated:
        raise CommandError(f"{work.kind} cancelled", TERMINATED)
    if result.failed:
        return FAILED
    if work.context.parsed.on("expect-no-changes") and result.changed:
        raise CommandError(f"no changes were expected for {what} but changes were proposed", CHANGES_FOUND)
    return 0


def _display(work: Work, preview: bool) -> Display:
    context, run_ = work.context, _run_of(work, preview)
    wishes = wishes_of(context)
    if context.parsed.on("json"):
        return Digest(context.console, run_, wishes) if preview else Stream(context.console, run_, wishes)
    if context.parsed.on("diff"):
        return Details(context.console, run_, wishes)
    if context.console.interactive:
        from engine.display.live import Live  # costs 50 ms, which only a terminal has to pay

        return Live(context.console, run_, wishes)
    return Progress(context.console, run_, wishes)


def _run_of(work: Work, preview: bool) -> Run:
    stack, project = work.project.stack, work.project.name
    return Run(work.kind, preview, stack, urns.stack_urn(stack, project))

"""The commands beside the stack verbs, with their help: setup, demo, lab, test, check, bench, map, audit."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Annotated

import typer

from cli import ROOT


def _leave(code: int | None, **_options: object) -> None:
    """With the exit code that a command gives; what else it may raise is told in `cli.__main__`."""
    raise typer.Exit(code or 0)


app = typer.Typer(
    help="Runs the rack of hypervisors trop01 to trop04 from what is declared in this repository.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    result_callback=_leave,
)
lab_app = typer.Typer(help="A throwaway hypervisor on this machine.", no_args_is_help=True)
app.add_typer(lab_app, name="lab")

Stack = Annotated[str, typer.Argument(help="The stack whose hypervisor it stands for.")]
Engine = Annotated[str, typer.Option(help="embedded or pulumi; else pulumi where it is on PATH.")]
Live = Annotated[bool, typer.Option("--live", help="Asks the hypervisors too, read-only.")]
Labs = Annotated[bool, typer.Option("--lab", help="Asks the labs that run on this machine.")]
Json = Annotated[bool, typer.Option("--json", help="For machines.")]
PASS_ON = {"allow_extra_args": True, "ignore_unknown_options": True}


@app.command()
def setup() -> None:
    """Makes .venv (the launcher has just done so), compiles what Python would at each start, says what uses it."""
    from cli.bytecode import compile_all

    compile_all()
    print(f"{ROOT / '.venv'} is ready, with Python {sys.version.split()[0]}.")
    cli = shutil.which("pulumi")
    print(f"Pulumi CLI: {cli}" if cli else "Pulumi CLI: none on PATH; the embedded engine is used.")


@app.command()
def demo(
    down: Annotated[bool, typer.Option("--down", help="Takes away all that the demo made.")] = False,
    engine: Engine = "",
) -> int:
    """Brings trop02 up on a throwaway hypervisor, and fetches a page from its float."""
    from cli import demo

    return demo.run(engine, down=down)


@lab_app.command("up")
def lab_up(
    stack: Stack,
    guest: Annotated[
        str, typer.Option(help="What its guests are: tiny, or debian, a real one with cloud-init and Docker.")
    ] = "",
    as_found: Annotated[
        bool,
        typer.Option("--as-found", help="Made by virsh as trop02 was in 2018, with its fault; anew only."),
    ] = False,
) -> int:
    """Starts the stack's lab, or does nothing if it runs."""
    from cli.lab import command

    return command.up(stack, guest, as_found=as_found)


@lab_app.command("status")
def lab_status(stack: Stack = "") -> int:
    """Shows the guests, their states and leases; of all labs unless one is named."""
    from cli.lab import command

    return command.status(stack)


@lab_app.command("console")
def lab_console(
    vm: str, lab: Annotated[str, typer.Option(help="The lab, where two have such a guest.")] = ""
) -> int:
    """Attaches this terminal to a guest's serial console; Ctrl-] leaves it."""
    from cli.lab import command

    return command.console(vm, lab)


@lab_app.command("down")
def lab_down(
    stack: Stack = "",
    purge: Annotated[bool, typer.Option("--purge", help="Its disks, definitions and state too.")] = False,
) -> int:
    """Stops the lab and every guest in it."""
    from cli.lab import command

    return command.down(stack, purge=purge)


@app.command("test", context_settings=PASS_ON)
def run_tests(
    context: typer.Context,
    quick: Annotated[bool, typer.Option(help="Only what needs no root: some minutes.")] = False,
    soak: Annotated[bool, typer.Option("--soak", help="Also what takes long.")] = False,
    on: Annotated[
        list[str] | None,
        typer.Option(
            metavar="RELEASE", help="On a bare machine of it: debian12, 13 or 14; debian11: its libvirtd."
        ),
    ] = None,
    everywhere: Annotated[
        bool, typer.Option("--everywhere", help="On those releases that every change has to pass on.")
    ] = False,
    write: Annotated[
        bool, typer.Option("--write", help="With --on: puts what was found into docs/versions.md.")
    ] = False,
) -> int:
    """Runs the tests, lab included; further words go to pytest.

    With --on, on a machine of that release, made for it from nothing: first `./trop demo`, then the tests.
    """
    from cli import quality

    if on or everywhere:
        from cli.releases.run import run

        return run(on or [], context.args, everywhere=everywhere, soak=soak, write=write)
    return quality.run_tests(context.args, quick=quick, soak=soak)


@app.command()
def check() -> int:
    """Runs ruff and mypy as a change has to pass them."""
    from cli import quality

    return quality.check()


@app.command()
def adopt(
    stack: Stack,
    lab: Annotated[bool, typer.Option("--lab", help="Of the stack's lab.")] = False,
    write: Annotated[
        bool, typer.Option("--write", help="Completes the stack's file from what is there.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Imports what is there into the state.")] = False,
    out: Annotated[Path | None, typer.Option(help="Writes the import file there.")] = None,
    engine: Engine = "",
) -> int:
    """Compares what runs with what is declared, and takes it over; nothing on the hypervisor is changed."""
    from cli.adopt.run import Order, run

    return run(Order(stack, lab, write, yes, out, engine))


@app.command("map")
def draw_map(
    output: Annotated[
        Path, typer.Argument(help="Where the picture goes: a name in .svg, .png, .mmd or .md (Mermaid).")
    ] = ROOT / "docs/rack.svg",
    live: Live = False,
    lab: Labs = False,
) -> int:
    """Draws the rack as it is declared, and with --live beside it what is seen, each difference marked."""
    from cli.map import command as map

    return map.run(ROOT, output, seen=live, lab=lab)


@app.command()
def whois(
    words: Annotated[list[str], typer.Argument(metavar="ADDRESS…", help="Addresses, MACs, names, vnetN.")],
    live: Live = False,
    lab: Labs = False,
    as_json: Json = False,
) -> int:
    """Says whose an address, a MAC or a name is, as declared or as seen."""
    from cli.whois import command

    return command.run(words, live=live, lab=lab, as_json=as_json)


@app.command()
def show(
    what: Annotated[str, typer.Argument(metavar="cloud-init|services", help="Its seed, or its services.")],
    name: Annotated[str, typer.Argument(metavar="VM", help="A VM of any stack.")],
) -> int:
    """Prints what a VM is given: what it reads at its first boot, or the files and commands of its services."""
    from cli import show as command

    return command.run(ROOT, what, name)


@app.command()
def audit(
    stacks: Annotated[list[str] | None, typer.Argument(metavar="[STACK…]", help="All, unless named.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Every stack whose file has a libvirt:uri.")] = False,
    lab: Labs = False,
    as_json: Json = False,
) -> int:
    """Says what is wrong with what runs, against what is declared; exit code 1 when anything is."""
    from cli.audit.run import run

    return run([] if every else stacks or [], lab=lab, as_json=as_json)


@app.command()
def annotate(
    file: Annotated[
        str, typer.Argument(metavar="FILE|-", help="A text, a pcap or a pcapng; - what comes in.")
    ],
    live: Live = False,
    lab: Labs = False,
) -> int:
    """Writes a trace with names beside the addresses: tcpdump -eln | ./trop annotate -"""
    from cli.trace import command

    return command.run(file, live=live, lab=lab)


@app.command()
def bench(
    stack: Annotated[
        str, typer.Argument(help="A stack, or one of the words annotate, bytecode and scale.")
    ] = "trop02",
    engine: Engine = "",
    times: Annotated[
        int | None, typer.Option(min=1, help="How often each is run: 5 times, of scale once.")
    ] = None,
    vms: Annotated[
        list[int] | None, typer.Option(help="Of scale: how many VMs in all; may be said again.")
    ] = None,
    hypervisors: Annotated[int, typer.Option(help="Of scale: how many labs are brought up for them.")] = 10,
    started: Annotated[
        bool, typer.Option("--started", help="Of scale: the VMs run, and boot nothing.")
    ] = False,
    write: Annotated[
        bool, typer.Option("--write", help="Of scale: puts page and picture into docs/.")
    ] = False,
) -> int:
    """Measures a preview with no changes of a stack that is up in its lab; or `annotate`, on a million lines.

    `scale`: the life cycle of many VMs on labs of its own, beside a bare script and the SDK alone; 100 and 1,000 VMs
    unless others are said. It needs root, installs what a lab needs where that is missing, and leaves nothing behind.
    Two cores with nothing else to do take minutes for 100 VMs, and most of an hour for 1,000.
    """
    from cli.bench import annotate as annotate_bench
    from cli.bench import bytecode as bytecode_bench
    from cli.bench import command as bench

    if stack == "bytecode":
        return bytecode_bench.run(times or 5)
    if stack == "annotate":
        return annotate_bench.run()
    if stack == "scale":
        from cli.scale import run as scale

        counts = vms or [100, 1000]
        return scale.run(counts, hypervisors, times or 1, started=started, write=write)
    return bench.run(stack, engine, times or 5)


def _stack_verb(name: str, text: str) -> None:
    """Only for the list of commands: `cli.__main__` hands these on before this module is read."""

    @app.command(name, help=text, context_settings=PASS_ON, rich_help_panel="On a stack, by Pulumi's words")
    def verb(context: typer.Context) -> int:
        from cli.stack_verbs import run

        return run([name, *context.args])


for _name, _text in (
    ("preview", "What `up` would do: ./trop preview trop02|--all [--diff] [--lab]"),
    ("up", "Makes the hypervisor what the stack declares: ./trop up trop02|--all [--yes]"),
    ("refresh", "Takes what is there into the state."),
    ("destroy", "Takes away all that the stack made."),
    ("stack", "init, ls, rm, output, export and import of stacks."),
    ("config", "The settings of a stack."),
    ("state", "Repairs of the state."),
    ("import", "Takes an object that exists into the stack."),
    ("cancel", "Removes the lock of an update that died."),
    ("whoami", "Who works on the stacks."),
    ("version", "The engine's version."),
):
    _stack_verb(_name, _text)

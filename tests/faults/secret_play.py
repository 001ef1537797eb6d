"""A stack whose secrets have a canary in them, played in memory through every verb, also where steps fail.

A process of its own.  It tells what was said, which files were opened to be written, and what was started: seen by an
audit hook, so that nothing that Python does can be left out.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import shutil
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any

import yaml

from cli import ROOT
from engine.app import main
from tests.crash.world import World, servicer
from tests.provider.fake_libvirt import error

PROGRAM = """
import os, sys
import pulumi
from pulumi import CustomResource, Output, ResourceOptions

config = pulumi.Config()
token = config.require_secret("token")
object_ = config.require_secret_object("object")
opts = lambda **more: ResourceOptions(version="0.5.4", **more)


def made(kind, name, props, **more):
    return CustomResource(f"libvirt:index/{kind[0].lower()}{kind[1:]}:{kind}", name, props, opts(**more))


pool = made("Pool", "live", {"name": "live", "type": "dir", "path": "/libvirt/storage/live"})
seed = made("CloudInitDisk", "seed", {
    "name": "seed.iso", "pool": "live", "userData": Output.concat("#cloud-config\\npassword: ", token, "\\n"),
    "metaData": Output.secret("instance-id: one\\nkey: " + os.environ["CANARY"] + "\\n")}, depends_on=[pool])
disk = made("Volume", "disk", {"name": "disk.qcow2", "pool": "live", "format": "qcow2", "size": 1 << 20},
            depends_on=[pool])
net = made("Network", "catnet", {"name": "catnet", "mode": "nat", "bridge": "virbr7", "addresses": ["10.77.0.0/24"]})
guest = made("Domain", "guest", {
    "name": "guest", "type": "qemu", "memory": int(os.environ.get("MEMORY", "96")), "running": False,
    "description": Output.concat("told ", token), "disks": [{"volumeId": disk.id}], "cloudinit": seed.id,
    "title": object_.apply(lambda it: it["deep"][0])},
    additional_secret_outputs=["memory"])
nic = made("Interface", "nic", {
    "domain": guest.id, "network": "catnet", "mac": "52:54:00:77:00:08", "model": "virtio", "guest": "none",
    "addresses": [Output.secret(os.environ["ADDRESS"])], "gateway": "10.77.0.1"}, depends_on=[net])
pulumi.export("token", token)
pulumi.export("derived", Output.concat("behind ", token, " and more"))
pulumi.export("object", object_)
pulumi.export("plain", "a plain word")
token.apply(lambda text: print("printed:", text))
object_.apply(lambda it: pulumi.log.warn("logged: " + it["deep"][0]))
if os.environ.get("BAD_SEED"):
    made("CloudInitDisk", "bad", {"name": "bad.iso", "pool": "live",
         "userData": Output.concat("a first line with ", token, " and so on and so on and so on")})
if os.environ.get("BAD_NAME"):
    made("Volume", "named", {"name": Output.concat(token, ".qcow2"), "pool": "live", "format": "qcow2", "size": 1})
if os.environ.get("BAD_TYPE"):
    made("Volume", "bad", {"name": "bad.qcow2", "pool": "live", "format": token, "size": 1})
if os.environ.get("RAISE"):
    token.apply(lambda text: {}[text])
"""
VERBS: tuple[tuple[tuple[str, ...], dict[str, str]], ...] = (
    (("preview", "--diff"), {}),
    (("preview", "--json"), {}),
    (("up", "--yes"), {"FAIL": "define"}),
    (("up", "--yes", "--diff"), {}),
    (("up", "--yes", "--skip-preview", "--json"), {"MEMORY": "128"}),
    (("up", "--yes"), {"MEMORY": "160", "FAIL": "define"}),
    (("up", "--yes", "--diff"), {"MEMORY": "160"}),
    (("preview", "--diff"), {"BAD_SEED": "1", "MEMORY": "160"}),
    (("preview",), {"BAD_TYPE": "1", "MEMORY": "160"}),
    (("up", "--yes"), {"BAD_NAME": "1", "MEMORY": "160"}),
    (("up", "--yes", "--skip-preview"), {"RAISE": "1", "MEMORY": "160"}),
    (("refresh", "--yes", "--diff"), {}),
    (("refresh", "--preview-only", "--json"), {}),
    (("stack",), {}),
    (("stack", "output"), {}),
    (("stack", "output", "--json"), {}),
    (("stack", "export"), {}),
    (("stack", "history", "--json"), {}),
    (("config",), {}),
    (("config", "--json"), {}),
    (("destroy", "--yes", "--diff"), {"FAIL": "undefine"}),
    (("destroy", "--yes"), {}),
)
SHOWING = ("stack", "output", "--show-secrets")


class Watch:
    """Files that are opened to be written, and programs that are started, from now on."""

    def __init__(self) -> None:
        self.written: set[str] = set()
        self.started: list[str] = []
        sys.addaudithook(self._note)

    def _note(self, event: str, args: tuple[Any, ...]) -> None:
        if event == "open" and isinstance(args[0], str) and args[2] & (os.O_WRONLY | os.O_RDWR):
            self.written.add(os.path.realpath(args[0]))
        elif event == "os.rename":
            self.written.add(os.path.realpath(args[1]))
        elif event in ("subprocess.Popen", "os.exec", "os.posix_spawn", "os.system", "os.fork"):
            self.started.append(f"{event} {args!r}")


class Stubborn(World):
    """Fails as libvirt does, with what it was given in its words, when it is told to."""

    def defineXML(self, xml: str) -> Any:
        if os.environ.get("FAIL") == "define":
            raise error(1, f"internal error: this can't be defined: {xml}")
        return super().defineXML(xml)


def play(folder: Path, canary: str, address: str) -> dict[str, Any]:
    project = folder / "project"
    project.mkdir()
    (project / "__main__.py").write_text(PROGRAM)
    shutil.copyfile(ROOT / "Pulumi.yaml", project / "Pulumi.yaml")
    (project / "Pulumi.trop02.yaml").write_text(yaml.safe_dump({"config": {"libvirt:uri": "qemu:///system"}}))
    (folder / "state").mkdir()
    (folder / "tmp").mkdir()
    tempfile.tempdir = str(folder / "tmp")
    os.environ.update(
        PULUMI_BACKEND_URL=f"file://{folder / 'state'}", PULUMI_CONFIG_PASSPHRASE="of the test",
        CANARY=canary, ADDRESS=f"{address}/24",
        PULUMI_HOME=str(folder / "home"), TMPDIR=str(folder / "tmp"), NO_COLOR="1",
    )  # fmt: skip
    watch, world = Watch(), Stubborn()
    (folder / "before").write_text(canary)  # the hook sees it: it is there in the end, or it sees nothing
    run = lambda *words: _run(world, project, words)  # noqa: E731
    run("stack", "init", "trop02")
    run("config", "set", "--secret", "token", canary, "--stack", "trop02")
    run(
        "config",
        "set",
        "--secret",
        "object",
        json.dumps({"deep": [f"in {canary} deep"]}),
        "--stack",
        "trop02",
    )
    said = []
    for words, variables in VERBS:
        os.environ.update(variables)
        code, text = run(*words, "--stack", "trop02")
        said.append([" ".join(words), code, text])
        if words[0] == "up":
            _keep(folder, len(said))
        for name in variables:
            del os.environ[name]
        if words == ("refresh", "--preview-only", "--json"):
            shown = run(*SHOWING, "--stack", "trop02")[1]
    seen = "\n".join(world.seen())
    return {
        "said": said, "shown": shown, "written": sorted(watch.written), "started": watch.started, "seen": seen,
        "threads": [thread.name for thread in threading.enumerate()],
    }  # fmt: skip


def _keep(folder: Path, number: int) -> None:
    """What the state folder held at that time; later writes are over it."""
    shutil.copytree(folder / "state", folder / "kept" / str(number))


def _run(world: World, project: Path, words: tuple[str, ...]) -> tuple[int, str]:
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
        code = main([*words, "--cwd", str(project)], providers={"libvirt": lambda: servicer(world)})
    return code, out.getvalue()


if __name__ == "__main__":
    with contextlib.redirect_stdout(sys.stderr):
        told = play(Path(sys.argv[1]), *os.environ["PLANTED"].split())
    print(json.dumps(told))

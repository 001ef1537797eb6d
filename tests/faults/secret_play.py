"""A stack whose secrets have a canary in them, played in memory through every verb, also where steps fail.

A process of its own.  It tells what was said, which files were opened to be written, and what was started: seen by an
audit hook, so that nothing that Python does can be left out.  Before that, runs that are ended in the middle of a
write, each in a fork; what they left stays in the folder.
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
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from unittest import mock

import yaml

import engine.deployment  # noqa: F401  what each fork would load again
from cli import ROOT
from engine.app import main
from tests.crash.world import World, servicer
from tests.provider.fakes.basics import error

PROGRAM = '''
import os, sys
import pulumi
from pulumi import CustomResource, Output, ResourceOptions

config = pulumi.Config()
token = config.require_secret("token")
odd = config.require_secret("odd")
object_ = config.require_secret_object("object")
opts = lambda **more: ResourceOptions(version="0.5.4", **more)
SHEET = """<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform"><!-- %s -->
<xsl:template match="@*|node()"><xsl:copy><xsl:apply-templates select="@*|node()"/></xsl:copy></xsl:template>
</xsl:stylesheet>"""


def made(kind, name, props, **more):
    return CustomResource(f"libvirt:index/{kind[0].lower()}{kind[1:]}:{kind}", name, props, opts(**more))


pool = made("Pool", "live", {"name": "live", "type": "dir", "path": "/libvirt/storage/live"})
seed = made("CloudInitDisk", "seed", {
    "name": "seed.iso", "pool": "live", "userData": Output.concat("#cloud-config\\npassword: ", token, "\\n"),
    "metaData": Output.secret("instance-id: one\\nkey: " + os.environ["CANARY"] + "\\n")}, depends_on=[pool])
disk = made("Volume", "disk", {"name": "disk.qcow2", "pool": "live", "format": "qcow2", "size": 1 << 20},
            depends_on=[pool])
net = made("Network", "catnet", {"name": "catnet", "mode": "nat", "bridge": "virbr7", "addresses": ["10.77.0.0/24"],
                                 "xml": {"xslt": token.apply(lambda text: SHEET % text)}})
guest = made("Domain", "guest", {
    "name": "guest", "type": "qemu", "memory": int(os.environ.get("MEMORY", "96")), "running": False,
    "description": Output.concat("told ", token, " and ", odd), "disks": [{"volumeId": disk.id}], "cloudinit": seed.id,
    "title": object_.apply(lambda it: it["deep"][0])},
    additional_secret_outputs=["memory"])
nic = made("Interface", "nic", {
    "domain": guest.id, "network": "catnet", "mac": "52:54:00:77:00:08", "model": "virtio", "guest": "none",
    "addresses": [Output.secret(os.environ["ADDRESS"])], "gateway": "10.77.0.1"}, depends_on=[net])
pulumi.export("token", token)
pulumi.export("odd", odd)
pulumi.export("derived", Output.concat("behind ", token, " and more"))
pulumi.export("object", object_)
pulumi.export("plain", "a plain word")
token.apply(lambda text: print("printed:", text))
odd.apply(lambda text: print("quoted:", repr(text)))
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
'''
PASSPHRASE = "phrase-that-must-not-sing"
SECOND = "-the-second"  # behind the canary, once it was set anew
ROTATE = ("config", "set", "--secret", "token")
VERBS: tuple[tuple[tuple[str, ...], dict[str, str]], ...] = (
    (("preview", "--diff"), {}),
    (("preview", "--json"), {}),
    (("preview", "--import-file", "import.json"), {}),
    (("up", "--yes"), {"FAIL": "define"}),
    (("up", "--yes", "--diff"), {}),
    (("up", "--yes", "--skip-preview", "--json"), {"MEMORY": "128"}),
    (("up", "--yes"), {"MEMORY": "160", "FAIL": "define"}),
    (("up", "--yes", "--diff"), {"MEMORY": "160"}),
    (("preview", "--diff"), {"BAD_SEED": "1", "MEMORY": "160"}),
    (("preview",), {"BAD_TYPE": "1", "MEMORY": "160"}),
    (("preview", "--diff"), {"PULUMI_CONFIG_PASSPHRASE": "another phrase", "MEMORY": "160"}),
    (("up", "--yes"), {"BAD_NAME": "1", "MEMORY": "160"}),
    (("up", "--yes", "--skip-preview"), {"RAISE": "1", "MEMORY": "160"}),
    (ROTATE, {}),
    (("preview", "--diff", "--show-config", "--show-sames", "--show-replacement-steps"), {"MEMORY": "160"}),
    (("preview", "--json"), {"MEMORY": "160"}),
    (("up", "--yes"), {"MEMORY": "160", "LIBVIRT_ALLOW": "seed.iso=data loss"}),
    (("refresh", "--yes", "--diff"), {}),
    (("refresh", "--preview-only", "--json"), {}),
    (("stack",), {}),
    (("stack", "--show-urns", "--show-ids"), {}),
    (("stack", "output"), {}),
    (("stack", "output", "token"), {}),
    (("stack", "output", "--json"), {}),
    (("stack", "output", "--shell"), {}),
    (("stack", "export"), {}),
    (("stack", "export", "--file", "exported.json"), {}),
    (("stack", "export", "--version", "1"), {}),
    (("stack", "history"), {}),
    (("stack", "history", "--json"), {}),
    (("stack", "import", "--file", "exported.json"), {}),
    (("config",), {}),
    (("config", "--json"), {}),
    (("destroy", "--yes", "--diff"), {"FAIL": "undefine"}),
    (("destroy", "--yes"), {}),
)
SHOWING = ("stack", "output", "--show-secrets")
KILLED_AT = range(1, 80, 6)  # which rename of a run is not reached any more


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
            self.started.append(f"{event} {args[:2]!r}")


class Stubborn(World):
    """Fails as libvirt does, with what it was given in its words, when it is told to."""

    def defineXML(self, xml: str) -> Any:
        if os.environ.get("FAIL") == "define":
            raise error(1, f"internal error: this can't be defined: {xml}")
        return super().defineXML(xml)


def begin(folder: Path, canary: str, address: str, odd: str) -> None:
    """The project, an empty stack, and its secret settings."""
    project = folder / "project"
    project.mkdir()
    (project / "__main__.py").write_text(PROGRAM)
    shutil.copyfile(ROOT / "Pulumi.yaml", project / "Pulumi.yaml")
    (project / "Pulumi.trop02.yaml").write_text(yaml.safe_dump({"config": {"libvirt:uri": "qemu:///system"}}))
    for name in ("state", "tmp", "killed"):
        (folder / name).mkdir()
    tempfile.tempdir = str(folder / "tmp")
    os.environ.update(
        PULUMI_BACKEND_URL=f"file://{folder / 'state'}", PULUMI_CONFIG_PASSPHRASE=PASSPHRASE,
        CANARY=canary, ADDRESS=f"{address}/24", PULUMI_STACK="trop02",
        PULUMI_HOME=str(folder / "home"), TMPDIR=str(folder / "tmp"), NO_COLOR="1",
    )  # fmt: skip
    world = World()
    secrets = {"token": canary, "odd": odd, "object": json.dumps({"deep": [f"in {canary} deep"]})}
    for words in (("stack", "init", "trop02"), *(("config", "set", "--secret", *s) for s in secrets.items())):
        code, text = _run(world, project, words)
        assert code == 0, text


def kill_some(folder: Path) -> int:
    """Runs that end in the middle of a write, each with a state of its own; how many were ended so."""
    killed = 0
    for number in KILLED_AT:
        state = folder / "killed" / str(number)
        shutil.copytree(folder / "state", state)
        child = os.fork()
        if child == 0:
            _die_at(number)
            os.environ["PULUMI_BACKEND_URL"] = f"file://{state}"
            _run(World(), folder / "project", ("up", "--yes", "--skip-preview"))
            os._exit(0)
        killed += os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
    return killed


def _die_at(number: int) -> None:
    left = [number]

    def note(event: str, _: tuple[Any, ...]) -> None:
        if event == "os.rename":
            left[0] -= 1
            if not left[0]:
                os._exit(9)

    sys.addaudithook(note)


def play(folder: Path, canary: str) -> dict[str, Any]:
    project = folder / "project"
    watch, world = Watch(), Stubborn()
    (folder / "before").write_text(canary)  # the hook sees it: it is there in the end, or it sees nothing
    said, shown, seen = [], "", ""
    for words, variables in VERBS:
        own = (*words, canary + SECOND) if words == ROTATE else words
        with mock.patch.dict(os.environ, variables):
            code, text = _run(world, project, own)
        said.append([" ".join(words), code, text])
        if words[0] == "up":
            shutil.copytree(folder / "state", folder / "kept" / str(len(said)))  # later writes are over it
        if words[0] == "refresh":
            shown, seen = _run(world, project, SHOWING)[1], "\n".join(world.seen())
    return {
        "said": said, "shown": shown, "written": sorted(watch.written), "started": watch.started, "seen": seen,
        "threads": [thread.name for thread in threading.enumerate()],
    }  # fmt: skip


def _run(world: World, project: Path, words: tuple[str, ...]) -> tuple[int, str]:
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
        code = main([*words, "--cwd", str(project)], providers={"libvirt": lambda: servicer(world)})
    return code, out.getvalue()


def told(folder: Path, planted: Mapping[str, str]) -> dict[str, Any]:
    begin(folder, planted["canary"], planted["address"], planted["odd"])
    killed = kill_some(folder)
    return {**play(folder, planted["canary"]), "killed": killed}


if __name__ == "__main__":
    with contextlib.redirect_stdout(sys.stderr):
        result = told(Path(sys.argv[1]), json.loads(os.environ.pop("PLANTED")))
    print(json.dumps(result))

"""A preview where no lab can be had: on libvirt's in-process test driver, given the hypervisor that the plan expects.

libvirt reads the whole host from one XML file: the bridges by name, and a pool with the base images.  Nothing is made
there, and nothing outlives the process.
"""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath
from xml.etree import ElementTree as Xml

import config
from cli.lab.stack import PASSPHRASE, PASSPHRASES, init_stack, write_project


def prepare(plan: config.Plan, folder: Path, engine: str) -> tuple[list[str], dict[str, str]]:
    """Makes the host and the stack in ``folder``; words to add to Pulumi's, and its environment."""
    host = folder / "host.xml"
    host.write_text(host_xml(plan), encoding="utf-8")
    project = write_project(plan.stack, folder / "project", f"test://{host}", {"domainType": "qemu"})
    (folder / "state").mkdir()
    environment = {key: value for key, value in os.environ.items() if key not in PASSPHRASES}
    environment |= {
        "PULUMI_HOME": str(folder / "home"),  # the stack that is selected there is not the operator's
        "PULUMI_BACKEND_URL": f"file://{folder / 'state'}",
        "PULUMI_CONFIG_PASSPHRASE": PASSPHRASE,
    }
    init_stack(plan.stack, project, engine, environment)
    return ["--config-file", str(project / f"Pulumi.{plan.stack}.yaml")], environment


def host_xml(plan: config.Plan) -> str:
    """The test driver's ``<node>``: every bridge of the hypervisor, and each folder of base images as a pool."""
    node = Xml.Element("node")
    for name in sorted({plan.networks.bridged.bridge} | {bridge.name for bridge in plan.hypervisor.bridges}):
        interface = Xml.SubElement(node, "interface", type="bridge", name=name)
        Xml.SubElement(interface, "start", mode="onboot")
        Xml.SubElement(Xml.SubElement(interface, "bridge"), "interface", type="ethernet", name=f"port-{name}")
    for path in sorted({vm.base_image for vm in plan.vms}):
        _add_base(node, PurePosixPath(path))
    return Xml.tostring(node, encoding="unicode")


def _add_base(node: Xml.Element, path: PurePosixPath) -> None:
    folder = str(path.parent)
    pool = next((pool for pool in node.iter("pool") if pool.findtext("target/path") == folder), None)
    if pool is None:
        pool = Xml.SubElement(node, "pool", type="dir")
        Xml.SubElement(pool, "name").text = f"base{folder.replace('/', '-')}"
        Xml.SubElement(Xml.SubElement(pool, "target"), "path").text = folder
    volume = Xml.SubElement(pool, "volume")
    Xml.SubElement(volume, "name").text = path.name
    Xml.SubElement(volume, "capacity", unit="GiB").text = "32"
    Xml.SubElement(Xml.SubElement(volume, "target"), "format", type="qcow2")

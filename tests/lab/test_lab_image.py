"""What the guest's image is made of, and how the guest reads its seed. Needs no root."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from lab import image, kernel_modules
from lab.facts import LabError

GUEST = Path(image.__file__).with_name("guest")
AWK = [shutil.which("busybox") or "", "awk"] if shutil.which("busybox") else ["awk"]  # any does

CONFIG = {
    "version": 2,
    "ethernets": {
        "default": {"match": {"macaddress": "52:54:00:02:02:08"}, "dhcp4": True},
        "one": {
            "match": {"macaddress": "52:54:00:00:01:0A"},
            "addresses": ["129.215.175.200/24", "10.0.0.1/8"],
            "routes": [
                {"to": "0.0.0.0/0", "via": "129.215.175.126", "metric": 50},
                {"to": "10.0.0.0/8", "via": "10.0.0.9"},
            ],
        },
        "two": {"match": {"macaddress": "52:54:00:00:01:0b"}, "dhcp4": False},
    },
}
BLOCK = yaml.safe_dump(CONFIG, sort_keys=False)
FORMS = {
    "block": BLOCK,
    "commented": "# made by hand\n---\n" + BLOCK.replace("dhcp4: true", "dhcp4: true  # asks"),
    "under network": yaml.safe_dump({"network": CONFIG}),
    "flow": yaml.safe_dump(CONFIG, default_flow_style=True, width=10**6),
    "json": json.dumps({"network": CONFIG}),
    "indented json": json.dumps(CONFIG, indent=2),
}


def awk(*words: str | Path, text: str) -> str:
    done = subprocess.run(
        [*AWK, *map(str, words)], input=text, capture_output=True, text=True, timeout=10, check=True
    )
    return done.stdout


def told(form: str, mac: str) -> list[str]:
    """What the guest's `nics` is told of the NIC with this MAC."""
    flat = awk("-f", GUEST / "yaml.awk", text=FORMS[form])
    return awk("-F\t", "-v", f"mac={mac}", "-f", GUEST / "nic.awk", text=flat).splitlines()


@pytest.mark.parametrize("form", FORMS)
def test_a_network_config_says_the_same_in_every_form(form: str) -> None:
    assert told(form, "52:54:00:02:02:08") == ["dhcp", "end"]
    assert [line.rstrip() for line in told(form, "52:54:00:00:01:0a")] == [
        "address 129.215.175.200/24",
        "address 10.0.0.1/8",
        "route default 129.215.175.126 50",
        "route 10.0.0.0/8 10.0.0.9",
        "end",
    ]
    assert told(form, "52:54:00:00:01:0B") == ["end"]
    assert told(form, "52:54:00:00:01:0c") == []


def test_names_are_read_from_quoted_and_plain_text() -> None:
    assert awk("-f", GUEST / "yaml.awk", text="local-hostname: 'One'\n") == "local-hostname\tOne\n"
    text = "#cloud-config\nhostname: Two\npreserve_hostname: false\n"
    assert "hostname\tTwo\n" in awk("-f", GUEST / "yaml.awk", text=text)


def module(folder: Path, name: str, depends: str = "") -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.ko").write_bytes(b"ELF\0license=GPL\0depends=" + depends.encode() + b"\0name=x\0")


def test_modules_are_in_an_order_in_which_each_finds_what_it_needs(tmp_path: Path) -> None:
    tree = tmp_path / "6.1"
    module(tree / "kernel/a", "virtio-net", "virtio,net_failover")
    module(tree / "kernel/b", "net_failover", "failover")
    module(tree / "kernel/b", "failover")
    module(tree / "kernel", "virtio")
    (tree / "modules.builtin").write_text("kernel/fs/ext4/ext4.ko\n")
    order = kernel_modules.copy(["ext4", "virtio_net"], tree, tmp_path / "out", present=["virtio"])
    assert order == ["failover", "net_failover", "virtio_net"]
    assert (tmp_path / "out/order").read_text() == "failover.ko\nnet_failover.ko\nvirtio_net.ko\n"


def test_a_kernel_without_a_needed_module_is_refused(tmp_path: Path) -> None:
    (tmp_path / "modules.builtin").write_text("")
    with pytest.raises(LabError, match="has no module sr_mod"):
        kernel_modules.copy(["sr_mod"], tmp_path, tmp_path / "out")


def test_the_image_knows_nothing_of_the_fleet() -> None:
    fleet = yaml.safe_load((GUEST.parents[1] / "config" / "fleet.yaml").read_text())
    names = [
        *fleet["hypervisors"],
        *fleet["hypervisors"]["trop02"]["slots"],
        "129.215.",
        "192.168.",
        "52:54:",
    ]
    sources = [Path(image.__file__), *GUEST.iterdir()]
    assert [(path.name, name) for path in sources for name in names if name in path.read_text()] == []

"""The stack's file completed: new keys go where they belong, and every other byte stays."""

from __future__ import annotations

import pytest
import yaml

from cli.adopt import complete, stackfile
from cli.words.command_line import UsageError

FILE = """\
# What runs on trop02.  Names stand elsewhere.
encryptionsalt: "v1:abc"
config:
  libvirt:uri: 'qemu:///system'   # the real one
  # the VMs
  trop:vms:
    Acilamwen:   # holds float1
      description: "Front-end: proxy"

      # said in 2018
      memory: 4096
    Ulov: {}     # idle
    Dwiema: {vcpu: 2, guest: none}  # in braces
  # and the rest
  trop:fleet: config/fleet.yaml

# the end
"""


def test_new_keys_go_where_they_belong_and_every_other_byte_stays() -> None:
    new: complete.Additions = {
        "Acilamwen": {"seedDisk": False, "vcpu": 4},
        "Ulov": {"domain": "ulov: a 'b' # c", "running": False},
        "Dwiema": {"overlay": False},
        "Siamond": {},
        "Ibalehar": {"memory": 512},
    }

    assert stackfile.edited(FILE, new, "f") == FILE.replace(
        "      memory: 4096\n", "      memory: 4096\n      seedDisk: false\n      vcpu: 4\n"
    ).replace(
        "    Ulov: {}     # idle\n",
        "    Ulov:\n      domain: 'ulov: a ''b'' # c'\n      running: false     # idle\n",
    ).replace(
        "{vcpu: 2, guest: none}  # in braces\n",
        "{vcpu: 2, guest: none, overlay: false}  # in braces\n    Siamond: {}\n    Ibalehar:\n      memory: 512\n",
    )


def test_the_last_vm_grows_before_others_follow() -> None:
    text = "config:\n  trop:vms:\n    Ulov:\n      vcpu: 1\n"

    assert stackfile.edited(text, {"Ulov": {"memory": 512}, "Siamond": {"vcpu": 2}}, "f") == (
        f"{text}      memory: 512\n    Siamond:\n      vcpu: 2\n"
    )


EMPTY = [
    "config:\n  libvirt:uri: x\n  trop:vms: {}   # none\n",
    "config:\n  libvirt:uri: x\n  trop:vms:\n",
    "config:\n  libvirt:uri: x\n",
    "config:\n  libvirt:uri: x",
    "# nothing yet\nencryptionsalt: y\n",
    "config:\n    libvirt:uri: x # four columns\n",
    "config:\n  trop:vms:\n    Acilamwen:\n      description: |\n        two\n        lines\n  # after\n",
    "config:\r\n  trop:vms: {Acilamwen: {}}\r\n",
]


@pytest.mark.parametrize("text", EMPTY)
def test_a_file_without_vms_or_of_another_style_is_completed(text: str) -> None:
    new: complete.Additions = {"Ulov": {"memory": 512}, "Siamond": {}}
    after = stackfile.edited(text, new, "f")

    assert yaml.safe_load(after)["config"]["trop:vms"]["Ulov"] == {"memory": 512}
    assert yaml.safe_load(after)["config"]["trop:vms"]["Siamond"] == {}
    comments = [line for line in text.splitlines() if "#" in line]
    assert all(line.partition("#")[2] in after for line in comments)


@pytest.mark.parametrize("text", ["config: {}\n", "config: {libvirt:uri: x}\n"])
def test_a_file_that_can_not_be_added_to_is_refused_in_a_line(text: str) -> None:
    with pytest.raises(UsageError, match=r"^Pulumi.x.yaml: it is written so .*; add it by hand$"):
        stackfile.edited(text, {"Ulov": {"memory": 512}}, "Pulumi.x.yaml")


@pytest.mark.parametrize(
    "name",
    [
        "ulov",
        "a b",
        "yes",
        "1.5",
        "ü–x",
        "a: b",
        "#x",
        "{x}",
        "'",
        '"',
        "- a",
        "&x",
        "two\nlines # x\n\n  'end'",
        "end ",
        "*",
    ],
)
def test_a_name_of_odd_characters_is_read_back_as_it_is(name: str) -> None:
    after = stackfile.edited(FILE, {"Ulov": {"domain": name}, "Siamond": {"domain": name}}, "f")
    vms = yaml.safe_load(after)["config"]["trop:vms"]

    assert (vms["Ulov"], vms["Siamond"]) == ({"domain": name}, {"domain": name})


def test_the_diff_is_a_unified_one_and_empty_where_nothing_is_added() -> None:
    after = stackfile.edited(FILE, {"Acilamwen": {"seedDisk": False}}, "f")

    assert stackfile.edited(FILE, {}, "f") == FILE
    assert stackfile.difference(FILE, FILE, "f") == ""
    assert stackfile.difference(FILE, after, "f").splitlines()[-5:] == [
        "       # said in 2018",
        "       memory: 4096",
        "+      seedDisk: false",
        "     Ulov: {}     # idle",
        "     Dwiema: {vcpu: 2, guest: none}  # in braces",
    ]

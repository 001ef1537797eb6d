"""`./trop show`: what a VM is given, as text."""

from __future__ import annotations

import re

import pytest
import yaml

from cli import ROOT, rack, show
from cli.words.command_line import UsageError


@pytest.mark.reports("G7")
def test_each_file_of_the_seed_of_a_vm_is_shown_under_its_name(capsys: pytest.CaptureFixture[str]) -> None:
    assert show.run(ROOT, "cloud-init", "Acilamwen") == 0

    _, *shown = re.split(r"^==> (.+) <==$\n", capsys.readouterr().out, flags=re.MULTILINE)
    files = dict(zip(shown[::2], shown[1::2], strict=True))
    assert files["user-data"].startswith("#cloud-config\nhostname: Acilamwen\n")
    assert files["meta-data"].startswith("instance-id: Acilamwen\n")
    assert "macaddress 52:54:00:02:02:0f asks DHCP" in files["network-config"]
    assert all(
        yaml.safe_load(text) is None or isinstance(yaml.safe_load(text), dict) for text in files.values()
    )


@pytest.mark.reports("G7")
def test_so_are_the_scripts_of_its_floats_where_it_takes_them_from_there() -> None:
    (plan,) = (plan for plan in rack.load(ROOT).plans.values() if plan.floats_of("Acilamwen"))
    vm = next(vm for vm in plan.vms if vm.name == "Acilamwen").model_copy(update={"guest": "cloud-init"})
    text = "\n".join(show.seed(vm, plan.floats_of("Acilamwen")))

    assert "HWADDR=52:54:00:00:01:00" in text
    assert "METRIC=50" in text


def test_the_services_of_a_vm_are_shown_with_the_commands_that_deploy_them(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert show.run(ROOT, "services", "Eterathiel") == 0
    out = capsys.readouterr().out

    assert "service ft_jarmila       firethorn/ogsadai:2.1.36         8080/tcp\n" in out
    assert "\n/etc/trop/services/apply\n" in out
    assert "# /etc/trop/services/stack/gillian.yaml (mode 0644)\n" in out


@pytest.mark.parametrize(
    ("what", "name", "line"),
    [
        ("cloud-init", "Nobody", "'Nobody' is no VM of a stack; there are Acilamwen, Lothigometh"),
        ("services", "Ulov", "Ulov has no services"),
        ("disk", "Ulov", "'disk' can't be shown; there are cloud-init and services"),
    ],
)
def test_what_can_not_be_shown_is_one_line(what: str, name: str, line: str) -> None:
    with pytest.raises(UsageError, match=line):
        show.run(ROOT, what, name)

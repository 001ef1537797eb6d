"""`./trop show`: what a VM is given, as text."""

from __future__ import annotations

import pytest

from cli import ROOT, show
from cli.words.command_line import UsageError


def test_the_seed_of_a_vm_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert show.run(ROOT, "cloud-init", "Acilamwen") == 0

    assert capsys.readouterr().out.startswith("#cloud-config\nhostname: Acilamwen\n")


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

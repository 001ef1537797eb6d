"""What is wrong with a guest's files, told by property, and what can not be told or imported."""

from __future__ import annotations

from typing import Any

import pytest

from provider.errors import OperatorError
from tests.provider.guest.place import Brought, Place


@pytest.mark.parametrize(
    "text", ["", "[]", '{"state": {"one": 1}}', '{"state": {"one": {"a": 1}}}', "{", "{}"]
)
def test_what_is_no_state_is_told(place: Place, text: str) -> None:
    made = place.brought()
    made.inputs["read"] = f"printf '%s' '{text}'"
    made.refresh()

    (line,) = made.notes()
    assert "guest Acilamwen: read prints what is no state" in line


NO_PATH = "is no absolute path of a file; allowed: one such as /etc/motd, without . and .."


def test_an_import_is_refused_in_one_line(place: Place) -> None:
    made = Brought(place, {})
    with pytest.raises(OperatorError, match="files in a guest are not imported"):
        place.handler.read(made.call, f"{place.vm.id}/x", {}, {})


@pytest.mark.parametrize(
    ("inputs", "line"),
    [
        ({"domain": "x"}, "domain: 'x' is no UUID; allowed: that of a domain, which is its resource's ID"),
        (
            {"files": {"etc/x": {"content": ""}}},
            f"files['etc/x']: {NO_PATH}",
        ),
        ({"files": {"/a/../b": {"content": ""}}}, f"files['/a/../b']: {NO_PATH}"),
        ({"files": {"/a": {}}}, "files['/a']: must have content, and may have mode and owner"),
        ({"files": {"/a": {"content": "", "mode": "9"}}},
         "files['/a']: has the mode '9'; allowed: octal digits such as 0644"),
        ({"files": {"/a": {"content": "", "owner": "a b"}}},
         "files['/a']: has the owner 'a b'; allowed: one such as root:root"),
        ({"files": {"/a": {"content": "x" * 1048577}}}, "files['/a']: has 1048577 bytes; allowed: up to 1048576"),
        ({"apply": "", "files": {}}, "apply: has 0 characters; allowed: 1 to 100000"),
        ({"secretFiles": {"../x": "y"}, "apply": "true"},
         "secretFiles['../x']: is no name of a file; allowed: letters, digits, dots, hyphens and underscores"),
        ({"state": {"one": {}}}, "state: is of no use without read: give that too"),
        ({"wait": 0}, "wait: must be 1 to 3600 seconds, not 0"),
        ({"state": {"one": {"a": 1}}, "read": "true"}, "state['one']: must have texts only"),
        ({"concerns": {"a": "b"}, "secretFiles": {"a": "b"}, "apply": "true"},
         "concerns['a']: must be a list of names of state"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_by_property(place: Place, inputs: dict[str, Any], line: str) -> None:
    checked = place.handler.check(Brought(place, {}).call, {}, {"domain": place.vm.id, **inputs})

    assert [f"{f.path}: {f.reason}" for f in checked.failures] == [line]

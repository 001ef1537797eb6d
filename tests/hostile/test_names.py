"""Hostile names, paths and words in the inputs of each resource type: refused at their path."""

from __future__ import annotations

import pytest

from provider.errors import plain
from tests.hostile import values
from tests.hostile.inputs import NO_XML, cases, refused, with_value
from tests.hostile.values import cut

WHY = {
    "nothing": "it is empty",
    "a blank": "it is empty",
    "a slash": "it has a '/' in it",
    "a way up": "it has a '/' in it",
    "two dots": "it is a folder's",
    "two lines": r"it has '\n' in it, which does not show",
    "a line break at the end": "it begins or ends with a blank",
    "an escape sequence": r"it has '\x1b' in it, which does not show",
    "300 characters": "it is too long",
    "a Cyrillic look-alike": "Cyrillic and Latin letters, which look alike, are mixed in it",
    "a full-width look-alike": "it looks like 'Acilamwen', and is another",
    "an invisible character": r"it has '\u200b' in it, which does not show",
    "text turned around": r"it has '\u202e' in it, which does not show",
    "a byte order mark": r"it has '\ufeff' in it, which does not show",
    "a line separator": r"it has '\u2028' in it, which does not show",
}
NAMED = [
    ("network:Network", "name", "a network"),
    ("pool:Pool", "name", "a pool"),
    ("volume:Volume", "name", "a volume"),
    ("volume:Volume", "pool", "a pool"),
    ("volume:Volume", "baseVolumeName", "a volume"),
    ("cloudInitDisk:CloudInitDisk", "name", "a volume"),
    ("cloudInitDisk:CloudInitDisk", "pool", "a pool"),
    ("domain:Domain", "name", "a domain"),
    ("domain:Domain", "networkInterfaces[0].networkName", "a network"),
    ("interface:Interface", "network", "a network"),
]


@pytest.mark.parametrize(("kind", "path", "noun", "what", "value"), cases(NAMED, values.NAMES, values.SHOWN))
def test_a_name_that_no_object_can_have(kind: str, path: str, noun: str, what: str, value: str) -> None:
    why = NO_XML.get(what) or (
        f"{plain(repr(cut(value)))} can't be {noun}'s name: {WHY[what]}; "
        "allowed: up to 200 bytes of printable text, without '/'"
    )
    assert refused(kind, with_value(kind, path, value))[path] == why


@pytest.mark.parametrize(
    "name",
    ["Ulov", "web-1.example.org", "Сервер 1", "база-db1", "日本", "naïve", "a 'b' \"c\" <&>", "名前-vm"],
)
def test_names_that_look_like_no_other_are_taken_in_every_script(name: str) -> None:
    for kind, path, _ in NAMED:
        assert path not in refused(kind, with_value(kind, path, name))


FILES = [
    ("pool:Pool", "path"),
    ("volume:Volume", "baseVolumeId"),
    ("domain:Domain", "emulator"),
    ("domain:Domain", "firmware"),
    ("domain:Domain", "cloudinit"),
    ("domain:Domain", "disks[0].file"),
    ("domain:Domain", "disks[0].volumeId"),
]
PATHS = {
    **{what: value for what, value in values.NAMES.items() if what not in NO_XML},
    "a way up in the middle": "/var/lib/../../etc/shadow",
    "two lines after a slash": "/a\nb",
    "5,000 characters": "/" + "x" * 5000,
}


@pytest.mark.parametrize(("kind", "path", "what", "value"), cases(FILES, PATHS))
def test_a_path_that_is_none(kind: str, path: str, what: str, value: str) -> None:
    assert refused(kind, with_value(kind, path, value))[path] == plain(
        f"must be absolute, not {cut(value)!r}; allowed: up to 4000 bytes of printable text that begins with '/', "
        "without '..'"
    )


WORDS = [
    ("domain:Domain", "arch"),
    ("domain:Domain", "machine"),
    ("domain:Domain", "cpu.mode"),
    ("domain:Domain", "video.type"),
    ("domain:Domain", "graphics.type"),
    ("domain:Domain", "graphics.listenType"),
    ("interface:Interface", "model"),
]


@pytest.mark.parametrize(
    ("kind", "path", "what", "value"), cases(WORDS, values.NAMES, (*NO_XML, "two dots", "a slash"))
)
def test_a_word_that_libvirt_has_not(kind: str, path: str, what: str, value: str) -> None:
    said = refused(kind, with_value(kind, path, value))[path]
    assert said == plain(
        f"{cut(value)!r} is no word of libvirt's; allowed: letters, digits, '.', '_', '+' and '-'"
    )


HOST_NAMES = [
    ("network:Network", "domain"),
    ("network:Network", "dhcpHosts[0].name"),
    ("network:Network", "dns.hosts[0].hostname"),
]
LINES = {**values.NAMES, "a setting of dnsmasq's": "x\ndhcp-script=/tmp/x", "a comma": "x,set:y"}


@pytest.mark.parametrize(("kind", "path", "what", "value"), cases(HOST_NAMES, LINES, tuple(NO_XML)))
def test_a_host_name_that_would_be_another_setting(kind: str, path: str, what: str, value: str) -> None:
    assert refused(kind, with_value(kind, path, value))[path] == plain(
        f"{cut(value)!r} is no name that DNS can have; allowed: parts of up to 63 letters, digits, '-' and '_', with "
        "dots between them"
    )

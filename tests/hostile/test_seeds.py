"""What a cloud-init disk may say, and what cloud-init would not read: told in one line, before a guest boots."""

from __future__ import annotations

import time

import pytest

from tests.hostile.inputs import refused

KIND = "cloudInitDisk:CloudInitDisk"
PART = "--==\nContent-Type: text/cloud-config\n\na: b\n"
MIME = f'Content-Type: multipart/mixed; boundary="=="\nMIME-Version: 1.0\n\n{PART}'
KEY = "-----BEGIN RSA PRIVATE KEY-----\nMIIEow\n-----END RSA PRIVATE KEY-----"
GOOD = {
    "nothing": "",
    "a configuration": "#cloud-config\nusers: [default]\n",
    "a configuration with line ends of Windows": "#cloud-config\r\nusers: [default]\r\n",
    "a configuration after empty lines": "\n\n#cloud-config\na: b\n",
    "a configuration with a remark in its first line": "#cloud-config of the web server\na: b\n",
    "a configuration in capital letters": "#Cloud-Config\na: b\n",
    "a configuration without anything": "#cloud-config\n",
    "a key in it": f"#cloud-config\nssh_keys:\n  rsa_private: |\n    {KEY.replace(chr(10), chr(10) + '    ')}\n",
    "a password of odd characters": "#cloud-config\npassword: 'p\\a\"ss<&>]]>{{x}} \u00a0ü👩\u200d💻'\n",
    "a merge": "#cloud-config\na: &a {x: 1}\nb: {<<: *a, y: 2}\n",
    "a shell script": "#!/bin/sh\nprintf '\x1b[1m%s\x07\\n' hello\n",
    "another interpreter's script": "#!/usr/bin/env python3\nprint('\x0c')\n",
    "no interpreter's script": "#!other\n",
    "an include": "#include\nhttps://example.org/a\n",
    "an include of once": "#include-once https://example.org/a\n",
    "a hook": "#cloud-boothook\n#!/bin/sh\necho\n",
    "an archive": "#cloud-config-archive\n- {type: text/cloud-config, content: 'a: b'}\n- '#!/bin/sh'\n",
    "a patch": '#cloud-config-jsonp\n[{"op": "add", "path": "/a", "value": 1}]\n',
    "a part's handler": "#part-handler\ndef list_types(): return []\n",
    "a template": "## template: jinja\n#cloud-config\nhostname: {{ v1.local_hostname }}\n{% if x %}a: [{% endif %}\n",
    "a message of several parts": MIME,
    "a message in a mailbox": "From nobody Sat Jan  1 00:00:00 2000\n" + MIME,
    "a message whose version comes first": "MIME-Version: 1.0\nContent-Type: text/x-shellscript\n\n#!/bin/sh\n",
    "a message in small letters": MIME.lower(),
}


@pytest.mark.parametrize("text", GOOD.values(), ids=GOOD)
def test_what_cloud_init_reads_is_taken(text: str) -> None:
    assert refused(KIND, {"userData": text}) == {}


HEADERS = (
    "; allowed: a first line that begins with one of #!, ## template: jinja, #cloud-boothook, #cloud-config, "
    "#cloud-config-archive, #cloud-config-jsonp, #include, #part-handler, #upstart-job, or a MIME message with "
    "MIME-Version"
)
YAML, MAPPING = "is not YAML that cloud-init can use: ", "; allowed: a mapping of keys to values"
MANY = f"it has more than 20000 values, what its aliases repeat counted each time{MAPPING}"


def bomb(merge: bool) -> str:
    lines = ["a: &a {x: 1, y: 1}"]
    for name, last in zip("bcdefghijklm", "abcdefghijkl", strict=True):
        many = ", ".join([f"*{last}"] * 10)
        lines.append(f"{name}: &{name} {{<<: [{many}]}}" if merge else f"{name}: &{name} [{many}]")
    return "\n".join(lines)


def unread(first: str, more: str = "") -> str:
    return f"begins with {first}, and cloud-init would not read it{more}{HEADERS}"


BAD = {
    "no header": ("users: [default]\n", unread("'users: [default]'")),
    "a header with a blank in it": ("# cloud-config\na: b\n", unread("'# cloud-config'")),
    "a mark before the header": ("\ufeff#cloud-config\na: b\n", unread(r"'\ufeff#cloud-config'")),
    "a header of a message without its version": (
        "Content-Type: text/x-shellscript\n\n#!/bin/sh\n",
        unread("'Content-Type: text/x-shellscript'"),
    ),
    "another template": ("## template: cheetah\na: b\n", unread("'## template: cheetah'")),
    "gzip in base64": (
        "H4sIAAAAAAAAA0vOyS9NSc7PS8tMBwD",
        unread("'H4sIAAAAAAAAA0vOyS9NSc7PS8tMBwD'", "; it looks like gzip in base64: give the text itself"),
    ),
    "prose": ("x" * 3000, unread("'" + "x" * 37 + "...'")),
    "markup": ("<script>alert(1)</script>", unread("'<script>alert(1)</script>'")),
    "an escape sequence": ("\x1b[2J", unread(r"'\x1b[2J'")),
    "no YAML": (
        "#cloud-config\na: [1\nb: 2\n",
        f"{YAML}line 3, column 2: expected ',' or ']', but got ':'{MAPPING}",
    ),
    "a list": ("#cloud-config\n- a\n", f"{YAML}it is not a mapping of keys to values{MAPPING}"),
    "text": ("#cloud-config\nhello\n", f"{YAML}it is not a mapping of keys to values{MAPPING}"),
    "an archive that is no list": (
        "#cloud-config-archive\na: b\n",
        f"{YAML}it is not a list; allowed: a list",
    ),
    "a tab for blanks": (
        "#cloud-config\na:\n\tb: c\n",
        f"{YAML}line 3, column 1: found character '\\t' that cannot start any token{MAPPING}",
    ),
    "a control character": (
        "#cloud-config\na: \x1b\n",
        f'{YAML}unacceptable character #x001b: special characters are not allowed in "<unicode string>", position 17'
        f"{MAPPING}",
    ),
    "two documents": (
        "#cloud-config\na: b\n---\nc: d\n",
        f"{YAML}line 3, column 1: but found another document{MAPPING}",
    ),
    "an object of Python's": (
        "#cloud-config\na: !!python/object/apply:os.system [id]\n",
        f"{YAML}line 2, column 4: could not determine a constructor for the tag "
        f"'tag:yaml.org,2002:python/object/apply:os.system'{MAPPING}",
    ),
    "a bomb of aliases": ("#cloud-config\n" + bomb(False), f"{YAML}{MANY}"),
    "a bomb of merges": ("#cloud-config\n" + bomb(True), f"{YAML}{MANY}"),
    "a value inside itself": ("#cloud-config\na: &a [*a]\n", f"{YAML}{MANY}"),
    "1,000 levels": (
        "#cloud-config\na: " + "[" * 1000 + "]" * 1000,
        f"{YAML}it is nested deeper than 50 levels{MAPPING}",
    ),
    "a number in base 60 of 1,000 places": (
        "#cloud-config\na: 1" + ":59" * 999,
        f"{YAML}a number has 2998 characters, more than 100{MAPPING}",
    ),
    "a month 13": ("#cloud-config\na: 2026-13-01\n", f"{YAML}month must be in 1..12{MAPPING}"),
    "more than a mebibyte": (
        "#cloud-config\n" + "#" * 2**20,
        "has 1048590 characters; allowed: up to 1048576",
    ),
}


@pytest.mark.parametrize(("text", "why"), BAD.values(), ids=BAD)
def test_what_cloud_init_would_not_read_is_refused_in_its_line(text: str, why: str) -> None:
    begun = time.process_time()
    assert refused(KIND, {"userData": text}) == {"userData": why}
    assert time.process_time() - begun < 20


@pytest.mark.parametrize("key", ["metaData", "networkConfig"])
@pytest.mark.parametrize(
    "what", ["no YAML", "a list", "text", "a bomb of aliases", "a bomb of merges", "two documents"]
)
def test_the_other_texts_are_mappings_too(key: str, what: str) -> None:
    text, why = BAD[what]
    assert refused(KIND, {key: text}) == {key: why}
    assert refused(KIND, {key: "version: 2\n"}) == {}

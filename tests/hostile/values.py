"""What somebody could type or paste where a name, a MAC, a network or an address is expected; each by its own name."""

from __future__ import annotations

NAMES = {
    "nothing": "",
    "a blank": " ",
    "a slash": "a/b",
    "a way up": "../../etc/passwd",
    "two dots": "..",
    "a quote": "a'b",
    "a double quote": 'a"b',
    "markup": "<&>",
    "the end of a CDATA": "]]>",
    "two lines": "a\nb",
    "a line break at the end": "ab\n",
    "a NUL": "a\x00b",
    "an escape sequence": "\x1b[2J",
    "300 characters": "x" * 300,
    "a Cyrillic look-alike": "\u0410cilamwen",
    "a full-width look-alike": "\uff21cilamwen",
    "an invisible character": "Ul\u200bov",
    "text turned around": "\u202eabc",
    "a byte order mark": "\ufeffx",
    "a line separator": "a\u2028b",
    "a command": "$(id)",
    "a template": "{{7*7}}",
}
SHOWN = (
    "a quote",
    "a double quote",
    "markup",
    "the end of a CDATA",
    "a command",
    "a template",
)  # plain, if odd
LOOK_ALIKES = ("a Cyrillic look-alike", "a full-width look-alike")
MACS = {
    "a multicast MAC": "01:00:5e:00:00:01",
    "the broadcast MAC": "ff:ff:ff:ff:ff:ff",
    "nobody's MAC": "00:00:00:00:00:00",
    "a MAC of five": "52:54:00:02:02",
    "a MAC of seven": "52:54:00:02:02:0f:00",
    "a MAC in a Cisco's spelling": "5254.0002.020f",
    "a MAC with a line break": "52:54:00:02:02:0f\n",
    "a MAC in full-width digits": "\uff152:54:00:02:02:0f",
    "markup for a MAC": "<mac/>",
    "300 characters for a MAC": "52:" * 100,
}
NETWORKS = {
    "every address": "0.0.0.0/0",
    "the host's own loopback": "127.0.0.0/8",
    "a part of the loopback": "127.9.9.0/24",
    "multicast": "224.0.0.0/4",
    "a reserved network": "240.0.0.0/4",
    "no address at all": "192.168.2NN.xxx",
    "octets that are none": "999.168.202.0/24",
    "a prefix that is none": "192.168.202.0/33",
    "one address": "192.168.202.1/32",
    "a network with a line break": "192.168.202.0/24\n",
    "markup for a network": "<&>",
    "300 characters for a network": "1" * 300,
}
URIS = {
    "a name": "trop02",
    "a file's path": "/etc/passwd",
    "two lines": "qemu:///system\nqemu:///session",
    "a blank in it": "qemu:///system x",
    "a NUL": "qemu:///sys\x00tem",
    "an escape sequence": "qemu:///\x1b[2J",
    "text turned around": "qemu:///\u202emetsys",
    "an invisible character": "qemu:///\u200bsystem",
    "no scheme": "://host/system",
    "a scheme with markup": "<qemu>:///system",
    "3,000 characters": "qemu:///" + "x" * 3000,
}


def cut(value: str, at: int = 60) -> str:
    return value if len(value) <= at else value[: at - 3] + "..."


def printable(line: str) -> str:
    """One line, as an operator sees it: blanks folded, what does not show spelled out."""
    folded = " ".join(line.split())
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in folded)

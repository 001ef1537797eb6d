"""What may be the name of an object: libvirt makes files of it, and operators read it in a terminal.

Beside names: file names, the words that libvirt knows, host names.  Each yields at most one `Failure`; what is not
known yet, or no text, is not judged here.
"""

from __future__ import annotations

import posixpath
import re
import unicodedata
from collections.abc import Collection, Iterator
from typing import Any, Final

from provider.resource.base import COMPUTED, Failure

LONGEST: Final = 200  # bytes: a file system takes 255, and libvirt adds endings such as .hostsfile
LONGEST_PATH: Final = 4000  # bytes
_MAC: Final = re.compile(r"[0-9a-fA-F]{2}(:[0-9a-fA-F]{2}){5}")
_NO_MAC: Final = (
    "{1} is no MAC; an example is 52:54:00:00:01:00",
    '"{0}" is a multicast address, and no NIC can have it',
    '"{0}" is nobody\'s address, and no NIC can have it',
)
UUID: Final = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_WORD: Final = re.compile(r"[A-Za-z0-9._+-]{1,100}")
_INTERFACE: Final = re.compile(r"(?!\.\.?$)[A-Za-z0-9._-]{1,15}")
_HOST_NAME: Final = re.compile(r"(?=.{1,253}$)[A-Za-z0-9_-]{1,63}(\.[A-Za-z0-9_-]{1,63})*\.?", re.ASCII)
_ALIKE: Final = frozenset({"LATIN", "CYRILLIC", "GREEK"})  # scripts with letters that look the same


def name_failures(what: str, name: object, path: str = "name") -> Iterator[Failure]:
    """``what``: "a volume", for the message; ``path``: the property."""
    why = _why(name) if isinstance(name, str) else ""
    if why:
        yield Failure(
            path,
            f"{short(name)} can't be {what}'s name: {why}; allowed: up to {LONGEST} bytes of printable text, "
            "without '/'",
        )


def path_failures(path: str, file: object) -> Iterator[Failure]:
    """Of a property that is the absolute path of a file or folder on the host."""
    if not isinstance(file, str):
        return
    steps = file.split("/")
    if (
        not posixpath.isabs(file)
        or not file.isprintable()
        or ".." in steps
        or len(file.encode()) > LONGEST_PATH
    ):
        yield Failure(
            path,
            f"must be absolute, not {short(file)}; allowed: up to {LONGEST_PATH} bytes of printable text that begins "
            "with '/', without '..'",
        )


def _unfit(path: str, value: object, pattern: re.Pattern[str], why: str) -> Iterator[Failure]:
    if isinstance(value, str) and not pattern.fullmatch(value):
        yield Failure(path, f"{short(value)} is {why}")


def word_failures(path: str, word: object) -> Iterator[Failure]:
    """Of a property whose values are libvirt's own words: they are never anything else than these characters."""
    return _unfit(path, word, _WORD, "no word of libvirt's; allowed: letters, digits, '.', '_', '+' and '-'")


def interface_failures(path: str, name: object) -> Iterator[Failure]:
    """Of the name of a bridge."""
    why = "no name of an interface: 1 to 15 characters, each a letter, a digit, '.', '_' or '-'"
    return _unfit(path, name, _INTERFACE, why)


def host_name_failures(path: str, name: object) -> Iterator[Failure]:
    """Of what is written into the files of dnsmasq, where a line break would begin another setting."""
    why = "no name that DNS can have; allowed: parts of up to 63 letters, digits, '-' and '_', with dots between them"
    return _unfit(path, name, _HOST_NAME, why)


def domain_failures(path: str, uuid: object) -> Iterator[Failure]:
    """Of a property that is the UUID of a domain."""
    return _unfit(path, uuid, UUID, "no UUID; allowed: that of a domain, which is its resource's ID")


def choice_failures(path: str, value: object, allowed: Collection[object], said: str) -> Iterator[Failure]:
    """``said``: what is allowed, in words."""
    if value not in allowed and value is not COMPUTED:
        yield Failure(path, f"must be {said}, not {short(value)}")


def short(value: object) -> str:
    """A text in quotes as a message shows it: what does not show is escaped, and what is long is cut."""
    text = str(value)
    return repr(text if len(text) <= 60 else text[:57] + "...")


def _why(name: str) -> str:
    if not name.strip():
        return "it is empty"
    if name != name.strip():
        return "it begins or ends with a blank"
    if name in (".", ".."):
        return "it is a folder's"
    if "/" in name:
        return "it has a '/' in it"
    if not name.isprintable():
        odd = next(c for c in name if not c.isprintable())
        return f"it has {odd!a} in it, which does not show"
    return "it is too long" if len(name.encode()) > LONGEST else _look_alike(name)


def _look_alike(name: str) -> str:
    """Why somebody could take the name for another one."""
    if name.isascii():
        return ""
    usual = unicodedata.normalize("NFKC", name)
    if usual != name:
        return f"it looks like {short(usual)}, and is another"
    for word in re.findall(r"[^\W\d_]+", name):
        scripts = {unicodedata.name(c, "?").split()[0] for c in word} & _ALIKE
        if len(scripts) > 1:
            return f"{' and '.join(sorted(s.capitalize() for s in scripts))} letters, which look alike, are mixed in it"
    return ""


def mac_failure(path: str, value: Any, said: tuple[str, str, str] = _NO_MAC) -> Iterator[Failure]:
    """``said`` of what is no MAC, is a group's, is nobody's; with ``{0}`` as the value, ``{1}`` as `short` has it."""
    if value is COMPUTED:
        return
    if not _MAC.fullmatch(value):
        yield Failure(path, said[0].format(value, short(value)))
    elif int(value[:2], 16) & 1:
        yield Failure(path, said[1].format(value))
    elif not int(value.replace(":", ""), 16):
        yield Failure(path, said[2].format(value))

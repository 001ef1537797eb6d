"""A script that sets a NIC up in a guest from within, for a guest that nobody's agent is asked in: at its first boot.

Pure.  It does what `setup` does through an agent, by the same pieces: finds out how the guest keeps its NICs, writes
the one file, and, where the NIC is there already, sets it up now.  A NIC that comes later is found by that file.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Final

from provider.guest import config, setup
from provider.guest.config import Setup, Style

_PIECES: Final[Mapping[str, str]] = {
    "look": setup.LOOK,
    "put": setup.WRITE,
    "quiet": setup.QUIET,
    "tell": setup.ANNOUNCE,
}

# Of several interfaces with the MAC the one that stands for a device.
_FIND: Final = """
for path in /sys/class/net/*; do
    [ -e "$path/device" ] && [ "$(cat "$path/address")" = "$1" ] && echo "${path##*/}" && exit
done
"""

# What is told of a file before its NIC is there.
_RELOADS: Final[Mapping[Style, str]] = {
    "ifcfg": ":",
    "ifupdown": ":",
    "networkmanager": 'nmcli connection load "$file"',
    "networkd": "networkctl reload",
    "netplan": "netplan generate && networkctl reload",
}


def script(wanted: Setup) -> str:
    """For /bin/sh; it ends with an error where the guest keeps its NICs in no way that is known here."""
    lines = [f"{name}() (\n{piece.strip()}\n)" for name, piece in {**_PIECES, "which_nic": _FIND}.items()]
    lines += [_style(style, wanted) for style in config.CHOICES]
    lines += ['has() { case " $facts " in *" $1 "*) ;; *) return 1 ;; esac; }', "facts=$(echo $(look))"]
    lines += ["if false; then :"]
    for style, needs in config.CHOICES.items():
        lines.append(f"elif {' && '.join(f'has {word}' for word in sorted(needs))}; then style={style}")
    lines += ['else echo "nothing known here keeps the NICs of this guest" >&2; exit 1', "fi"]
    addresses = shlex.join(wanted.addresses)
    lines += [
        f"nic=$(which_nic {wanted.mac.lower()})",
        f"quiet {shlex.join(wanted.networks)}",
        '"write_$style" || exit',
        '[ -n "$nic" ] || exit 0',
        f'"apply_$style" "$nic" "$file" {shlex.quote(wanted.gateway or "")} {wanted.metric} {addresses} || exit',
        f'tell "$nic" {wanted.label} "$style" {shlex.quote(wanted.gateway or "")} {addresses}',
    ]
    return "\n".join(lines) + "\n"


def _style(style: Style, wanted: Setup) -> str:
    file = config.file_for(style, wanted)
    return (
        f"write_{style}() {{\nfile={file.path}\nput {file.path} {file.mode} << 'END' || return\n{file.content}END\n"
        f'[ -n "$nic" ] || {{ {_RELOADS[style]}; }}\n}}\n'
        f"apply_{style}() (\n{(setup.APPLY + setup.APPLIES[style]).strip()}\n)"
    )

"""The recipe of a Docker host: what a VM has beside its disk and its NICs, so that containers run in it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StrictBool

from config.base import Declared, like

# How its packages are made, and so how they are called.
Family = Literal["fedora", "debian"]

Package = Annotated[
    str, like(r"[A-Za-z0-9][A-Za-z0-9+._-]{0,100}", "the name of a package, such as qemu-guest-agent")
]
User = Annotated[
    str, like(r"[A-Za-z_][A-Za-z0-9_-]{0,30}", "up to 31 letters, digits, hyphens and underscores")
]
Key = Annotated[
    str,
    like(
        r"(ssh|ecdsa|sk-ssh|sk-ecdsa)-[a-z0-9@.-]+ [A-Za-z0-9+/]{16,}={0,3}( [^\x00-\x1f\x7f]{0,200})?",
        "an OpenSSH public key in one line",
    ),
]
Zone = Annotated[
    str, like(r"[A-Za-z]+([/_+-][A-Za-z0-9]+)*", "a time zone of the tz database, such as Europe/London")
]
Unit = Annotated[str, like(r"[A-Za-z0-9@._-]{1,100}", "a unit of systemd, such as docker")]
Url = Annotated[str, like(r"https?://[A-Za-z0-9._~:/?#@!$&'()*+,;=%-]{1,500}", "a URL with http or https")]


class HostUser(Declared):
    """An account without a password: ``keys`` are how one gets in, ``admin`` may use sudo."""

    keys: tuple[Key, ...] = ()
    admin: StrictBool = True


class Repository(Declared):
    """Where dnf finds packages that the distribution has not; ``key``: the URL of what they are signed with."""

    url: Url
    key: Url


class FamilyRecipe(Declared):
    """``services``: systemd's names of what has to run."""

    packages: tuple[Package, ...] = ()
    services: tuple[Unit, ...] = ()
    repositories: dict[User, Repository] = Field(default_factory=dict)


class Recipe(Declared):
    """``family`` is that of the base image; a stack's file may name another for a VM."""

    family: Family = "fedora"
    timezone: Zone | None = None
    users: dict[User, HostUser] = Field(default_factory=dict)
    families: dict[Family, FamilyRecipe] = Field(default_factory=dict)

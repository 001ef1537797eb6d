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
    """An account without a password."""

    keys: tuple[Key, ...] = Field(default=(), description="How one gets in.")
    admin: StrictBool = Field(default=True, description="Whether it may use sudo.")


class Repository(Declared):
    """Where dnf finds packages that the distribution has not."""

    url: Url = Field(description="Where it is.")
    key: Url = Field(description="What its packages are signed with.")


class FamilyRecipe(Declared):
    """What a Docker host of one distribution has."""

    packages: tuple[Package, ...] = Field(default=(), description="What is installed.")
    services: tuple[Unit, ...] = Field(default=(), description="What has to run.")
    repositories: dict[User, Repository] = Field(
        default_factory=dict, description="Where packages are that the distribution has not."
    )


class Recipe(Declared):
    """The recipe of a Docker host, which a new VM reads at its first boot."""

    family: Family = Field(
        default="fedora", description="Of the base image; a stack's file may say another for a VM."
    )
    timezone: Zone | None = Field(default=None, description="Of the clocks.")
    users: dict[User, HostUser] = Field(default_factory=dict, description="Accounts.")
    families: dict[Family, FamilyRecipe] = Field(
        default_factory=dict, description="What each kind of image needs."
    )

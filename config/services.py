"""What runs in a VM (``services`` in its stack's file): single containers, and one swarm stack."""

from __future__ import annotations

import re
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BeforeValidator, Field, StrictBool, StrictInt, StrictStr
from pydantic_core import PydanticCustomError

from config.base import Declared, like, parsed, printable
from config.fleet import Count, Name, Port

# Who brings the files into the VM: the provider through its agent, its seed disk at first boot, or the operator.
Delivery = Literal["agent", "cloud-init", "none"]

_ADDRESS: Final = r"(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)"
PORT: Final = re.compile(
    rf"(?:(?P<address>{_ADDRESS}):)?(?P<host>\d{{1,5}})->(?P<guest>\d{{1,5}})(?:/(?P<kind>tcp|udp))?"
)
VOLUME: Final = re.compile(
    r"(?P<source>[A-Za-z0-9][\w.-]{1,62}|/[\w./-]*):(?P<target>/[\w./-]+)(?P<mode>:ro)?"
)
_TAG: Final = r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}"
_PART: Final = r"[a-z0-9]+(?:[._-]+[a-z0-9]+)*"
_IMAGE: Final = rf"(?=.{{1,255}}$)(?:[A-Za-z0-9.-]+(?::\d{{1,5}})?/)?{_PART}(?:/{_PART})*(?::{_TAG})?"


def _port(text: str) -> str:
    match = PORT.fullmatch(text)
    if match is None or not all(1 <= int(match[side]) <= 65535 for side in ("host", "guest")):
        raise ValueError(text)
    return text


def _written(value: object) -> object:
    """YAML takes 2.1 for a number: what it was in the file can't be told any more."""
    if isinstance(value, bool | int | float):
        raise PydanticCustomError(
            "form",
            "{allowed}",
            {"allowed": "a text: put it in quotes, or have config set do it by --type string"},
        )
    return value


Worded = BeforeValidator(_written)
# Docker's, without dots: a name with ".former" is that of the container before it.
ServiceName = Annotated[
    str, like(r"[A-Za-z0-9][A-Za-z0-9_-]{1,59}", "2 to 60 letters, digits, hyphens and underscores")
]
StackName = Annotated[str, like(r"[a-z0-9][a-z0-9-]{0,30}", "up to 31 small letters, digits and hyphens")]
Image = Annotated[
    StrictStr,
    like(_IMAGE, "an image as docker names it, such as firethorn/apache:latest; no digest"),
]
Tag = Annotated[StrictStr, Worded, like(_TAG, "a tag of an image, such as 2.1.36")]
PortText = Annotated[
    StrictStr, parsed(_port, "ports as docker ps prints them, such as 0.0.0.0:80->80/tcp or 8080->8080")
]
VolumeText = Annotated[
    StrictStr, like(VOLUME.pattern, "a volume such as data:/var/lib/data or /srv/data:/data:ro")
]
Variable = Annotated[str, like(r"[A-Za-z_][A-Za-z0-9_]*", "letters, digits and underscores")]
Line = Annotated[
    StrictStr,
    Worded,
    like(r"[^\x00-\x1f\x7f\ud800-\udfff]{0,1000}", "a text of one line, of up to 1000 characters"),
    AfterValidator(printable),
]
SecretName = Annotated[
    str, like(r"[a-z][a-z0-9-]{0,40}", "a small letter, then up to 40 small letters, digits and hyphens")
]
LogDriver = Annotated[
    StrictStr,
    like(r"[a-z0-9][a-z0-9_./:-]{0,100}", "a logging driver of Docker's, such as json-file or local"),
]
LogOption = Annotated[str, like(r"[a-z][a-z0-9-]{0,60}", "an option of the driver, such as max-size")]
VolumeName = Annotated[StrictStr, like(r"[A-Za-z0-9][\w.-]{1,62}", "a name of one of its services' volumes")]
NetworkName = Annotated[StrictStr, like(r"[A-Za-z0-9][\w.-]{1,62}", "a network as docker network ls has it")]
Replicas = Annotated[StrictInt, Field(ge=1, le=100)]


class Health(Declared):
    """How a container is asked whether it is well."""

    command: Line = Field(description="A shell command in the container; it is well when that ends with 0.")
    interval: Count = Field(default=10, description="Seconds from one question to the next.")
    timeout: Count = Field(default=5, description="Seconds for an answer.")
    retries: Count = Field(default=6, description="Failures one after the other until it counts as ill.")


class Logging(Declared):
    """Where the output of a container goes."""

    driver: LogDriver = Field(description="Docker's logging driver.")
    options: dict[LogOption, Line] = Field(default_factory=dict, description="Its options.")


class Container(Declared):
    """A container."""

    image: Image = Field(description="Its image.")
    version: Tag | None = Field(default=None, description="The tag of an image that is named without one.")
    ports: tuple[PortText, ...] = Field(default=(), description="Ports of the VM that lead to it.")
    expose: tuple[Port, ...] = Field(default=(), description="Ports that it listens on.")
    environment: dict[Variable, Line] = Field(default_factory=dict, description="Environment variables.")
    volumes: tuple[VolumeText, ...] = Field(default=(), description="What is mounted in it.")
    command: tuple[Line, ...] = Field(default=(), description="In place of the image's own, a word each.")
    health: Health | None = Field(default=None, description="How it is asked whether it is well.")
    tty: StrictBool = Field(default=False, description="Whether it has a terminal.")
    logging: Logging | None = Field(
        default=None,
        description="Where its output goes. Without it: json-file, of which 5 files of 20 MB are kept.",
    )


class StackService(Container):
    """A service of a swarm."""

    secrets: tuple[SecretName, ...] = Field(
        default=(),
        description="Names among `trop:secrets`; each is a file under /run/secrets in the container.",
    )
    replicas: Replicas = Field(default=1, description="How many containers it has.")


class Stack(Declared):
    """A swarm stack."""

    name: StackName = Field(description="Docker's name of it.")
    services: Annotated[dict[ServiceName, StackService], Field(min_length=1, description="Its services.")]
    external: tuple[VolumeName, ...] = Field(
        default=(),
        description="Volumes of its services that have this very name in Docker; another one is `NAME_volume` there.",
    )
    network: NetworkName | None = Field(
        default=None,
        description="A network that is there, by Docker's name of it, in the place of the stack's own, `NAME_default`.",
    )


class Services(Declared):
    """What runs in a VM."""

    version: Tag | None = Field(default=None, description="The tag of every image that is named without one.")
    delivery: Delivery = Field(
        default="agent",
        description="How it gets into the VM: by its agent, by its seed disk (at first boot), or by you.",
    )
    wait: Annotated[StrictInt, Field(ge=1, le=1500)] = Field(
        default=300, description="Seconds until all of it has to be healthy."
    )
    after: tuple[Name, ...] = Field(
        default=(), description="VMs whose services are healthy before these are deployed."
    )
    containers: dict[ServiceName, Container] = Field(default_factory=dict, description="Single containers.")
    stack: Stack | None = Field(default=None, description="A swarm stack.")

    @property
    def members(self) -> dict[str, Container]:
        """All containers and services, by their path in the stack's file below ``services``."""
        stack = self.stack.services if self.stack else {}
        return {
            **{f"containers.{name}": each for name, each in self.containers.items()},
            **{f"stack.services.{name}": each for name, each in stack.items()},
        }


def tagged(image: str) -> bool:
    """Whether a tag stands in it: a colon before the last slash is a registry's port."""
    return ":" in image.rsplit("/", 1)[-1]

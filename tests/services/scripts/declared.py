"""Services as they are declared to a fake Docker, and what is asked of the machine on which it runs."""

from __future__ import annotations

from typing import Any

from tests.services.machine import Machine, planned

PROXY = {"wait": 60, "containers": {"apache": {"image": "proxy:1", "ports": ["0.0.0.0:80->80/tcp"]}}}


def proxy(image: str = "proxy:1", **more: Any) -> Any:
    return planned({"wait": 60, "containers": {"apache": {"image": image, **more}}})


def stack(version: str = "1", secret: bool = False, wait: int = 60, **images: str) -> Any:
    """Two services; ``images`` by name in the place of one of them."""
    members: dict[str, Any] = {
        "carolina": {"image": "postgres", "volumes": ["data:/data"]},
        "gillian": {"image": "firethorn"},
    }
    for name, image in images.items():
        members[name]["image"] = image
    if secret:
        members["carolina"]["secrets"] = ["password"]
    services = {"wait": wait, "version": version, "stack": {"name": "ft", "services": members}}
    return planned(services, {"password": True})


def done(machine: Machine, services: Any) -> None:
    ran = machine.apply(services)
    assert (ran.returncode, ran.stderr) == (0, "")


def refused(machine: Machine, services: Any) -> str:
    ran = machine.apply(services)
    assert ran.returncode == 1
    return ran.stderr.strip()


def state(machine: Machine) -> Any:
    return machine.read()["state"]


def stack_of(name: str, services: Any) -> Any:
    return {"name": name, "services": services}


def changing(machine: Machine) -> list[str]:
    """Of the command lines since the last time, those that change anything."""
    harmless = ("info", "image inspect", "inspect", "service inspect", "service ls", "node ls", "secret ls")
    return [line for line in machine.log() if not line.startswith((*harmless, "secret inspect"))]

"""The services of the sources' page as a stack's file declares them, with what their stand-ins need to be told."""

from __future__ import annotations

from typing import Any

PROXY = {
    "image": "firethorn/apache:latest",
    "ports": ["0.0.0.0:80->80/tcp"],
    "environment": {"BACKEND": "http://192.168.202.13:8080"},
}
SERVED = {
    "jarmila": "ogsadai",
    "gillian": "firethorn",
    "firethorn-py": "firethorn-py",
    "carolina": "postgres",
    "bethany": "postgres",
}
SECRETS = {"carolina": "carolina-password", "bethany": "bethany-password"}
WAIT = 1500  # seconds, in guests that are emulated on cores that others use too


def stack(version: str) -> dict[str, Any]:
    """What is declared of the back end: the stack `ft`, two of its services with a password each."""
    services: dict[str, Any] = {name: {"image": f"firethorn/{image}"} for name, image in SERVED.items()}
    services["gillian"]["ports"] = ["8080->8080/tcp"]
    for name, secret in SECRETS.items():
        services[name] |= {
            "environment": {"POSTGRES_PASSWORD_FILE": f"/run/secrets/{secret}"},
            "secrets": [secret],
        }
    return {"version": version, "wait": WAIT, "stack": {"name": "ft", "services": services}}

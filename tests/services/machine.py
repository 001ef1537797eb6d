"""A machine's folders in a temporary one: the files of its services, and a fake docker's, run by a real shell."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from components.services import files
from config.plan_services import PlannedRecipe, PlannedServices, services_of
from config.recipe import FamilyRecipe
from config.settings import Settings

DOCKER = Path(__file__).with_name("docker")
NOTHING = PlannedRecipe(family="debian", timezone=None, users={}, software=FamilyRecipe())


def planned(services: Mapping[str, Any], secrets: Mapping[str, bool] | None = None) -> PlannedServices:
    """The services of a VM at 192.168.202.13, as its stack's file has them."""
    settings = Settings.model_validate({"vms": {"Ulov": {"services": services}}, "secrets": secrets or {}})
    found = services_of(settings, settings.vms["Ulov"], "192.168.202.13")
    assert found is not None
    return found


@dataclass
class Machine:
    """``shell``: the words before a script, ``["busybox", "sh"]``."""

    root: Path
    shell: tuple[str, ...] = ("dash",)
    secrets: dict[str, str] = field(default_factory=dict)

    def place(self, services: PlannedServices) -> None:
        """Its files, as the provider writes them."""
        for path, file in files.files(services).items():
            target = self.root / "here" / Path(path).relative_to(files.FOLDER)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(file.content, encoding="utf-8")
            target.chmod(int(file.mode, 8))

    def apply(self, services: PlannedServices) -> subprocess.CompletedProcess[str]:
        self.place(services)
        given = self.root / "given"
        given.mkdir(exist_ok=True)
        for name, value in self.secrets.items():
            (given / name).write_text(value, encoding="utf-8")
        return self._run(*self.shell, str(self.root / "here/apply"), SECRETS=str(given))

    def read(
        self, recipe: PlannedRecipe = NOTHING, services: PlannedServices | None = None
    ) -> dict[str, Any]:
        """What `read` says: ``state`` and ``notes``."""
        done = self._run(*self.shell, "-c", files.reading(recipe, services))
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def remove(self) -> None:
        assert self._run(*self.shell, "-c", files.removing()).returncode == 0

    def docker(self, *words: str) -> str:
        """What somebody types."""
        return self._run(str(DOCKER), *words).stdout

    def formerly(self, service: str) -> str:
        """By what a release that went by all that a client prints knew a service."""
        printed = self.docker("service", "inspect", "--format", "{{json .Spec}}", service)
        return hashlib.sha256(printed.encode()).hexdigest()

    def log(self) -> list[str]:
        """The fake docker's command lines since the last call."""
        file = self.root / "fake/log"
        lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
        file.unlink(missing_ok=True)
        return lines

    def environment(self) -> dict[str, str]:
        """In which the scripts find this machine's folders instead of a guest's."""
        return {
            "FAKE": str(self.root / "fake"),
            "TROP_HERE": str(self.root / "here"),
            "TROP_KEPT": str(self.root / "kept"),
            "TROP_LOCK": str(self.root / "lock"),
            "TROP_PAUSE": "0.01",
            "TROP_AT_BOOT": "1",
        }

    def _run(self, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
        environment = {"PATH": f"{DOCKER.parent}:{os.environ['PATH']}", **self.environment(), **more}
        return subprocess.run(
            words, env=environment, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
        )

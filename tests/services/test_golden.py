"""What a declaration becomes: a folder of samples each, with ``input.yaml`` and all that is made of it.

`python -m tests.services.test_golden` writes the samples anew; what changed is then to be read.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from components.services import compose, files
from tests.services.machine import planned

SAMPLES = Path(__file__).with_name("samples")
CASES = sorted(path.name for path in SAMPLES.iterdir() if (path / "input.yaml").exists())


def services(case: str):
    return planned(yaml.safe_load((SAMPLES / case / "input.yaml").read_text(encoding="utf-8")))


def made(case: str) -> dict[str, str]:
    """By path below the case's folder; `apply` is shipped as it is, and stands beside the program."""
    planned_services = services(case)
    tree = {
        f"tree{path}": f"{file.mode}\n{file.content}"
        for path, file in files.files(planned_services).items()
        if path != files.APPLY
    }
    return {**tree, "state.json": json.dumps(files.state(planned_services), indent=1) + "\n"}


@pytest.mark.parametrize("case", CASES)
def test_a_declaration_becomes_the_files_beside_it(case: str) -> None:
    expected = {
        str(path.relative_to(SAMPLES / case)): path.read_text(encoding="utf-8")
        for path in (SAMPLES / case).rglob("*")
        if path.is_file() and path.name != "input.yaml"
    }

    assert made(case) == expected


@pytest.mark.parametrize("case", CASES)
def test_docker_compose_takes_every_document(case: str, tmp_path: Path) -> None:
    if not has_compose():
        pytest.skip("docker compose is not installed here")
    documents = [m for m in services(case).members if m.replicas is not None]
    for member in documents:
        file = tmp_path / f"{member.name}.yaml"
        file.write_text(compose.document(member), encoding="utf-8")
        named = {compose.variable(name): f"{name}.0123456789abcdef" for name in member.secrets}
        ran = subprocess.run(
            ["docker", "compose", "-f", str(file), "config", "--quiet"],
            env={"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": str(tmp_path), **named},
            capture_output=True,
            text=True,
            check=False,
        )
        assert ran.returncode == 0, ran.stderr


def has_compose() -> bool:
    docker = shutil.which("docker")
    return (
        docker is not None
        and not subprocess.run([docker, "compose", "version"], capture_output=True, check=False).returncode
    )


def test_a_digest_says_whether_a_definition_is_another_one() -> None:
    one = planned({"containers": {"apache": {"image": "a:1"}}})
    same = planned({"version": "1", "containers": {"apache": {"image": "a"}}})
    other = planned({"containers": {"apache": {"image": "a:1", "tty": True}}})

    assert files.state(one) == files.state(same)
    assert files.state(one) != files.state(other)


if __name__ == "__main__":
    for name in CASES:
        shutil.rmtree(SAMPLES / name / "tree", ignore_errors=True)
        for path, content in made(name).items():
            target = SAMPLES / name / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(content, encoding="utf-8")

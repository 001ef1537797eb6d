"""The repository's own program, and beside it what `extra.yaml` declares: resources of the provider as plain data.

A value "${name.id}" is the ID of the resource of that name, of an extra one or of a VM's domain.
"""

import runpy
from pathlib import Path
from typing import Any

import pulumi
import yaml

HERE = Path(__file__).resolve().parent
wired = runpy.run_path((HERE / "root").read_text(encoding="utf-8").strip() + "/__main__.py")
made: dict[str, Any] = {name: vm.domain for name, vm in wired["vms"].items()}
pool = wired["storage"].pool  # which extra volumes may lie in, where there is no VM that they would wait for


def filled(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: filled(part) for key, part in value.items()}
    if isinstance(value, list):
        return [filled(part) for part in value]
    if isinstance(value, str) and value.startswith("${"):
        return made[value[2:].removesuffix(".id}")].id
    return value


for name, (kind, props) in yaml.safe_load((HERE / "extra.yaml").read_text(encoding="utf-8")).items():
    token = f"libvirt:index/{kind[0].lower()}{kind[1:]}:{kind}"
    after = [pool, *(each for each in made.values() if isinstance(each, pulumi.CustomResource))]
    patience = pulumi.CustomTimeouts(**props.pop("customTimeouts", {}))
    options = pulumi.ResourceOptions(version="0.5.4", depends_on=after, custom_timeouts=patience)
    made[name] = pulumi.CustomResource(token, name, filled(props), options)

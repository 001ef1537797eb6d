"""The repository's own program; unless its VMs are to be started, each domain is only defined."""

import runpy
import sys
from pathlib import Path

import pulumi
import yaml  # type: ignore[import-untyped]

HERE = Path(__file__).resolve().parent
DECLARED = yaml.safe_load((HERE / "bench.yaml").read_text(encoding="utf-8"))


def off(args: pulumi.ResourceTransformationArgs) -> pulumi.ResourceTransformationResult | None:
    if args.type_ != "libvirt:index/domain:Domain":
        return None
    return pulumi.ResourceTransformationResult({**args.props, "running": False}, args.opts)


if not DECLARED["started"]:
    pulumi.runtime.register_stack_transformation(off)
sys.path.insert(0, DECLARED["root"])
runpy.run_path(DECLARED["root"] + "/__main__.py")

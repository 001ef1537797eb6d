"""URNs: ``urn:pulumi:<stack>::<project>::<parent type>$<type>::<name>``, plain strings."""

from __future__ import annotations

import re
from typing import Any

from engine.state.values import UNKNOWN_STRING

STACK_TYPE = "pulumi:pulumi:Stack"
PROVIDER_PREFIX = "pulumi:providers:"


def make(stack: str, project: str, parent: str, type_: str, name: str) -> str:
    """The URN of a resource; the types of its parents, but for the stack's, stand before its own."""
    chain = qualified_type(parent) if parent else ""
    if chain and chain != STACK_TYPE:
        type_ = f"{chain}${type_}"
    return f"urn:pulumi:{stack}::{project}::{type_}::{name}"


def stack_urn(stack: str, project: str) -> str:
    return make(stack, project, "", STACK_TYPE, f"{project}-{stack}")


def qualified_type(urn: str) -> str:
    """The chain of types, ``a$b``."""
    return urn.split("::", 3)[2]


def type_of(urn: str) -> str:
    return qualified_type(urn).split("$")[-1]


def name_of(urn: str) -> str:
    return urn.split("::", 3)[3]


def package_of(type_: str) -> str:
    """``libvirt`` of ``libvirt:index/network:Network`` and of ``pulumi:providers:libvirt``."""
    return type_.removeprefix(PROVIDER_PREFIX) if is_provider(type_) else type_.split(":")[0]


def is_provider(type_: str) -> bool:
    return type_.startswith(PROVIDER_PREFIX)


def is_object(type_: str) -> bool:
    """Whether resources of the type are somebody's: the stack and providers are the engine's own."""
    return type_ != STACK_TYPE and not is_provider(type_)


def is_default_provider(urn: str) -> bool:
    """Default providers are made by the engine; they are neither shown nor counted."""
    return is_provider(type_of(urn)) and name_of(urn).startswith("default")


def default_provider_name(version: str) -> str:
    """``default_0_5_4`` for 0.5.4; ``default`` when there is no version."""
    return "_".join(["default", *(re.sub(r"[.+-]", "_", v) for v in [version] if v)])


def provider_of(reference: str) -> str:
    """The URN in ``<provider URN>::<provider id>``."""
    return reference.rpartition("::")[0]


def renamed(value: Any, former: str, urn: str) -> Any:
    """A field of a record with the new URN in it; references to a provider have its id behind the URN."""
    if isinstance(value, str):
        return (
            urn + value.removeprefix(former) if value == former or value.startswith(former + "::") else value
        )
    if isinstance(value, list):
        return [renamed(v, former, urn) for v in value]
    if isinstance(value, dict):
        return {k: renamed(v, former, urn) for k, v in value.items()}
    return value


def of_stack(value: Any, former: str, stack: str) -> Any:
    """A field of a record with the stack's other name in its URNs; that of the stack itself has it as its name, too."""
    if isinstance(value, list):
        return [of_stack(v, former, stack) for v in value]
    if isinstance(value, dict):
        return {k: of_stack(v, former, stack) for k, v in value.items()}
    begin = f"urn:pulumi:{former}::"
    if not isinstance(value, str) or not value.startswith(begin):
        return value
    project, _, rest = value.removeprefix(begin).partition("::")
    is_stack = rest.partition("::")[0] == STACK_TYPE
    return stack_urn(stack, project) if is_stack else f"urn:pulumi:{stack}::{project}::{rest}"


def known(id_: str) -> str:
    """An id as it stands in a provider reference: what a preview can't know is the unknown string."""
    return id_ or UNKNOWN_STRING

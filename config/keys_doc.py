"""docs/keys.md, written from the models: ``python -m config.keys_doc``."""

from __future__ import annotations

import types
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Union

from annotated_types import Ge, Le
from pydantic import AfterValidator, BaseModel, BeforeValidator
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from config.base import Declared, Matching, Parsed
from config.fleet import Fleet
from config.settings import NAMESPACE, Settings

FILE: Final = Path(__file__).resolve().parent.parent / "docs" / "keys.md"
COMMAND: Final = "python -m config.keys_doc"
NAME: Final = "NAME"
_MOST: Final = 2**31 - 1  # as good as no limit
_PLAIN: Final = {bool: "true or false", int: "a whole number", str: "a text"}

EXAMPLE: Final = """\
config:
  libvirt:uri: qemu+ssh://root@trop02/system
  trop:vms:
    Acilamwen:
      description: Front-end proxy
      memory: 4096
      disks:
        data: {size: 20 GiB}                              # Acilamwen.data.qcow2 in the stack's pool
        archive: {size: 200 GiB, pool: slow, format: raw}
      services:
        containers:
          apache: {image: "firethorn/apache:latest", ports: ["0.0.0.0:80->80/tcp"]}
    Eterathiel: {vcpu: 4, protect: false}
"""

_INTRODUCTION: Final = f"""\
# All keys

Written by `{COMMAND}` from the models in `config/`: every key of a stack's file, `Pulumi.STACK.yaml`, and of the
fleet's file, `config/fleet.yaml`. A key that is not here is refused, with those that are allowed in its place.
A plain value is what every reader of YAML takes it for: `yes` and `1:30` are texts, `010` and `1e3` are refused.
`{NAME}` stands for a name of your choice. “–”: nothing, and the text says what then holds.

A disk of a VM comes into the running guest with the next `up`, blank, as the next `vdX`; its file system is yours to
make (mount it by its label or UUID). It keeps its place when others come or go. Removed from the stack's file it is
unplugged, and its own file deleted, if `protect: false` was said in an `up` before; `plugged: false` unplugs it and
keeps the file.

## Example

```yaml
{EXAMPLE}```

`libvirt:uri` is where the hypervisor's libvirt is, as libvirt writes it.
"""


def document() -> str:
    lines = [_INTRODUCTION]
    for title, model, prefix in (
        ("A stack's file (below `config`)", Settings, NAMESPACE),
        ("The fleet's file", Fleet, ""),
    ):
        lines += [f"## {title}", "", *_section(model, prefix, {})]
    return "\n".join(lines)


def _section(model: type[BaseModel], path: str, shown: dict[type[BaseModel], str]) -> Iterator[str]:
    """A table for the model, then those of the models in it; one that was shown already is pointed to."""
    shown[model] = path
    if path not in ("", NAMESPACE):
        yield f"### `{path.removesuffix('.')}`"
        yield ""
    yield " ".join((model.__doc__ or "").split("\n\n")[0].split())
    yield ""
    fields = {field.alias or name: field for name, field in model.model_fields.items()}
    parent = next((base for base in model.__mro__[1:] if base in shown), None)
    if parent is not None:
        yield f"All keys of `{shown[parent].removesuffix('.')}`, and:"
        yield ""
        fields = {key: f for key, f in fields.items() if key not in _keys(parent)}
    yield "| key | allowed | default | meaning |"
    yield "|---|---|---|---|"
    lead = NAMESPACE if path == NAMESPACE else ""
    yield from (_row(f"{lead}{key}", field, shown) for key, field in fields.items())
    yield ""
    for key, field in fields.items():
        inner, many = _model_in(field.annotation)
        if inner is not None and inner not in shown:
            yield from _section(inner, f"{path}{key}.{NAME}." if many else f"{path}{key}.", shown)


def _keys(model: type[BaseModel]) -> set[str]:
    return {field.alias or name for name, field in model.model_fields.items()}


def _row(key: str, field: FieldInfo, shown: dict[type[BaseModel], str]) -> str:
    inner, many = _model_in(field.annotation)
    if inner is None:
        said = allowed(field.annotation, field.metadata)
    else:
        where = f"as `{shown[inner].removesuffix('.')}`" if inner in shown else "see below"
        said = f"by name, {where}" if many else where
    return f"| `{key}` | {said} | {_default(field)} | {field.description} |"


def _default(field: FieldInfo) -> str:
    if field.default is PydanticUndefined:
        return "–" if field.default_factory is not None else "must be given"
    if field.default in (None, ()) or isinstance(field.default, Declared):
        return "–"
    return f"`{_as_yaml(field.default)}`"


def _as_yaml(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _model_in(annotation: Any) -> tuple[type[BaseModel] | None, bool]:
    """The model that a key's value is, or the values of its mapping are; and whether there are many."""
    kind, _ = _stripped(annotation)
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return kind, False
    if typing.get_origin(kind) is dict:
        inner, _ = _model_in(typing.get_args(kind)[1])
        return inner, True
    return None, False


def allowed(annotation: Any, metadata: Any = ()) -> str:
    """What a value may be, in the words in which others are refused."""
    kind, inside = _stripped(annotation)
    more = [*metadata, *inside]
    for each in more:
        if isinstance(each, AfterValidator | BeforeValidator) and isinstance(each.func, Matching | Parsed):
            return each.func.allowed
    if typing.get_origin(kind) is Literal:
        *others, last = (f"`{_as_yaml(value)}`" for value in typing.get_args(kind))
        return f"{', '.join(others)} or {last}" if others else last
    if typing.get_origin(kind) is tuple:
        return f"a list, each {allowed(typing.get_args(kind)[0])}"
    if typing.get_origin(kind) is dict:
        _, value = typing.get_args(kind)
        return f"by name, each {allowed(value)}"
    low = next((each.ge for each in more if isinstance(each, Ge)), None)
    high = next((each.le for each in more if isinstance(each, Le)), None)
    if low is not None:
        return f"{low} or more" if high in (None, _MOST) else f"{low} to {high}"
    return _PLAIN[kind]


def _stripped(annotation: Any) -> tuple[Any, list[Any]]:
    """The type without None and what `Annotated` adds, and that."""
    metadata: list[Any] = []
    while True:
        origin, args = typing.get_origin(annotation), typing.get_args(annotation)
        if origin is Annotated:
            annotation = args[0]
            for each in args[1:]:
                metadata += each.metadata if isinstance(each, FieldInfo) else [each]
        elif origin in (Union, types.UnionType):
            annotation = args[0]
        else:
            return annotation, metadata


if __name__ == "__main__":
    FILE.write_text(document(), encoding="utf-8")

"""Which file of the project imports which, read from the sources: a lazy import counts, and one for types alone."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

Files = Mapping[str, str]  # text by path from the project's folder: "engine/state/urns.py"


@dataclass(frozen=True)
class Import:
    """One name that a file imports; ``text`` is the whole statement as it stands, in one line."""

    path: str
    line: int
    text: str
    module: str  # who imports: "engine.state.urns"
    name: str  # what: "engine.run.graph.in_order"

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.text}"


def read(root: Path, *names: str) -> dict[str, str]:
    """The Python files of these names: files, or folders with all that is in them."""
    paths = [
        path for name in names for path in ([root / name] if name.endswith(".py") else _below(root / name))
    ]
    return {path.relative_to(root).as_posix(): path.read_text(encoding="utf-8") for path in paths}


def _below(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.py"))


def module_of(path: str) -> str:
    """``engine/state/urns.py`` is engine.state.urns, ``engine/state/__init__.py`` is engine.state."""
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def imports(files: Files) -> list[Import]:
    """All that the files import, in their order."""
    return [found for path, text in files.items() for found in of_file(path, text)]


def of_file(path: str, text: str) -> Iterator[Import]:
    """What one file imports, wherever in it; by ``import_module`` too, where that is told a plain name."""
    module, lines = module_of(path), text.splitlines()
    package = module if path.endswith("/__init__.py") else module.rpartition(".")[0]
    for node in ast.walk(ast.parse(text, path)):
        for name in _names(node, package):
            assert isinstance(node, ast.stmt | ast.expr)
            said = lines[node.lineno - 1 : node.end_lineno]
            yield Import(path, node.lineno, " ".join(line.strip() for line in said), module, name)


def _names(node: ast.AST, package: str) -> Iterator[str]:
    match node:
        case ast.Import():
            yield from (alias.name for alias in node.names)
        case ast.ImportFrom():
            above = package.split(".")
            base = above[: len(above) + 1 - node.level] if node.level else []
            base += [node.module] if node.module else []
            yield from (".".join([*base, alias.name]) for alias in node.names)
        case ast.Call(func=ast.Name("import_module") | ast.Attribute(attr="import_module")):
            match node.args:
                case [ast.Constant(str(name)), *_]:
                    yield name


def target(name: str, modules: Collection[str]) -> str | None:
    """The module that a name leads to: itself, or what it is a name in; None outside of these modules."""
    while name and name not in modules:
        name = name.rpartition(".")[0]
    return name or None


def within(name: str, package: str) -> bool:
    return name == package or name.startswith(package + ".")

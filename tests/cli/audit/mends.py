"""What an audit may print as the line that mends something, read from its sources: each as a shape, … for what differs.

Of ``Finding(stack, where, what, mend)`` the fourth is followed through names, branches and functions down to texts.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import product
from pathlib import Path

from cli import ROOT

FOLDER = ROOT / "cli/audit"
OPEN = "…"
UP, EDIT, ADOPT = "./trop up …", "virsh edit", "./trop adopt … --write --yes"
OF_OTHERS = "as another room says it"
# Lines that come from other rooms, by who makes them.
FROM_OTHERS = {
    ("snapshots", "commit"): "virsh blockcommit",
    ("snapshots", "back"): "on the hypervisor: mv --backup=numbered … ….before, then: virsh blockcopy",
    ("snapshots", "pull"): "virsh blockpull",
    ("snapshots", "rebase"): "qemu-img rebase …",
    ("refusals", "place_made"): "virsh dumpxml",  # … | sed … | virsh define
}
JOINTS = re.compile(r" && (?!ip )|; |, then: |, or (?=virsh|\./trop)|, and (?=virsh|\./trop)")


def parts(mend: str) -> list[str]:
    """The single steps of a line that is printed, each as a shape: of virsh its verb alone."""
    found = []
    for step in JOINTS.split(mend):
        text = re.sub(r"^virsh (-c \S+ )?(\S+).*", r"virsh \2", step, flags=re.DOTALL)
        text = re.sub(r"^\./trop (up|adopt) (?!--all)[^ ,]+( --lab)?", rf"./trop \1 {OPEN}", text)
        found.append(re.sub(r"( once it is off)?( \(until then .*\))?$", "", text))
    return found


def fits(shape: str, text: str) -> bool:
    pattern = ".*".join(re.escape(piece) for piece in shape.split(OPEN))
    return re.fullmatch(pattern, text, re.DOTALL) is not None


def shapes() -> Iterator[tuple[str, str]]:
    """Each module and what one of its findings may have as its mend."""
    for path in sorted(FOLDER.glob("*.py")):
        for function in _functions(path).values():
            for call in ast.walk(function):
                if (
                    isinstance(call, ast.Call)
                    and isinstance(call.func, ast.Name)
                    and call.func.id == "Finding"
                ):
                    given = next((k.value for k in call.keywords if k.arg == "mend"), None)
                    for shape in _Reader(path).read(given or call.args[3], function):
                        yield path.stem, shape


def _home(name: str, path: Path) -> Path:
    """The module of the audit from which a function comes."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ImportFrom) and name in [each.name for each in node.names]:
            return FOLDER / f"{(node.module or '').rpartition('.')[2]}.py"
    return path


def _constant(name: str, path: Path) -> set[str]:
    """A text of the module's own."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        match node:
            case ast.Assign(targets=[ast.Name(id=id)], value=ast.Constant(value=str(text))) if id == name:
                return {text}
            case ast.Assign(targets=[ast.Tuple(elts=names)], value=ast.Tuple(elts=values)):
                for each, value in zip(names, values, strict=True):
                    match each, value:
                        case ast.Name(id=id), ast.Constant(value=str(text)) if id == name:
                            return {text}
    return set()


@cache
def _functions(path: Path) -> dict[str, ast.FunctionDef]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {n.name: n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)}


class _Reader:
    """Of one module; ``seen``: the functions and names that are being read, each of which may be made of itself."""

    def __init__(self, path: Path, seen: frozenset[str] = frozenset()) -> None:
        self._path = path
        self._seen = seen

    def read(self, node: ast.expr, function: ast.FunctionDef) -> set[str]:
        match node:
            case ast.Constant(value=str(text)):
                return {text}
            case ast.JoinedStr(values=values):
                return _joined([self.read(value, function) for value in values])
            case ast.FormattedValue(value=value):
                return self.read(value, function)
            case ast.IfExp(body=body, orelse=other):
                return self.read(body, function) | self.read(other, function)
            case ast.BoolOp(values=values) | ast.Tuple(elts=values) | ast.List(elts=values):
                return self._any(values, function)
            case ast.BinOp(left=left, right=right):
                return _joined([self.read(left, function), self.read(right, function)])
            case ast.Starred(value=value) | ast.NamedExpr(value=value):
                return self.read(value, function)
            case ast.Subscript(value=value):
                return self.read(value, function)
            case ast.Call(func=ast.Attribute(value=ast.Dict(values=values), attr="get")):
                return self._any(values, function)
            case ast.GeneratorExp(elt=elt) | ast.ListComp(elt=elt):
                return self.read(elt, function)
            case ast.Name(id=name):
                return self._named(name, function)
            case ast.Attribute(attr="mend"):
                return {OF_OTHERS}
            case ast.Call():
                return self._called(node, function)
        return {OPEN}

    def _named(self, name: str, function: ast.FunctionDef) -> set[str]:
        key = f"{self._path}:{function.name}:{name}"
        if key in self._seen:  # made of itself: nothing new
            return set()
        inner = _Reader(self._path, self._seen | {key})
        if given := list(_given(name, function, self._path)):
            return inner._any(given, function)
        return inner._passed(name, function) or _constant(name, self._path) or {OPEN}

    def _passed(self, name: str, function: ast.FunctionDef) -> set[str]:
        """What the functions of the module give for a parameter of this one."""
        names = [each.arg for each in function.args.args]
        found = set()
        for caller in _functions(self._path).values() if name in names else ():
            for call in ast.walk(caller):
                if (
                    isinstance(call, ast.Call)
                    and isinstance(call.func, ast.Name)
                    and call.func.id == function.name
                ):
                    value = dict(zip(names, call.args, strict=False)) | {
                        k.arg: k.value for k in call.keywords
                    }
                    found |= self.read(value[name], caller) if name in value else set()
        return found

    def _any(self, nodes: Iterable[ast.expr], function: ast.FunctionDef) -> set[str]:
        return {shape for node in nodes for shape in self.read(node, function)}

    def _called(self, call: ast.Call, function: ast.FunctionDef) -> set[str]:
        match call.func:
            case ast.Attribute(value=ast.Name(id="world"), attr="up"):
                return {UP}
            case ast.Attribute(value=ast.Name(id="world"), attr="adopt"):
                return {ADOPT}
            case ast.Attribute(value=ast.Name(id="world"), attr="edit"):
                return {EDIT}
            case ast.Attribute(value=ast.Name(id="world"), attr="virsh"):
                return {f"virsh {verb}" for verb in self._verbs(call.args[1:], function)}
            case ast.Attribute(value=ast.Constant(value=str()), attr="join"):
                return self.read(call.args[0], function)
            case ast.Attribute(value=ast.Name(id="dict"), attr="fromkeys"):
                return self.read(call.args[0], function)
            case ast.Attribute(value=ast.Name(id=module), attr=name) if (module, name) in FROM_OTHERS:
                return {FROM_OTHERS[module, name]}
            case ast.Attribute(value=ast.Name(id=module), attr=name):
                return self._returned(FOLDER / f"{module}.py", name)
            case ast.Name(id=name):
                return self._returned(_home(name, self._path), name)
        return {OPEN}

    def _verbs(self, words: list[ast.expr], function: ast.FunctionDef) -> set[str]:
        return self.read(words[0], function) - {OPEN} or {OPEN}

    def _returned(self, path: Path, name: str) -> set[str]:
        if f"{path}:{name}" in self._seen:
            return set()
        if not path.exists() or name not in _functions(path):
            return {OPEN}
        function = _functions(path)[name]
        reader = _Reader(path, self._seen | {f"{path}:{name}"})
        values = [
            n.value for n in ast.walk(function) if isinstance(n, (ast.Return, ast.Yield, ast.YieldFrom))
        ]
        return {shape for value in values if value is not None for shape in reader.read(value, function)}


def _given(name: str, function: ast.FunctionDef, path: Path) -> Iterator[ast.expr]:
    """All that a name is set to, and what is put into it as a list."""
    for node in ast.walk(function):
        match node:
            case ast.Assign(targets=targets, value=value):
                for target in targets:
                    yield from _bound(name, target, value)
            case ast.AnnAssign(target=ast.Name(id=id), value=ast.expr() as value) if id == name:
                yield value
            case ast.AugAssign(target=ast.Name(id=id), value=value) if id == name:
                yield value
            case ast.NamedExpr(target=ast.Name(id=id), value=value) if id == name:
                yield value
            case ast.For(target=target, iter=among) | ast.comprehension(target=target, iter=among):
                yield from _among(name, target, among, path)
            case ast.Call(func=ast.Attribute(value=ast.Name(id=id), attr="append"), args=[value]) if (
                id == name
            ):
                yield value


def _bound(name: str, target: ast.expr, value: ast.expr) -> Iterator[ast.expr]:
    if isinstance(target, ast.Name) and target.id == name:
        yield value
    elif isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
        for each, own in zip(target.elts, value.elts, strict=True):
            yield from _bound(name, each, own)
    elif isinstance(target, ast.Tuple) and name in [e.id for e in target.elts if isinstance(e, ast.Name)]:
        yield value


def _among(name: str, target: ast.expr, among: ast.expr, path: Path) -> Iterator[ast.expr]:
    """What it is set to in turn: also where a function of the module gives several things at once."""
    if isinstance(target, ast.Name) and target.id == name:
        yield among
    places = (
        [each.id for each in target.elts if isinstance(each, ast.Name)]
        if isinstance(target, ast.Tuple)
        else []
    )
    if name in places and isinstance(among, ast.Call) and isinstance(among.func, ast.Name):
        for node in ast.walk(_functions(path)[among.func.id]) if among.func.id in _functions(path) else ():
            if isinstance(node, ast.Yield) and isinstance(node.value, ast.Tuple):
                yield node.value.elts[places.index(name)]


def _joined(pieces: list[set[str]]) -> set[str]:
    told = [piece - {""} or {OPEN} for piece in pieces]  # what is nothing in one case is something in another
    return {re.sub(f"{OPEN}+", OPEN, "".join(each)) for each in product(*told)}

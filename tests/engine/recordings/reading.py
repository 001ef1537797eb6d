"""The recordings, read: which calls a provider got, what was counted, what the state was."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from engine.state.checkpoint import Codec, parse
from engine.state.records import Snapshot
from engine.state.secrets import Crypter
from engine.state.values import SECRET_SIGNATURE, SIGNATURE, UNKNOWN_STRING

HERE = Path(__file__).parent
PREFIX = "urn:pulumi:trop02::trop::"
SALT = "v1:UlVvmW74FYY=:v1:T2QZGDVONo2KGBVV:vSr/VWjfkUqSSLQ9SyhJ1ZJF/qbeRA=="
HEAD = re.compile(r"\[(\d+)-(\w+)\] (p\d+) (\w+) ?(\S*::\S+)?(?: id=(\S*))?( preview)?$")
LINE = re.compile(r"(?:-> )?(news|olds|old_inputs|inputs|properties) (=|\{.*)")
SHOWN = {
    "+": "create",
    "~": "update",
    "-": "delete",
    "+-": "replace",
    "=": "import",
    " ": "same",
}


@dataclass
class Call:
    """One call that a provider got; ``args`` has what matters of the request, by its field's name."""

    method: str
    urn: str = ""
    id: str = ""
    preview: bool = False
    args: dict[str, Any] = field(default_factory=dict)
    inputs: Any = None  # of Check: what it answered


@dataclass(frozen=True)
class Step:
    """One recorded run: ``06/04-up``, or ``01`` for a case of one command."""

    name: str

    def path(self, suffix: str) -> Path:
        case, _, step = self.name.partition("/")
        folder = next(p for p in sorted(HERE.iterdir()) if p.name.startswith(f"{case}-"))
        return folder / (f"{step}.{suffix}" if step else suffix)

    def text(self, suffix: str) -> str | None:
        path = self.path(suffix)
        return path.read_text() if path.exists() else None

    @property
    def command(self) -> str:
        return (self.text("cmd") or "").strip()

    @property
    def exit_code(self) -> int:
        return int(self.text("exit_code") or 0)

    def variant(self) -> tuple[dict[str, str], dict[str, Any]]:
        """The program's variables, and the stub's faults."""
        lines = (self.text("variant.txt") or "").splitlines()
        variables = dict(line.split("=", 1) for line in lines if line.startswith("TROP_"))
        faults = next((json.loads(line.split(":", 1)[1]) for line in lines if line.startswith("faults:")), {})
        return variables, faults

    def calls(self) -> list[Call] | None:
        text = self.text("provider-calls.txt")
        return None if text is None else read_calls(text)

    def counts(self) -> list[dict[str, int]]:
        """Each summary that was printed: resources by operation."""
        return [
            read_counts(part)
            for part in re.split(r"^Resources:$", self.text("stdout.txt") or "", flags=re.M)[1:]
        ]

    def snapshot(self) -> Snapshot | None:
        path = self.path("state.json")
        return load_state(path) if path.exists() else None

    def summary(self) -> list[tuple[str, str, frozenset[str]]] | None:
        """URN, id and flags of each record, where that is all that was kept of the state."""
        text = self.text("state-summary.txt")
        if text is None:
            return None
        rows = re.findall(r"^…::(\S+)  id=(\S+)(.*)$", text, flags=re.M)
        return [
            (PREFIX + urn, "" if id_ == "-" else id_, frozenset(re.findall(r"\[(\w+)\]", f)))
            for urn, id_, f in rows
        ]


@cache
def crypter() -> Crypter:
    return Crypter(SALT, "x")


def load_state(path: Path) -> Snapshot:
    codec = Codec("organization/trop/trop02", crypter().encrypt, crypter().decrypt)
    return codec.load(parse(path.read_bytes()))


def read_counts(text: str) -> dict[str, int]:
    counts: dict[str, int] = {}
    for line in text.split("\n")[1:]:
        found = re.match(r"    (\+-|[+~=-]| )\s?(\d+) (to |unchanged|errored|\w+ed$)", line)
        unchanged = re.match(r"    (?:\d+ changes?\. )?(\d+) (unchanged|errored)", line)
        if unchanged:
            counts["same" if unchanged[2] == "unchanged" else "errored"] = int(unchanged[1])
        elif found:
            counts[SHOWN[found[1]]] = int(found[2])
        elif line.strip():
            break
    return counts


def read_calls(text: str) -> list[Call]:
    calls: list[Call] = []
    checked: dict[str, Any] = {}
    for block in re.split(r"\n(?=\[|---)", text.strip()):
        head, *lines = block.split("\n")
        if head.startswith("---"):
            continue
        match = HEAD.match(head)
        assert match, head
        _, _, _, method, urn, id_, preview = match.groups()
        call = Call(method, (urn or "").replace("…::", PREFIX), id_ or "", bool(preview))
        _fill(call, [line.strip() for line in lines], checked)
        calls.append(call)
    return calls


def _fill(call: Call, lines: list[str], checked: dict[str, Any]) -> None:
    values: dict[str, Any] = {"checked inputs": checked.get(call.urn)}
    for line in lines:
        if line.startswith("in "):
            call.args = json.loads(line[3:])
            values.update(call.args)
        elif line.startswith("out "):
            values["answer"] = json.loads(line[4:])
            call.inputs = values["answer"].get("inputs")
        elif line.startswith("{"):
            call.args.update(literal(line))
        elif match := LINE.match(line):
            name = match[1]
            text = line.split(f"{name} ", 1)[1].removeprefix("= ")
            if line.startswith("->"):
                if call.method in ("Check", "CheckConfig"):
                    call.inputs = evaluate(text, values)
            else:
                call.args[name] = values[name] = evaluate(text, values)
    if call.method.startswith("Check"):
        call.args.setdefault("olds", {})
        checked[call.urn] = call.inputs


def evaluate(text: str, values: dict[str, Any]) -> Any:
    """``news plus {…} minus […]``, or the value itself."""
    if text.startswith("{"):
        return literal(text)
    text, _, minus = text.partition(" minus ")
    name, _, plus = text.partition(" plus ")
    value = dict(values[name])
    value.update(literal(plus) if plus else {})
    for key in json.loads(minus) if minus else []:
        del value[key]
    return value


def literal(text: str) -> Any:
    secret = r"<SECRET (\"(?:[^\"\\]|\\.)*\"|[^>]*)>"
    text = re.sub(secret, rf'{{"{SIGNATURE}": "{SECRET_SIGNATURE}", "value": \1}}', text)
    return json.loads(text.replace("<UNKNOWN>", f'"{UNKNOWN_STRING}"'))

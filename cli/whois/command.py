"""`./trop whois ADDRESS…`: whose a MAC, an address, a name or a tap is, as declared and, where asked, as seen."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

from cli import ROOT, rack
from cli.rack import Rack
from cli.whois import notation
from cli.whois.declared import Owner, owners
from cli.whois.notation import NotUnderstoodError, Word
from cli.whois.rules import Rules, of_ipv6
from cli.whois.seen import Seen, Sighting, ask, verdict
from cli.words.command_line import UsageError


@dataclass(frozen=True)
class Answer:
    """What is known of one word.  ``read`` is what it can be; ``says`` what the rules say where it is nobody's."""

    word: str
    read: Word | None
    owners: tuple[Owner, ...] = ()
    verdicts: tuple[str, ...] = ()
    seen: tuple[Sighting, ...] = ()
    says: tuple[str, ...] = ()


@dataclass(frozen=True)
class Directory:
    """All that is declared, and what was seen; ``seen`` None where nobody was asked."""

    rack: Rack
    seen: Seen | None = None

    @cached_property
    def owners(self) -> tuple[Owner, ...]:
        return owners(self.rack)

    @cached_property
    def rules(self) -> Rules:
        return Rules(self.rack.fleet, {o.mac: o.name for o in self.owners if o.mac is not None})

    def answer(self, word: str) -> Answer:
        """Raises `NotUnderstoodError` for what is neither an address nor a name that is known."""
        named = tuple(o for o in self.owners if word.lower() in o.words)
        seen = self.seen.named(word) if self.seen else ()
        try:
            read = notation.read(word)
        except NotUnderstoodError:
            if not named and not seen:
                raise
            read = None
        if read is None and not named and not seen:
            raise NotUnderstoodError("is no address, and nothing of the rack is called that")
        macs = self.macs_of(read.mac) if read and read.mac else ()
        found = _once(*named, *(o for mac in macs for o in self.owners if o.mac == mac))
        if read and not macs:
            found = _once(*found, *(o for o in self.owners if o.address == read.value))
        if self.seen:
            seen = _once(*seen, *self._seen_as(read, macs))
            seen = _once(
                *seen, *self.seen.of([o.mac for o in found if o.mac], [o.address for o in found if o.address])
            )
        if read and read.form == "vnet" and not named:
            found = _once(*(o for s in seen if s.mac for o in self.owners if o.mac == s.mac))
        says = tuple(self._says(read, macs, seen)) if read and not found else ()
        verdicts = tuple(verdict(o, self.seen) if self.seen else "declared" for o in found)
        return Answer(word, read, found, verdicts, seen, says)

    def macs_of(self, mac: str) -> tuple[str, ...]:
        """The MAC, and for one of the host's end of a NIC the guest's that are known, or else libvirt's usual."""
        guest = notation.guests_mac(mac)
        if guest is None:
            return (mac,)
        known = [o.mac for o in self.owners if o.mac is not None]
        known += [s.mac for s in self.seen.sightings if s.mac is not None] if self.seen else []
        guests = _once(*(m for m in known if notation.taps_mac(m) == mac))
        return (mac, *(guests or (guest,)))

    def _seen_as(self, read: Word | None, macs: Sequence[str]) -> tuple[Sighting, ...]:
        assert self.seen is not None
        if read is None:
            return ()
        if read.form == "vnet":
            return self.seen.tap(read.value)
        if macs:
            return self.seen.of(macs)
        at = self.seen.of([], [read.value])
        return _once(*at, *self.seen.of([s.mac for s in at if s.mac is not None]))

    def _says(self, read: Word, macs: Sequence[str], seen: tuple[Sighting, ...]) -> Iterator[str]:
        """Of an address that is declared for nobody."""
        if read.form == "vnet":
            if self.seen is None:
                yield "a tap, another after each start: only its hypervisor knows whose it is; ask with --live"
            elif not seen:
                yield "no NIC that runs on a hypervisor that was asked has this tap"
        elif macs:
            yield from (saying.text for saying in self.rules.of_mac(macs[-1]))
        elif read.form == "IPv4":
            yield from (saying.text for saying in self.rules.of_address(read.value))
        else:
            yield of_ipv6(read.value).text


def _once(*things: Any) -> tuple[Any, ...]:
    return tuple(dict.fromkeys(things))


def directory(*, live: bool, lab: bool) -> Directory:
    """The project's rack, with what is seen if asked for.  Raises `config.ConfigError`, `UsageError`."""
    declared = rack.load(ROOT)
    if not live and not lab:
        return Directory(declared)
    stacks: Sequence[str] = list(declared.plans)
    if lab:
        from cli.lab.host import existing  # the lab's modules take time to load

        stacks = [stack for stack in stacks if stack in existing()]
        if not stacks:
            raise UsageError("--lab: there is no lab on this machine; start one with: ./trop lab up trop02")
    return Directory(declared, ask(ROOT, stacks, lab=lab, plans=declared.plans))


def run(words: Sequence[str], *, live: bool, lab: bool, as_json: bool) -> int:
    """Answers all words; 1 if one was not understood."""
    known = directory(live=live, lab=lab)
    silent = known.seen.silent if known.seen else {}
    answers: list[Answer] = []
    bad: dict[str, str] = {}
    for word in words:
        try:
            answers.append(known.answer(word))
        except NotUnderstoodError as error:
            bad[word] = str(error)
    if as_json:
        print(json.dumps(as_data(answers, bad, silent), indent=2, ensure_ascii=False))
    else:
        for answer in answers:
            print("\n".join(lines(answer)))
    tell_silent(known.seen)
    for line in (*known.seen.unread, *known.seen.twins) if known.seen else ():
        print(line, file=sys.stderr)
    for word, why in bad.items():
        print(f"error: {word!r}: {why}; allowed: {notation.ALLOWED}", file=sys.stderr)
    return 1 if bad else 0


def tell_silent(seen: Seen | None) -> None:
    for stack, why in seen.silent.items() if seen else ():
        print(f"{stack} could not be asked: {' '.join(why.split())}", file=sys.stderr)


def lines(answer: Answer) -> Iterator[str]:
    """The answer as the operator sees it."""
    yield " = ".join(_once(answer.word, *_spellings(answer)))
    for owner, status in zip(answer.owners, answer.verdicts, strict=True):
        yield f"  {owner.title}"
        facts = [owner.mac, owner.address, _wire(owner)]
        if any(facts):
            yield f"    {' · '.join(fact for fact in facts if fact)}"
        yield f"    {status}"
    if not answer.owners and answer.read and answer.read.form != "vnet":
        yield "  nobody's by the declarations" if answer.seen else "  nobody's"
    yield from (f"    {text}" for text in answer.says)
    yield from (f"    seen: {sighting}" for sighting in answer.seen)


def _spellings(answer: Answer) -> Iterator[str]:
    """The one spelling of the word, and the MAC behind it."""
    if answer.read is not None:
        yield answer.read.value
        if mac := answer.read.mac:
            yield mac
            if guest := notation.guests_mac(mac):
                yield f"the host's end of {next((o.mac for o in answer.owners if o.mac), guest)}"


def _wire(owner: Owner) -> str | None:
    """What it is plugged into, or stands on."""
    parts = [f"bridge {owner.bridge}" if owner.bridge else None, f"VLAN {owner.vlan}" if owner.vlan else None]
    beneath = ", ".join(part for part in parts if part)
    if owner.network is None or owner.kind == "bridge":
        carries = f", under network {owner.network}" if owner.network is not None else ""
        return f"{beneath}{carries}" or None
    return f"network {owner.network} ({beneath})"


def as_data(answers: Sequence[Answer], bad: Mapping[str, str], silent: Mapping[str, str]) -> dict[str, Any]:
    """The same for machines; what was not understood, and who could not be asked, have places of their own."""
    return {
        "answers": [
            {
                "word": answer.word,
                "readings": [asdict(answer.read)] if answer.read else [],
                "declared": [
                    {**asdict(owner), "status": status}
                    for owner, status in zip(answer.owners, answer.verdicts, strict=True)
                ],
                "seen": [asdict(sighting) for sighting in answer.seen],
                "says": list(answer.says),
            }
            for answer in answers
        ],
        "notUnderstood": dict(bad),
        "notAsked": dict(silent),
    }

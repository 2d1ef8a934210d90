"""The part of the checker about limits and lines: nobody too many, nobody overtaken, no slot idle. Pure.

*Overlap*: between its first and its last sign a process surely lived, so two such spans that overlap did.
*Overtaken*: when one starts at a gate of limit n, at most n - 1 of those before it have not ended. A is before B if
A's answer was there before B's request was sent. Who has ended an attempt by itself (to be tried again later) is not
counted.
*Stalled*: a slot is free, somebody waits for it, nothing is broken, and it takes long.
"""

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median

from chaos.checker import Rule, Violation, notes_by_attempt
from chaos.evidence import Accepted, Evidence
from chaos.plan import Limit

#: A hand-over takes some 50 ms; on a busy machine, many times that; by the sweep alone, seconds.
_MEDIAN_S = 1.0
_FEWEST = 10
_LONGEST_S = 15.0


@dataclass
class _Gate:
    """`line`: who meets here first, in the order of acceptance; `spans` of everybody who passes here."""

    name: str
    limit: Limit
    line: list[Accepted] = field(default_factory=list)
    spans: list[tuple[int, float, int]] = field(default_factory=list)
    """When a process began and ended, and whose it was."""


def check_limits(evidence: Evidence) -> list[Violation]:
    ended = _ended(evidence)
    found: list[Violation] = []
    for gate in _gates(evidence):
        found += [*_overlaps(gate), *_overtaken(gate, ended)]
    return [*found, *_stalled(evidence, handovers(evidence))]


def _gates(evidence: Evidence) -> Sequence[_Gate]:
    gates: dict[str, _Gate] = {}
    spans = _spans(evidence)
    for item in sorted(evidence.accepted, key=lambda item: item.asked_us):
        for position, limit in enumerate(item.order.kind.limits):
            name = f"{limit.name} {item.order.key}" if limit.is_keyed else limit.name
            gate = gates.setdefault(name, _Gate(name, limit))
            gate.spans += spans.get(item.execution, ())
            if position == 0:
                gate.line.append(item)
    for gate in gates.values():
        gate.spans.sort()
    return list(gates.values())


def _spans(evidence: Evidence) -> Mapping[int, Sequence[tuple[int, float, int]]]:
    spans = defaultdict[int, list[tuple[int, float, int]]](list)
    for (execution, _), notes in notes_by_attempt(evidence.notes).items():
        ends = [note.at_us for note in notes if note.what != "start"]
        for note in notes:
            if note.what == "start":
                later = [at for at in ends if at >= note.at_us]
                spans[execution].append((note.at_us, max(note.at_us + 1, min(later, default=math.inf)), execution))
    return spans


def _events(gate: _Gate) -> Sequence[tuple[int, bool, int]]:
    """(when, whether it is a start, whose); who ends at the moment in which another starts has ended."""
    starts = [(began, True, execution) for began, _, execution in gate.spans]
    ends = [(int(ended), False, execution) for _, ended, execution in gate.spans if ended != math.inf]
    return sorted([*starts, *ends])


def _overlaps(gate: _Gate) -> Iterator[Violation]:
    running: list[int] = []
    for at_us, is_start, execution in _events(gate):
        if not is_start:
            running.remove(execution)
            continue
        running.append(execution)
        if len(running) > gate.limit.most:
            text = f"at {gate.name}, limit {gate.limit.most}: {running} at once at {at_us}"
            yield Violation(Rule.OVERLAP, text)


def _ended(evidence: Evidence) -> Mapping[int, float]:
    """When an execution was over, as far as those behind it are concerned: by its own word, or by Attune's."""
    ended: dict[int, float] = {row.execution: row.ended_us for row in evidence.rows if row.ended_us is not None}
    for note in evidence.notes:
        if note.what == "end":
            ended[note.execution] = min(note.at_us, ended.get(note.execution, math.inf))
    return ended


def _overtaken(gate: _Gate, ended: Mapping[int, float]) -> Iterator[Violation]:
    places = {item.execution: place for place, item in enumerate(gate.line)}
    first_open = 0
    for began, _, execution in gate.spans:
        if execution not in places:
            continue
        while first_open < len(gate.line) and ended.get(gate.line[first_open].execution, math.inf) <= began:
            first_open += 1
        own = gate.line[places[execution]]
        before = [
            item.execution
            for item in gate.line[first_open : places[execution]]
            if item.accepted_us < own.asked_us and ended.get(item.execution, math.inf) > began
        ]
        if len(before) >= gate.limit.most:
            text = f"at {gate.name}, limit {gate.limit.most}: {execution} started at {began} before {before} had ended"
            yield Violation(Rule.OVERTAKEN, text)


@dataclass(frozen=True)
class Handover:
    """A slot was free and somebody waited for it: from then to the start of its process.

    `was_in_line`: it was there before the slot was free; else the slot was there before it.
    """

    gate: str
    execution: int
    seconds: float
    was_in_line: bool


def handovers(evidence: Evidence) -> Sequence[Handover]:
    """At gates that are the only one on the way, of first attempts, while nothing was broken."""
    found: list[Handover] = []
    for gate in _gates(evidence):
        if gate.line and all(len(item.order.kind.limits) == 1 for item in gate.line):
            found += _handovers(gate, evidence)
    return found


def _handovers(gate: _Gate, evidence: Evidence) -> Iterator[Handover]:
    accepted = {item.execution: item.accepted_us for item in gate.line}
    quiet_s = evidence.lost_after_s + _LONGEST_S
    running, free_since, seen = 0, 0, set[int]()
    for at_us, is_start, execution in _events(gate):
        if not is_start:
            running -= 1
            if running == gate.limit.most - 1:
                free_since = at_us
            continue
        running += 1
        since_us = max(free_since, accepted[execution])
        if execution not in seen and _is_quiet(evidence, since_us - int(quiet_s * 1e6), at_us):
            was_in_line = accepted[execution] < free_since
            yield Handover(gate.name, execution, (at_us - since_us) / 1e6, was_in_line)
        seen.add(execution)


def _is_quiet(evidence: Evidence, from_us: int, to_us: int) -> bool:
    return not any(fault.at_us < to_us and fault.until_us > from_us for fault in evidence.faults)


def _stalled(evidence: Evidence, found: Sequence[Handover]) -> Iterator[Violation]:
    for item in found:
        if item.seconds > _LONGEST_S:
            text = f"at {item.gate}: {item.execution} waited {item.seconds:.1f} s for a slot that was free"
            yield Violation(Rule.STALLED, text)
    usual = usual_s(found)
    if usual is not None and usual > _MEDIAN_S:
        yield Violation(Rule.STALLED, f"a free slot usually waits {usual:.1f} s for the next in line")


def usual_s(found: Sequence[Handover]) -> float | None:
    """How long a slot that is left stays free while there is a line; None when that was seen too seldom."""
    seconds = [item.seconds for item in found if item.was_in_line]
    return median(seconds) if len(seconds) >= _FEWEST else None

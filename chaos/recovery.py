"""From evidence to how soon a fault was noticed and made good. Pure.

*Noticed*: what ran on a worker that was hurt is taken back; lines that were lost are built anew. *Made good*: what was
taken back starts again; else, somebody who asks after the fault is accepted and starts (at a limit, where the lines
were hurt).
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import quantiles

from chaos.evidence import Evidence, Fault
from chaos.plan import FaultKind

_LINES = frozenset({FaultKind.KILL_VALKEY, FaultKind.EMPTY_VALKEY, FaultKind.OLD_VALKEY, FaultKind.FLUSH_VALKEY})
#: An attempt after one that ended in one of these ways was nobody's loss.
_OF_ITS_OWN = frozenset({"retry"})


@dataclass
class Recovery:
    """Seconds, of all faults of a kind."""

    kind: FaultKind
    count: int = 0
    noticed_s: list[float] = field(default_factory=list)
    made_good_s: list[float] = field(default_factory=list)


def recoveries(evidence: Evidence) -> Sequence[Recovery]:
    """One for each kind of fault there was."""
    starts = _starts(evidence)
    found: dict[FaultKind, Recovery] = {}
    for fault in evidence.faults:
        recovery = found.setdefault(fault.kind, Recovery(fault.kind))
        recovery.count += 1
        victims = list(_victims(fault, evidence, starts))
        recovery.noticed_s += [noticed for noticed, _ in victims]
        recovery.made_good_s += [again for _, again in victims if again is not None]
        if fault.kind in _LINES:
            recovery.noticed_s += _next(evidence.rebuilds, fault)
        if not fault.victims:
            recovery.made_good_s += _next_start(fault, evidence, starts)
    return [found[kind] for kind in FaultKind if kind in found]


def percentile(values: Sequence[float], share: float) -> float:
    """0.5: the median. `values` are not empty."""
    return values[0] if len(values) == 1 else quantiles(values, n=100, method="inclusive")[round(share * 100) - 1]


def _starts(evidence: Evidence) -> Mapping[int, Mapping[int, int]]:
    """`{execution: {attempt: when}}`."""
    starts = defaultdict[int, dict[int, int]](dict)
    for note in evidence.notes:
        if note.what == "start":
            starts[note.execution].setdefault(note.attempt, note.at_us)
    return starts


def _victims(
    fault: Fault, evidence: Evidence, starts: Mapping[int, Mapping[int, int]]
) -> Iterator[tuple[float, float | None]]:
    for execution, attempt in fault.victims:
        taken_back = next(
            (
                step
                for step in evidence.histories.get(execution, ())
                if step.at_us > fault.at_us
                and step.code not in _OF_ITS_OWN
                and (step.attempt == attempt + 1 or (step.attempt == attempt and step.status == "abandoned"))
            ),
            None,
        )
        if taken_back is None:
            continue
        again = starts.get(execution, {}).get(attempt + 1)
        yield _seconds(fault, taken_back.at_us), None if again is None else _seconds(fault, again)


def _next(moments: Sequence[int], fault: Fault) -> list[float]:
    return [_seconds(fault, moment) for moment in sorted(moments) if moment > fault.at_us][:1]


def _next_start(fault: Fault, evidence: Evidence, starts: Mapping[int, Mapping[int, int]]) -> list[float]:
    needs_line = fault.kind in _LINES
    moments = [
        min(starts[item.execution].values())
        for item in evidence.accepted
        if item.asked_us > fault.at_us and item.execution in starts and (item.order.kind.limits or not needs_line)
    ]
    return [_seconds(fault, min(moments))] if moments else []


def _seconds(fault: Fault, at_us: int) -> float:
    return (at_us - fault.at_us) / 1e6

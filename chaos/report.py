"""One run for people and programs: what was asked for, what was broken, what it cost, what was violated."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field

from chaos.checker import Violation
from chaos.evidence import Evidence
from chaos.order import handovers, usual_s
from chaos.recovery import Recovery, percentile, recoveries

#: Of each rule, so many violations are shown; their number is told.
_SHOWN = 5


@dataclass(frozen=True)
class Report:
    """Made by `report_of`; `statuses` and `starts` count executions and processes."""

    seed: int
    planned_s: float
    took_s: float
    accepted: int
    starts: int
    starts_per_s: float
    statuses: dict[str, int]
    losses: int
    retries: int
    handover_s: float | None
    recoveries: list[Recovery]
    violations: list[Violation] = field(default_factory=list)

    @property
    def is_good(self) -> bool:
        return not self.violations


def report_of(
    evidence: Evidence, violations: Sequence[Violation], *, seed: int, planned_s: float, took_s: float
) -> Report:
    starts = sum(note.what == "start" for note in evidence.notes)
    return Report(
        seed=seed,
        planned_s=planned_s,
        took_s=took_s,
        accepted=len(evidence.accepted),
        starts=starts,
        starts_per_s=starts / planned_s,
        statuses=dict(Counter(row.status for row in evidence.rows).most_common()),
        losses=sum(row.losses for row in evidence.rows),
        retries=sum(row.retries for row in evidence.rows),
        handover_s=usual_s(handovers(evidence)),
        recoveries=list(recoveries(evidence)),
        violations=list(violations),
    )


def as_json(report: Report) -> str:
    return json.dumps({**asdict(report), "is_good": report.is_good}, indent=2)


def as_markdown(report: Report) -> str:
    return "\n".join(_lines(report))


def _lines(report: Report) -> Iterator[str]:
    ends = ", ".join(f"{count:,} {status}" for status, count in report.statuses.items())
    yield f"Seed {report.seed}: {report.planned_s:.0f} s of load and faults, over after {report.took_s:.0f} s."
    yield ""
    yield f"- {report.accepted:,} executions accepted: {ends}"
    yield f"- {report.starts:,} processes started ({report.starts_per_s:.1f}/s)"
    yield f"- {report.retries:,} retries, {report.losses:,} losses"
    if report.handover_s is not None:
        took = f"{report.handover_s * 1000:.0f} ms"
        yield f"- while nothing was broken, a free slot went to the next in line in {took} (median)"
    yield f"- {sum(item.count for item in report.recoveries)} faults, {len(report.violations)} violations"
    if report.recoveries:
        yield ""
        yield "| fault | times | noticed after p50 / p99 | made good after p50 / p99 |"
        yield "| --- | ---: | ---: | ---: |"
        for item in report.recoveries:
            yield f"| {item.kind} | {item.count} | {_seconds(item.noticed_s)} | {_seconds(item.made_good_s)} |"
    by_rule = Counter(violation.rule for violation in report.violations)
    for rule, count in by_rule.most_common():
        yield ""
        yield f"**{rule}**: {count}"
        yield ""
        shown = [violation.text for violation in report.violations if violation.rule == rule][:_SHOWN]
        yield from (f"- {text}" for text in shown)


def _seconds(values: Sequence[float]) -> str:
    return f"{percentile(values, 0.5):.1f} / {percentile(values, 0.99):.1f} s" if values else "-"

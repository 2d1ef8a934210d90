"""What a run came to, for people and programs."""

import json

import pytest

from chaos.checker import Rule, Violation
from chaos.evidence import Evidence, Fault, Step
from chaos.plan import FaultKind
from chaos.recovery import percentile, recoveries
from chaos.report import as_json, as_markdown, report_of
from tests.unit.chaos.seen import accepted, good_run, note, ran, row, us

LOST = Evidence(
    accepted=[accepted(1, "one", at=0.1), accepted(2, "one", at=12)],
    rows=[row(1, "one", attempt=2, losses=1, ended=9), row(2, "one", ended=14)],
    notes=[note(1, "start", 1), note(1, "gone", 2), *ran(1, 8, 9, attempt=2), *ran(2, 13, 14)],
    histories={1: [Step("running", 1, us(1)), Step("requested", 2, us(7), "worker_lost")]},
    faults=[
        Fault(FaultKind.KILL_WORKER, us(2), us(2), victims=((1, 1),)),
        Fault(FaultKind.FLUSH_VALKEY, us(10), us(10)),
    ],
    rebuilds=[us(11)],
)


def test_what_was_lost_is_noticed_when_it_is_taken_back_and_made_good_when_it_starts_again() -> None:
    killed, flushed = recoveries(LOST)
    assert (killed.kind, killed.noticed_s, killed.made_good_s) == (FaultKind.KILL_WORKER, [5.0], [6.0])
    assert (flushed.kind, flushed.noticed_s, flushed.made_good_s) == (FaultKind.FLUSH_VALKEY, [1.0], [3.0])


def test_a_victim_that_had_ended_by_itself_was_none() -> None:
    seen = good_run("free", [(1, 2)])
    fault = Fault(FaultKind.KILL_WORKER, us(1.5), us(1.5), victims=((1, 1),))
    (killed,) = recoveries(Evidence(**{**seen.__dict__, "faults": [fault]}))
    assert (killed.count, killed.noticed_s, killed.made_good_s) == (1, [], [])


@pytest.mark.parametrize(("share", "value"), [(0.5, 50.0), (0.99, 99.0)])
def test_percentiles(share: float, value: float) -> None:
    assert percentile([float(n) for n in range(101)], share) == value
    assert percentile([3.0], share) == 3.0


def test_the_report_counts_and_says_what_each_fault_cost() -> None:
    text = as_markdown(report_of(LOST, [], seed=4, planned_s=10, took_s=20))
    assert "Seed 4: 10 s of load and faults, over after 20 s." in text
    assert "2 executions accepted: 2 succeeded" in text
    assert "3 processes started (0.3/s)" in text
    assert "| kill worker | 1 | 5.0 / 5.0 s | 6.0 / 6.0 s |" in text
    assert "2 faults, 0 violations" in text


def test_a_violation_is_shown_and_many_are_counted() -> None:
    violations = [Violation(Rule.OVERLAP, f"number {n}") for n in range(100)]
    report = report_of(LOST, violations, seed=4, planned_s=10, took_s=20)
    assert "**overlap**: 100" in as_markdown(report)
    assert "number 4" in as_markdown(report)
    assert "number 5" not in as_markdown(report)
    assert not report.is_good


def test_for_programs_it_is_json() -> None:
    document = json.loads(as_json(report_of(LOST, [], seed=4, planned_s=10, took_s=20)))
    assert document["is_good"] is True
    assert document["recoveries"][0]["kind"] == "kill worker"

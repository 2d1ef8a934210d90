"""Limits and lines, by hand: too many, overtaken, a slot that stays free."""

from dataclasses import replace

from chaos.checker import Rule
from chaos.evidence import Evidence, Fault
from chaos.order import check_limits, handovers
from chaos.plan import FaultKind
from tests.unit.chaos.seen import accepted, good_run, note, ran, row, us


def rules(evidence: Evidence) -> list[Rule]:
    return [violation.rule for violation in check_limits(evidence)]


def test_one_after_the_other_is_as_it_should_be() -> None:
    assert rules(good_run("one", [(1, 2), (2, 3), (3, 4)])) == []
    assert rules(good_run("five", [(1, 3)] * 5 + [(3, 4)])) == []


def test_one_more_than_the_limit_at_once_is_an_overlap() -> None:
    assert Rule.OVERLAP in rules(good_run("one", [(1, 2), (1.9, 3)]))
    assert Rule.OVERLAP in rules(good_run("five", [(1, 3)] * 6))


def test_a_process_of_a_lost_attempt_overlaps_the_next_one_until_it_is_gone() -> None:
    seen = Evidence(accepted=[accepted(1, "one", at=0.1)], rows=[row(1, "one", attempt=2, ended=9)])
    again = ran(1, 5, 6, attempt=2)
    assert rules(replace(seen, notes=[note(1, "start", 1), note(1, "gone", 4.9), *again])) == []
    assert rules(replace(seen, notes=[note(1, "start", 1), note(1, "gone", 5.1), *again])) == [Rule.OVERLAP]
    assert rules(replace(seen, notes=[note(1, "start", 1), *again])) == [Rule.OVERLAP]


def test_lines_of_different_keys_know_nothing_of_each_other() -> None:
    seen = good_run("keyed", [(1, 2), (1, 2)])
    others = [replace(item, order=replace(item.order, key=f"k{item.execution}")) for item in seen.accepted]
    assert Rule.OVERLAP in rules(seen)
    assert rules(replace(seen, accepted=others)) == []


def test_the_second_of_two_limits_holds_for_all_keys_together() -> None:
    seen = good_run("pair", [(1, 2)] * 4)
    others = [replace(item, order=replace(item.order, key=f"k{item.execution}")) for item in seen.accepted]
    assert rules(replace(seen, accepted=others)) == [Rule.OVERLAP]
    assert rules(replace(seen, accepted=others[:3], rows=seen.rows[:3], notes=seen.notes[:6])) == []


def test_who_starts_before_somebody_who_came_earlier_has_ended_overtook() -> None:
    assert rules(good_run("one", [(3, 4), (1, 2)])) == [Rule.OVERTAKEN]


def test_at_a_limit_of_five_four_of_those_before_may_still_run() -> None:
    assert rules(good_run("five", [(1, 9)] * 4 + [(2, 9)])) == []
    late_first = [(5.0, 9.0), *[(1.0, 9.0)] * 4, (2.0, 4.0)]
    assert Rule.OVERTAKEN in rules(good_run("five", late_first))


def test_of_two_that_were_asked_for_at_once_either_may_be_first() -> None:
    seen = good_run("one", [(3, 4), (1, 2)])
    at_once = [seen.accepted[0], replace(seen.accepted[1], asked_us=seen.accepted[0].accepted_us)]
    assert rules(replace(seen, accepted=at_once)) == []


def test_who_is_over_without_having_run_is_overtaken_by_nobody() -> None:
    seen = good_run("one", [(3, 4), (1, 2)])
    canceled = replace(seen, rows=[row(1, "one", "canceled", ended=0.5), seen.rows[1]], notes=seen.notes[2:])
    assert rules(canceled) == []


def test_who_waits_for_another_try_is_overtaken_by_nobody() -> None:
    failed_first = [*ran(1, 1, 2), *ran(1, 5, 6, attempt=2), *ran(2, 3, 4)]
    seen = good_run("one", [(0, 0), (3, 4)])
    assert rules(replace(seen, rows=[row(1, "one", attempt=2, ended=6), seen.rows[1]], notes=failed_first)) == []


def test_who_was_lost_keeps_its_place() -> None:
    lost_first = [note(1, "start", 1), note(1, "gone", 2), *ran(1, 5, 6, attempt=2), *ran(2, 3, 4)]
    seen = good_run("one", [(0, 0), (3, 4)])
    rows = [row(1, "one", attempt=2, losses=1, ended=6), seen.rows[1]]
    assert rules(replace(seen, rows=rows, notes=lost_first)) == [Rule.OVERTAKEN]


def test_a_free_slot_that_usually_waits_for_seconds_is_stalled() -> None:
    slow = good_run("one", [(2.5 * n, 2.5 * n + 0.5) for n in range(1, 12)])
    assert rules(slow) == [Rule.STALLED]
    quick = good_run("one", [(0.6 * n, 0.6 * n + 0.5) for n in range(1, 12)])
    assert rules(quick) == []


def test_a_single_slot_that_waits_for_long_is_stalled_unless_something_is_broken() -> None:
    seen = good_run("one", [(1, 2), (30, 31)])
    assert rules(seen) == [Rule.STALLED]
    assert rules(replace(seen, faults=[Fault(FaultKind.KILL_VALKEY, us(1.5), us(1.5))])) == []


def test_a_hand_over_begins_when_a_slot_is_free_and_somebody_is_there() -> None:
    found = handovers(good_run("one", [(1, 2), (2.25, 3)]))
    assert [(item.execution, item.seconds, item.was_in_line) for item in found] == [(1, 0.9, False), (2, 0.25, True)]

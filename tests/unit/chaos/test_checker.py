"""Each violation, made by hand, is told; a run without one is not accused."""

from dataclasses import replace

from chaos.checker import Rule, check
from chaos.evidence import Answer, Evidence, Step, Told
from tests.unit.chaos.seen import accepted, good_run, note, ran, row, us

GOOD = good_run("free", [(1, 2), (1, 2)])


def rules(evidence: Evidence) -> list[Rule]:
    return [violation.rule for violation in check(evidence)]


def test_a_run_in_which_all_went_well_is_not_accused() -> None:
    assert rules(GOOD) == []


def test_one_that_was_accepted_and_is_not_there_is_lost() -> None:
    assert rules(replace(GOOD, rows=GOOD.rows[:1], notes=GOOD.notes[:2])) == [Rule.LOST]


def test_one_execution_cannot_be_the_answer_to_two_requests() -> None:
    both = [GOOD.accepted[0], GOOD.accepted[1], replace(GOOD.accepted[1], execution=1)]
    assert rules(replace(GOOD, accepted=both)) == [Rule.LOST]


def test_one_that_nobody_asked_for_is_invented() -> None:
    assert rules(replace(GOOD, accepted=GOOD.accepted[:1])) == [Rule.INVENTED]


def test_a_process_of_an_execution_that_is_not_there_is_invented() -> None:
    assert rules(replace(GOOD, notes=[*GOOD.notes, *ran(99, 1, 2)])) == [Rule.INVENTED]


def test_a_process_of_an_attempt_that_was_never_made_is_invented() -> None:
    assert rules(replace(GOOD, notes=[*GOOD.notes, *ran(1, 3, 4, attempt=2)])) == [Rule.INVENTED]


def test_one_that_is_not_over_has_not_ended() -> None:
    rows = [GOOD.rows[0], row(2, "free", "running")]
    assert rules(replace(GOOD, rows=rows)) == [Rule.NOT_ENDED]


def test_two_processes_of_one_attempt_are_one_too_many() -> None:
    assert rules(replace(GOOD, notes=[*GOOD.notes, note(1, "start", 1.5, pid=7)])) == [Rule.STARTED_TWICE]


def test_a_success_without_a_process_that_ran_to_its_end_is_none() -> None:
    assert rules(replace(GOOD, notes=[*GOOD.notes[:2], note(2, "start", 1)])) == [Rule.WRONG_END]
    assert rules(replace(GOOD, notes=GOOD.notes[:2])) == [Rule.WRONG_END]


def test_a_failure_that_no_process_made_is_a_wrong_end() -> None:
    rows = [GOOD.rows[0], row(2, "free", "failed", error="database_away")]
    assert rules(replace(GOOD, rows=rows, notes=GOOD.notes[:2])) == [Rule.WRONG_END]


def test_a_failure_that_was_not_asked_for_is_a_wrong_end() -> None:
    assert rules(replace(GOOD, rows=[GOOD.rows[0], row(2, "free", "failed")])) == [Rule.WRONG_END]


def test_what_fails_for_ever_is_tried_as_often_as_its_rule_says() -> None:
    notes = [item for attempt in (1, 2, 3) for item in ran(1, attempt, attempt + 0.5, attempt=attempt)]
    seen = Evidence(accepted=[accepted(1, "hopeless", at=0)], notes=notes)
    assert rules(replace(seen, rows=[row(1, "hopeless", "failed", attempt=3, retries=2)])) == []
    assert rules(replace(seen, rows=[row(1, "hopeless", "failed", attempt=3, retries=1)])) == [Rule.WRONG_END]


def test_what_ran_to_its_end_did_not_take_too_long() -> None:
    seen = Evidence(accepted=[accepted(1, "slow", at=0)], rows=[row(1, "slow", "timeout")])
    assert rules(replace(seen, notes=[note(1, "start", 1), note(1, "gone", 2)])) == []
    assert rules(replace(seen, notes=ran(1, 1, 2))) == [Rule.WRONG_END]
    assert rules(seen) == [Rule.WRONG_END]


def test_giving_up_needs_as_many_losses_as_are_promised() -> None:
    seen = Evidence(accepted=[accepted(1, "free", at=0)], notes=[note(1, "start", 1), note(1, "gone", 2)])
    assert rules(replace(seen, rows=[row(1, "free", "abandoned", losses=3)])) == []
    assert rules(replace(seen, rows=[row(1, "free", "abandoned", losses=2)])) == [Rule.WRONG_END]


def test_what_is_not_to_be_run_again_may_be_given_up_at_once() -> None:
    seen = Evidence(accepted=[accepted(1, "once", at=0)], notes=[note(1, "start", 1), note(1, "gone", 2)])
    assert rules(replace(seen, rows=[row(1, "once", "abandoned")])) == []


def test_only_what_somebody_canceled_may_be_canceled() -> None:
    seen = Evidence(accepted=[accepted(1, "free", at=0, cancel=True)], rows=[row(1, "free", "canceled")])
    assert rules(replace(seen, canceled=frozenset({1}))) == []
    assert rules(seen) == [Rule.WRONG_END]
    assert rules(replace(seen, accepted=[accepted(1, "free", at=0)])) == [Rule.WRONG_END]


def test_what_was_canceled_while_it_waited_never_starts() -> None:
    seen = Evidence(
        accepted=[accepted(1, "free", at=0, cancel=True)],
        rows=[row(1, "free", "canceled")],
        canceled=frozenset({1}),
        notes=[note(1, "start", 3)],
    )
    waited = [Step("requested", 1, us(0)), Step("canceled", 1, us(1))]
    ran_first = [Step("requested", 1, us(0)), Step("running", 1, us(1)), Step("canceled", 1, us(4))]
    assert rules(replace(seen, histories={1: waited})) == [Rule.STARTED_AFTER_CANCEL]
    assert rules(replace(seen, histories={1: ran_first})) == []


def test_an_earlier_attempt_of_what_was_canceled_while_it_waited_may_have_run() -> None:
    history = [Step("running", 1, us(1)), Step("requested", 2, us(2), "worker_lost"), Step("canceled", 2, us(3))]
    seen = Evidence(
        accepted=[accepted(1, "free", at=0, cancel=True)],
        rows=[row(1, "free", "canceled", attempt=2, losses=1)],
        canceled=frozenset({1}),
        notes=[note(1, "start", 1)],
        histories={1: history},
    )
    assert rules(seen) == []


def test_an_answer_that_tells_of_a_bug_is_one() -> None:
    assert rules(replace(GOOD, bad_answers=[Answer(500, "oh")])) == [Rule.BAD_ANSWER]


def told(event: int, *executions: int | None) -> Told:
    return Told(event, accepted(event, "told", at=0.1).order, us(0.09), us(0.1), executions)


def test_an_event_that_started_one_execution_is_not_accused() -> None:
    item = told(7, 1)
    assert item.accepted is not None
    run = good_run("told", [(1, 2)])
    assert rules(replace(run, accepted=[item.accepted], told=[item])) == []


def test_an_event_that_started_nothing_is_lost() -> None:
    assert rules(replace(GOOD, told=[told(7), told(8, None)])) == [Rule.EVENT_LOST, Rule.EVENT_LOST]


def test_an_event_with_two_enforcements_was_processed_twice_and_its_executions_are_invented() -> None:
    twice = replace(GOOD, accepted=[], told=[told(7, 1, 2)])
    assert rules(twice) == [Rule.INVENTED, Rule.INVENTED, Rule.EVENT_TWICE]


def test_one_event_cannot_be_the_answer_to_two_requests() -> None:
    assert rules(replace(GOOD, told=[told(7, 1), told(7, 1)])) == [Rule.EVENT_LOST]

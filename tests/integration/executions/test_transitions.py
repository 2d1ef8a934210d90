from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from apps.executions import transitions
from apps.executions.models import Execution, History
from apps.executions.states import ARROWS, TERMINAL, Status, may_follow
from apps.executions.transitions import StaleTransition, claim, transition, transition_many
from tests.factories import make_execution, make_worker
from tests.threads import race

pytestmark = pytest.mark.usefixtures("fresh")


def history_of(execution: Execution) -> list[str]:
    return list(History.objects.filter(execution=execution).order_by("id").values_list("status", flat=True))


def test_a_move_writes_the_status_and_its_history_in_one_statement(django_assert_num_queries) -> None:  # type: ignore[no-untyped-def]
    execution = make_execution()
    with django_assert_num_queries(1):
        transition(execution.pk, Status.CANCELED, expected={Status.SCHEDULED}, attempt=1, reason={"code": "x"})
    execution.refresh_from_db()
    assert execution.status == Status.CANCELED
    assert execution.ended_at is not None
    assert history_of(execution) == ["scheduled", "canceled"]
    assert History.objects.last().reason == {"code": "x"}  # type: ignore[union-attr]


def test_a_move_from_another_state_is_stale_and_writes_nothing() -> None:
    execution = make_execution(status=Status.SUCCEEDED)
    with pytest.raises(StaleTransition):
        transition(execution.pk, Status.RUNNING, expected={Status.SCHEDULED}, attempt=1)
    assert history_of(execution) == ["scheduled"]


def test_a_move_of_another_attempt_is_stale() -> None:
    execution = make_execution(attempt=2)
    with pytest.raises(StaleTransition):
        transition(execution.pk, Status.CANCELED, expected={Status.SCHEDULED}, attempt=1)


def test_a_move_with_an_old_token_changes_nothing() -> None:
    execution = make_execution(status=Status.RUNNING, token=7)
    with pytest.raises(StaleTransition):
        transition(execution.pk, Status.SUCCEEDED, expected={Status.RUNNING}, attempt=1, token=6)
    transition(execution.pk, Status.SUCCEEDED, expected={Status.RUNNING}, attempt=1, token=7)


def test_a_move_along_no_arrow_is_a_bug_that_shows_at_once() -> None:
    execution = make_execution()
    with pytest.raises(AssertionError, match="no arrow"):
        transition(execution.pk, Status.SUCCEEDED, expected={Status.SCHEDULED}, attempt=1)


@pytest.mark.parametrize("end", sorted(TERMINAL))
def test_the_database_itself_keeps_an_end(end: Status) -> None:
    execution = make_execution(status=end)
    with pytest.raises(IntegrityError, match="has ended"):
        Execution.objects.filter(pk=execution.pk).update(status="running")
    Execution.objects.filter(pk=execution.pk).update(labels={"still": "editable"})


def test_no_arrow_leaves_an_end() -> None:
    assert all(not ARROWS[status] for status in TERMINAL)
    assert not may_follow(Status.SUCCEEDED, Status.RUNNING)
    assert set(ARROWS) == set(Status)


def test_many_are_moved_by_one_statement_and_only_those_that_may() -> None:
    rows = [make_execution(), make_execution(status=Status.SUCCEEDED), make_execution(attempt=2), make_execution()]
    wanted = [(row.pk, 1) for row in rows]
    moved = transition_many(wanted, Status.CANCELED, expected={Status.SCHEDULED})
    assert [ticket.id for ticket in moved] == [rows[0].pk, rows[3].pk]


@pytest.mark.parametrize("status", [Status.SCHEDULED, Status.RUNNING])
def test_a_row_is_found_by_its_id_however_many_are_in_its_state(
    status: Status, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before PostgreSQL has counted them, an index of all that are scheduled seems to be as quick."""
    execution, worker = make_execution(status=status, token=7), make_worker()
    _forget_counts()
    plans: list[str] = []

    def explained(sql: str, parameters: Mapping[str, Any], *, is_planned_once: bool = False) -> list[tuple[Any, ...]]:
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off")
            cursor.execute(f"EXPLAIN {sql}", parameters)
            plans.append("\n".join(line for (line,) in cursor.fetchall()))
        if is_planned_once:
            plans.append(_plan_for_all_values(sql, parameters))
        return [(execution.pk, 1, "")]

    monkeypatch.setattr(transitions, "_fetch", explained)
    with transaction.atomic():
        transition(execution.pk, Status.FAILED, expected={Status.RUNNING, Status.CANCELING}, attempt=1, token=7)
        transition_many([(execution.pk, 1)], Status.FAILED, expected={Status.RUNNING})
        with suppress(ValueError):  # what it would make of the row
            claim(execution.pk, attempt=1, worker_id=worker.pk)

    assert len(plans) == 5
    for plan in plans:
        assert "executions_execution_pkey" in plan
        assert "execution_hintable" not in plan
        assert "execution_on_worker" not in plan


def _forget_counts() -> None:
    """What PostgreSQL may have counted in this table since it was made, when it was empty, say."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT pg_clear_relation_stats('public', relname::text) FROM pg_class
             WHERE oid = 'executions_execution'::regclass
                OR oid IN (SELECT indexrelid FROM pg_index WHERE indrelid = 'executions_execution'::regclass)
            """
        )
        cursor.execute(
            """
            SELECT pg_clear_attribute_stats('public', tablename::text, attname::text, inherited) FROM pg_stats
             WHERE schemaname = 'public' AND tablename = 'executions_execution'
            """
        )


def _plan_for_all_values(sql: str, parameters: Mapping[str, Any]) -> str:
    with connection.prepared_cursor() as cursor:  # type: ignore[attr-defined]  # our backend's
        cursor.execute(sql, parameters)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT name, cardinality(parameter_types) FROM pg_prepared_statements ORDER BY prepare_time DESC"
        )
        name, count = cursor.fetchone()
        cursor.execute("SET LOCAL plan_cache_mode = force_generic_plan")
        cursor.execute(f"EXPLAIN EXECUTE {name} ({', '.join(['NULL'] * count)})")
        return "\n".join(line for (line,) in cursor.fetchall())


def test_a_claim_needs_an_active_worker_and_the_right_attempt() -> None:
    execution, worker = make_execution(), make_worker()
    assert claim(execution.pk, attempt=2, worker_id=worker.pk) is None
    for status in ("cordoned", "draining", "lost", "stopped"):
        other = make_worker(status, status=status)
        assert claim(execution.pk, attempt=1, worker_id=other.pk) is None
    claimed = claim(execution.pk, attempt=1, worker_id=worker.pk)
    assert claimed is not None
    assert claim(execution.pk, attempt=1, worker_id=worker.pk) is None
    execution.refresh_from_db()
    assert (execution.status, execution.token, execution.worker_id) == ("running", claimed.token, worker.pk)


def test_tokens_only_grow() -> None:
    worker = make_worker()
    tokens = [claim(make_execution().pk, attempt=1, worker_id=worker.pk) for _ in range(5)]
    numbers = [claimed.token for claimed in tokens if claimed is not None]
    assert numbers == sorted(set(numbers))
    assert len(numbers) == 5


def test_of_many_who_claim_at_once_one_wins() -> None:
    execution, worker = make_execution(), make_worker()
    results = race(8, lambda _: claim(execution.pk, attempt=1, worker_id=worker.pk))
    assert sum(result is not None for result in results) == 1
    assert history_of(execution) == ["scheduled", "running"]


def test_of_cancel_and_claim_at_once_one_wins() -> None:
    worker = make_worker()
    for _ in range(10):
        execution = make_execution()

        def move(index: int, pk: int = execution.pk) -> object:
            if index == 0:
                return claim(pk, attempt=1, worker_id=worker.pk)
            return transition_many([(pk, 1)], Status.CANCELED, expected={Status.SCHEDULED})

        assert sum(bool(result) for result in race(2, move)) == 1


def test_two_who_move_the_same_rows_in_opposite_order_do_not_lock_up() -> None:
    rows = [(make_execution().pk, 1) for _ in range(20)]
    orders = [rows, rows[::-1]]
    results = race(2, lambda index: transition_many(orders[index], Status.CANCELED, expected={Status.SCHEDULED}))
    assert sum(len(result) for result in results) == 20


def test_ids_follow_the_order_in_which_rows_are_given() -> None:
    from apps.executions.transitions import NewExecution, insert

    template = make_execution()
    names = [f"demo.a{number}" for number in range(50)]
    tickets = insert(
        [
            NewExecution(
                action_ref=name,
                pack_ref="demo",
                pack_version="1",
                pack_digest="d",
                definition_id=template.definition_id,
                parameters={},
                timeout_s=1,
                max_attempts=1,
                pool="default",
                queue="q",
                status=Status.SCHEDULED,
            )
            for name in names
        ]
    )
    stored = Execution.objects.filter(pk__in=[ticket.id for ticket in tickets]).order_by("pk")
    assert [row.action_ref for row in stored] == names


def test_the_hot_statements_use_indexes() -> None:
    with connection.cursor() as cursor:
        # A few rows are sorted sooner than read in order; a million are not.
        cursor.execute("SET enable_seqscan = off; SET enable_sort = off")
        cursor.execute(
            "EXPLAIN SELECT id FROM executions_execution WHERE status = 'requested' AND number IS NULL"
            " AND not_before <= now() ORDER BY not_before"
        )
        plan = "\n".join(row[0] for row in cursor.fetchall())
        cursor.execute("RESET enable_seqscan; RESET enable_sort")
    assert "execution_due" in plan

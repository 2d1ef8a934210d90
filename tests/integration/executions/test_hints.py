from datetime import timedelta

import pytest
import redis
from django.db import connection
from django.utils import timezone
from redis.client import Pipeline

from apps.core.redis import client
from apps.executions.hints import AGAIN_AFTER_S, send_again
from apps.executions.models import Execution
from tests.asking import ask, ask_and_die
from tests.conftest import messages_in
from tests.factories import make_action, make_worker
from tests.people import People
from tests.threads import race

QUEUE = "run.default.shell"


def lose_messages() -> None:
    client().delete(QUEUE)


def hinted_ago(seconds: float, *, hints: int = 1) -> None:
    Execution.objects.update(hinted_at=timezone.now() - timedelta(seconds=seconds), hints=hints)


def test_an_owed_hint_is_sent_at_once(people: People) -> None:
    make_worker()
    ask_and_die(people, make_action())
    send_again()
    assert messages_in(QUEUE) == 1


def test_a_hint_nobody_followed_is_sent_again_after_a_back_off_that_doubles(people: People) -> None:
    make_worker()
    ask(people)
    lose_messages()
    for hints, seconds, expected in (
        (1, AGAIN_AFTER_S - 10, 0),
        (1, AGAIN_AFTER_S + 1, 1),
        (3, 40, 0),
        (3, 61, 1),
        (9, 250, 0),
        (9, 301, 1),
    ):
        lose_messages()
        hinted_ago(seconds, hints=hints)
        send_again()
        assert messages_in(QUEUE) == expected, (hints, seconds)


def test_none_is_sent_into_a_queue_that_is_full_of_them(people: People) -> None:
    make_worker()
    ask(people, count=50)
    hinted_ago(3600)
    for _ in range(3):
        send_again()
    assert messages_in(QUEUE) == 50


def test_as_many_are_sent_as_messages_are_missing(people: People) -> None:
    make_worker()
    ask(people, count=10)
    lose_messages()
    client().lpush(QUEUE, *["a message"] * 4)
    hinted_ago(3600)
    send_again()
    assert messages_in(QUEUE) == 10


def test_nobody_is_hinted_where_no_worker_serves(people: People) -> None:
    ask_and_die(people, make_action())
    send_again()
    make_worker("draining", status="draining")
    send_again()
    assert messages_in(QUEUE) == 0


def test_a_hint_that_is_lost_on_its_way_is_owed_and_the_request_is_answered(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dies(_: Pipeline) -> None:
        raise redis.ConnectionError("Connection closed by server.")

    with monkeypatch.context() as dying:
        dying.setattr(Pipeline, "execute", dies)
        (asked,) = ask(people)
    assert (asked.status, asked.hinted_at) == ("scheduled", None)


def test_each_hint_is_sent_by_one_of_those_who_sweep(people: People) -> None:
    make_worker()
    ask_and_die(people, make_action(), count=30)
    race(4, lambda _: send_again())
    assert messages_in(QUEUE) == 30


def clone(execution: Execution, count: int) -> None:
    """So many more rows like it."""
    columns = ", ".join(
        connection.ops.quote_name(str(field.column))
        for field in Execution._meta.concrete_fields
        if field.column != "id"
    )
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO executions_execution (id, {columns})"
            f" SELECT nextval('executions_execution_id_seq'), {columns}"
            " FROM executions_execution, generate_series(1, %s) WHERE id = %s",
            [count, execution.pk],
        )


def test_a_database_that_believes_in_one_row_takes_no_more_than_are_missing(people: People) -> None:
    make_worker()
    ask(people)
    with connection.cursor() as cursor:  # it then looks for those that are due once for each row
        cursor.execute("VACUUM ANALYZE executions_execution")
    ask(people, count=9)
    lose_messages()
    client().lpush(QUEUE, *["a message"] * 4)
    hinted_ago(3600)
    send_again()
    assert messages_in(QUEUE) == 10


def test_ten_thousand_that_wait_for_busy_workers_cost_no_message_and_after_a_loss_one_each(people: People) -> None:
    make_worker()
    (execution,) = ask(people)
    clone(execution, 9_999)
    client().lpush(QUEUE, *["a message"] * 9_999)
    hinted_ago(3600)
    for _ in range(12):  # a minute of sweeps
        assert send_again() == 0
    lose_messages()
    sent = [send_again() for _ in range(24)]
    assert sum(sent) == messages_in(QUEUE) == 10_000
    assert max(sent) == 500
    assert Execution.objects.filter(hints__gt=2).count() == 0

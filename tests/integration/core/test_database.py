"""What a real PostgreSQL says when it gives work up, and what becomes of that work."""

import os
import threading
from collections.abc import Iterator
from contextlib import suppress

import pytest
from django.db import DatabaseError, Error, IntegrityError, OperationalError, connection, transaction
from psycopg_pool import PoolTimeout

from apps.core import database
from apps.core.database import Trouble, again_if_given_up, trouble_of
from apps.workers.models import Worker
from tests.database_trouble import another_session, end_sessions_of_this_test, locked_tables, no_free_connection
from tests.factories import make_worker
from tests.threads import race, wait_for_locks


@pytest.fixture(autouse=True)
def own_connection(fresh: None) -> Iterator[None]:
    """What is set for a session here ends with the test."""
    yield
    with suppress(Error):
        run("RESET ALL")
    connection.close()


def run(sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql)


def test_a_statement_that_takes_too_long_is_a_busy_database() -> None:
    run("SET statement_timeout = '10ms'")
    with pytest.raises(DatabaseError) as caught:
        run("SELECT pg_sleep(10)")
    assert trouble_of(caught.value) is Trouble.BUSY


def test_a_lock_nobody_gives_is_a_busy_database() -> None:
    with locked_tables(lambda name: name == "workers_worker"), pytest.raises(DatabaseError) as caught:
        Worker.objects.first()
    assert trouble_of(caught.value) is Trouble.BUSY


def test_a_transaction_that_idles_too_long_is_a_busy_database() -> None:
    run("SET idle_in_transaction_session_timeout = '10ms'")

    def idle() -> None:
        with transaction.atomic():
            run("SELECT 1")
            with another_session() as other:
                other.execute("SELECT pg_sleep(0.3)")
            run("SELECT 1")

    with pytest.raises(Error) as caught:
        idle()
    assert trouble_of(caught.value) is not None


def test_a_replica_is_a_database_that_is_away() -> None:
    run("SET default_transaction_read_only = on")
    with pytest.raises(DatabaseError) as caught:
        make_worker()
    assert trouble_of(caught.value) is Trouble.AWAY


def test_a_session_that_is_ended_is_a_database_that_is_away() -> None:
    Worker.objects.first()
    end_sessions_of_this_test()
    with pytest.raises(DatabaseError) as caught:
        Worker.objects.first()
    assert trouble_of(caught.value) is Trouble.AWAY


def test_no_free_connection_is_a_database_that_is_away() -> None:
    with no_free_connection(), pytest.raises((OperationalError, PoolTimeout)) as caught:
        Worker.objects.first()
    assert trouble_of(caught.value) is Trouble.AWAY


def test_a_whole_pool_of_dead_connections_is_replaced_at_once() -> None:
    with no_free_connection():
        pass  # so many are open now
    end_sessions_of_this_test()
    make_worker()
    assert race(6, lambda _: Worker.objects.count()) == [1] * 6


def test_a_broken_rule_is_no_trouble_of_the_database() -> None:
    make_worker("tom")
    with pytest.raises(IntegrityError) as caught:
        make_worker("tom")
    assert trouble_of(caught.value) is None
    assert trouble_of(ValueError()) is None


def test_two_that_wait_for_each_other_are_both_done_in_the_end() -> None:
    first, second = make_worker("a"), make_worker("b")
    crossed = threading.Barrier(2, timeout=30)
    met: list[int] = []

    def cross(index: int) -> None:
        with transaction.atomic():
            here, there = (first, second) if index == 0 else (second, first)
            Worker.objects.filter(pk=here.pk).update(slots=index + 20)
            if index not in met:
                met.append(index)
                crossed.wait()
            Worker.objects.filter(pk=there.pk).update(slots=index + 20)

    race(2, lambda index: again_if_given_up(lambda: cross(index), is_idempotent=False))
    assert len(set(Worker.objects.values_list("slots", flat=True))) == 1


def test_what_was_cut_off_by_a_lost_connection_is_begun_anew_only_if_that_does_no_harm() -> None:
    began: list[int] = []

    def deed() -> Worker | None:
        began.append(1)
        found = Worker.objects.first()
        if len(began) == 1:
            end_sessions_of_this_test()
            found = Worker.objects.first()
        return found

    with pytest.raises(OperationalError):
        again_if_given_up(deed, is_idempotent=False)
    assert len(began) == 1
    connection.close()
    began.clear()
    assert again_if_given_up(deed, is_idempotent=True) is None
    assert len(began) == 2


def test_what_fails_for_good_fails_after_a_few_tries(monkeypatch: pytest.MonkeyPatch) -> None:
    began: list[int] = []

    def deed() -> None:
        began.append(1)
        raise OperationalError("the connection is lost")

    with pytest.raises(OperationalError):
        again_if_given_up(deed, is_idempotent=True, pauses_s=[0, 0])
    assert len(began) == 3


def test_inside_a_transaction_nothing_is_begun_anew() -> None:
    began: list[int] = []

    def deed() -> None:
        began.append(1)
        raise OperationalError("the connection is lost")

    with pytest.raises(OperationalError), transaction.atomic():
        again_if_given_up(deed, is_idempotent=True)
    assert len(began) == 1


def test_connections_of_a_role_give_up_a_lock_and_an_idle_transaction(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PGOPTIONS", raising=False)
    database.limit_waits(statement_s=30)
    try:
        with another_session() as session:
            found = [
                session.execute(f"SHOW {name}").fetchone()
                for name in ("lock_timeout", "idle_in_transaction_session_timeout", "statement_timeout")
            ]
    finally:
        os.environ.pop("PGOPTIONS")
    assert found == [("10s",), ("30s",), ("30s",)]


def test_who_waits_for_a_lock_gets_it_when_the_holder_lets_go() -> None:
    make_worker()
    with another_session() as holder:
        holder.execute("SELECT * FROM workers_worker FOR UPDATE")

        def act(index: int) -> int:
            if index == 0:
                wait_for_locks(1)
                holder.rollback()
                return 0
            return Worker.objects.update(slots=3)

        assert race(2, act) == [0, 1]

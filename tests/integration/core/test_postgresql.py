"""Which connections the pool gives out."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from django.db import connection, connections
from psycopg_pool import ConnectionPool

from apps.core.postgresql import base
from tests.database_trouble import end_sessions_of_this_test


@pytest.fixture(autouse=True)
def own_connection(fresh: None) -> Iterator[None]:
    connection.close()
    yield
    connection.close()


@pytest.fixture
def looked_at(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Connections that cost a round trip before they were given out."""
    looked_at: list[object] = []

    def check(one: "psycopg.Connection[Any]") -> None:
        looked_at.append(one)
        one.execute("")

    monkeypatch.setattr(ConnectionPool, "check_connection", staticmethod(check))
    connections["default"].close_pool()  # type: ignore[attr-defined]  # of PostgreSQL's alone
    return looked_at


def backend() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return int(cursor.fetchone()[0])


def test_one_that_was_in_use_a_moment_ago_costs_no_round_trip(
    looked_at: list[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(base, "_MOMENT_S", 3600.0)  # whatever holds the machine up
    backend()
    connection.close()
    connections["default"].pool.wait()  # type: ignore[attr-defined]  # one that comes later was never in use
    del looked_at[:]
    for _ in range(20):  # once round the pool, and more
        backend()
        connection.close()
    before = len(looked_at)
    for _ in range(20):
        backend()
        connection.close()

    assert len(looked_at) == before


def test_one_that_was_idle_for_longer_is_looked_at(looked_at: list[object], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base, "_MOMENT_S", 0.0)
    backend()
    connection.close()
    del looked_at[:]
    backend()

    assert len(looked_at) == 1


def test_one_that_was_ended_a_moment_ago_is_not_given_out() -> None:
    for _ in range(20):
        backend()
        connection.close()
    end_sessions_of_this_test()

    assert backend()


def test_what_is_executed_by_a_prepared_cursor_is_planned_once_and_nothing_else_is() -> None:
    for number in range(7):
        with connection.prepared_cursor() as cursor:  # type: ignore[attr-defined]  # our backend's
            cursor.execute("SELECT %(one)s + 1", {"one": number})
            assert cursor.fetchone() == (number + 1,)
        with connection.cursor() as cursor:
            cursor.execute("SELECT %s", [number])

    with connection.cursor() as cursor:
        cursor.execute("SELECT statement, generic_plans FROM pg_prepared_statements")
        assert cursor.fetchall() == [("SELECT $1 + 1", 2)]

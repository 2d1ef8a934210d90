"""A real PostgreSQL that gives work up: locked tables, sessions ended in the middle, no free connection."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from django.db import connection, connections
from django.db.backends.signals import connection_created
from psycopg_pool import ConnectionPool


@contextmanager
def another_session() -> "Iterator[psycopg.Connection[Any]]":
    """A connection beside the test's own, outside the pool; what it began is undone at the end."""
    parameters = connections["default"].get_connection_params()
    for unknown in ("pool", "cursor_factory", "context", "prepare_threshold"):
        parameters.pop(unknown, None)
    with psycopg.connect(**parameters) as other:
        yield other
        other.rollback()


@contextmanager
def locked_tables(is_locked: Callable[[str], bool] = lambda _: True) -> Iterator[None]:
    """Somebody holds these tables, and whoever asks for them gives up at once instead of waiting."""
    connection.ensure_connection()
    tables = [name for name in connection.introspection.table_names() if is_locked(name)]
    with another_session() as other:
        other.execute("LOCK TABLE " + ", ".join(f'"{name}"' for name in tables) + " IN ACCESS EXCLUSIVE MODE")
        connection.close()  # each request, and each long wait, takes one from the pool anew
        connection_created.connect(_hurry)
        try:
            yield
        finally:
            connection_created.disconnect(_hurry)
            connection.close()
            connections["default"].close_pool()  # type: ignore[attr-defined]  # of PostgreSQL's alone


def end_sessions_of_this_test() -> None:
    """As an operator does it, or a server that goes down: everybody's connections are gone."""
    with another_session() as other:
        other.execute(
            "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
        )


@contextmanager
def no_free_connection() -> Iterator[None]:
    """Every connection of this process's pool is in use, and nobody waits long for one."""
    connection.close()
    pool: ConnectionPool[Any] | None = connection.pool  # type: ignore[attr-defined]  # of PostgreSQL's alone
    assert pool is not None
    patience, pool.timeout = pool.timeout, 0.05
    taken: list[psycopg.Connection[Any]] = []
    try:
        while len(taken) < pool.max_size:
            taken.append(pool.getconn(timeout=10))
        yield
    finally:
        pool.timeout = patience
        for one in taken:
            pool.putconn(one)


def once_cut_off(deed: Any) -> Any:
    """`deed`, in front of which all sessions are ended the first time."""
    ended: list[bool] = []

    def cut_off(*args: Any, **kwargs: Any) -> Any:
        if not ended:
            ended.append(True)
            end_sessions_of_this_test()
        return deed(*args, **kwargs)

    return cut_off


def _hurry(connection: Any, **_: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET lock_timeout = '10ms'")

"""Runs the same thing in several threads that begin at the same instant."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from django.db import connection

from tests.waiting import wait_for

T = TypeVar("T")


def race(count: int, deed: Callable[[int], T]) -> list[T]:
    """The results of `deed(0) … deed(count - 1)`, all begun together; an exception of one is raised."""
    barrier = threading.Barrier(count, timeout=30)

    def run(index: int) -> T:
        try:
            barrier.wait()
            return deed(index)
        finally:
            connection.close()

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(run, range(count)))


def wait_for_locks(count: int) -> None:
    """Until `count` connections to the database of this test wait for a lock."""
    sql = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"

    def they_wait() -> bool:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_stat_clear_snapshot()")  # within a transaction it is looked at once
            cursor.execute(sql)
            return bool(cursor.fetchone()[0] >= count)

    wait_for(they_wait, what=f"{count} to wait for a lock")

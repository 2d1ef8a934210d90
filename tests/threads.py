"""Runs the same thing in several threads that begin at the same instant."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from django.db import connection

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

"""Django's PostgreSQL backend with a pool that gets over a server that went away.

The pool looks at a connection before it gives it out. Of dead ones it throws away one, pauses for a second, then for
two; after a restart with many idle connections, request after request would wait for all its patience and be refused.
Here the first that is found dead makes the pool look at all others.
"""

from functools import partial
from typing import Any

import psycopg
from django.db.backends.postgresql.base import DatabaseWrapper as PostgreSQL
from psycopg_pool import ConnectionPool


class DatabaseWrapper(PostgreSQL):
    @property
    def pool(self) -> "ConnectionPool[Any] | None":
        pool: ConnectionPool[Any] | None = super().pool
        if pool is not None and pool._check is ConnectionPool.check_connection:
            pool._check = partial(_check, pool)  # Django leaves no other way to give it one
        return pool


def _check(pool: "ConnectionPool[Any]", connection: "psycopg.Connection[Any]") -> None:
    try:
        pool.check_connection(connection)
    except psycopg.Error:
        pool.check()
        raise

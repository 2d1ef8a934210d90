"""Django's PostgreSQL backend with a pool that gets over a server that went away.

The pool looks at a connection before it gives it out. Of dead ones it throws away one, pauses for a second, then for
two; after a restart with many idle connections, request after request would wait for all its patience and be refused.
Here the first that is found dead makes the pool look at all others.

To look is a round trip, and a worker takes a connection twice for each execution. One that was in use a moment ago is
only listened to: a server that ends or restarts has said so by then, or at least hung up.

And a cursor for the few statements of the hot path that find their rows by nothing but ids: the server plans those once
for each connection, which is most of what they cost it. All others are planned for the values they come with.
"""

import select
import time
from datetime import UTC
from functools import partial
from typing import Any
from weakref import WeakKeyDictionary

import psycopg
from django.db.backends.postgresql.base import DatabaseWrapper as PostgreSQL
from django.db.backends.postgresql.base import ServerBindingCursor
from django.db.backends.postgresql.operations import DatabaseOperations
from psycopg_pool import ConnectionPool

from apps.core.postgresql import moments

#: Nothing is prepared because it came often.
_NEVER = 2**31
#: Seconds for which nobody in between, such as a firewall, forgets a connection.
_MOMENT_S = 5.0

_given_back: "WeakKeyDictionary[psycopg.Connection[Any], float]" = WeakKeyDictionary()


class PreparedCursor(ServerBindingCursor):
    """What it executes is prepared the first time."""

    def execute(self, query: Any, params: Any = None, **options: Any) -> Any:
        return super().execute(query, params, prepare=True, **options)  # type: ignore[misc]  # not in the types


class Operations(DatabaseOperations):
    def last_executed_query(self, cursor: Any, sql: str, params: Any) -> str:
        if isinstance(cursor, PreparedCursor):  # which forgets it
            return str(self.compose_sql(sql, params))
        return super().last_executed_query(cursor, sql, params)


class DatabaseWrapper(PostgreSQL):
    ops_class = Operations

    def get_connection_params(self) -> dict[str, Any]:
        parameters = {**super().get_connection_params(), "prepare_threshold": _NEVER}
        return {**parameters, "context": moments.adapters()} if self.timezone == UTC else parameters

    def prepared_cursor(self) -> Any:
        """For statements that find their rows by ids alone: their plan is the same whatever the values are."""
        self.close_if_health_check_failed()
        self.ensure_connection()
        with self.wrap_database_errors:
            return self._prepare_cursor(PreparedCursor(self.connection))  # type: ignore[attr-defined, call-arg]

    @property
    def pool(self) -> "ConnectionPool[Any] | None":
        pool: ConnectionPool[Any] | None = super().pool
        if pool is not None and pool._check is ConnectionPool.check_connection:
            pool._check = partial(_check, pool)  # Django leaves no other way to give it one
        return pool

    def _close(self) -> None:
        if self.connection is not None:
            _given_back[self.connection] = time.monotonic()
        super()._close()  # type: ignore[misc]  # not in the types


def _check(pool: "ConnectionPool[Any]", connection: "psycopg.Connection[Any]") -> None:
    if time.monotonic() - _given_back.get(connection, 0.0) < _MOMENT_S and _is_quiet(connection):
        return
    try:
        pool.check_connection(connection)
    except psycopg.Error:
        pool.check()
        raise


def _is_quiet(connection: "psycopg.Connection[Any]") -> bool:
    """The server has said nothing since the last answer, not even that it hangs up."""
    poll = select.poll()
    try:
        poll.register(connection.fileno(), select.POLLIN)
    except psycopg.Error:  # closed on our side
        return False
    return not poll.poll(0)

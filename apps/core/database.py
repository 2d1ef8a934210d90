"""The database connection of the current thread, and what to do when the database gives work up.

The database may give up any statement: its server goes away, a session is terminated, two wait for each other, a lock
or a statement takes too long, no connection is free. None of that is a bug or the caller's mistake. Whoever asked over
HTTP hears 503; work that may be done twice is done again.
"""

import logging
import os
import random
import time
from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import TypeVar

from django.db import DatabaseError, InterfaceError, OperationalError, connection
from psycopg_pool import PoolTimeout

logger = logging.getLogger(__name__)

T = TypeVar("T")

#: Seconds before another try, each made longer by chance: two that waited for each other must not meet again.
PAUSES_S = (0.05, 0.2, 0.5)

#: serialization_failure, deadlock_detected: the transaction has left nothing behind, and would succeed by itself.
_COLLIDED = frozenset({"40001", "40P01"})
#: lock_not_available, query_canceled, and the time limits of idle and of whole transactions.
_TOO_LONG = frozenset({"55P03", "57014", "25P03", "25P04"})
#: read_only_sql_transaction: a replica answers, as in the middle of a failover.
_REPLICA = "25006"
#: insufficient_resources: no room on its disk, no memory, too many connections.
_NO_ROOM = "53"

#: Milliseconds. A lock is held for less, or by a process that is stopped: then it must fall to those who wait.
_LOCK_MS = 10_000
_IDLE_IN_TRANSACTION_MS = 30_000


#: A request that takes the database longer has lost its client, and takes a connection from others.
REQUEST_STATEMENT_S = 30.0


class Trouble(StrEnum):
    """What kept the database from doing something; the values are problem codes."""

    AWAY = "database_away"
    BUSY = "database_busy"


def trouble_of(error: BaseException) -> Trouble | None:
    """None for everything that is no fault of the database: bugs, and input it does not take."""
    if isinstance(error, PoolTimeout | InterfaceError):
        return Trouble.AWAY
    if not isinstance(error, DatabaseError):
        return None
    state = _state_of(error)
    if state in _COLLIDED | _TOO_LONG or state.startswith(_NO_ROOM):
        return Trouble.BUSY
    return Trouble.AWAY if isinstance(error, OperationalError) or state == _REPLICA else None


def first_line(error: BaseException) -> str:
    """For a log; the rest repeats the statement."""
    return str(error).strip().partition("\n")[0] or type(error).__name__


def again_if_given_up(deed: Callable[[], T], *, is_idempotent: bool, pauses_s: Sequence[float] = PAUSES_S) -> T:
    """The result of `deed`, begun anew where the database gave it up and another try promises more.

    After a collision nothing is left of it. When the connection was lost in the middle nobody knows whether it was
    committed; then only an idempotent one is begun anew. Inside a transaction, which is lost as a whole, nothing is.
    """
    for pause_s in pauses_s:
        try:
            return deed()
        except Exception as error:
            if connection.in_atomic_block or not _is_worth_another_try(error, is_idempotent=is_idempotent):
                raise
            logger.info("once more: %s", first_line(error))
        release_connection()
        time.sleep(pause_s * (1 + random.random()))  # noqa: S311 - no secret
    return deed()


def release_connection() -> None:
    """Gives the connection back to the pool before a long wait; the next query takes one again."""
    if not connection.in_atomic_block:
        connection.close()


def limit_waits(*, statement_s: float | None = None) -> None:
    """For the connections this process opens from now on: nobody waits for a lock, or holds one idly, for long.

    `statement_s` limits every statement. What the operator put into `PGOPTIONS` or into the address goes first.
    """
    limits = {"lock_timeout": _LOCK_MS, "idle_in_transaction_session_timeout": _IDLE_IN_TRANSACTION_MS}
    if statement_s is not None:
        limits["statement_timeout"] = round(statement_s * 1000)
    os.environ.setdefault("PGOPTIONS", " ".join(f"-c {name}={value}" for name, value in limits.items()))


def _is_worth_another_try(error: BaseException, *, is_idempotent: bool) -> bool:
    if isinstance(error, DatabaseError) and _state_of(error) in _COLLIDED:
        return True
    # Who found no free connection has waited for one already.
    has_waited = isinstance(error, PoolTimeout) or isinstance(error.__cause__, PoolTimeout)
    return is_idempotent and trouble_of(error) is Trouble.AWAY and not has_waited


def _state_of(error: BaseException) -> str:
    """The SQLSTATE; empty when the server did not get to say one."""
    return getattr(error.__cause__, "sqlstate", None) or ""

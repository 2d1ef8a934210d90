"""What Attune wrote down about events, read from its database: who asked Attune would be part of what is measured."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, fields
from typing import Any

import psycopg

from bench.broken import Broken

_LOOK_EVERY_S = 0.02
_PATIENCE_S = 60.0
#: Between two looks at many events: counting them takes some milliseconds.
_COUNT_EVERY_S = 0.25
_WAY = """
    SELECT extract(epoch FROM event.received_at)::float8, extract(epoch FROM event.processed_at)::float8,
           extract(epoch FROM execution.created_at)::float8, extract(epoch FROM execution.started_at)::float8
      FROM triggers_event AS event
      JOIN rules_enforcement AS enforcement ON enforcement.event_id = event.id
      JOIN executions_execution AS execution ON execution.id = enforcement.execution_id
     WHERE event.id = %s AND (execution.ended_at IS NOT NULL OR execution.pool = 'bench-without-worker')
"""
_STARTED = """
    SELECT extract(epoch FROM started_at)::float8 FROM executions_execution WHERE id = %s AND ended_at IS NOT NULL
"""
_OUTCOME = """
    SELECT count(*), count(event.processed_at), count(enforcement.execution_id),
           coalesce(extract(epoch FROM max(enforcement.at) - min(event.received_at)), 0)::float8
      FROM triggers_event AS event
      LEFT JOIN rules_enforcement AS enforcement ON enforcement.event_id = event.id
     WHERE event.type_ref = 'core.webhook' AND event.id > %s
"""


@dataclass(frozen=True)
class Way:
    """Of one event, in seconds of the epoch. `started_at` is None where nobody runs the action."""

    received_at: float
    processed_at: float
    created_at: float
    started_at: float | None


@dataclass(frozen=True)
class Outcome:
    """Of many events with one rule. `seconds`: from the first that was received to the last that was enforced."""

    kept: int
    processed: int
    enforced: int
    seconds: float

    def away_from(self, accepted: int) -> int:
        """How many are missing, or too many, at the step that has the most of them."""
        return max(abs(accepted - count) for count in (self.kept, self.processed, self.enforced))


class Records:
    """Made by `records_of`."""

    def __init__(self, database: psycopg.Connection[tuple[Any, ...]]) -> None:
        self._database = database

    def way_of(self, event_id: int) -> Way:
        """When its execution has ended, or is there where nobody runs it. Raises `Broken`."""
        return Way(*self._waited(_WAY, event_id, f"event {event_id} started nothing that ended"))

    def started_at(self, execution_id: int) -> float:
        """When it has ended. Raises `Broken`."""
        (at,) = self._waited(_STARTED, execution_id, f"execution {execution_id} did not end")
        return float(at)

    def newest(self) -> int:
        (newest,) = self._database.execute("SELECT coalesce(max(id), 0) FROM triggers_event").fetchone() or (0,)
        return int(newest)

    def outcome(self, *, after: int, accepted: int) -> Outcome:
        """Of the webhooks' events after `after`: when `accepted` are enforced, or nothing has moved for long."""
        seen, until = self._outcome(after), time.monotonic() + _PATIENCE_S
        while seen.enforced < accepted and time.monotonic() < until:
            time.sleep(_COUNT_EVERY_S)
            if (now := self._outcome(after)) != seen:
                seen, until = now, time.monotonic() + _PATIENCE_S
        return seen

    def _outcome(self, after: int) -> Outcome:
        row = self._database.execute(_OUTCOME, [after]).fetchone()
        return Outcome(*(row or (0,) * len(fields(Outcome))))

    def _waited(self, statement: str, row_id: int, otherwise: str) -> tuple[Any, ...]:
        until = time.monotonic() + _PATIENCE_S
        while time.monotonic() < until:
            time.sleep(_LOOK_EVERY_S)
            if row := self._database.execute(statement, [row_id]).fetchone():
                return row
        raise Broken(f"{otherwise} within {_PATIENCE_S:.0f} s")


@contextmanager
def records_of(settings: Mapping[str, str]) -> Iterator[Records]:
    with psycopg.connect(settings["DATABASE_URL"], autocommit=True) as database:
        yield Records(database)

"""The only writer of `status`. One statement per move: a conditional UPDATE together with its row of history.

A move that changes no row lost a race: somebody else was first, and that is normal. The history row is also the outbox
(`announced_at IS NULL`), so what is told to the rest of Attune cannot differ from what happened.
"""

import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any

import orjson
from django.db import connection

from apps.core.errors import Conflict
from apps.core.types import JsonObject, JsonValue
from apps.executions.states import TERMINAL, Status, may_follow
from apps.workers.schema import SCHEMA


class StaleTransition(Conflict):
    """The execution is no longer in the state this needs."""

    code = "stale_transition"


@dataclass(frozen=True, kw_only=True)
class NewExecution:
    """The columns of an execution that is about to be accepted."""

    action_ref: str
    pack_ref: str
    pack_version: str
    pack_digest: str
    definition_id: int
    parameters: JsonObject
    timeout_s: float
    max_attempts: int
    retry: JsonObject | None = None
    pool: str
    queue: str
    status: Status
    kind: str = "process"
    secret_parameters_id: uuid.UUID | None = None
    labels: JsonObject = field(default_factory=dict)
    parent_id: int | None = None
    rerun_of_id: int | None = None
    trace_id: uuid.UUID = field(default_factory=uuid.uuid4)
    traceparent: str = ""
    requested_by_id: int | None = None
    reason: JsonObject | None = None
    not_before: datetime | None = None
    expires_at: datetime | None = None
    gate_id: int | None = None
    later_gates: tuple[int, ...] = ()
    number: int | None = None


@dataclass(frozen=True)
class Ticket:
    """What a hint needs: the execution, the attempt it is about, and the queue it goes to."""

    id: int
    attempt: int
    queue: str


@dataclass(frozen=True)
class Claimed:
    """What a worker has to know about the execution it claimed. `token` fences all it writes from now on."""

    id: int
    attempt: int
    token: int
    action_ref: str
    pack_ref: str
    pack_version: str
    pack_digest: str
    definition_id: int
    parameters: JsonObject
    secret_parameters_id: uuid.UUID | None
    sealed: bytes | None
    timeout_s: float
    max_attempts: int
    retry: JsonObject | None
    retries: int
    losses: int
    trace_id: uuid.UUID
    traceparent: str
    gate_id: int | None


_COLUMNS = tuple(NewExecution.__dataclass_fields__)
_JSON_COLUMNS = frozenset({"parameters", "labels", "reason", "result", "error", "retry"})

_NOW = "clock_timestamp()"
#: An equality that no index is taken for, as the `IS TRUE` below: rows are found by their ids. There are indexes of all
#: that are scheduled or run, which look small to PostgreSQL until it counts anew, and a claim would read all of one.
_IS = "IS NOT DISTINCT FROM"
_AND_TOKEN = "AND e.token = %(token)s"  # noqa: S105 - a condition, not a secret
#: Who comes out of a line has passed its gates; for those of a rate it is remembered when.
_PASSED = f"""
        , passed AS (
            INSERT INTO executions_pass (gate_id, at)
            SELECT stood.gate_id, {_NOW}
              FROM moved CROSS JOIN LATERAL unnest(moved.gate_id || moved.later_gates) AS stood (gate_id)
              JOIN executions_gate g ON g.id = stood.gate_id
              JOIN executions_policy p ON p.id = g.policy_id AND p.kind = 'rate')"""
_AND_EPOCH = "AND EXISTS (SELECT 1 FROM executions_slotsepoch WHERE number = %(epoch)s)"
#: What entering a state writes besides the status.
_ON_ENTERING: dict[Status, dict[str, str]] = {
    Status.SCHEDULED: {"scheduled_at": _NOW, "hinted_at": _NOW, "hints": "1", "reason": "NULL"},
    **{status: {"ended_at": _NOW} for status in TERMINAL},
}


def insert(rows: Sequence[NewExecution]) -> list[Ticket]:
    """Accepts `rows` in their order, each with its first row of history, in one statement."""
    written = ("scheduled_at", "hinted_at", "hints", "ended_at")
    values, parameters = [], []
    for row in rows:
        entering = {"hints": "0", **_ON_ENTERING.get(row.status, {})}
        expressions = [entering.get(name, "NULL") for name in written]
        # `VALUES` are evaluated from top to bottom, so ids follow the order of the list.
        values.append(f"(nextval('executions_execution_id_seq'), {', '.join(['%s'] * len(_COLUMNS) + expressions)})")
        parameters += _values_of(row)
    columns = ", ".join(_quoted(name) for name in ("id", *_COLUMNS, *written))
    sql = f"""
        WITH accepted AS (
            INSERT INTO executions_execution ({columns}) VALUES {", ".join(values)}
            RETURNING id, attempt, queue, status, reason)
        , told AS (
            INSERT INTO executions_history (execution_id, attempt, status, reason, at)
            SELECT id, attempt, status, reason, {_NOW} FROM accepted ORDER BY id)
        SELECT id, attempt, queue FROM accepted ORDER BY id
    """
    return [Ticket(*row) for row in _fetch(sql, parameters)]


def claim(execution_id: int, *, attempt: int, worker_id: int) -> Claimed | None:
    """`scheduled → running` for an active worker that knows the tables. None: a duplicate, stale or forged hint, a
    worker called lost, or tables that were moved on a moment ago."""
    sql = f"""
        WITH claimed AS (
            UPDATE executions_execution
               SET status = 'running', token = nextval('executions_token'), worker_id = %(worker)s,
                   started_at = {_NOW}, reason = NULL
             WHERE id = %(id)s AND attempt = %(attempt)s AND status {_IS} 'scheduled'
               AND EXISTS (SELECT 1 FROM workers_worker WHERE id = %(worker)s AND status = 'active')
               AND NOT EXISTS (SELECT 1 FROM workers_schemaversion WHERE oldest > {SCHEMA})
            RETURNING *)
        , told AS (
            INSERT INTO executions_history (execution_id, attempt, status, worker_id, at)
            SELECT id, attempt, status, worker_id, {_NOW} FROM claimed)
        SELECT claimed.id, attempt, token, action_ref, pack_ref, pack_version, pack_digest, definition_id,
        parameters::text, secret_parameters_id, secret.sealed, timeout_s, max_attempts, retry::text, retries, losses,
        trace_id, traceparent, gate_id
        FROM claimed LEFT JOIN executions_secretparameters secret ON secret.id = claimed.secret_parameters_id
    """
    rows = _fetch(sql, {"id": execution_id, "attempt": attempt, "worker": worker_id}, is_planned_once=True)
    if not rows:
        return None
    row = dict(zip(Claimed.__dataclass_fields__, rows[0], strict=True))
    row |= {name: orjson.loads(row[name]) for name in ("parameters", "retry") if row[name] is not None}
    return Claimed(**row)


def transition(
    execution_id: int,
    to: Status,
    *,
    expected: Collection[Status],
    attempt: int,
    token: int | None = None,
    changes: Mapping[str, Any] | None = None,
    reason: JsonObject | None = None,
    facts: JsonObject | None = None,
) -> Ticket:
    """Moves one execution.

    Raises `StaleTransition` when it is not in `expected`, on another attempt, or has another token.
    """
    _check_arrows(expected, to)
    names, parameters = _written(to, changes=changes, reason=reason)
    parameters |= {"id": execution_id, "attempt": attempt, "token": token, "facts": _json(facts)}
    parameters |= {f"expected_{number}": status.value for number, status in enumerate(expected)}
    sql = _move_of_one(to, names, is_fenced=token is not None, expected=len(expected))
    moved = [Ticket(*row) for row in _fetch(sql, parameters, is_planned_once=token is not None)]
    if not moved:
        raise StaleTransition(f"Execution {execution_id} has moved on; it cannot become {to}.")
    return moved[0]


def transition_many(
    wanted: Sequence[tuple[int, int]],
    to: Status,
    *,
    expected: Collection[Status],
    token: int | None = None,
    changes: Mapping[str, Any] | None = None,
    reason: JsonObject | None = None,
    facts: JsonObject | None = None,
    epoch: int | None = None,
) -> list[Ticket]:
    """Moves those of `wanted` (execution, attempt) that are still in `expected`; returns them with their attempt of
    now.

    `changes` are further columns; `token` fences the writes of a worker; with `epoch`, nothing moves unless the lines
    in Redis are of that epoch. Rows are locked in the order of their ids, so two such calls cannot wait for each
    other.
    """
    _check_arrows(expected, to)
    if not wanted:
        return []
    names, parameters = _written(to, changes=changes, reason=reason)
    parameters |= {
        "token": token,
        "epoch": epoch,
        "ids": [execution_id for execution_id, _ in wanted],
        "attempts": [attempt for _, attempt in wanted],
        "expected": [status.value for status in expected],
        "facts": _json(facts),
    }
    sql = f"""
        WITH wanted AS MATERIALIZED (
            SELECT e.id, e.attempt FROM executions_execution e
              JOIN unnest(%(ids)s::bigint[], %(attempts)s::int[]) AS w (id, attempt) USING (id, attempt)
             WHERE (e.status = ANY(%(expected)s)) IS TRUE
               {_AND_TOKEN if token is not None else ""}
               {_AND_EPOCH if epoch is not None else ""}
             ORDER BY e.id FOR UPDATE OF e)
        , moved AS (
            UPDATE executions_execution e
               SET {_settings(to, names)}
              FROM wanted WHERE e.id = wanted.id
            RETURNING e.id, wanted.attempt AS attempt_before, e.attempt, e.queue, e.status, e.worker_id, e.gate_id,
                      e.later_gates)
        {_PASSED if epoch is not None else ""}
        , told AS (
            INSERT INTO executions_history (execution_id, attempt, status, reason, facts, worker_id, at)
            SELECT id, attempt_before, status, %(reason)s::jsonb, %(facts)s::jsonb, worker_id, {_NOW} FROM moved)
        SELECT id, attempt, queue FROM moved ORDER BY id
    """
    return [Ticket(*row) for row in _fetch(sql, parameters)]


def _check_arrows(expected: Collection[Status], to: Status) -> None:
    for before in expected:
        assert may_follow(before, to), f"no arrow from {before} to {to}"


@cache
def _move_of_one(to: Status, names: tuple[str, ...], *, is_fenced: bool, expected: int) -> str:
    return f"""
        WITH moved AS (
            UPDATE executions_execution e SET {_settings(to, names)}
             WHERE e.id = %(id)s AND e.attempt = %(attempt)s {_AND_TOKEN if is_fenced else ""}
               AND ({" OR ".join(f"e.status {_IS} %(expected_{number})s" for number in range(expected))})
            RETURNING e.id, e.attempt, e.queue, e.status, e.worker_id)
        , told AS (
            INSERT INTO executions_history (execution_id, attempt, status, reason, facts, worker_id, at)
            SELECT id, %(attempt)s, status, %(reason)s::jsonb, %(facts)s::jsonb, worker_id, {_NOW} FROM moved)
        SELECT id, attempt, queue FROM moved
    """


def _settings(to: Status, names: Iterable[str]) -> str:
    """What is written when `to` is entered, and the columns `names`, as SQL."""
    settings = {"status": "%(to)s", **_ON_ENTERING.get(to, {}), **{name: f"%(set_{name})s" for name in names}}
    return ", ".join(f"{_quoted(name)} = {value}" for name, value in settings.items())


def _written(
    to: Status, *, changes: Mapping[str, Any] | None, reason: JsonObject | None
) -> tuple[tuple[str, ...], dict[str, Any]]:
    """The columns that are written besides what entering `to` writes, and all parameters of that."""
    given = {**({"reason": reason} if reason is not None else {}), **(changes or {})}
    parameters: dict[str, Any] = {"to": to.value, "reason": _json(reason)}
    parameters |= {f"set_{name}": _adapted(name, value) for name, value in given.items()}
    return tuple(given), parameters


def _values_of(row: NewExecution) -> list[Any]:
    return [_adapted(name, getattr(row, name)) for name in _COLUMNS]


def _adapted(column: str, value: Any) -> Any:
    if column in _JSON_COLUMNS:
        return _json(value)
    if isinstance(value, Status):
        return value.value
    if isinstance(value, tuple):
        return list(value)
    return value


def _json(value: JsonValue) -> str | None:
    return None if value is None else orjson.dumps(value).decode()


def _quoted(name: str) -> str:
    return connection.ops.quote_name(name)


def _fetch(
    sql: str, parameters: Sequence[Any] | Mapping[str, Any], *, is_planned_once: bool = False
) -> list[tuple[Any, ...]]:
    """`is_planned_once`: for what workers do to single rows, twice for each execution."""
    make = connection.prepared_cursor if is_planned_once else connection.cursor  # type: ignore[attr-defined]  # ours
    with make() as cursor:
        cursor.execute(sql, parameters)
        return list(cursor.fetchall())

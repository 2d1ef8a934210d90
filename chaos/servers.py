"""The connections by which the private PostgreSQL and Valkey are hurt, and by which it is seen when to look.

Both may be away at any time: every call raises `Away` then.
"""

import base64
import json
import uuid
from collections.abc import Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg
import redis

TERMINAL = ("succeeded", "failed", "timeout", "canceled", "abandoned")


class Away(Exception):
    """The server does not answer now."""


class Database:
    """A connection for each call: what is terminated or restarted here is soon forgotten."""

    def __init__(self, url: str) -> None:
        self._url = url

    def running_on(self, pid: int) -> list[tuple[int, int]]:
        """(execution, attempt) of what the worker with this process says it runs."""
        rows = self._rows(
            "SELECT e.id, e.attempt FROM executions_execution e JOIN workers_worker w ON w.id = e.worker_id"
            " WHERE w.pid = %s AND w.ended_at IS NULL AND e.status IN ('running', 'canceling') ORDER BY e.id",
            pid,
        )
        return [(int(row[0]), int(row[1])) for row in rows]

    def live(self) -> int:
        """How many executions have not ended, events are not processed, and enforcements not decided."""
        sql = (
            "SELECT (SELECT count(*) FROM executions_execution WHERE status <> ALL(%s))"
            " + (SELECT count(*) FROM triggers_event WHERE processed_at IS NULL)"
            " + (SELECT count(*) FROM rules_enforcement WHERE status = 'pending')"
        )
        return int(self._rows(sql, list(TERMINAL))[0][0])

    def newest(self, most: int) -> list[tuple[int, int, str]]:
        """(execution, attempt, queue), whatever became of them."""
        rows = self._rows("SELECT id, attempt, queue FROM executions_execution ORDER BY id DESC LIMIT %s", most)
        return [(int(row[0]), int(row[1]), str(row[2])) for row in rows]

    def epoch(self) -> int:
        """How often the lines were built anew."""
        return int(self._rows("SELECT number FROM executions_slotsepoch WHERE id = 1")[0][0])

    def terminate_connections(self, share: float) -> int:
        """Ends so many of everybody's connections, at least one; returns how many."""
        rows = self._rows(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE usename = current_user AND pid <> pg_backend_pid() AND random() < %s",
            max(share, 0.3),
        )
        return len(rows)

    def _rows(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        try:
            with psycopg.connect(self._url, autocommit=True, connect_timeout=5) as connection:
                return connection.execute(sql, values or None).fetchall()
        except psycopg.Error as error:
            raise Away(str(error).strip()) from error


class Valkey:
    """`url` as in REDIS_URL."""

    def __init__(self, url: str) -> None:
        self._client = redis.Redis.from_url(url, socket_timeout=5, decode_responses=True)

    def empty(self) -> None:
        with _answering():
            self._client.flushall()

    def pause(self, seconds: float) -> None:
        with _answering():
            self._client.client_pause(int(seconds * 1000), all=True)

    def send_hint(self, execution: int, attempt: int, *, queue: str) -> None:
        with _answering():
            self._client.lpush(queue, json.dumps(_message(execution, attempt, queue=queue)))

    def drop_hint(self, queues: Sequence[str]) -> bool:
        """Takes a message from one of `queues`, as a worker would, and throws it away; False when none came soon."""
        with _answering():
            return self._client.brpop(list(queues), timeout=0.2) is not None

    def standing(self) -> Mapping[str, int]:
        """Who stands in a line, holds a slot, or is remembered as one that does: keys, and how many each holds."""
        with _answering():
            left = {}
            for key in self._client.scan_iter(match="{slots}:*", count=1000):
                kind = str(key).split(":")[2] if str(key).count(":") >= 2 else ""
                size = {"waiting": "llen", "returning": "zcard", "holders": "hlen", "x": "hlen"}.get(kind)
                if size is not None:
                    left[str(key)] = int(getattr(self._client, size)(key))
            return left


@contextmanager
def _answering() -> Any:
    try:
        yield
    except (redis.RedisError, OSError) as error:
        raise Away(str(error)) from error


def _message(execution: int, attempt: int, *, queue: str) -> Mapping[str, object]:
    """A hint as Celery sends it (protocol 2 over kombu's Redis transport)."""
    body = [[execution, attempt], {}, {"callbacks": None, "errbacks": None, "chain": None, "chord": None}]
    task_id = str(uuid.uuid4())
    return {
        "body": base64.b64encode(json.dumps(body).encode()).decode(),
        "content-encoding": "utf-8",
        "content-type": "application/json",
        "headers": {"lang": "py", "task": "executions.run", "id": task_id, "root_id": task_id, "retries": 0},
        "properties": {
            "correlation_id": task_id,
            "delivery_mode": 2,
            "delivery_info": {"exchange": "", "routing_key": queue},
            "priority": 0,
            "body_encoding": "base64",
            "delivery_tag": str(uuid.uuid4()),
        },
    }

"""The floor for throughput: Celery's threads, the three writes that make an execution durable, and the same program.

`bare_celery` starts it beside the Attune that is measured, on the same servers; the worker imports this module too.
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import Any

import psycopg
from celery import Celery
from psycopg_pool import ConnectionPool

from bench.broken import Broken
from bench.floor import ROOT, shell_noop

_QUEUE = "bench.bare"
_PATIENCE_S = 300.0
_LOOK_EVERY_S = 0.1
_TABLE = """
    CREATE TABLE IF NOT EXISTS bench_bare (
        id bigserial PRIMARY KEY, status text NOT NULL, started_at timestamptz, ended_at timestamptz, result jsonb)
"""
_ACCEPT = "INSERT INTO bench_bare (status) SELECT 'scheduled' FROM generate_series(1, %s) RETURNING id"
_CLAIM = "UPDATE bench_bare SET status = 'running', started_at = clock_timestamp() WHERE id = %s"
_FINISH = "UPDATE bench_bare SET status = 'succeeded', ended_at = clock_timestamp(), result = '{}' WHERE id = %s"
_RAN = """
    SELECT count(ended_at), extract(epoch FROM max(ended_at) - min(started_at))::float8
      FROM bench_bare WHERE id = ANY(%s)
"""


def _broker_of(redis_url: str) -> str:
    """`script/up` starts Redis on a socket; Celery spells its address in another way."""
    return redis_url.replace("unix://", "redis+socket://").replace("?db=", "?virtual_host=")


app = Celery("bare", broker=_broker_of(os.environ.get("REDIS_URL", "")), fixups=[], set_as_current=False)
app.conf.update(task_ignore_result=True)


@app.task(shared=False)
def run(row_id: int) -> None:
    with _database().connection() as connection:
        connection.execute(_CLAIM, [row_id])
    shell_noop().run()
    with _database().connection() as connection:
        connection.execute(_FINISH, [row_id])


class BareCelery:
    """Made by `bare_celery`."""

    def __init__(
        self, database: psycopg.Connection[tuple[Any, ...]], broker: Celery, worker: "subprocess.Popen[bytes]"
    ) -> None:
        self._database = database
        self._broker = broker
        self._worker = worker

    def per_second(self, count: int) -> float:
        """From the first start to the last end."""
        ids = [row_id for (row_id,) in self._database.execute(_ACCEPT, [count])]
        with self._broker.producer_pool.acquire(block=True) as producer:
            for row_id in ids:
                self._broker.send_task(run.name, (row_id,), queue=_QUEUE, producer=producer)
        deadline = time.monotonic() + _PATIENCE_S
        while time.monotonic() < deadline and self._worker.poll() is None:
            ended, seconds = self._database.execute(_RAN, [ids]).fetchone() or (0, 0)
            if ended == count:
                return float(count / seconds)
            time.sleep(_LOOK_EVERY_S)
        raise Broken(f"bare Celery did not run {count} tasks")


@contextmanager
def bare_celery(settings: Mapping[str, str], *, at_once: int) -> Iterator[BareCelery]:
    """Starts a worker of `at_once` threads on the servers of `settings`, and ends it."""
    words = f"-m celery -A bench.bare_celery worker -P threads -c {at_once} -Q {_QUEUE} -n bare@%h -l ERROR"
    quiet = ("--without-gossip", "--without-mingle")
    worker = subprocess.Popen(
        [sys.executable, "-P", *words.split(), *quiet],
        env={**os.environ, "DATABASE_URL": settings["DATABASE_URL"], "REDIS_URL": settings["REDIS_URL"]},
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        with psycopg.connect(settings["DATABASE_URL"], autocommit=True) as database:
            database.execute(_TABLE)
            broker = Celery("bare", broker=_broker_of(settings["REDIS_URL"]), fixups=[], set_as_current=False)
            celery = BareCelery(database, broker, worker)
            celery.per_second(at_once)  # returns when the worker is there
            yield celery
            broker.close()
    finally:
        worker.terminate()
        worker.wait()


@cache
def _database() -> ConnectionPool:
    return ConnectionPool(os.environ["DATABASE_URL"], min_size=1, max_size=8, kwargs={"autocommit": True}, open=True)

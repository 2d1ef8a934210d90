"""Every metric of `/metrics`: its name (the unit is its last word), what it means, and its labels.

`source` says where the number comes from: `database` and `redis` are looked at when somebody scrapes, `tally` is
counted with the announcements in the database, `process` by the processes themselves, which add it up in Redis.
"""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["counter", "gauge", "histogram"]
Source = Literal["database", "redis", "tally", "process"]

#: Upper bounds of histograms of seconds; one more bucket takes the rest.
BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0, 7200.0)


@dataclass(frozen=True)
class Metric:
    """`name` as it is scraped, with `_total` where it is a counter."""

    name: str
    kind: Kind
    source: Source
    help: str
    labels: tuple[str, ...] = ()

    @property
    def unit(self) -> str:
        """What one of it is."""
        words = self.name.removesuffix("_total").rpartition("_")[2]
        return words if words in ("seconds", "bytes") else "1"


ACCEPTED = Metric(
    "attune_executions_accepted_total", "counter", "database",
    "Executions accepted since the database was made; a request that is refused late may count one in vain",
)  # fmt: skip
LIVE = Metric(
    "attune_executions", "gauge", "database",
    "Executions that have not ended, by status; counted up to 50,000 for each", ("status",),
)  # fmt: skip
OLDEST = Metric(
    "attune_execution_oldest_age_seconds", "gauge", "database",
    "Seconds since the oldest execution in this status was accepted, where one waits", ("status",),
)  # fmt: skip
ROWS = Metric(
    "attune_execution_rows", "gauge", "database", "Rows of executions, as the database estimates them: ended ones too"
)
STARTED = Metric("attune_executions_started_total", "counter", "tally", "Attempts that a worker has begun")
ENDED = Metric("attune_executions_ended_total", "counter", "tally", "Executions that have ended", ("outcome",))
RETRIED = Metric("attune_execution_retries_total", "counter", "tally", "Attempts that ended and are tried again")
START_DELAY = Metric(
    "attune_execution_start_delay_seconds", "histogram", "tally",
    "From the moment an execution was accepted (or was to begin) to its first start",
)  # fmt: skip
GATE_WAIT = Metric(
    "attune_gate_wait_seconds", "histogram", "tally",
    "From the moment an execution with gates was accepted (or was to begin) until it had passed them all",
)  # fmt: skip
DURATION = Metric("attune_execution_duration_seconds", "histogram", "tally", "How long the process of an attempt ran")
QUEUE_DEPTH = Metric(
    "attune_queue_depth", "gauge", "database",
    "Scheduled executions nobody has claimed, by queue (`run.<pool>.<runtime>`); the oldest 5,000 are looked at",
    ("queue",),
)  # fmt: skip
UNANNOUNCED = Metric(
    "attune_history_unannounced", "gauge", "database",
    "Rows of history that were not announced yet; counted up to 50,000",
)  # fmt: skip
UNANNOUNCED_AGE = Metric(
    "attune_history_unannounced_age_seconds", "gauge", "database", "Age of the oldest of them; 0 when there is none"
)
WORKERS = Metric(
    "attune_workers", "gauge", "database",
    "Living workers, by status; `refusing`: active, and takes nothing of its own accord", ("status",),
)  # fmt: skip
HEARTBEAT_AGE = Metric(
    "attune_worker_heartbeat_age_seconds", "gauge", "database",
    "Seconds since the last heartbeat of a living worker; 500 workers, the most silent first", ("worker", "pool"),
)  # fmt: skip
SLOTS = Metric("attune_worker_slots", "gauge", "database", "Slots of a living worker", ("worker", "pool"))
SLOTS_USED = Metric(
    "attune_worker_slots_used", "gauge", "database", "Slots of it in which an execution runs", ("worker", "pool")
)
GATES = Metric(
    "attune_gates", "gauge", "database", "Gates at which somebody waits or holds a slot; counted up to 10,000"
)
GATE_WAITING = Metric(
    "attune_gate_waiting", "gauge", "redis",
    "Executions in the line of a gate; the 100 gates with the most live executions", ("gate", "policy"),
)  # fmt: skip
GATE_HOLDING = Metric(
    "attune_gate_holding", "gauge", "redis", "Executions that hold a slot of these gates", ("gate", "policy")
)
GATE_LIMIT = Metric("attune_gate_limit", "gauge", "database", "Limit in force at these gates", ("gate", "policy"))
ENVIRONMENTS = Metric("attune_environments", "gauge", "database", "Environments of packs, by status", ("status",))
OPERATIONS = Metric("attune_operations", "gauge", "database", "Operations by status, of the newest 1,000", ("status",))
EVENTS_ACCEPTED = Metric(
    "attune_events_accepted_total", "counter", "database",
    "Events kept since the database was made; one that was sent again may count in vain",
)  # fmt: skip
EVENTS_OPEN = Metric(
    "attune_events_open", "gauge", "database", "Events that are not processed yet; counted up to 50,000"
)
EVENTS_OPEN_AGE = Metric(
    "attune_events_open_age_seconds", "gauge", "database", "Age of the oldest of them; 0 when there is none"
)
ENFORCEMENTS_PENDING = Metric(
    "attune_enforcements_pending", "gauge", "database",
    "Matches that are not decided yet: `due`, or `waiting` in the queue of their rule; up to 50,000", ("state",),
)  # fmt: skip
DATABASE_CONNECTIONS = Metric(
    "attune_database_connections", "gauge", "database",
    "Connections of Attune's processes to the database, by what they do", ("state",),
)  # fmt: skip
UP = Metric("attune_up", "gauge", "database", "1 while this can be reached from the web role", ("service",))
BUILD = Metric("attune_build_info", "gauge", "database", "1; the version of the web role", ("version",))

CLAIMS = Metric(
    "attune_claims_total", "counter", "process",
    "Hints that workers followed: `claimed`, or `refused` because they were duplicates or too late", ("outcome",),
)  # fmt: skip
HINTS = Metric("attune_hints_sent_total", "counter", "process", "Hints sent to workers")
HINTS_AGAIN = Metric(
    "attune_hints_sent_again_total", "counter", "process", "Hints the sweep sent again: the first was lost or not sent"
)
HINTS_OWED = Metric(
    "attune_hints_owed_total", "counter", "process", "Hints that could not be sent, because Redis was away"
)
STARTS = Metric(
    "attune_process_starts_total", "counter", "process",
    "Processes of executions, by how they were started: `warm`, forked by a warm server, or `cold`", ("start",),
)  # fmt: skip
OUTPUT_BYTES = Metric(
    "attune_output_bytes_total", "counter", "process", "Bytes that actions wrote and the pump took", ("stream",)
)
OUTPUT_TRUNCATED_BYTES = Metric(
    "attune_output_truncated_bytes_total", "counter", "process", "Bytes of them beyond what a log keeps", ("stream",)
)
SWEEP_RUNS = Metric("attune_sweep_runs_total", "counter", "process", "Runs of a step of the sweep", ("step",))
SWEEP_SECONDS = Metric("attune_sweep_seconds_total", "counter", "process", "Seconds spent in a step", ("step",))
SWEEP_ROWS = Metric("attune_sweep_rows_total", "counter", "process", "Rows a step moved or mended", ("step",))
SWEEP_FAILURES = Metric(
    "attune_sweep_failures_total", "counter", "process", "Runs of a step that could not be finished", ("step",)
)
ENFORCEMENTS = Metric(
    "attune_enforcements_total", "counter", "process",
    "Matches that were decided: started, skipped, failed or suppressed", ("status",),
)  # fmt: skip
HTTP_REQUESTS = Metric(
    "attune_http_requests_total", "counter", "process",
    "Requests the web role answered; `route` is the template of the address", ("route", "method", "status"),
)  # fmt: skip
HTTP_SECONDS = Metric(
    "attune_http_request_duration_seconds", "histogram", "process",
    "From the request to the first byte of its answer; requests that wait on purpose too",
)  # fmt: skip
REDIS_CALLS = Metric(
    "attune_redis_calls_total", "counter", "process",
    "Round trips to Redis: `ok`, `failed`, or `refused` without a try because it has just failed", ("outcome",),
)  # fmt: skip
POOL_REQUESTS = Metric(
    "attune_database_pool_requests_total", "counter", "process", "Connections asked of the pools of all processes"
)
POOL_QUEUED = Metric(
    "attune_database_pool_queued_total", "counter", "process", "Of them, those that had to wait for one"
)
POOL_WAIT = Metric("attune_database_pool_wait_seconds_total", "counter", "process", "Seconds they waited for one")
POOL_ERRORS = Metric("attune_database_pool_errors_total", "counter", "process", "Of them, those that got none in time")

METRICS: tuple[Metric, ...] = tuple(value for value in list(globals().values()) if isinstance(value, Metric))
BY_NAME = {metric.name: metric for metric in METRICS}

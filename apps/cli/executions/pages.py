"""How executions look to people: the columns of their lists, and the page about one."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from apps.cli.executions.attempts import attempt_text, cut_offs_text, is_one_of_several
from apps.cli.output.cells import (
    Cell,
    age,
    block,
    duration_text,
    moment,
    plain,
    precise_moment,
    seconds,
    status,
    strong,
)
from apps.cli.output.pages import Column, Facts, Part, Rows, column
from apps.cli.policies.pages import limit_cell


def list_columns(now: datetime) -> list[Column]:
    return [
        column("ID", "id", strong, is_number=True),
        column("ACTION", "action"),
        column("STATUS", "status", status),
        column("AGE", "created_at", lambda value: age(value, now=now), is_number=True),
        column("TOOK", "duration_s", seconds, is_number=True),
        Column("WHY", _why, ("reason", "error", "status"), may_shrink=True),
    ]


def history_columns() -> list[Column]:
    return [
        column("AT", "at", precise_moment),
        column("STATUS", "status", status),
        column("ATTEMPT", "attempt", is_number=True),
        column("WORKER", "worker"),
        column("REASON", "reason", _reason, may_fold=True),
    ]


def attempt_columns() -> list[Column]:
    return [
        column("ATTEMPT", "attempt", is_number=True),
        column("STATUS", "status", status),
        column("WORKER", "worker"),
        column("STARTED", "started_at", moment),
        column("TOOK", "duration_s", seconds, is_number=True),
        column("START", "start"),
        column("EXIT", "exit_code", is_number=True),
        column("SIGNAL", "signal"),
        Column("WHY", _attempt_why, ("reason", "error", "logs"), may_fold=True),
    ]


def describe(execution: Mapping[str, Any]) -> list[Part]:
    """Everything about one, with what is asked for most often first."""
    parts: list[Part] = [Facts(_summary(execution))]
    if execution["gates"]:
        parts.append(Rows(execution["gates"], _gate_columns(), title="Gates"))
    parts += _values("Parameters", execution["parameters"])
    if execution["result"] is not None:
        parts.append(Facts([("", block(execution["result"]))], title="Result"))
    if execution["error"]:
        parts.append(Facts(_error(execution["error"]), title="Error"))
    return parts


def describe_stats(stats: Mapping[str, Any]) -> list[Part]:
    """Counts, and the actions that ended most often."""
    live = ", ".join(f"{count} {status}" for status, count in stats["by_status"].items() if count)
    facts = [
        ("by status", plain(live)),
        ("since", moment(stats["since"])),
        ("until", moment(stats["until"])),
        ("counted since", moment(stats["covers_since"] if stats["covers_since"] != stats["since"] else None)),
        ("ended", plain(stats["ended"])),
        ("failed", plain(stats["failed"])),
        ("failure rate", _rate(stats["failure_rate"])),
        ("half take", seconds(stats["p50_s"])),
        ("95 % take", seconds(stats["p95_s"])),
    ]
    return [Facts(facts), *([Rows(stats["actions"], _OUTCOME_COLUMNS, title="Actions")] if stats["actions"] else [])]


def _rate(rate: float | None) -> Cell:
    return Cell("" if rate is None else f"{100 * rate:.1f} %")


_OUTCOME_COLUMNS = [
    column("ACTION", "action", strong),
    column("ENDED", "ended", is_number=True),
    column("FAILED", "failed", is_number=True),
    column("RATE", "failure_rate", _rate, is_number=True),
    column("HALF TAKE", "p50_s", seconds, is_number=True),
    column("95 % TAKE", "p95_s", seconds, is_number=True),
]


def _summary(execution: Mapping[str, Any]) -> Sequence[tuple[str, Cell]]:
    return [
        ("id", strong(execution["id"])),
        ("action", plain(f"{execution['action']} (pack version {execution['pack_version']})")),
        ("status", status(execution["status"])),
        ("reason", _reason(execution["reason"])),
        ("exit code", plain(execution["exit_code"])),
        ("signal", plain(execution["signal"])),
        ("attempt", plain(attempt_text(execution) if is_one_of_several(execution) else None)),
        ("cut off", plain(cut_offs_text(execution))),
        ("requested by", plain(execution["requested_by"])),
        ("labels", plain(", ".join(f"{name}={value}" for name, value in execution["labels"].items()))),
        ("rerun of", plain(execution["rerun_of"])),
        ("parent", plain(execution["parent"])),
        ("worker", plain(execution["worker"])),
        ("queue", plain(execution["queue"])),
        ("not before", moment(execution["not_before"])),
        ("requested", moment(execution["created_at"])),
        ("started", moment(execution["started_at"])),
        ("ended", moment(execution["ended_at"])),
        ("took", Cell(_took(execution))),
        ("pinned", _pinned(execution.get("pinned"))),
        ("logs removed", moment(execution.get("logs_removed_at"))),
        ("files removed", moment(execution.get("artifacts_removed_at"))),
        ("trace", plain(execution["trace_id"])),
    ]


def _pinned(pin: Mapping[str, Any] | None) -> Cell:
    return plain(f"{pin['reason']} ({pin['by'] or 'somebody'}, {moment(pin['at']).text})") if pin else Cell("")


def _took(execution: Mapping[str, Any]) -> str:
    if execution["duration_s"] is None:
        return ""
    limit = f" (limit {duration_text(execution['timeout_s'])})" if execution["timeout_s"] else ""
    return duration_text(execution["duration_s"]) + limit


def _values(title: str, values: Mapping[str, Any]) -> list[Part]:
    # `plain` keeps each value on its line; a value that is text of several lines is shown as it is.
    cells = [(name, block(value) if isinstance(value, str) else plain(value)) for name, value in values.items()]
    return [Facts(cells, title=title)] if cells else []


def _error(error: Mapping[str, Any]) -> list[tuple[str, Cell]]:
    return [
        ("type", plain(error.get("type"))),
        ("message", block(error.get("message") or "")),
        ("traceback", block(error.get("traceback") or "")),
    ]


def _gate_columns() -> list[Column]:
    return [
        column("GATE", "gate", is_number=True),
        column("POLICY", "policy"),
        column("KEY", "key"),
        Column("LIMIT", limit_cell, ("limit", "window_s"), is_number=True),
        column("POSITION", "position", is_number=True),
        column("WAITING", "waiting", is_number=True),
        column("HOLDING", "holding", is_number=True),
        column("ESTIMATE", "estimate_s", seconds, is_number=True),
    ]


def _why(row: Mapping[str, Any]) -> Cell:
    error = row["error"]
    if error:
        return plain(f"{error.get('type', '')}: {error.get('message') or ''}".strip(": "))
    return _reason(row["reason"])


def _attempt_why(row: Mapping[str, Any]) -> Cell:
    """The log of an attempt may have failed where the attempt did not."""
    why, has_failed = _why(row), (row.get("logs") or {}).get("failed")
    return plain("; ".join(filter(None, (why.text, "its log could not be written to its end")))) if has_failed else why


def _reason(reason: Mapping[str, Any] | None) -> Cell:
    return plain((reason or {}).get("text") or (reason or {}).get("code"))

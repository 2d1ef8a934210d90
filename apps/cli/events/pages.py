"""How triggers, events and traces look to people."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from apps.cli.output.cells import Cell, age, block, moment, plain, precise_moment, status, strong
from apps.cli.output.pages import Column, Facts, Part, Rows, column

TRIGGER_COLUMNS = [
    column("TRIGGER", "ref", strong),
    column("PACK", "pack"),
    column("DESCRIPTION", "description", may_shrink=True),
]

_EXECUTION_COLUMNS = [
    column("ID", "id", is_number=True),
    column("ACTION", "action", strong),
    column("STATUS", "status", status),
]
_COLOURS = {"started": "green", "failed": "red", "suppressed": "red", "skipped": "yellow", "pending": "yellow"}


def enforcement_status(value: str) -> Cell:
    return Cell(value, _COLOURS.get(value, ""))


def reason(value: Mapping[str, Any] | None) -> Cell:
    return plain(value["text"] if value else None)


def _outcome(value: str) -> Cell:
    text = {"matched": "yes", "criteria": "no", "backstop_not_needed": "no", "disabled": "no"}.get(value, value)
    return Cell(text, {"matched": "green", "error": "red"}.get(value, ""))


def _why(row: Mapping[str, Any]) -> Cell:
    criterion = row["criterion"]
    return plain(criterion["text"] if criterion and criterion.get("text") else row["text"])


_VERDICT_COLUMNS = [
    column("RULE", "rule", strong),
    column("VERSION", "version", is_number=True),
    column("SAID", "outcome", _outcome),
    Column("WHY", _why, ("text", "criterion"), may_fold=True),
]
_ENFORCEMENT_COLUMNS = [
    column("ID", "id", is_number=True),
    column("RULE", "rule", strong),
    column("STATUS", "status", enforcement_status),
    column("EXECUTION", "execution", is_number=True),
    Column("REASON", lambda row: reason(row["reason"]), ("reason",), may_fold=True),
]


def event_columns(now: datetime) -> list[Column]:
    return [
        column("ID", "id", is_number=True),
        column("TRIGGER", "type", strong),
        column("FROM", "source"),
        column("WHICH", "source_ref", may_shrink=True),
        column("RECEIVED", "received_at", lambda value: age(value, now=now), is_number=True),
        column("PROCESSED", "processed_at", lambda value: Cell("yes") if value else Cell("no", "yellow")),
    ]


def describe_trigger(trigger: Mapping[str, Any]) -> list[Part]:
    facts = [
        ("trigger", strong(trigger["ref"])),
        ("pack", plain(trigger["pack"])),
        ("", plain(trigger["description"])),
        ("also called", plain(trigger["aliases"])),
        ("rules", plain(trigger["rules"])),
    ]
    parts: list[Part] = [Facts(facts)]
    for name, title in (("parameters_schema", "Parameters"), ("payload_schema", "Payload")):
        if trigger[name]:
            parts.append(Facts([("", block(trigger[name]))], title=title))
    return parts


def describe_event(event: Mapping[str, Any]) -> list[Part]:
    facts = [
        ("id", plain(event["id"])),
        ("trigger", strong(event["type"])),
        ("parameters", plain(event["parameters"] or None)),
        ("from", plain(" ".join(filter(None, (event["source"], event["source_ref"]))))),
        ("sent by", plain(event["sent_by"])),
        ("caused by", plain(event["caused_by"] and f"execution {event['caused_by']}")),
        ("replay of", plain(event["replay_of"] and f"event {event['replay_of']}")),
        ("dedupe key", plain(event["dedupe_key"])),
        ("depth", plain(event["depth"] or None)),
        ("trace", plain(event["trace_id"])),
        ("received", precise_moment(event["received_at"])),
        ("processed", precise_moment(event["processed_at"])),
    ]
    parts: list[Part] = [Facts(facts), Facts([("", block(event["payload"]))], title="Payload")]
    if event.get("verdicts"):
        parts.append(Rows(event["verdicts"], _VERDICT_COLUMNS, title="Rules"))
    if event.get("enforcements"):
        parts.append(Rows(event["enforcements"], _ENFORCEMENT_COLUMNS, title="Enforcements"))
    return parts


def describe_trace(trace: Mapping[str, Any]) -> list[Part]:
    parts: list[Part] = [Facts([("trace", strong(trace["trace_id"]))])]
    event_rows = [
        column("ID", "id", is_number=True),
        column("TRIGGER", "type", strong),
        column("CAUSED BY", "caused_by", is_number=True),
        column("RECEIVED", "received_at", moment),
    ]
    enforcement_rows = [_ENFORCEMENT_COLUMNS[0], column("EVENT", "event", is_number=True), *_ENFORCEMENT_COLUMNS[1:]]
    for name, title, columns in (
        ("events", "Events", event_rows),
        ("enforcements", "Enforcements", enforcement_rows),
        ("executions", "Executions", _EXECUTION_COLUMNS),
    ):
        if trace[name]:
            parts.append(Rows(trace[name], columns, title=title))
    return parts

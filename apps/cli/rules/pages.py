"""How rules, explanations and enforcements look to people."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from apps.cli.events.pages import enforcement_status, reason
from apps.cli.output.cells import Cell, age, block, moment, plain, strong, yes_no
from apps.cli.output.pages import Column, Facts, Part, Rows, column

LIST_COLUMNS = [
    column("RULE", "ref", strong),
    Column("TRIGGER", lambda row: plain(row["trigger"]["type"]), ("trigger",)),
    Column("ACTION", lambda row: plain(row["action"]["ref"]), ("action",)),
    Column("ENABLED", lambda row: yes_no(row["enabled"] and row["pack_enabled"]), ("enabled", "pack_enabled")),
    column("OWNER", "owner"),
    column("DESCRIPTION", "description", may_shrink=True),
]
_FINDING_COLUMNS = [
    column("CRITERION", "path", strong),
    column("CONDITION", "condition"),
    column("HOLDS", "holds", yes_no),
    Column("WHY NOT", lambda row: plain(row["failed"]["text"] if row["failed"] else None), ("failed",), may_fold=True),
]
_ERROR_COLUMNS = [column("PLACE", "pointer"), column("WRONG", "detail", may_fold=True)]


def enforcement_columns(now: datetime) -> list[Column]:
    return [
        column("ID", "id", is_number=True),
        column("EVENT", "event", is_number=True),
        column("RULE", "rule", strong),
        column("STATUS", "status", enforcement_status),
        column("EXECUTION", "execution", is_number=True),
        column("AGE", "at", lambda value: age(value, now=now), is_number=True),
        Column("REASON", lambda row: reason(row["reason"]), ("reason",), may_shrink=True),
    ]


def describe(rule: Mapping[str, Any]) -> list[Part]:
    trigger, action = rule["trigger"], rule["action"]
    facts = [
        ("rule", strong(rule["ref"])),
        ("", plain(rule["description"])),
        ("enabled", yes_no(rule["enabled"])),
        (
            "",
            plain(
                None if rule["pack_enabled"] else f"but its pack {rule['pack']} is disabled or gone: it does nothing"
            ),
        ),
        ("trigger", plain(trigger["type"])),
        ("", plain(trigger["parameters"] or None)),
        ("action", plain(action["ref"])),
        ("kind", plain(rule["kind"] if rule["kind"] != "standard" else None)),
        ("overlap", plain(rule["overlap"])),
        ("owner", plain(rule["owner"])),
        ("labels", plain(rule["labels"] or None)),
        ("version", plain(rule["version"])),
        ("from", plain(f"pack {rule['pack']}" if rule["source"] == "pack" else "made by hand")),
        ("updated", moment(rule["updated_at"])),
    ]
    parts: list[Part] = [Facts(facts)]
    if rule["criteria"]:
        parts.append(Facts([("", block(rule["criteria"]))], title="Criteria"))
    if action["parameters"]:
        parts.append(Facts([("", block(action["parameters"]))], title="Parameters"))
    return parts


def describe_said(said: Mapping[str, Any], *, title: str = "") -> list[Part]:
    """What a rule says of a payload."""
    colour = {"matched": "green", "error": "red"}.get(said["outcome"], "yellow")
    parts: list[Part] = [
        Facts([("matches", Cell("yes" if said["outcome"] == "matched" else "no", colour))], title=title)
    ]
    if said["outcome"] != "matched":
        parts = [Facts([("matches", Cell("no", colour)), ("", plain(said["text"]))], title=title)]
    if said["findings"]:
        parts.append(Rows(said["findings"], _FINDING_COLUMNS, title="Criteria"))
    if said["errors"]:
        parts.append(Rows(said["errors"], _ERROR_COLUMNS, title="Parameters that cannot be filled in"))
    elif said["parameters"]:
        parts.append(Facts([("", block(said["parameters"]))], title="Parameters"))
    return parts


def describe_explanation(explained: Mapping[str, Any]) -> list[Part]:
    facts = [
        ("rule", strong(explained["rule"])),
        ("event", plain(explained["event"])),
        ("then", plain(explained["text"])),
    ]
    now = explained["now"]
    title = f"Now, by version {now['version']}"
    return [Facts(facts), *describe_said(now, title=title if now["enabled"] else f"{title}, if it were enabled")]


def describe_enforcement(row: Mapping[str, Any]) -> list[Part]:
    facts = [
        ("id", plain(row["id"])),
        ("event", plain(f"{row['event']} ({row['trigger']})")),
        ("rule", strong(row["rule"])),
        ("rule version", plain(row["rule_version"])),
        ("status", enforcement_status(row["status"])),
        ("reason", reason(row["reason"])),
        ("execution", plain(row["execution"])),
        ("trace", plain(row["trace_id"])),
        ("at", moment(row["at"])),
    ]
    errors = (row["reason"] or {}).get("errors")
    parts: list[Part] = [Facts(facts)]
    if errors:
        parts.append(Rows(errors, _ERROR_COLUMNS, title="What is wrong"))
    if row["parameters"]:
        parts.append(Facts([("", block(row["parameters"]))], title="Parameters"))
    return parts

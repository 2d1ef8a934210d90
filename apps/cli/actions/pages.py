"""How actions look to people: their list, their parameters as a table, and a command line to start from."""

import json
import shlex
from collections.abc import Mapping
from typing import Any

from apps.cli.output.cells import Cell, block, duration_text, plain, seconds, strong, yes_no
from apps.cli.output.pages import Column, Facts, Part, Rows, column
from apps.cli.policies.pages import key_cell, limit_cell

LIST_COLUMNS = [
    column("ACTION", "ref", strong),
    column("RUNTIME", "runtime"),
    column("ENABLED", "enabled", yes_no),
    column("DESCRIPTION", "description", may_shrink=True),
]

STATS_COLUMNS = [
    column("GATE", "gate", is_number=True),
    column("POLICY", "policy"),
    Column("KEY", key_cell, ("key", "key_digest")),
    Column("LIMIT", limit_cell, ("limit", "window_s"), is_number=True),
    column("RUNNING", "running", is_number=True),
    column("WAITING", "waiting", is_number=True),
    column("OLDEST", "oldest_waiting_s", seconds, is_number=True),
    column("USUAL WAIT", "avg_wait_s", seconds, is_number=True),
]


def describe(action: Mapping[str, Any]) -> list[Part]:
    parts: list[Part] = [Facts(_summary(action))]
    if rows := parameter_rows(action["parameters"]):
        parts.append(Rows(rows, _PARAMETER_COLUMNS, title="Parameters"))
    return [*parts, Facts([("", Cell(example(action)))], title="Example")]


def describe_stats(stats: Mapping[str, Any]) -> list[Part]:
    facts = [
        ("action", strong(stats["action"])),
        ("running", plain(stats["running"])),
        ("waiting", plain(stats["waiting"])),
        ("limit", plain(stats["limit"])),
        ("oldest waits", seconds(stats["oldest_waiting_s"])),
        ("usual wait", seconds(stats["avg_wait_s"])),
        ("requested", plain(stats["total_enqueued"])),
        ("completed", plain(stats["total_completed"])),
    ]
    return [Facts(facts), *([Rows(stats["gates"], STATS_COLUMNS, title="Gates")] if stats["gates"] else [])]


def parameter_rows(parameters: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """By position first, then by name."""

    def place(item: tuple[str, Mapping[str, Any]]) -> tuple[float, str]:
        return item[1].get("position", float("inf")), item[0]

    return [{"name": name, **schema} for name, schema in sorted(parameters.items(), key=place)]


def example(action: Mapping[str, Any]) -> str:
    """A command line with every parameter that must be given, and the first that may be."""
    rows = parameter_rows(action["parameters"])
    given = [row for row in rows if row.get("required")] or rows[:1]
    words = [_example_word(row) for row in given if not row.get("immutable")]
    return " ".join(["attune run", action["ref"], *words, "--wait"])


def type_text(schema: Mapping[str, Any]) -> str:
    """`integer`, `array of string`, `string or null`, `GET | HEAD`."""
    if "enum" in schema:
        return " | ".join(str(value) for value in schema["enum"])
    named = schema.get("type", "any")
    text = named if isinstance(named, str) else " or ".join(named)
    items = schema.get("items")
    return f"{text} of {type_text(items)}" if text == "array" and isinstance(items, Mapping) else text


def _summary(action: Mapping[str, Any]) -> list[tuple[str, Cell]]:
    override = action["enabled_override"]
    timeout_s = action["timeout_s"]
    return [
        ("action", strong(action["ref"])),
        ("description", block(action["description"])),
        ("pack", plain(f"{action['pack']} {action['pack_version']}")),
        ("runtime", plain(f"{action['runtime']} {action['runtime_version']}".strip())),
        ("entry point", plain(action["entry_point"])),
        ("enabled", yes_no(action["enabled"])),
        ("", Cell("" if override is None else "an operator's word over the pack's file; attune action reset")),
        ("timeout", Cell("" if timeout_s is None else duration_text(timeout_s))),
        ("tries", plain(action["retry"]["max_attempts"] if action["retry"] else None)),
        ("when lost", plain(_ON_LOST.get(action["on_lost"], action["on_lost"]))),
        ("concurrency", _concurrency(action["concurrency"])),
        ("pool", plain(action["pool"])),
        ("secrets", plain(action["secrets"])),
        ("warm start", plain("never (warm: off)" if action.get("warm") == "off" else None)),
        ("preload", plain(action.get("preload"))),
    ]


def _concurrency(rule: Mapping[str, Any] | None) -> Cell:
    if not rule:
        return Cell("")
    key = f" for each {rule['key']}" if rule.get("key") else ""
    return plain(f"{rule['limit']} at a time{key}, when full: {rule.get('when_full', 'queue')}")


def _marks(row: Mapping[str, Any]) -> Cell:
    return Cell(", ".join(mark for mark in ("required", "secret", "immutable") if row.get(mark)))


def _default(row: Mapping[str, Any]) -> Cell:
    return plain(json.dumps(row["default"], ensure_ascii=False)) if "default" in row else Cell("")


_PARAMETER_COLUMNS: list[Column] = [
    column("NAME", "name", strong),
    Column("TYPE", lambda row: plain(type_text(row)), (), may_fold=True),
    Column("", _marks, ()),
    Column("DEFAULT", _default, (), may_fold=True),
    Column("DESCRIPTION", lambda row: plain(row.get("description")), (), may_fold=True),
]


def _example_word(row: Mapping[str, Any]) -> str:
    name = row["name"]
    if row.get("secret"):
        return f"{name}=@FILE"
    value = row.get("default", (row.get("examples") or row.get("enum") or [None])[0])
    if value is None:
        return f"{name}=VALUE"
    if isinstance(value, str):
        return shlex.quote(f"{name}={value}")
    return (
        shlex.quote(f"{name}:={json.dumps(value)}") if isinstance(value, list | dict) else f"{name}={json.dumps(value)}"
    )


_ON_LOST = {
    "requeue": "goes back to its place in line (on_lost: requeue)",
    "fail": "ends abandoned (on_lost: fail)",
}

"""How policies and limits look to people."""

from collections.abc import Mapping
from typing import Any

from apps.cli.output.cells import Cell, duration_text, moment, plain, seconds, strong
from apps.cli.output.pages import Column, Facts, Part, column


def key_cell(row: Mapping[str, Any]) -> Cell:
    """What a gate's key came to, or, where that is not for this user to see, the digest that tells it from others."""
    return plain(row["key"] or (f"#{row['key_digest']}" if row["key_digest"] else None))


def limit_cell(row: Mapping[str, Any]) -> Cell:
    """The limit of a gate: so many at a time, or in a time."""
    limit, window_s = row["limit"], row.get("window_s")
    if limit == 0:
        return Cell("0 (paused)", "yellow")
    return plain(limit if window_s is None or limit is None else f"{limit} in {duration_text(window_s)}")


def _rule(row: Mapping[str, Any]) -> Cell:
    """What a policy says, in a few words."""
    if row["kind"] == "timeout":
        return plain(f"{duration_text(row['timeout_s'])} at most")
    if row["kind"] == "retry":
        return plain(f"{row['retry']['max_attempts']} tries")
    cell = limit_cell(row)
    words = " at a time" if row["kind"] == "concurrency" and row["limit"] else ""
    return Cell(cell.text + words + (" *" if row["limit_override"] is not None else ""), cell.style)


LIST_COLUMNS = [
    column("ID", "id", is_number=True),
    column("POLICY", "name", strong),
    column("SCOPE", "scope"),
    column("SUBJECT", "subject"),
    Column("RULE", _rule, ("kind", "limit", "limit_override", "window_s", "retry", "timeout_s")),
    column("KEY", "key", may_shrink=True),
    column("WHEN FULL", "when_full"),
    column("LONGEST LINE", "max_waiting", is_number=True),
    column("EXPIRES", "expires_s", seconds, is_number=True),
    column("FROM", "source"),
]


def describe(policy: Mapping[str, Any]) -> list[Part]:
    override = "an operator's word over the file" if policy["limit_override"] is not None else None
    facts = [
        ("id", plain(policy["id"])),
        ("policy", strong(policy["name"])),
        ("kind", plain(policy["kind"])),
        ("scope", plain(policy["scope"])),
        ("subject", plain(policy["subject"])),
        ("limit", plain(policy["limit"])),
        ("", plain(override)),
        ("window", seconds(policy.get("window_s"))),
        ("key", plain(policy["key"])),
        ("when full", plain(policy["when_full"])),
        ("longest line", plain(policy["max_waiting"])),
        ("expires", seconds(policy["expires_s"])),
        *_retry(policy.get("retry")),
        ("timeout", seconds(policy.get("timeout_s"))),
        ("from", plain(policy["source"])),
        ("updated", moment(policy["updated_at"])),
    ]
    return [Facts(facts)]


def _retry(rule: Mapping[str, Any] | None) -> list[tuple[str, Cell]]:
    if rule is None:
        return []
    return [
        ("tries", plain(rule["max_attempts"])),
        ("after", plain(" or ".join(rule["on"]))),
        ("delay", plain(f"{rule['backoff']} from {duration_text(rule['delay_s'])}")),
        ("longest delay", seconds(rule["max_delay_s"])),
        ("jitter", plain(rule["jitter"] or None)),
    ]

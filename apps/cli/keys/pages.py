"""How keys look to people; their values are not there to be looked at."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from apps.cli.output.cells import Cell, age, block, moment, plain, strong, yes_no
from apps.cli.output.pages import Column, Facts, Part, Rows, column


def columns(now: datetime) -> list[Column]:
    return [
        column("KEY", "ref", strong),
        column("VERSION", "version", is_number=True),
        column("CHANGED", "updated_at", lambda value: age(value, now=now), is_number=True),
        Column("EXPIRES", _expiry, ("expires_at", "expired", "orphaned")),
        column("DESCRIPTION", "description", may_shrink=True),
    ]


def describe(key: Mapping[str, Any]) -> list[Part]:
    facts = [
        ("key", strong(key["ref"])),
        ("id", plain(key["id"])),
        ("of", plain(f"{key['owner']['type']} {key['owner']['ref']}".strip())),
        ("description", plain(key["description"])),
        ("secret", yes_no(key["encrypted"])),
        ("value", Cell("") if key["encrypted"] else block(key["value"])),
        ("version", plain(key["version"])),
        ("expires", _expiry(key)),
        ("made", moment(key["created_at"])),
        ("changed", moment(key["updated_at"])),
    ]
    return [Facts(facts), Rows(key["versions"], _VERSION_COLUMNS, title="Versions")]


def _expiry(key: Mapping[str, Any]) -> Cell:
    if key["orphaned"]:
        return Cell("its owner is gone", "red")
    if key["expired"]:
        return Cell(f"expired {moment(key['expires_at']).text}", "red")
    return moment(key["expires_at"])


_VERSION_COLUMNS = [
    column("VERSION", "number", is_number=True),
    column("WRITTEN", "created_at", moment),
    column("BY", "created_by"),
]

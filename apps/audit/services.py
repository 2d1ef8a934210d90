"""Writes the audit: one row for each deed, with the request it belongs to. Nothing here changes or reads a row.

Facts are said by callers in words of their own; a value that is secret, or that somebody typed, is no fact.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import orjson
from django.db import connection

from apps.audit.models import AuditRecord
from apps.core import client_address, request_id
from apps.core.types import JsonObject

if TYPE_CHECKING:
    from apps.accounts.models import Identity

_LONGEST_ON = 400
_COLUMNS = ("who", "who_id", "deed", "on_ref", "outcome", "address", "request_id", "facts")
_ROW = "(%s::text, %s::bigint, %s::text, %s::text, %s::text, %s::text, %s::text, %s::jsonb)"


@dataclass(frozen=True, kw_only=True)
class Deed:
    """What is recorded. `who` stands for an actor that is no identity: `execution 17`."""

    deed: str
    by: "Identity | None" = None
    who: str = ""
    on: str = ""
    outcome: str = AuditRecord.Outcome.DONE.value
    facts: JsonObject = field(default_factory=dict)


def record(
    deed: str,
    *,
    by: "Identity | None",
    on: str = "",
    outcome: str = AuditRecord.Outcome.DONE.value,
    facts: JsonObject | None = None,
    is_durable: bool = True,
) -> None:
    """One row, in the caller's transaction where there is one. `deed` is a verb: `key.reveal`; `on` a ref or an id.

    Without `is_durable` a transaction of its own does not wait for the disk: what says the same elsewhere may do that.
    """
    record_many([Deed(deed=deed, by=by, on=on, outcome=outcome, facts=facts or {})], is_durable=is_durable)


def record_many(deeds: Iterable[Deed], *, is_durable: bool = True) -> None:
    """In one statement."""
    rows = [value for deed in deeds for value in _row(deed)]
    if not rows:
        return
    values = ", ".join([_ROW] * (len(rows) // len(_COLUMNS)))
    sql = f"INSERT INTO audit_auditrecord ({', '.join(_COLUMNS)}) SELECT * FROM (VALUES {values}) AS deed"
    if not is_durable:
        sql += " WHERE set_config('synchronous_commit', 'off', true) IS NOT NULL"
    with connection.cursor() as cursor:
        cursor.execute(sql, rows)


def _row(deed: Deed) -> tuple[str | int | None, ...]:
    return (
        deed.who or (deed.by.get_username() if deed.by else ""),
        deed.by.pk if deed.by else None,
        deed.deed,
        deed.on.replace("\0", "")[:_LONGEST_ON],
        deed.outcome,
        client_address.current.get(),
        request_id.current.get(),
        orjson.dumps({**deed.facts, **_execution(deed.by)}).decode(),
    )


def _execution(identity: "Identity | None") -> JsonObject:
    """Which execution acted for `identity`, where it came with an execution's token."""
    token = identity.token if identity is not None else None
    return {"execution": token.execution_id} if token is not None and token.execution_id is not None else {}

"""Closes judged events: their verdicts, their matches, and that they are processed, in one statement.

As three of the ORM's they took more of a conductor's time than all judging did.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import orjson
from django.db import connection

from apps.core.types import JsonObject
from apps.rules.models import Enforcement
from apps.triggers.models import Event

_CLOSE = """
    WITH processed AS (
        UPDATE triggers_event SET processed_at = statement_timestamp() WHERE id = ANY(%s)
    ), judged AS (
        INSERT INTO rules_verdicts (event_id, body)
        SELECT event_id, body FROM jsonb_to_recordset(%s::jsonb) AS said (event_id bigint, body jsonb)
    )
    INSERT INTO rules_enforcement (event_id, rule_id, rule_version, status, parameters)
    SELECT event_id, rule_id, rule_version, 'pending', '{}'
      FROM jsonb_to_recordset(%s::jsonb) AS matched (event_id bigint, rule_id bigint, rule_version integer)
    RETURNING id
"""


@dataclass
class Judged:
    """What the rules said of a batch of events. `matches` are not in the database yet."""

    events: list[int] = field(default_factory=list)
    verdicts: list[JsonObject] = field(default_factory=list)
    matches: list[Enforcement] = field(default_factory=list)

    def add(self, event: Event, verdicts: JsonObject, matches: Sequence[Enforcement]) -> None:
        """`verdicts` as `Verdicts.body`; empty where the event met no rule."""
        self.events.append(event.pk)
        if verdicts:
            self.verdicts.append({"event_id": event.pk, "body": verdicts})
        self.matches += matches


def close(judged: Judged) -> None:
    """In the transaction that holds the events. Gives each match its id, in their order."""
    rows = [
        {"event_id": match.event_id, "rule_id": match.rule_id, "rule_version": match.rule_version}
        for match in judged.matches
    ]
    with connection.cursor() as cursor:
        cursor.execute(_CLOSE, [judged.events, _json(judged.verdicts), _json(rows)])
        ids = sorted(row[0] for row in cursor.fetchall())
    for match, pk in zip(judged.matches, ids, strict=True):
        match.pk = pk


def _json(rows: Sequence[JsonObject]) -> str:
    return orjson.dumps(rows).decode()

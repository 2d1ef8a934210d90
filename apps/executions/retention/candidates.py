"""Which executions have served their time, and which are kept whatever their age.

Kept are pinned ones, whoever asked for them, and what they asked for.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import timedelta
from enum import StrEnum
from typing import Any

from django.db import connection

from apps.executions.states import TERMINAL

#: Executions taken in one transaction: their rows are locked while their files are removed.
BATCH = 200

#: Who asked for whom is a short way up: workflows are nested ten deep at most.
_PINNED_AND_ABOVE = """
    WITH RECURSIVE above (id) AS (
        SELECT execution_id FROM executions_pin
         UNION
        SELECT e.parent_id FROM executions_execution e JOIN above USING (id) WHERE e.parent_id IS NOT NULL)
    SELECT id FROM above
"""
#: Of `e`; looked at only where it has a parent.
_HAS_KEPT_ABOVE = """
    e.parent_id IS NOT NULL AND EXISTS (
        WITH RECURSIVE above (id) AS (
            SELECT e.parent_id
             UNION
            SELECT p.parent_id FROM executions_execution p JOIN above USING (id) WHERE p.parent_id IS NOT NULL)
        SELECT 1 FROM above JOIN executions_execution p USING (id)
          LEFT JOIN executions_pin pin ON pin.execution_id = p.id
         WHERE pin.execution_id IS NOT NULL OR p.ended_at IS NULL OR p.ended_at >= now() - %(kept)s)
"""
_FIND = f"""
    SELECT e.id FROM executions_execution e
     WHERE e.ended_at < now() - %(kept)s AND e.status = ANY(%(terminal)s)
       AND {{condition}}
       AND e.id <> ALL(%(spared)s::bigint[])
       AND NOT ({_HAS_KEPT_ABOVE})
     ORDER BY e.ended_at LIMIT %(most)s
       FOR UPDATE OF e SKIP LOCKED
"""


class Part(StrEnum):
    """What is removed: the whole execution, or some of its files.

    A row goes after all it asked for, and after all that happened to it was announced.
    """

    EXECUTION = """
        NOT EXISTS (SELECT 1 FROM executions_execution child WHERE child.parent_id = e.id)
        AND NOT EXISTS (SELECT 1 FROM executions_history h WHERE h.execution_id = e.id AND h.announced_at IS NULL)
    """
    LOGS = "e.logs_removed_at IS NULL"
    ARTIFACTS = "e.artifacts_removed_at IS NULL"


#: Whose files refuse to go, in this process: see `note_refused`.
_refused: dict[Part, set[int]] = {part: set() for part in Part}


def note_refused(part: Part, ids: Iterable[int]) -> None:
    """Half a batch that refuses would be half of the next one too, and a whole one would be all there ever is: then
    they are passed over until the others are through."""
    refused = set(ids)
    if len(refused) >= BATCH / 2:
        _refused[part] |= refused


def lock_due(part: Part, kept_for: timedelta) -> list[int]:
    """Those of which `part` is to be removed now, oldest end first, locked until the transaction ends.

    Any number of processes may ask at once; each execution is given to one of them. One that is just being run again is
    left out.
    """
    spared = [*_pinned_and_above(), *_refused[part]]
    given: dict[str, Any] = {"kept": kept_for, "terminal": sorted(TERMINAL), "spared": spared, "most": BATCH}
    with connection.cursor() as cursor:
        cursor.execute(_FIND.format(condition=part.value), given)
        found = [row[0] for row in cursor.fetchall()]
    if len(found) < BATCH:
        _refused[part].clear()
    # Whoever pinned one since then has written it by now, or waits for our lock.
    return without(found, _pinned_and_above() if found else ())


def without(ids: Sequence[int], spared: Collection[int]) -> list[int]:
    return [execution_id for execution_id in ids if execution_id not in set(spared)]


def _pinned_and_above() -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(_PINNED_AND_ABOVE)
        return [row[0] for row in cursor.fetchall()]

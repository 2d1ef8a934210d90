"""Between which ids the executions of a period lie, without an index on their time.

Ids and `created_at` are dealt by the same statement, so one follows the other, but for statements that ran side by side
(`_SLACK` is far more than any of them takes). Bisecting the ids costs some twenty looks into the primary key, where an
index on `created_at` would be written anew with every move of an execution and still give no page in the order of ids.
"""

from datetime import datetime, timedelta

from django.db import connection

#: Ids are taken from so much around the period; the exact time is filtered besides.
_SLACK = timedelta(minutes=10)

#: The first id whose execution was asked for at or after the moment, or one past the last.
_BISECT = """
    WITH RECURSIVE halves (low, high) AS (
        SELECT coalesce(min(id), 1), coalesce(max(id), 0) + 1 FROM executions_execution
        UNION ALL
        SELECT CASE WHEN middle.created_at < %s THEN middle.id + 1 ELSE low END,
               CASE WHEN middle.created_at < %s THEN high ELSE (low + high) / 2 END
          FROM halves LEFT JOIN LATERAL (
               SELECT id, created_at FROM executions_execution
                WHERE id >= (low + high) / 2 AND id < high ORDER BY id LIMIT 1) middle ON true
         WHERE low < high)
    SELECT max(low) FROM halves
"""


def ids_between(since: datetime | None, until: datetime | None) -> tuple[int | None, int | None]:
    """`(first, end)`: executions asked for from `since` to before `until` have ids from `first` to before `end`.

    None for an open end. One query for both.
    """
    moments = [_moved(since, -_SLACK)] if since is not None else []
    moments += [_moved(until, _SLACK)] if until is not None else []
    if not moments:
        return None, None
    sql = ", ".join(f"({_BISECT})" for _ in moments)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {sql}", [value for moment in moments for value in (moment, moment)])
        found = list(cursor.fetchone())
    first = found.pop(0) if since is not None else None
    return first, found.pop(0) if until is not None else None


def _moved(moment: datetime, by: timedelta) -> datetime:
    """In the first and last minutes of the calendar, the moment itself."""
    try:
        return moment + by
    except OverflowError:
        return moment

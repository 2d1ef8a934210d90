"""Every move of every execution, in order, for streams: read from the history.

Ids of the history are drawn before their rows are committed, so a smaller one may appear after a larger one. The place
to go on from (`position`) is therefore the last id below which nothing can appear any more; what was told beyond it is
told again to a reader who comes back. Nothing is held back, and nothing is left out.

How that id is found: whoever writes a row has a transaction id before the row has its own, so when every transaction
that ran at one look has ended (`pg_snapshot_xmin`), all ids below the largest of that look are settled.
"""

import time
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import connection

from apps.core.streaming import Change
from apps.executions.models import Execution, History

if TYPE_CHECKING:
    from apps.accounts.models import Identity

KIND = "execution"
#: A transaction that writes nothing here may run for hours. One that does is over long before this; its rows would be
#: missing for a reader who comes back later.
_SETTLED_AFTER_S = 60.0
#: Ids looked at in one query for a reader who comes back.
_PAGE = 2000

_BEGIN = """
    SELECT coalesce((SELECT id FROM executions_history
                      WHERE at < clock_timestamp() - make_interval(secs => %s) ORDER BY id DESC LIMIT 1), 0)
"""
_LOOK = """
    SELECT pg_snapshot_xmin(now.snapshot)::text::bigint, pg_snapshot_xmax(now.snapshot)::text::bigint,
           ARRAY(SELECT id FROM executions_history WHERE id > %s ORDER BY id)
      FROM (SELECT pg_current_snapshot() AS snapshot) now
"""
#: History id, execution, attempt, status, moment, action.
_Row = tuple[int, int, int, str, datetime, str]
_COLUMNS = ("id", "execution_id", "attempt", "status", "at", "execution__action_ref")


class ExecutionChanges:
    """`position` is an id of the history. One caller of `begin` and `look` at a time."""

    kind = KIND

    def __init__(self) -> None:
        self.position = 0
        self._told: set[int] = set()
        #: The largest id of an earlier look, the transactions that may have run then, and when that was.
        self._open: tuple[int, int, float] | None = None

    def begin(self) -> None:
        """What there is now is known."""
        with connection.cursor() as cursor:
            cursor.execute(_BEGIN, [_SETTLED_AFTER_S])
            self.position = cursor.fetchone()[0]
        self._told, self._open = set(), None
        self._take_new()

    def look(self) -> Sequence[Change]:
        """Moves that have appeared since the look before."""
        return [change for _, change in _changes(self._take_new())]

    def visible(self, identity: "Identity", subjects: Collection[int]) -> Collection[int]:
        """Those of the executions `subjects` that `identity` may see."""
        return set(Execution.objects.visible_to(identity).filter(pk__in=subjects).values_list("pk", flat=True))

    def since(
        self, identity: "Identity", position: int, *, execution_id: int | None = None
    ) -> Iterator[list[tuple[int, Change]]]:
        """All moves behind `position` that are there now, in pages, each with the place to go on from after it."""
        settled = self.position
        rows = History.objects.filter(execution__in=Execution.objects.visible_to(identity))
        if execution_id is not None:
            rows = rows.filter(execution=execution_id)
        last = History.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
        while position < last:
            page = rows.filter(pk__gt=position, pk__lte=position + _PAGE).order_by("pk").values_list(*_COLUMNS)
            yield [(min(row_id, settled), change) for row_id, change in _changes(page)]
            position += _PAGE

    def _take_new(self) -> list[_Row]:
        with connection.cursor() as cursor:
            cursor.execute(_LOOK, [self.position])
            oldest, following, ids = cursor.fetchone()
        new = [row_id for row_id in ids if row_id not in self._told]
        rows = list(History.objects.filter(pk__in=new).order_by("pk").values_list(*_COLUMNS)) if new else []
        self._told.update(new)
        self._settle(oldest, following, largest=ids[-1] if ids else self.position)
        return rows

    def _settle(self, oldest: int, following: int, *, largest: int) -> None:
        now = time.monotonic()
        if self._open is None or self._open[1] <= oldest or self._open[2] < now - _SETTLED_AFTER_S:
            if self._open is not None:
                self.position = self._open[0]
            self._open = (largest, following, now)
        if oldest == following:  # nothing is running
            self.position, self._open = largest, None
        self._told = {row_id for row_id in self._told if row_id > self.position}


def _changes(rows: Iterable[_Row]) -> list[tuple[int, Change]]:
    return [
        (
            row_id,
            Change(
                KIND, execution, {"id": execution, "attempt": attempt, "status": status, "action": action, "at": at}
            ),
        )
        for row_id, execution, attempt, status, at, action in rows
    ]

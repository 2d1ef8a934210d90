"""What streams of changes are made of: a hint over Redis that something changed, and changes as the rooms tell them.

The rows are the facts: a reader looks at them at each hint, and every half second without one.
"""

import logging
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import Q, QuerySet

from apps.core.redis import RedisAway, channel, client, guarded
from apps.core.types import JsonObject

logger = logging.getLogger(__name__)

#: The message is the kind of thing that changed.
CHANNEL = channel("changed")
#: A row's moment is taken before its commit; whoever asks for what is newer than a moment is told so much more.
_LATE = timedelta(seconds=60)
#: Ids below the newest one that may still appear: they were drawn earlier and committed later.
_OVERLAP = 50
#: Most rows without a history that a reader who comes back is told of.
_MOST_TOLD = 500


def tell(kind: str) -> None:
    """After commit: readers look at once. A lost hint costs half a second."""
    transaction.on_commit(lambda: publish(kind))


def publish(kind: str) -> None:
    """At once, for what is committed."""
    try:
        with guarded():
            client().publish(CHANNEL, kind)
    except RedisAway:
        logger.debug("no hint for streams: Redis is away")


@dataclass(frozen=True)
class Change:
    """`subject` is the row's id; `body` what readers are told."""

    kind: str
    subject: int
    body: JsonObject


class StateChanges:
    """Changes of rows that have no history of their own: what differs from the look before. For small tables.

    `rows` has `visible_to`, and its rows `ended_at`, which is set when they are no longer `live`. `describe` gives what
    readers are told, without its moment. `position` is in milliseconds since 1970, by the database's clock.
    """

    def __init__(self, kind: str, rows: Callable[[], Any], *, live: Q, describe: Callable[[Any], JsonObject]) -> None:
        self.kind = kind
        self.position = 0
        self._rows = rows
        self._live = live
        self._describe = describe
        self._known: dict[int, JsonObject] = {}
        self._newest = 0

    def begin(self) -> None:
        """What there is now is known."""
        self._newest = self._rows().order_by("-pk").values_list("pk", flat=True).first() or 0
        self.look()

    def look(self) -> Sequence[Change]:
        """What changed since the look before. One caller at a time."""
        now = database_now()
        rows = self._rows().filter(self._live | Q(pk__in=list(self._known)) | Q(pk__gt=self._newest - _OVERLAP))
        states = {row.pk: (row, self._describe(row)) for row in rows.order_by("pk")}
        changes = [self._change(row, state, now) for pk, (row, state) in states.items() if self._known.get(pk) != state]
        self._newest = max(states, default=self._newest)
        self._known = {
            pk: state for pk, (row, state) in states.items() if row.ended_at is None or pk > self._newest - _OVERLAP
        }
        self.position = _milliseconds(now)
        return changes

    def visible(self, identity: Any, subjects: Collection[int]) -> Collection[int]:
        """Those of `subjects` that `identity` may see."""
        return set(self._rows().visible_to(identity).filter(pk__in=subjects).values_list("pk", flat=True))

    def since(self, identity: Any, position: int) -> Sequence[Change]:
        """Everything live, and what ended after `position`, as it is now; the newest ones."""
        return self.told_since(self._rows(), identity, position)

    def told_since(self, among: Any, identity: Any, position: int) -> Sequence[Change]:
        """The same, of some rows only."""
        now = database_now()
        moment = datetime.fromtimestamp(min(position, _milliseconds(now)) / 1000, UTC)
        rows: QuerySet[Any] = among.visible_to(identity)
        told = rows.filter(self._live | Q(ended_at__gte=moment - _LATE)).order_by("-pk")[:_MOST_TOLD]
        return [self._change(row, self._describe(row), now) for row in reversed(told)]

    def _change(self, row: Any, state: JsonObject, now: datetime) -> Change:
        return Change(self.kind, row.pk, {**state, "at": row.ended_at or now})


def database_now() -> datetime:
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        moment: datetime = cursor.fetchone()[0]
        return moment


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)

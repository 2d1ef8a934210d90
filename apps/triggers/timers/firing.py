"""Fires what is due: the events and the plan for the next time are one transaction, by the clock of the database.

Any number of schedulers may do it at once. Each due row is taken by one of them; should one die between its statement
and its commit, nothing has happened and another takes the row. The scheduled time is the event's dedupe key.
"""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import prefetch_related_objects

from apps.core.errors import AttuneError
from apps.triggers.models import Timer
from apps.triggers.services import events
from apps.triggers.services.events import Occurrence
from apps.triggers.timers.keeping import database_now, plan, reason_of, timing_for
from apps.triggers.timers.reading import InvalidTimer
from apps.triggers.timers.timing import Round

logger = logging.getLogger(__name__)

#: Timers taken in one transaction: few enough that the first is not told late, many enough to be fast.
BATCH = 200
#: Events of one transaction, but for those of its last timer: with much to catch up, others get their turn soon.
_MOST_EVENTS = 1000

_SAVE = """
    UPDATE triggers_timer timer
       SET next_scheduled_for = done.next_scheduled_for, next_fire_at = done.next_fire_at, trouble = done.trouble,
           last_scheduled_for = coalesce(done.last_scheduled_for, timer.last_scheduled_for),
           last_fired_at = CASE WHEN done.fired > 0 THEN %(now)s ELSE timer.last_fired_at END,
           fired = timer.fired + done.fired, misfires = timer.misfires + done.missed
      FROM unnest(%(id)s::bigint[], %(next_scheduled_for)s::timestamptz[], %(next_fire_at)s::timestamptz[],
                  %(last_scheduled_for)s::timestamptz[], %(fired)s::bigint[], %(missed)s::bigint[], %(trouble)s::text[])
           AS done(id, next_scheduled_for, next_fire_at, last_scheduled_for, fired, missed, trouble)
     WHERE timer.id = done.id
"""


@dataclass(frozen=True)
class _Done:
    timer: Timer
    round: Round
    trouble: str = ""


def fire_due() -> int:
    """Fires up to `BATCH` timers that are due, fewer where they have much to catch up. Returns how many there were."""
    with transaction.atomic(durable=True):
        locked = Timer.objects.due().select_for_update(skip_locked=True, no_key=True)[:BATCH]
        # By themselves: joined, a planner without statistics reads whole tables to find those few.
        if timers := list(locked):
            prefetch_related_objects(timers, "trigger__type")
            now = database_now()
            rounds = list(_rounds(timers, now=now))
            _save(_fire(rounds, now=now), now=now)
            return len(rounds)
    return 0


def seconds_until_next() -> float | None:
    """Until the next timer is due; not above 0 when one is already, None when none ever will be."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT extract(epoch FROM min(next_fire_at) - clock_timestamp())::float8 FROM triggers_timer")
        found: float | None = cursor.fetchone()[0]
        return found


def occurrence_of(timer: Timer, scheduled_for: datetime, *, now: datetime) -> Occurrence:
    return Occurrence(
        type_ref=timer.trigger.type.ref,
        parameters=timer.trigger.parameters,
        payload={"scheduled_for": _text(scheduled_for), "fired_at": _text(now), "timer": timer.pk},
        source="timer",
        source_ref=str(timer.pk),
        dedupe_key=_text(scheduled_for),
    )


def _rounds(timers: Sequence[Timer], *, now: datetime) -> Iterator[_Done]:
    events_so_far = 0
    for timer in timers:
        if events_so_far >= _MOST_EVENTS:
            return  # the rest stays due
        done = _round(timer, now=now)
        events_so_far += len(done.round.fire)
        yield done


def _round(timer: Timer, *, now: datetime) -> _Done:
    assert timer.next_scheduled_for is not None, "a constraint keeps it beside next_fire_at"
    try:
        return _Done(timer, timing_for(timer).round(timer.next_scheduled_for, now=now))
    except InvalidTimer as error:
        logger.warning("timer %s cannot fire: %s", timer.pk, reason_of(error))
        return _Done(timer, Round([], 0, None), reason_of(error))


def _fire(rounds: Sequence[_Done], *, now: datetime) -> list[_Done]:
    """Where the events of all cannot be recorded, those of each by itself: one bad timer must not stop the others."""
    try:
        with transaction.atomic():
            _record(rounds, now=now)
        return list(rounds)
    except AttuneError as error:
        if len(rounds) > 1:
            return [done for one in rounds for done in _fire([one], now=now)]
        logger.warning("timer %s cannot fire: %s", rounds[0].timer.pk, error.detail)
        return [_Done(rounds[0].timer, Round([], len(rounds[0].round.fire), None), error.detail)]


def _record(rounds: Sequence[_Done], *, now: datetime) -> None:
    wanted = [occurrence_of(done.timer, time, now=now) for done in rounds for time in done.round.fire]
    for begin in range(0, len(wanted), events.MAX_BATCH):
        events.record(wanted[begin : begin + events.MAX_BATCH])


def _save(rounds: Sequence[_Done], *, now: datetime) -> None:
    for done in rounds:
        plan(done.timer, done.round.next)
    columns: dict[str, Any] = {
        "id": [done.timer.pk for done in rounds],
        "next_scheduled_for": [done.timer.next_scheduled_for for done in rounds],
        "next_fire_at": [done.timer.next_fire_at for done in rounds],
        "last_scheduled_for": [done.round.fire[-1] if done.round.fire else None for done in rounds],
        "fired": [len(done.round.fire) for done in rounds],
        "missed": [done.round.missed for done in rounds],
        "trouble": [done.trouble for done in rounds],
        "now": now,
    }
    with connection.cursor() as cursor:
        cursor.execute(_SAVE, columns)


def _text(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")

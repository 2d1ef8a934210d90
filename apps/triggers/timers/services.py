"""What people ask of timers: the next times, also before anything is saved; pause, resume; times of the past."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice, takewhile
from typing import TYPE_CHECKING

from django.db import transaction

from apps.accounts.permissions import Verb, may, require
from apps.core.errors import Conflict, FieldError, Invalid, NotFound
from apps.core.types import JsonObject
from apps.triggers.listening import checked_parameters
from apps.triggers.models import Timer
from apps.triggers.services import events
from apps.triggers.timers import waking
from apps.triggers.timers.firing import occurrence_of
from apps.triggers.timers.keeping import database_now, start, timing_for
from apps.triggers.timers.reading import TYPES, timing_of
from apps.triggers.timers.schedule import Schedule
from apps.triggers.types import find_type

if TYPE_CHECKING:
    from apps.accounts.models import Identity

#: Times shown in advance unless more are asked for, and at most.
USUAL_TIMES = 10
MOST_TIMES = 100
#: Times filled in at once.
MOST_BACKFILLED = 1000


class UnknownTimer(NotFound):
    """There is no such timer."""

    code = "unknown_timer"


class NoTimer(Invalid):
    """Only timers have times."""

    code = "no_timer"


class NotListened(Conflict):
    """No rule listens to the timer."""

    code = "timer_stopped"


class TooManyTimes(Invalid):
    """There are too many times in this range."""

    code = "too_many_times"


@dataclass(frozen=True)
class Preview:
    """`parameters` with defaults; `times` in UTC."""

    type_ref: str
    parameters: JsonObject
    times: list[datetime]


@dataclass(frozen=True)
class Backfill:
    """`recorded` are events that are new; `known` those that were there already."""

    recorded: int
    known: int


def get_timer(identity: "Identity", timer_id: int, *, to: Verb = Verb.TRIGGER_VIEW) -> Timer:
    """Raises `UnknownTimer` for one `identity` may not see, `Forbidden` where it may not do `to`."""
    timer = Timer.objects.visible_to(identity).select_related("trigger__type").filter(pk=timer_id).first()
    if timer is None:
        raise UnknownTimer(f"There is no timer {timer_id}.")
    if to is not Verb.TRIGGER_VIEW:
        require(identity, to, on=timer)
    return timer


def upcoming(timer: Timer, *, most: int = USUAL_TIMES) -> list[datetime]:
    """The next scheduled times of a timer, from the one it waits for on; nothing where it waits for none."""
    if timer.next_scheduled_for is None:
        return []
    return _times(timing_for(timer).schedule, timer.next_scheduled_for - timedelta(microseconds=1), most)


def preview(identity: "Identity", type_ref: str, parameters: JsonObject, *, most: int = USUAL_TIMES) -> Preview:
    """The times a timer with these parameters would have if a rule listened to it from now on.

    Raises `UnknownTrigger`, `NoTimer`, `InvalidTriggerParameters` with pointers under `/parameters`.
    """
    trigger_type = find_type(type_ref)
    if not may(identity, Verb.TRIGGER_VIEW, on=trigger_type):
        raise NotFound(f"There is no trigger {type_ref}.")
    if trigger_type.ref not in TYPES:
        detail = f"{type_ref} is no timer; timers are {', '.join(TYPES)}"
        raise NoTimer(detail, errors=[FieldError("/trigger", "no_timer", detail)])
    full = checked_parameters(trigger_type, parameters)
    now = database_now()
    times = _times(timing_of(trigger_type.ref, full, anchor=now).schedule, now, most)
    return Preview(trigger_type.ref, full, times)


@transaction.atomic(durable=True)
def pause_timer(timer: Timer) -> Timer:
    """Nothing is due until it is resumed. Returns the row as it is now."""
    row = _locked(timer)
    row.is_paused = True
    start(row, now=database_now())
    row.save()
    return row


@transaction.atomic(durable=True)
def resume_timer(timer: Timer) -> Timer:
    """It goes on with its next time; those of the pause are given up. Ends its trouble too, if it can."""
    row = _locked(timer)
    if row.is_paused or row.trouble:
        row.is_paused = False
        start(row, now=database_now())
        row.save()
        waking.wake_after_commit()
    return row


def backfill(timer: Timer, *, begin: datetime, end: datetime) -> Backfill:
    """Records the events of the scheduled times from `begin` to `end`, both included, that are over and not there yet.

    Raises `NotListened`, `TooManyTimes`, and `InvalidTimer` for one in trouble.
    """
    if not timer.trigger.is_listened:
        raise NotListened("No rule listens to this timer: its events would start nothing.")
    now = database_now()
    times = _between(timing_for(timer).schedule, begin, min(end, now))
    recorded = events.record([occurrence_of(timer, time, now=now) for time in times])
    new = sum(item.is_new for item in recorded)
    return Backfill(new, len(recorded) - new)


def _between(schedule: Schedule, begin: datetime, until: datetime) -> Sequence[datetime]:
    if begin > until:
        detail = "the range ends before it begins, or has not begun yet"
        raise Invalid("There is nothing in this range.", errors=[FieldError("/begin", "empty_range", detail)])
    try:
        found = takewhile(lambda time: time <= until, schedule.times(begin - timedelta(microseconds=1)))
        times = list(islice(found, MOST_BACKFILLED + 1))
    except (OverflowError, ValueError) as error:  # at the ends of the calendar
        raise Invalid("No such range.", errors=[FieldError("/begin", "out_of_range", "too long ago")]) from error
    if len(times) > MOST_BACKFILLED:
        raise TooManyTimes(f"There are more than {MOST_BACKFILLED} times in this range; ask for less at once.")
    return times


def _times(schedule: Schedule, after: datetime, most: int) -> list[datetime]:
    return list(islice(schedule.times(after), most))


def _locked(timer: Timer) -> Timer:
    rows = Timer.objects.select_related("trigger__type").select_for_update(no_key=True, of=("self",))
    return rows.get(pk=timer.pk)

"""Makes, starts and stops the rows of timers, as rules begin and cease to listen, and as operators ask."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db import connection

from apps.core.errors import FieldError
from apps.core.types import JsonObject
from apps.triggers.models import Timer, Trigger
from apps.triggers.timers import waking
from apps.triggers.timers.reading import DATE, TYPES, InvalidTimer, errors_of, timing_of
from apps.triggers.timers.timing import Tick, Timing
from apps.triggers.types import digest_of


def on_listened(triggers: Sequence[Trigger]) -> None:
    """A watcher of `apps.triggers.listening`: in the transaction in which rules change."""
    mine = [trigger for trigger in triggers if trigger.type.ref in TYPES]
    if not mine:
        return
    now = database_now()
    known = (
        Timer.objects.select_for_update(no_key=True)
        .order_by("pk")
        .in_bulk([trigger.pk for trigger in mine], field_name="trigger_id")
    )
    for trigger in mine:
        timer = known.get(trigger.pk) or Timer(anchored_at=now)
        timer.trigger = trigger
        start(timer, now=now)
        timer.save()
    waking.wake_after_commit()


def start(timer: Timer, *, now: datetime) -> None:
    """Plans what comes next from `now` on, unsaved; nothing for one that is paused or not listened to.

    What was missed while it did not run is no misfire: nobody wanted it.
    """
    timer.trouble = ""
    plan(timer, None)
    if timer.is_paused or not timer.trigger.is_listened:
        return
    try:
        plan(timer, timing_for(timer).next(now))
    except InvalidTimer as error:
        timer.trouble = reason_of(error)


def plan(timer: Timer, tick: Tick | None) -> None:
    """Sets what comes next, unsaved."""
    timer.next_scheduled_for = tick.scheduled_for if tick else None
    timer.next_fire_at = tick.fire_at if tick else None


def timing_for(timer: Timer) -> Timing:
    """Raises `InvalidTimer` where parameters that were valid once are so no longer, as when a zone went away."""
    trigger = timer.trigger
    return timing_of(trigger.type.ref, trigger.parameters, anchor=timer.anchored_at, seed=trigger.digest)


def reason_of(error: InvalidTimer) -> str:
    return "; ".join(one.detail for one in error.errors) or error.detail


def parameter_errors(type_ref: str, parameters: JsonObject) -> Iterable[FieldError]:
    """For `apps.triggers.listening`: what the schema of a type cannot say of its parameters."""
    found = list(errors_of(type_ref, parameters, now=database_now()))
    if type_ref == DATE and [error.code for error in found] == ["past"] and _was_taken(type_ref, parameters):
        return []  # a rule whose date is over may still be changed, and its pack loaded again
    return found


def _was_taken(type_ref: str, parameters: JsonObject) -> bool:
    return Trigger.objects.filter(type__ref=type_ref, digest=digest_of(parameters)).exists()


def database_now() -> datetime:
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        now: datetime = cursor.fetchone()[0]
        return now

"""The way of an event: its rules judge it (a batch of events in one transaction), then matches are enforced (each, or
those of one rule together, in a transaction; a single match in the one that judged it). Exactly once: both steps take
open rows with a lock and close them in the same transaction.

Any number of conductors may process at once. The sweep processes too, and so finds what a crash or a lost hint left.
"""

import logging
import time
from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import cache, partial

from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from apps.core import streaming
from apps.core.database import again_if_given_up, trouble_of
from apps.core.fixed_query import FixedQuery
from apps.rules.closing import Judged, close
from apps.rules.enforcing import enforce_at_once
from apps.rules.evaluation import BUG, Judge, as_json, judge_all
from apps.rules.judges import TriggerName, judges_of
from apps.rules.models import Enforcement, Rule, Verdicts
from apps.rules.storms import enforce_due
from apps.triggers import hints
from apps.triggers.models import Event

logger = logging.getLogger(__name__)

#: Events judged in one transaction.
BATCH = 50
#: Matches enforced between two looks for events.
_MOST_ENFORCED = 200
#: Seconds after which a conductor makes room for another task; less than a hint blocks the next one.
_STAY_S = 2.0
#: What is open for longer, nobody has in hand.
_STALE_AFTER = timedelta(seconds=3)


def _open() -> QuerySet[Event]:
    return Event.objects.open().select_for_update(skip_locked=True, no_key=True)


@cache
def _oldest(limit: int) -> FixedQuery[Event]:
    return FixedQuery(lambda: _open()[:limit])


def process_hinted() -> int:
    """What a hint asks for. It is taken down first: what comes from now on asks for whoever is free then.

    After a while it makes room for other tasks of the conductor, and asks for another.
    """
    hints.taken()
    total, until, may_be_more = 0, time.monotonic() + _STAY_S, True
    while may_be_more:
        moved, may_be_more = _round()
        total += moved
        if may_be_more and time.monotonic() >= until:
            hints.hint()
            break
    return total


def sweep_events() -> int:
    """What has waited too long: its hint was lost, or who had it in hand died. Others have other work: one round."""
    stale = timezone.now() - _STALE_AFTER
    is_late = Event.objects.filter(processed_at=None, received_at__lt=stale).exists()
    if not is_late and not Enforcement.objects.due().filter(at__lt=stale).exists():
        return 0
    hints.hint()
    moved, _ = _round()
    return moved


def _round() -> tuple[int, bool]:
    """A batch of events, and what is due of their matches and others. Returns how many rows it closed, and whether it
    left some: what came meanwhile has a hint of its own."""
    until = time.monotonic() + _STAY_S
    judged = again_if_given_up(partial(judge_open, limit=BATCH), is_idempotent=True)
    enforced = 0
    while enforced < _MOST_ENFORCED and (moved := enforce_due()):
        enforced += moved
    is_cut_short = judged == BATCH or enforced >= _MOST_ENFORCED or time.monotonic() >= until
    return judged + enforced, is_cut_short and judged + enforced > 0


def judge_open(*, limit: int) -> int:
    """Judges the oldest open events; matches become enforcements. Returns how many events.

    A bug that one event meets costs that event, and not those that came with it.
    """
    try:
        return _judge_open(limit=limit)
    except Exception as error:
        if trouble_of(error) is not None:
            raise
        logger.exception("a batch of events failed by a bug; each is judged by itself")
    oldest = list(Event.objects.open().values_list("pk", flat=True)[:limit])
    return sum(_judge_alone(event_id) for event_id in oldest)


def _judge_alone(event_id: int) -> int:
    try:
        return _judge_open(limit=1, only=event_id)
    except Exception as error:
        if trouble_of(error) is not None:
            raise
        logger.exception("event %s failed by a bug", event_id)
        return _give_up(event_id)


@transaction.atomic(durable=True)
def _judge_open(*, limit: int, only: int | None = None) -> int:
    events = _oldest(limit)() if only is None else list(_open().filter(pk=only))
    if not events:
        return 0
    judges = judges_of({(event.type_ref, event.digest) for event in events})
    judged = _judge(events, judges)
    close(judged)
    if len(judged.matches) == 1:
        enforce_at_once(judged.matches[0])
    streaming.tell("event")
    return len(judged.events)


def _judge(events: Sequence[Event], judges: Mapping[TriggerName, tuple[Judge, ...]]) -> Judged:
    """Those that there was time for, one at least."""
    judged = Judged()
    now, until = timezone.now(), time.monotonic() + _STAY_S
    for event in events:
        if judged.events and time.monotonic() > until:
            break
        met = _met(event, judges.get((event.type_ref, event.digest), ()))
        said = judge_all(met, event.payload, now=now)
        matched = (judge for judge in met if said[judge.rule_id].outcome == "matched")
        matches = [Enforcement(event=event, rule_id=judge.rule_id, rule_version=judge.version) for judge in matched]
        judged.add(event, as_json(met, said), matches)
    return judged


@transaction.atomic(durable=True)
def _give_up(event_id: int) -> int:
    """Closes an event that nobody can judge, with that as the verdict of each of its rules."""
    event = _open().filter(pk=event_id).first()
    if event is None:
        return 0
    rules = Rule.objects.in_force().filter(trigger__type__ref=event.type_ref, trigger__digest=event.digest)
    body = {
        str(pk): {"rule": ref, "version": version, "outcome": "error", "criterion": BUG}
        for pk, ref, version in rules.values_list("pk", "ref", "version")
    }
    Verdicts.objects.create(event=event, body=body)
    Event.objects.filter(pk=event_id).update(processed_at=Now())
    return 1


def _met(event: Event, judges: Sequence[Judge]) -> Sequence[Judge]:
    """All of them, but for an event that was replayed for one rule."""
    if event.source != Event.Source.REPLAY or not event.source_ref:
        return judges
    return [judge for judge in judges if judge.ref == event.source_ref]

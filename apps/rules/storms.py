"""Matches that wait together, as in a storm of events: those of one rule become executions with one request.

One by one each takes a conductor a transaction of its own. What does not go smoothly (a rule that was switched off or
changed, or limits its overlap; a template that fails; a line that is full) is decided one by one, where each match gets
its own reason.
"""

import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import takewhile

from django.db import connection, transaction

from apps.core.database import again_if_given_up, trouble_of
from apps.core.errors import AttuneError
from apps.core.fixed_query import FixedQuery
from apps.core.metrics.catalogue import ENFORCEMENTS
from apps.core.metrics.counting import count
from apps.executions.services.request import Requested, request_within
from apps.rules.enforcing import RULE, enforce_next, wish_for
from apps.rules.loops import MAX_DEPTH
from apps.rules.models import Enforcement, Rule
from apps.rules.owners import acting
from apps.triggers.models import Event

logger = logging.getLogger(__name__)

#: Executions asked for at once: a gate's lock is held as long as that takes.
_MOST_TOGETHER = 50

_DUE = FixedQuery(
    lambda: (
        Enforcement.objects.due()
        .select_for_update(skip_locked=True, no_key=True)
        .only("pk", "event_id", "rule_id", "rule_version")[:_MOST_TOGETHER]
    )
)
_STARTED = """
    UPDATE rules_enforcement AS enforcement
       SET status = 'started', reason = NULL, holds = false, at = statement_timestamp(),
           parameters = said.parameters, execution_id = said.execution_id
      FROM jsonb_to_recordset(%s::jsonb) AS said (id bigint, execution_id bigint, parameters jsonb)
     WHERE enforcement.id = said.id
"""


@dataclass(frozen=True)
class _Decided:
    """`alone`: so many are to be looked at one by one, before others are tried together."""

    count: int = 0
    alone: int = 0
    then: Callable[[], None] = lambda: None


def enforce_due() -> int:
    """Decides the oldest due match, and those after it that are alike. Returns how many; 0: none is due."""
    decided = _together()
    if decided.alone:
        return _one_by_one(decided.alone)
    count(ENFORCEMENTS, Enforcement.Status.STARTED.value, by=decided.count)
    decided.then()
    return decided.count


def _one_by_one(most: int) -> int:
    decided = 0
    while decided < most and again_if_given_up(enforce_next, is_idempotent=True):
        decided += 1
    return decided


def _together() -> _Decided:
    try:
        return again_if_given_up(_start_alike, is_idempotent=True)
    except AttuneError:
        return _Decided(alone=_MOST_TOGETHER)
    except Exception as error:
        if trouble_of(error) is not None:
            raise
        logger.exception("matches of one rule failed together by a bug; each is decided by itself")
        return _Decided(alone=_MOST_TOGETHER)


@transaction.atomic(durable=True)
def _start_alike() -> _Decided:
    due = _DUE()
    if not due:
        return _Decided()
    alike = list(takewhile(partial(_is_like, due[0]), due))
    if len(alike) == 1:
        return _Decided(alone=1)
    [rule] = RULE(pk=alike[0].rule_id)
    events = Event.objects.in_bulk([match.event_id for match in alike])
    if not _starts_each(rule, alike[0]) or any(event.depth >= MAX_DEPTH for event in events.values()):
        return _Decided(alone=len(alike))
    requested = request_within(
        acting(rule.owner, limits=rule.limits, rule_ref=rule.ref, action_ref=rule.action_ref),
        [wish_for(events[match.event_id], rule, action=rule.action_ref, parameters=rule.parameters) for match in alike],
    )
    _write(alike, requested)
    return _Decided(len(alike), then=requested.follow_up)


def _is_like(one: Enforcement, other: Enforcement) -> bool:
    return (one.rule_id, one.rule_version) == (other.rule_id, other.rule_version)


def _starts_each(rule: Rule, match: Enforcement) -> bool:
    return rule.is_active and rule.overlap == Rule.Overlap.ALLOW and rule.version == match.rule_version


def _write(matches: Sequence[Enforcement], requested: Requested) -> None:
    said = [
        {"id": match.pk, "execution_id": execution_id, "parameters": parameters}
        for match, execution_id, parameters in zip(matches, requested.execution_ids, requested.parameters, strict=True)
    ]
    with connection.cursor() as cursor:
        cursor.execute(_STARTED, [json.dumps(said)])

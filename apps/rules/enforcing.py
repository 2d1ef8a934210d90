"""Makes the execution of a match, or says why there is none, in one transaction with the execution."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now

from apps.accounts.models import Identity
from apps.core.database import trouble_of
from apps.core.errors import AttuneError
from apps.core.fixed_query import FixedQuery
from apps.core.metrics.catalogue import ENFORCEMENTS
from apps.core.metrics.counting import count
from apps.core.types import JsonObject
from apps.executions.services.cancel import cancel_as_system
from apps.executions.services.request import Wish, request_within
from apps.rules import overlap
from apps.rules.loops import MAX_DEPTH, tell_of_loop
from apps.rules.models import Enforcement, Rule, RuleVersion
from apps.rules.owners import acting
from apps.rules.rendering import rendered
from apps.triggers.models import Event

logger = logging.getLogger(__name__)

#: Tries that a bug may end before the enforcement fails for good.
MOST_TRIES = 3

Status = Enforcement.Status


_DUE = FixedQuery(lambda: Enforcement.objects.due().select_for_update(skip_locked=True, no_key=True).only("pk")[:1])
_ENFORCEMENT = FixedQuery(
    lambda pk: Enforcement.objects.select_related("event", "rule__owner").filter(pk=pk).order_by(), pk="number"
)
RULE = FixedQuery(lambda pk: Rule.objects.select_related("owner").filter(pk=pk).order_by(), pk="number")


@dataclass(frozen=True)
class _Said:
    """What the rule said when it matched, and as whom."""

    action: str
    parameters: JsonObject
    owner: Identity | None
    limits: list[list[str]]


@dataclass(frozen=True)
class _Result:
    """`first` are executions to cancel before the next try; `then` what follows the commit. `status`: as it ended."""

    status: Status | None = None
    first: tuple[int, ...] = ()
    then: Callable[[], None] = lambda: None


def enforce_next() -> bool:
    """Decides the next pending enforcement that nobody else has in hand. False: there is none."""
    taken: list[int] = []
    try:
        result = _enforce_next(taken)
    except Exception as error:
        if trouble_of(error) is not None or not taken:
            raise
        logger.exception("enforcement %s failed by a bug", taken[0])
        _note_bug(taken[0])
        return True
    if result is None:
        return False
    for execution_id in result.first:
        cancel_as_system(execution_id, text="a later event of its rule cancels it (overlap: cancel_running)")
    _follow_up(result)
    return True


def enforce_at_once(enforcement: Enforcement) -> None:
    """In the transaction that judged its event, which has no other match: nobody waits for two commits.

    What that does not decide stays pending, for `enforce_next`.
    """
    [enforcement.rule] = RULE(pk=enforcement.rule_id)
    try:
        with transaction.atomic():
            result = _decided(enforcement)
    except Exception as error:
        if trouble_of(error) is not None:
            raise
        logger.exception("enforcement %s failed by a bug; it will be tried again", enforcement.pk)
    else:
        transaction.on_commit(partial(_follow_up, result))


def _follow_up(result: _Result) -> None:
    if result.status is not None:
        count(ENFORCEMENTS, result.status.value)
    result.then()


@transaction.atomic(durable=True)
def _enforce_next(taken: list[int]) -> _Result | None:
    # In order by its number alone: to put rows of four tables in order costs Django more than a second statement.
    due = _DUE.single()
    if due is None:
        return None
    taken.append(due.pk)
    [enforcement] = _ENFORCEMENT(pk=due.pk)
    return _decided(enforcement)


def _decided(enforcement: Enforcement) -> _Result:
    if enforcement.event.depth >= MAX_DEPTH:
        tell_of_loop(enforcement)
        text = f"{MAX_DEPTH} rules have led to this event already: it looks like a loop"
        return _end(enforcement, Status.SUPPRESSED, {"code": "loop_suppressed", "text": text})
    if not enforcement.rule.is_active:
        text = "the rule or its pack was switched off, or removed, before it came to that"
        return _end(enforcement, Status.SKIPPED, {"code": "rule_disabled", "text": text})
    return _as_overlap_says(enforcement)


def _as_overlap_says(enforcement: Enforcement) -> _Result:
    decision = overlap.decide(enforcement.rule, enforcement)
    if decision.deed == "cancel":
        return _Result(first=tuple(decision.cancel))
    if decision.deed == "wait":
        _write(enforcement, is_waiting=True, reason=decision.reason)
        return _Result()
    if decision.deed == "skip":
        return _end(enforcement, Status.SKIPPED, decision.reason)
    return _start(enforcement)


def _start(enforcement: Enforcement) -> _Result:
    event, rule = enforcement.event, enforcement.rule
    said = _said(enforcement)
    try:
        with transaction.atomic():
            requested = request_within(
                acting(said.owner, limits=said.limits, rule_ref=rule.ref, action_ref=said.action),
                [wish_for(event, rule, action=said.action, parameters=said.parameters)],
            )
    except AttuneError as error:
        said_why = error.as_json()
        reason = {"code": said_why.pop("code"), "text": said_why.pop("detail"), **said_why}
        return _end(enforcement, Status.FAILED, reason)
    _write(
        enforcement,
        status=Status.STARTED,
        reason=None,
        parameters=requested.parameters[0],
        execution_id=requested.execution_ids[0],
        holds=rule.overlap != Rule.Overlap.ALLOW,
    )
    return _Result(Status.STARTED, then=requested.follow_up)


def wish_for(event: Event, rule: Rule, *, action: str, parameters: JsonObject) -> Wish:
    """Raises `RenderingFailed`."""
    return Wish(
        action=action,
        parameters=rendered(parameters, event=event, rule=rule),
        labels=rule.labels,
        trace_id=event.trace_id,
    )


def _said(enforcement: Enforcement) -> _Said:
    """Of the version that matched, if the rule has another by now: its new owner did not say what the old one said."""
    rule = enforcement.rule
    if rule.version == enforcement.rule_version:
        return _Said(rule.action_ref, rule.parameters, rule.owner, rule.limits)
    version = RuleVersion.objects.select_related("owner").get(rule=rule, version=enforcement.rule_version)
    action = version.body["action"]
    return _Said(action["ref"], action["parameters"], version.owner, version.limits)


def _end(enforcement: Enforcement, status: Status, reason: JsonObject | None) -> _Result:
    _write(enforcement, status=status, reason=reason)
    if enforcement.rule.overlap == Rule.Overlap.QUEUE:
        overlap.release_next([enforcement.rule_id])
    return _Result(status)


def _write(enforcement: Enforcement, **values: object) -> None:
    Enforcement.objects.filter(pk=enforcement.pk).update(**values, at=Now())


def _note_bug(enforcement_id: int) -> None:
    """A bug must not be met for ever, nor keep the others from their turn."""
    rows = Enforcement.objects.filter(pk=enforcement_id, status=Status.PENDING)
    rows.update(attempt=F("attempt") + 1)
    reason = {"code": "internal_error", "text": "a bug in Attune; the conductor's log has it"}
    rows.filter(attempt__gte=MOST_TRIES).update(status=Status.FAILED, reason=reason, at=Now())

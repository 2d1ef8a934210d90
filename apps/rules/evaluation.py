"""What the rules of a trigger say of an event. Pure: rules and payload in, verdicts out.

Criteria are compiled once per rule and version, in each process.
"""

import logging
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Literal

import orjson

from apps.core.types import JsonObject, JsonValue
from apps.rules.criteria import Compiled, InvalidCriteria, compile_criteria

logger = logging.getLogger(__name__)

#: Of one event, by the clock. Rules that come later are not asked: who judges holds a transaction open, and PostgreSQL
#: ends one that is idle for 30 s, so that the event would be judged, in vain, for ever.
MAX_JUDGING_S = 10.0

Outcome = Literal["matched", "criteria", "error", "backstop_not_needed", "disabled"]


def _of_error(text: str) -> JsonObject:
    return {"is_error": True, "text": text}


#: The criterion of a verdict that a bug kept from being found.
BUG = _of_error("a bug in Attune; the conductor's log has it")


@dataclass(frozen=True, kw_only=True)
class Judge:
    """A rule as far as it says of events whether it matches. None for criteria: they no longer compile."""

    rule_id: int
    ref: str
    version: int
    is_enabled: bool
    is_backstop: bool
    criteria: Compiled | None = field(compare=False)


@dataclass(frozen=True)
class Verdict:
    """`criterion` is the first one that said no, or why none could be asked."""

    outcome: Outcome
    criterion: JsonObject | None = None


def compiled(criteria: JsonValue, dialect: str) -> Compiled | None:
    """None for what an earlier version of Attune took and this one does not."""
    try:
        return _compiled(orjson.dumps(criteria), "stackstorm" if dialect == "stackstorm" else "attune")
    except (TypeError, ValueError, RecursionError):
        logger.exception("criteria that cannot be compiled")
        return None


def judge_all(judges: Iterable[Judge], payload: JsonObject, *, now: datetime) -> dict[int, Verdict]:
    """By rule id. Backstop rules come last: one matches when no other rule did."""
    verdicts: dict[int, Verdict] = {}
    ordered = sorted(judges, key=lambda judge: judge.is_backstop)
    until = time.monotonic() + MAX_JUDGING_S
    for judge in ordered:
        if time.monotonic() > until:
            verdicts[judge.rule_id] = Verdict("error", _of_error("the rules asked before it took too long"))
        elif judge.is_backstop and judge.is_enabled and _others_matched(ordered, verdicts):
            verdicts[judge.rule_id] = Verdict("backstop_not_needed")
        else:
            verdicts[judge.rule_id] = judged(judge, payload, now=now)
    return verdicts


def judged(judge: Judge, payload: JsonObject, *, now: datetime) -> Verdict:
    if not judge.is_enabled:
        return Verdict("disabled")
    return judged_by(judge.criteria, payload, now=now, what=judge.ref)


def judged_by(criteria: Compiled | None, payload: JsonObject, *, now: datetime, what: str) -> Verdict:
    """One rule's bug must not keep the others from their event."""
    if criteria is None:
        return Verdict("error", _of_error("this version of Attune does not know these criteria"))
    try:
        outcome = criteria.evaluate(payload, now=now)
    except Exception:
        logger.exception("the criteria of %s failed by a bug", what)
        return Verdict("error", BUG)
    if outcome.matched:
        return Verdict("matched")
    failed = outcome.failed
    return Verdict("error" if failed and failed.is_error else "criteria", failed.as_json() if failed else None)


def as_json(judges: Sequence[Judge], verdicts: dict[int, Verdict]) -> JsonObject:
    """As it is kept with the event."""
    return {
        str(judge.rule_id): {
            "rule": judge.ref,
            "version": judge.version,
            "outcome": verdicts[judge.rule_id].outcome,
            "criterion": verdicts[judge.rule_id].criterion,
        }
        for judge in judges
    }


def _others_matched(judges: Sequence[Judge], verdicts: dict[int, Verdict]) -> bool:
    standard = {judge.rule_id for judge in judges if not judge.is_backstop}
    return any(verdict.outcome == "matched" for rule_id, verdict in verdicts.items() if rule_id in standard)


@lru_cache(maxsize=20_000)
def _compiled(criteria: bytes, dialect: Literal["attune", "stackstorm"]) -> Compiled | None:
    try:
        return compile_criteria(orjson.loads(criteria), dialect=dialect)
    except InvalidCriteria:
        return None

"""What a rule does when an execution of its last event still goes on. Decided under the lock of the rule's row, so that
two conductors never decide for one rule at once."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal

from apps.core.types import JsonObject
from apps.executions.models import Execution
from apps.executions.states import LIVE, TERMINAL, Status
from apps.executions.tally import Announced
from apps.rules.models import Enforcement, Rule
from apps.triggers import hints

#: Rules looked at in one round of the sweep.
_BATCH = 500


@dataclass(frozen=True)
class Decision:
    """`cancel` names what has to be canceled before it can be decided anew."""

    deed: Literal["start", "skip", "wait", "cancel"]
    reason: JsonObject | None = None
    cancel: Sequence[int] = ()


_ENDS = frozenset(status.value for status in TERMINAL)
_START = Decision("start")


def decide(rule: Rule, enforcement: Enforcement) -> Decision:
    """What the rule's `overlap` says of this enforcement now. Locks the rule until the transaction ends."""
    if rule.overlap == Rule.Overlap.ALLOW:
        return _START
    Rule.objects.select_for_update(no_key=True).get(pk=rule.pk)
    live = _live(rule.pk)
    own = Enforcement.objects.filter(rule=rule.pk)
    match rule.overlap:
        case Rule.Overlap.SKIP if live:
            return Decision("skip", _reason("overlap_skipped", "an execution of this rule still goes on", live))
        case Rule.Overlap.QUEUE if live or own.filter(status="pending", pk__lt=enforcement.pk).exists():
            return Decision("wait", _reason("overlap_queued", "it waits for the executions before it", live))
        case Rule.Overlap.CANCEL_RUNNING:
            return _cancel_running(live, is_overtaken=own.filter(status="started", pk__gt=enforcement.pk).exists())
    return _START


def hold_running(rule_id: int) -> None:
    """Of a rule whose overlap is limited from now on: what it started before counts as long as it goes on."""
    started = Enforcement.objects.filter(rule=rule_id, status=Enforcement.Status.STARTED, holds=False)
    started.filter(execution__status__in=LIVE).update(holds=True)


def on_executions(rows: Sequence[Announced]) -> None:
    """Receiver of the outbox: whoever waits for an execution that ended is due."""
    ended = [row.execution_id for row in rows if row.status in _ENDS]
    if ended:
        release_after(ended)


def release_after(ended: Collection[int]) -> None:
    """In the transaction that announces that these executions ended."""
    held = Enforcement.objects.filter(execution__in=list(ended), holds=True).order_by("pk")
    rules = sorted(set(held.select_for_update(no_key=True).values_list("rule_id", flat=True)))
    if rules:
        held.update(holds=False)
        release_next(rules)


def release_next(rules: Collection[int]) -> int:
    """The first that waits at each of these rules is due now; it decides anew. Returns how many."""
    waiting = Enforcement.objects.filter(rule__in=rules, is_waiting=True).order_by("rule_id", "pk").distinct("rule_id")
    released = Enforcement.objects.filter(pk__in=list(waiting.values_list("pk", flat=True))).update(is_waiting=False)
    if released:
        hints.hint_after_commit()
    return released


def release_forgotten() -> int:
    """Sweep: rules at which somebody waits for nothing any more, as when an execution ended while it was decided. Where
    a rule keeps no queue any more, or does nothing, all that wait are due at once."""
    waiting = (
        Enforcement.objects.filter(is_waiting=True).order_by("rule_id").values_list("rule_id", flat=True).distinct()
    )
    rules = Rule.objects.filter(pk__in=list(waiting[:_BATCH]))
    queues = {rule.pk: rule.overlap == Rule.Overlap.QUEUE and rule.is_active for rule in rules}
    idle = [rule_id for rule_id, is_queue in queues.items() if is_queue and not _live(rule_id)]
    over = [rule_id for rule_id, is_queue in queues.items() if not is_queue]
    return (release_next(idle) if idle else 0) + (_release_all(over) if over else 0)


def _release_all(rules: Collection[int]) -> int:
    released = Enforcement.objects.filter(rule__in=rules, is_waiting=True).update(is_waiting=False)
    if released:
        hints.hint_after_commit()
    return released


def _live(rule_id: int) -> list[Execution]:
    """Executions of the rule that go on; of others it is noted that they do not."""
    rows = list(Enforcement.objects.filter(rule=rule_id, holds=True).select_related("execution"))
    live = [row.execution for row in rows if row.execution is not None and row.execution.status in LIVE]
    over = [row.pk for row in rows if row.execution is None or row.execution.status not in LIVE]
    if over:
        Enforcement.objects.filter(pk__in=over).update(holds=False)
    return live


def _cancel_running(live: Sequence[Execution], *, is_overtaken: bool) -> Decision:
    if is_overtaken:
        return Decision("skip", {"code": "overtaken", "text": "a later event of this rule was first"})
    running = [execution.pk for execution in live if execution.status != Status.CANCELING]
    return Decision("cancel", cancel=running) if running else _START


def _reason(code: str, text: str, live: Sequence[Execution]) -> JsonObject:
    return {"code": code, "text": text, "executions": [execution.pk for execution in live][:20]}

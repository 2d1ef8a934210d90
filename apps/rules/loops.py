"""Rules that set each other off: after so many in a row the next is suppressed, and somebody is told."""

from collections.abc import Collection, Mapping

from apps.rules.models import Enforcement
from apps.triggers import internal

#: Rules on the way to an event before what would follow is suppressed.
MAX_DEPTH = 8


def depths_after(executions: Collection[int]) -> Mapping[int, int]:
    """Of events that these executions cause: one more than the event that started them; 0 where none did."""
    rows = Enforcement.objects.filter(execution__in=list(executions)).values_list("execution_id", "event__depth")
    return {execution_id: depth + 1 for execution_id, depth in rows if execution_id is not None}


def tell_of_loop(enforcement: Enforcement) -> None:
    """An alert, once per rule and trace: what the alert itself sets off must not be alerted of again."""
    event, rule = enforcement.event, enforcement.rule
    internal.alert(
        code="loop_suppressed",
        text=f"{rule.ref} was about to run for the result of {MAX_DEPTH} rules in a row",
        facts={"rule": rule.ref, "event": event.pk},
        trace_id=event.trace_id,
        depth=MAX_DEPTH - 1,
        dedupe_key=f"loop:{rule.pk}:{event.trace_id}",
    )

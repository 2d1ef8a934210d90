"""Rules that set each other off: after so many in a row the next is suppressed, and somebody is told."""

import uuid
from collections.abc import Collection, Mapping

from django.db.models import Max

from apps.executions.models import Execution
from apps.rules.models import Enforcement
from apps.triggers import internal

#: Rules on the way to an event before what would follow is suppressed.
MAX_DEPTH = 8


def depths_after(executions: Collection[int]) -> Mapping[int, int]:
    """Of events that these executions cause: one more than the event that started them; 0 where none did.

    What an execution of a rule started in its turn, with its token, is as deep as its trace has come.
    """
    rows = Enforcement.objects.filter(execution__in=list(executions)).values_list("execution_id", "event__depth")
    found: dict[int, int] = {execution_id: depth + 1 for execution_id, depth in rows if execution_id is not None}
    return {**found, **_depths_of_traces(set(executions) - set(found))}


def _depths_of_traces(executions: Collection[int]) -> Mapping[int, int]:
    traces = dict(Execution.objects.filter(pk__in=executions).values_list("pk", "trace_id"))
    started = Enforcement.objects.filter(event__trace_id__in=set(traces.values()), execution__isnull=False)
    deepest: dict[uuid.UUID, int] = dict(
        started.order_by().values_list("event__trace_id").annotate(Max("event__depth"))
    )
    return {pk: deepest[trace_id] + 1 for pk, trace_id in traces.items() if trace_id in deepest}


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

"""Everything that belongs to one trace: event → enforcement → execution → event, as far as somebody may see it."""

import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

from apps.core.errors import NotFound
from apps.executions.models import Execution
from apps.rules.models import Enforcement
from apps.triggers.models import Event

if TYPE_CHECKING:
    from apps.accounts.models import Identity
    from apps.executions.querysets import WithNames

#: Of each kind, the first ones.
MOST = 500


class UnknownTrace(NotFound):
    """Nothing of this trace is there, or none of it is yours to see."""

    code = "unknown_trace"


@dataclass(frozen=True)
class Trace:
    """Oldest first. `is_cut`: there are more than are shown. Edges are on the rows: an event names the execution that
    caused it, an enforcement its event and its execution."""

    trace_id: uuid.UUID
    events: list[Event]
    enforcements: list[Enforcement]
    executions: "list[WithNames]"
    is_cut: bool


def trace(identity: "Identity", trace_id: uuid.UUID) -> Trace:
    """Raises `UnknownTrace`."""
    of_trace = Event.objects.filter(trace_id=trace_id)
    events = list(of_trace.visible_to(identity).select_related("sent_by").order_by("pk")[: MOST + 1])
    rows = Enforcement.objects.visible_to(identity).filter(event__trace_id=trace_id)
    enforcements = list(rows.select_related("rule", "event").order_by("pk")[: MOST + 1])
    named = {row.execution_id for row in enforcements} | {event.caused_by_id for event in events}
    wanted = [execution_id for execution_id in named if execution_id is not None]
    visible = Execution.objects.visible_to(identity).filter(pk__in=wanted)
    executions = list(visible.with_names().order_by("pk")[: MOST + 1])
    if not events and not enforcements and not executions:
        raise UnknownTrace(f"There is nothing of the trace {trace_id}.")
    is_cut = max(len(events), len(enforcements), len(executions)) > MOST
    return Trace(trace_id, events[:MOST], enforcements[:MOST], executions[:MOST], is_cut)

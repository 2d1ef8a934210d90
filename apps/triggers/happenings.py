"""What happens in the rooms below, as events: recorded in the transaction in which it happened or was announced."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import orjson

from apps.core.types import JsonObject
from apps.executions.models import Execution
from apps.executions.states import TERMINAL
from apps.executions.tally import Announced
from apps.triggers import internal
from apps.triggers.listening import is_listened
from apps.triggers.services.events import Occurrence

if TYPE_CHECKING:
    from apps.packs.models import PackVersion

EXECUTION_FINISHED = "core.execution_finished"
#: A larger result is left out of the event: it is at its execution.
_MOST_RESULT_BYTES = 64 * 1024
_ENDS = frozenset(status.value for status in TERMINAL)


def on_executions(rows: Sequence[Announced]) -> None:
    """Receiver of the outbox: one event for each execution that ended, if somebody waits for such events."""
    ended = [row.execution_id for row in rows if row.status in _ENDS]
    if not ended or not is_listened(EXECUTION_FINISHED):
        return
    depths = internal.depths_after(ended)
    found = Execution.objects.select_related("requested_by").in_bulk(ended)
    executions = [found[execution_id] for execution_id in ended if execution_id in found]
    internal.tell(*(_finished(execution, depths.get(execution.pk, 0)) for execution in executions))


def on_pack_installed(version: "PackVersion") -> None:
    """Follower of installations, and of removals."""
    change = "installed" if version.pack.current_id else "removed"
    payload = {"pack": version.pack.ref, "version": version.version, "digest": version.digest, "change": change}
    internal.tell(
        Occurrence(type_ref=internal.PACK_CHANGED, payload=payload, source="internal", source_ref=version.pack.ref)
    )


def on_happened(*, kind: str, subject: Any, payload: JsonObject, **_: Any) -> None:
    """Receiver of `core.signals.happened`, sent in the transaction in which it happened."""
    type_ref = {"worker_lost": internal.WORKER_LOST, "key": internal.KEY_CHANGED}.get(kind)
    if type_ref is not None:
        internal.tell(Occurrence(type_ref=type_ref, payload=payload, source="internal", source_ref=str(subject)))


def _finished(execution: Execution, depth: int) -> Occurrence:
    return Occurrence(
        type_ref=EXECUTION_FINISHED,
        payload=_told(execution),
        source="internal",
        source_ref=execution.action_ref,
        dedupe_key=f"execution:{execution.pk}",
        trace_id=execution.trace_id,
        caused_by_id=execution.pk,
        depth=depth,
    )


def _told(execution: Execution) -> JsonObject:
    """Nothing secret: parameters and result are kept without."""
    is_small = len(orjson.dumps(execution.result)) <= _MOST_RESULT_BYTES
    return {
        "execution_id": execution.pk,
        "action": execution.action_ref,
        "pack": execution.pack_ref,
        "status": execution.status,
        "attempt": execution.attempt,
        "exit_code": execution.exit_code,
        "parameters": execution.parameters,
        "labels": execution.labels,
        "result": execution.result if is_small else None,
        "result_is_left_out": not is_small,
        "error": execution.error,
        "requested_by": execution.requested_by.username if execution.requested_by else None,
        "started_at": execution.started_at.isoformat() if execution.started_at else None,
        "ended_at": execution.ended_at.isoformat() if execution.ended_at else None,
        "duration_s": execution.duration_s,
    }

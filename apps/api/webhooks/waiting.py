"""Waits for what an event started, for who posted it and wants to know."""

import threading
import time
from dataclasses import dataclass

from apps.api.executions.views import wait_for_end
from apps.core.database import release_connection
from apps.core.types import JsonObject
from apps.executions.models import Execution
from apps.executions.states import TERMINAL
from apps.rules.services.waiting import executions_of

#: Between two looks whether the event was processed.
_LOOK_EVERY_S = 0.02
#: Senders that wait in one process at a time, each with a thread and a connection to Redis.
MOST_WAITING = 100

_places = threading.BoundedSemaphore(MOST_WAITING)


@dataclass(frozen=True)
class Waited:
    """`is_over`: the execution has ended, or no rule started one."""

    execution: JsonObject | None
    is_over: bool


def wait_for_first(event_id: int, wait_s: float) -> Waited:
    """The first execution of an event, or as far as it came in `wait_s`; at once where `MOST_WAITING` wait already."""
    if not _places.acquire(blocking=False):
        return _wait_for_first(event_id, 0.0)
    try:
        return _wait_for_first(event_id, wait_s)
    finally:
        _places.release()


def _wait_for_first(event_id: int, wait_s: float) -> Waited:
    deadline = time.monotonic() + wait_s
    started = _started(event_id, deadline)
    if not started:
        return Waited(None, is_over=started is not None)
    wait_for_end(started[0], max(0.0, deadline - time.monotonic()))
    execution = Execution.objects.filter(pk=started[0]).first()
    if execution is None:  # removed while we waited
        return Waited(None, is_over=True)
    return Waited(_outcome(execution), is_over=execution.status in TERMINAL)


def _started(event_id: int, deadline: float) -> list[int] | None:
    while (found := executions_of(event_id)) is None and (left := deadline - time.monotonic()) > 0:
        release_connection()
        time.sleep(min(left, _LOOK_EVERY_S))
    return found


def _outcome(execution: Execution) -> JsonObject:
    return {
        "id": execution.pk,
        "action": execution.action_ref,
        "status": execution.status,
        "result": execution.result,
        "error": execution.error,
    }

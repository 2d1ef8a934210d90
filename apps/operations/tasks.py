"""The control task that runs operations."""

from typing import Any

from celery import shared_task

from apps.operations.kinds import CONTROL
from apps.operations.services import RUN_TASK, run_operation
from apps.operations.turns import Turns

#: Of the threads of a conductor; the others are for what happens meanwhile.
MOST_AT_ONCE = 2

_turns = Turns(run_operation, most=MOST_AT_ONCE)


@shared_task(name=RUN_TASK, ignore_result=False, bind=True)
def run(self: Any, operation_id: int) -> None:
    """On a conductor in its turn; a worker has slots for that."""
    if (self.request.delivery_info or {}).get("routing_key") == CONTROL:
        _turns.take(operation_id)
    else:
        run_operation(operation_id)

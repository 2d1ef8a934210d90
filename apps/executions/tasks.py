"""The tasks through which hints arrive. Each does nothing but call."""

from celery import shared_task

from apps.executions import dispatch, outbox
from apps.executions.run import run_execution
from apps.workers.hint_task import HintTask
from apps.workers.host import current


@shared_task(name=dispatch.RUN_TASK, ignore_result=True, base=HintTask)
def run(execution_id: int, attempt: int) -> None:
    run_execution(execution_id, attempt, host=current())


@shared_task(name=outbox.ANNOUNCE_TASK, ignore_result=True)
def announce() -> None:
    outbox.announce_until_quiet()

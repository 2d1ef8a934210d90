"""The tasks through which hints arrive. Each does nothing but call."""

from celery import shared_task

from apps.executions import dispatch, outbox
from apps.executions.run import run_execution
from apps.workers.hint_task import HintTask
from apps.workers.host import current


@shared_task(name=dispatch.RUN_TASK, ignore_result=True, base=HintTask)
def run(*arguments: object, **named: object) -> None:
    hint = dispatch.read_hint((*arguments, *named.values()))
    if hint is not None:
        run_execution(*hint, host=current())


@shared_task(name=outbox.ANNOUNCE_TASK, ignore_result=True)
def announce() -> None:
    outbox.announce_until_quiet()

"""The control task that runs operations."""

from celery import shared_task

from apps.operations.services import RUN_TASK, run_operation


@shared_task(name=RUN_TASK, ignore_result=False)
def run(operation_id: int) -> None:
    run_operation(operation_id)

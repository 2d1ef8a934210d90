"""The control task through which hints arrive."""

from celery import shared_task

from apps.rules.processing import process_hinted
from apps.triggers.hints import PROCESS_TASK


@shared_task(name=PROCESS_TASK, ignore_result=True)
def process() -> None:
    process_hinted()

"""`manage.py run_worker`: a worker in the foreground, until SIGTERM."""

from typing import Any

from celery._state import get_current_app
from django.core.management.base import BaseCommand

from apps.executions.worker_process import WorkerProcess
from apps.keys.starting import refuse_wrong_start


class Command(BaseCommand):
    help = "Runs a worker: detects runtimes, registers, and runs executions until SIGTERM."
    #: `refuse_wrong_start` looks at what matters to a role; Django's own checks would import all pages and addresses.
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        refuse_wrong_start()
        WorkerProcess(get_current_app()).run()

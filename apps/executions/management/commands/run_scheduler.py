"""`manage.py run_scheduler`: a scheduler in the foreground, until SIGTERM."""

from typing import Any

from django.core.management.base import BaseCommand

from apps.executions.scheduler_process import SchedulerProcess
from apps.keys.starting import refuse_wrong_start


class Command(BaseCommand):
    help = "Brings on what is due and sweeps, until SIGTERM. Any number may run at once."
    #: `refuse_wrong_start` looks at what matters to a role; Django's own checks would import all pages and addresses.
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        refuse_wrong_start()
        SchedulerProcess().run()

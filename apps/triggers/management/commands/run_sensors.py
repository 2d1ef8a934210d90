"""`manage.py run_sensors`: a process that runs sensors, in the foreground, until SIGTERM."""

from typing import Any

from django.core.management.base import BaseCommand

from apps.keys.starting import refuse_wrong_start
from apps.triggers.sensors.process import SensorsProcess


class Command(BaseCommand):
    help = "Runs the sensors of packs, until SIGTERM. Any number may run at once."
    #: `refuse_wrong_start` looks at what matters to a role; Django's own checks would import all pages and addresses.
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        refuse_wrong_start()
        SensorsProcess().run()

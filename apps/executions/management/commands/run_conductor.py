"""`manage.py run_conductor`: a conductor in the foreground, until SIGTERM."""

import sys
from argparse import ArgumentParser, ArgumentTypeError
from typing import Any

from celery._state import get_current_app
from django.core.management.base import BaseCommand

from apps.executions.conductor_process import ConductorProcess
from apps.keys.starting import refuse_wrong_start
from apps.operations.tasks import MOST_AT_ONCE

#: Two for operations, which may wait for others for long, and two for what two processors do meanwhile.
_THREADS = 4
#: One is left for events while operations have theirs.
_FEWEST_THREADS = MOST_AT_ONCE + 1


class Command(BaseCommand):
    help = "Announces what happened, judges events and runs operations, until SIGTERM. Any number may run at once."
    #: `refuse_wrong_start` looks at what matters to a role; Django's own checks would import all pages and addresses.
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--threads",
            type=_threads,
            default=_THREADS,
            help=f"how much it does at once (%(default)s); operations take {MOST_AT_ONCE} of them at most",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        refuse_wrong_start()
        sys.exit(ConductorProcess(get_current_app(), threads=options["threads"]).run())


def _threads(text: str) -> int:
    if not text.isdecimal() or int(text) < _FEWEST_THREADS:
        raise ArgumentTypeError(f"a number from {_FEWEST_THREADS} on: operations may keep {MOST_AT_ONCE} busy for long")
    return int(text)

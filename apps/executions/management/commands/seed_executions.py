"""`manage.py seed_executions`: a history to look at and to measure with, where nobody's work is."""

import os
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.executions.models import Execution
from apps.executions.seed import seed_executions

#: Settings of Attunes that belong to one person.
_PRIVATE = ("attune.settings.standalone", "attune.settings.test")


class Command(BaseCommand):
    help = (
        "Writes ended executions with their history, so that pages and queries can be tried with many of them. They "
        "cannot be told from real ones and stay: for an Attune that is thrown away afterwards."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--count", type=int, default=100_000, help="how many (default 100000)")
        parser.add_argument("--yes", action="store_true", help="also where others work, or where executions are")

    def handle(self, *args: Any, **options: Any) -> None:
        count: int = options["count"]
        if count < 1:
            raise CommandError("--count must be at least 1")
        if not options["yes"]:
            self._refuse()
        for so_far in seed_executions(count):
            self.stdout.write(f"{so_far:,} of {count:,}")

    def _refuse(self) -> None:
        if os.environ.get("DJANGO_SETTINGS_MODULE") not in _PRIVATE:
            raise CommandError("This Attune was not started by script/up; seed it anyway with --yes.")
        if Execution.objects.exists():
            raise CommandError("There are executions here, and seeded ones cannot be removed; mix them with --yes.")

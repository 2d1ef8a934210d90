"""The other end of the command line's conversation about packs of this machine. For programs: `attune` starts it."""

from typing import Any

from django.core.management.base import BaseCommand

from apps.local.conversation import converse
from apps.local.running import describe, run_action
from apps.local.testing import test
from apps.local.validating import validate

DEEDS = {"validate": validate, "describe": describe, "run": run_action, "test": test}


class Command(BaseCommand):
    help = "Answers the command line about packs of this machine; not to be called by hand."
    requires_system_checks = []

    def handle(self, *_: Any, **__: Any) -> None:
        converse(DEEDS)

"""Tells the rest of Attune of timers, when it starts."""

from functools import partial

from apps.executions import companions
from apps.triggers import listening
from apps.triggers.timers import keeping
from apps.triggers.timers.reading import TYPES
from apps.triggers.timers.scheduling import TimerThreads


def register() -> None:
    listening.register_watcher(keeping.on_listened)
    for type_ref in TYPES:
        listening.register_check(type_ref, partial(keeping.parameter_errors, type_ref))
    companions.register(TimerThreads)

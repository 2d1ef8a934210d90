"""Wakes schedulers when a timer is due sooner than they knew. A lost hint costs the longest pause between two looks."""

from django.db import transaction

from apps.core.redis import channel
from apps.executions import wakeups

CHANNEL = channel("timers")


def wake_after_commit() -> None:
    transaction.on_commit(lambda: wakeups.publish(CHANNEL, ""))

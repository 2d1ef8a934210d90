"""When a timer is due: three schedules, each a pure function from a moment to the times after it. Knows no rows and no
clock."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from typing import Protocol
from zoneinfo import ZoneInfo

from cronsim import CronSim

#: The first look back of `newest`; each further one reaches so many times farther.
_LOOK_BACK = timedelta(minutes=1)
_FARTHER = 8


class Schedule(Protocol):
    def times(self, after: datetime) -> Iterator[datetime]:
        """The times strictly later than `after`, in their order, in UTC. Asked anew from any of them it goes on with
        the next."""


@dataclass(frozen=True)
class Interval:
    """`anchor`, and every whole multiple of `every` after it. Elapsed time: a day is 24 hours also when clocks change.

    Reckoned from the anchor each time, so that lateness never adds up.
    """

    anchor: datetime
    every: timedelta

    def times(self, after: datetime) -> Iterator[datetime]:
        anchor = self.anchor.astimezone(UTC)  # in a zone, Python would add up what clocks show
        number = max(0, (after - anchor) // self.every + 1)
        while True:
            try:
                yield anchor + number * self.every
            except OverflowError:  # the calendar ends
                return
            number += 1


@dataclass(frozen=True)
class Cron:
    """A cron expression of five fields, or six with seconds first, read in `zone`, as Debian's cron reads it.

    A fixed time of day that the clock skips is due right after the gap, one that it shows twice is due the first time;
    expressions whose minute or hour begins with `*`, and those with seconds, follow elapsed time.
    """

    expression: str
    zone: ZoneInfo

    def times(self, after: datetime) -> Iterator[datetime]:
        last = after
        for local in CronSim(self.expression, after.astimezone(self.zone)):
            moment = local.astimezone(UTC)
            # Begun in the second of two equal hours, the library starts with times of the first one.
            if moment > last:
                yield moment
                last = moment


@dataclass(frozen=True)
class Date:
    """Once."""

    at: datetime

    def times(self, after: datetime) -> Iterator[datetime]:
        if self.at > after:
            yield self.at.astimezone(UTC)


def newest(schedule: Schedule, *, after: datetime, until: datetime, most: int) -> list[datetime]:
    """The last `most` times later than `after` and not later than `until`, oldest first.

    Looks back farther and farther, so that months of missed seconds cost no more than what is asked for.
    """
    reach = _LOOK_BACK
    while True:
        begin = max(after, until - reach)
        found = deque(takewhile(lambda time: time <= until, schedule.times(begin)), maxlen=most)
        if len(found) == most or begin == after:
            return list(found)
        reach *= _FARTHER

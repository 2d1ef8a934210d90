"""What is due now, what was missed and when the next time is: pure, from a schedule and its misfire policy."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import islice, takewhile

from apps.triggers.timers.schedule import Schedule, newest

#: A time this late was missed: no scheduler ran. Shorter hiccups lose nothing, whatever the policy.
MISSED_AFTER = timedelta(seconds=60)
#: Missed times are counted up to here.
_MOST_COUNTED = 1000


class Misfire(StrEnum):
    """What becomes of times at which no scheduler ran, once one runs again."""

    SKIP = "skip"
    FIRE_ONCE = "fire_once"
    CATCH_UP = "catch_up"


@dataclass(frozen=True)
class Round:
    """What a timer does now: the scheduled times to fire, oldest first, how many are given up, and what comes next."""

    fire: list[datetime]
    missed: int
    next: "Tick | None"


@dataclass(frozen=True)
class Tick:
    """A scheduled time, and when it is fired: the same but for jitter."""

    scheduled_for: datetime
    fire_at: datetime


@dataclass(frozen=True)
class Timing:
    """`seed` makes jitter differ between timers and agree between schedulers."""

    schedule: Schedule
    misfire: Misfire = Misfire.FIRE_ONCE
    catch_up_max: int = 10
    jitter: timedelta = timedelta(0)
    seed: str = ""

    def next(self, after: datetime) -> Tick | None:
        """The first tick later than `after`; None when there is none any more."""
        for time in self.schedule.times(after):
            return Tick(time, self._fire_at(time))
        return None

    def round(self, first: datetime, *, now: datetime) -> Round:
        """What to do at `now` when nothing from the scheduled time `first` on has been fired yet."""
        start = first - timedelta(microseconds=1)
        if now - self._fire_at(first) <= MISSED_AFTER:
            fire = list(takewhile(lambda time: time <= now, self.schedule.times(start)))
            return self._round(fire, missed=0, now=now)
        kept = self._kept(newest(self.schedule, after=start, until=now, most=self._most), now=now)
        until = kept[0] if kept else now + timedelta(microseconds=1)
        given_up = takewhile(lambda time: time < until, self.schedule.times(start))
        return self._round(kept, missed=sum(1 for _ in islice(given_up, _MOST_COUNTED)), now=now)

    @property
    def _most(self) -> int:
        return self.catch_up_max if self.misfire is Misfire.CATCH_UP else 1

    def _kept(self, times: list[datetime], *, now: datetime) -> list[datetime]:
        """Of what was missed at least in part. What is only just due is no misfire, whatever came before it."""
        if self.misfire is Misfire.SKIP:
            return [time for time in times if now - self._fire_at(time) <= MISSED_AFTER]
        return times

    def _round(self, fire: list[datetime], *, missed: int, now: datetime) -> Round:
        """The last one's jitter may not be over yet; then it is what comes next."""
        if fire and (fire_at := self._fire_at(fire[-1])) > now:
            return Round(fire[:-1], missed, Tick(fire[-1], fire_at))
        return Round(fire, missed, self.next(now))

    def _fire_at(self, time: datetime) -> datetime:
        """`time` and a share of the jitter, which never reaches the time after it: order is kept."""
        if not self.jitter:
            return time
        following = next(islice(self.schedule.times(time), 1), None)
        room = self.jitter if following is None else min(self.jitter, following - time)
        digest = hashlib.blake2b(f"{self.seed}:{time.isoformat()}".encode(), digest_size=8).digest()
        try:
            return time + room * (int.from_bytes(digest) / 2**64)
        except OverflowError:  # the calendar ends
            return time

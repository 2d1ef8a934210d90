"""Is the worker still alive to the rest of Attune? Judged by the stamps of its beats, pure and clockless."""

import math


class Pulse:
    """A worker that has sent no beat for `silence_s` seconds counts as silent.

    Beats carry the time at which they were sent, so a warden that was itself stopped for a while does
    not take beats that waited in the pipe for a silence.
    """

    def __init__(self, *, silence_s: float, last_beat: float) -> None:
        self._silence_s = silence_s
        self._last_beat = last_beat
        self._silent_until = -math.inf

    @property
    def is_silent(self) -> bool:
        return self._silent_until == math.inf

    def beat(self, stamp: float) -> bool:
        """Take in a beat; True if it shows that there was a silence nobody had noticed."""
        was_noticed = self.is_silent
        was_silence = stamp - self._last_beat >= self._silence_s
        if was_noticed or was_silence:
            self._silent_until = stamp
        self._last_beat = max(self._last_beat, stamp)
        return was_silence and not was_noticed

    def check(self, now: float) -> bool:
        """True at the moment a silence begins."""
        if self.is_silent or now - self._last_beat < self._silence_s:
            return False
        self._silent_until = math.inf
        return True

    def covers(self, claimed_at: float) -> bool:
        """False if the worker has been silent since then: others may have taken over what it claimed."""
        return claimed_at > self._silent_until

    def remaining_s(self, now: float) -> float | None:
        """Seconds until `check` may find a silence; None while there is one."""
        return None if self.is_silent else max(0.0, self._last_beat + self._silence_s - now)

"""How long a sensor waits before it is started again: longer each time, never for good."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field

#: Exponents beyond this make no difference and would overflow in the end.
_MOST_DOUBLINGS = 30


@dataclass
class Backoff:
    """Doubles from `first_s` to `most_s`; begins anew after a process that ran for `well_s`.

    `jitter` of each wait is left to chance, so that sensors that fell together do not come back together.
    """

    first_s: float = 1.0
    most_s: float = 300.0
    well_s: float = 10.0
    jitter: float = 0.25
    chance: Callable[[], float] = field(default=random.random, repr=False)
    failures: int = 0
    """In a row."""

    def failed(self, *, ran_s: float) -> float:
        """The process ended after `ran_s`; how many seconds to wait."""
        self.failures = 1 if ran_s >= self.well_s else self.failures + 1
        whole_s = min(self.most_s, self.first_s * 2.0 ** min(self.failures - 1, _MOST_DOUBLINGS))
        return whole_s * (1 - self.jitter * self.chance())

    def succeeded(self) -> None:
        """What it was started for, it did."""
        self.failures = 0
